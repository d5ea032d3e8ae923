// Rows of a table as a file of some format, as bytes to a stream, or as a tree of files. A file or a tree is there whole
// or not at all; a stream gets bytes as fast as it takes them.

import { invalidOption, throwIfAborted } from '../errors.js'
import type { Projection } from '../format/batch.js'
import type { Schema, SchemaColumn } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { Compression } from '../options.js'
import { codecOfCompression } from '../sstable/encode-row-group.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import { isStoredAlike, type StoredWish } from '../tree/stored-groups.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import { arrowRows } from './arrow-encoder.js'
import { writeFileAtomically } from './atomic-file.js'
import { type ByteOutput, type ExportTarget, fileOutput, isStreamTarget, streamOutput } from './byte-output.js'
import { delimiterOf, type Format, formatOf } from './formats.js'
import { ParquetRows } from './parquet-encoder.js'
import { exportParts } from './partitions.js'
import type { RowEncoder } from './row-encoder.js'
import { type CsvStyle, csvRows, ndjsonRows } from './text-encoder.js'
import {
  checkOptions,
  checkPath,
  type ExportProgress,
  type ExportResult,
  wholeNumber,
} from './transfer-options.js'

const rowGroupRowsDefault = 131_072
/** Of many files that are written at a time each row group may take this part of what a single file's may. */
const partShare = 8

/** Checked options of an export, but for those that say what to read. */
export interface ExportSettings {
  readonly target: ExportTarget
  readonly format: Format
  readonly csv: CsvStyle
  readonly compression: Compression
  readonly rowGroupRows: number
  readonly partitionBy: readonly string[]
  readonly onProgress: ((progress: ExportProgress) => void) | undefined
  readonly signal: AbortSignal | undefined
}

const optionNames: ReadonlySet<string> = new Set([
  'gt', 'gte', 'lt', 'lte', 'prefix', 'columns', 'where', 'snapshot', 'format', 'delimiter', 'header', 'compression',
  'rowGroupRows', 'partitionBy', 'onProgress', 'signal',
]) // biome-ignore format: a list
const compressions: ReadonlySet<unknown> = new Set<Compression>(['uncompressed', 'snappy', 'lz4_raw', 'zstd'])

/** Checks all options of an export that a scan would not check. Throws MARQUETRY_INVALID_OPTION. */
export function checkExportOptions(
  target: unknown,
  options: unknown,
  compression: Compression,
): ExportSettings {
  if (!isStreamTarget(target)) checkPath(target)
  checkOptions(options, optionNames, 'exports')
  const given = options as Partial<ExportSettings & CsvStyle> & { readonly columns?: unknown }
  if (given.compression !== undefined && !compressions.has(given.compression)) {
    throw invalidOption('compression', `must be one of ${[...compressions].join(', ')}`)
  }
  const path = typeof target === 'string' ? target : undefined
  const format = formatOf(given.format, path)
  if (Array.isArray(given.columns) && given.columns.length === 0)
    throw invalidOption('columns', 'must name a column: a file has some')
  const { header = true } = given
  if (typeof header !== 'boolean') throw invalidOption('header', 'must be true or false')
  return {
    target: target as ExportTarget,
    format,
    csv: { delimiter: delimiterOf(given.delimiter, path), header },
    compression: given.compression ?? compression,
    rowGroupRows: wholeNumber('rowGroupRows', given.rowGroupRows, 1, 2 ** 24, rowGroupRowsDefault),
    partitionBy: checkPartitionBy(given.partitionBy, path),
    onProgress: given.onProgress,
    signal: given.signal,
  }
}

function checkPartitionBy(names: unknown, path: string | undefined): readonly string[] {
  if (names === undefined) return []
  if (!Array.isArray(names) || names.length === 0 || new Set(names).size < names.length)
    throw invalidOption('partitionBy', 'must be an array of different column names')
  if (path === undefined) throw invalidOption('partitionBy', 'needs a folder to write to, not a stream')
  return names
}

/** The row groups that an export takes as they are stored: of the columns `project`, compressed alike, neither tiny nor too large. */
export function storedWish(
  schema: Schema,
  project: Projection,
  { format, partitionBy, compression, rowGroupRows }: ExportSettings,
): StoredWish | undefined {
  if (format !== 'parquet' || partitionBy.length > 0 || !isStoredAlike(schema, project)) return undefined
  return { codec: codecOfCompression(compression), rowsMin: Math.ceil(rowGroupRows / 2), rowsMax: rowGroupRows }
}

/**
 * Writes the rows of `source`, which is closed in the end, to the settings' target; a file that stands there is
 * replaced. Its batches hold the columns of `projection`. Throws MARQUETRY_IO or MARQUETRY_ABORTED, and then leaves
 * nothing, or a stream that was destroyed.
 */
export async function exportRows(
  tree: LsmTree,
  projection: Projection,
  source: BatchSource,
  settings: ExportSettings,
): Promise<ExportResult> {
  const columns = projection.map((index) => tree.schema.columns[index]!)
  const { target, partitionBy } = settings
  try {
    if (partitionBy.length > 0) return await exportTree(tree, columns, source, settings)
    if (typeof target === 'string') {
      return await writeFileAtomically(tree.environment.fs, target, async (file) => {
        const result = await exportTo(tree, columns, fileOutput(file), source, settings)
        throwIfAborted(settings.signal)
        return result
      })
    }
    const output = streamOutput(target, settings.signal)
    try {
      const result = await exportTo(tree, columns, output, source, settings)
      await output.end()
      return result
    } catch (error) {
      await output.abort(error)
      throw error
    }
  } finally {
    source.close()
  }
}

async function exportTo(
  tree: LsmTree,
  columns: readonly SchemaColumn[],
  output: ByteOutput,
  source: BatchSource,
  settings: ExportSettings,
): Promise<ExportResult> {
  const { signal, onProgress } = settings
  const encoder = encoderOf(tree, columns, output, settings, 1, () => {
    throwIfAborted(signal)
    onProgress?.({ rows: encoder.rows, bytes: output.bytes })
  })
  for (;;) {
    throwIfAborted(signal)
    if (turnIsDue()) await takeTurn()
    const batch = await source.next()
    if (batch === undefined) break
    await encoder.add(batch, 0, batch.rows)
  }
  await encoder.finish()
  return { rows: encoder.rows, bytes: output.bytes, files: 1 }
}

async function exportTree(
  tree: LsmTree,
  columns: readonly SchemaColumn[],
  source: BatchSource,
  settings: ExportSettings,
): Promise<ExportResult> {
  const { partitionBy, signal, onProgress, format, target } = settings
  const by = partitionBy.map((name) => {
    const place = columns.findIndex((column) => column.name === name)
    if (place < 0) throw invalidOption('partitionBy', `names ${JSON.stringify(name)}, which is not exported`)
    return place
  })
  if (by.length === columns.length) throw invalidOption('partitionBy', 'must leave a column to write')
  const report = (rows: number, bytes: number) => onProgress?.({ rows, bytes })
  return await exportParts(
    {
      fs: tree.environment.fs,
      path: target as string,
      columns,
      by,
      extension: format,
      signal,
      report,
      encoder: (rest, output) =>
        encoderOf(tree, rest, output, settings, partShare, () => throwIfAborted(signal)),
    },
    source,
  )
}

/** `share`: among how many files the memory for row groups is divided. */
function encoderOf(
  tree: LsmTree,
  columns: readonly SchemaColumn[],
  output: ByteOutput,
  { format, csv, compression, rowGroupRows, target }: ExportSettings,
  share: number,
  reported: () => void,
): RowEncoder {
  switch (format) {
    case 'csv':
      return csvRows(columns, csv, output, reported)
    case 'ndjson':
      return ndjsonRows(columns, output, reported)
    case 'arrow': {
      // A file has a footer, for readers that jump; what is piped, or called a stream by its name, has none.
      const isStream = typeof target !== 'string' || target.toLowerCase().endsWith('.arrows')
      return arrowRows(columns, output, isStream, reported)
    }
    case 'parquet': {
      const rowGroupBytes = Math.ceil(tree.options.rowGroupBytes / share)
      return new ParquetRows(tree, columns, output, { compression, rowGroupRows, rowGroupBytes }, reported)
    }
  }
}
