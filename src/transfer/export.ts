// Rows of a table as one Parquet file.
//
//   scan → gathered into row groups → encoded in a worker thread → stitched into the file
//
// While a row group is being encoded the scan fills the next one: at most two are in memory. The file is there whole
// or not at all.

import { invalidOption, throwIfAborted } from '../errors.js'
import type { Batch, Projection } from '../format/batch.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import { vectorBytes } from '../format/vector.js'
import type { FileHandle } from '../fs/file-system.js'
import type { Compression } from '../options.js'
import { SliceList } from '../scan/gather.js'
import { ParquetStitcher } from '../sstable/stitch.js'
import { type FileColumn, sstableColumns } from '../sstable/stored-columns.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import { engineVersion } from '../util/engine-version.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import { writeFileAtomically } from './atomic-file.js'
import { emptyFile, oneRow } from './empty-file.js'
import { buffersOf, ownBatch } from './own-vectors.js'
import {
  checkOptions,
  checkPath,
  type ExportProgress,
  type ExportResult,
  wholeNumber,
} from './transfer-options.js'

/** Exported files are read in bulk: larger pages than an SSTable's, which single rows are looked up in. */
const pageBytes = 64 * 1024
const rowGroupRowsDefault = 131_072
const createdBy = `marquetry version ${engineVersion}`

/** Checked options of an export, but for those that say what to read. */
export interface ExportSettings {
  readonly compression: Compression
  readonly rowGroupRows: number
  readonly onProgress: ((progress: ExportProgress) => void) | undefined
  readonly signal: AbortSignal | undefined
}

const optionNames: ReadonlySet<string> = new Set([
  'gt', 'gte', 'lt', 'lte', 'prefix', 'columns', 'where', 'snapshot', 'compression', 'rowGroupRows', 'onProgress',
  'signal',
]) // biome-ignore format: a list
const compressions: ReadonlySet<unknown> = new Set<Compression>(['uncompressed', 'snappy', 'lz4_raw', 'zstd'])

/** Checks all options of an export that a scan would not check. Throws MARQUETRY_INVALID_OPTION. */
export function checkExportOptions(path: unknown, options: unknown, compression: Compression): ExportSettings {
  checkPath(path)
  checkOptions(options, optionNames, 'exports')
  const given = options as Partial<ExportSettings> & { readonly columns?: unknown }
  if (given.compression !== undefined && !compressions.has(given.compression)) {
    throw invalidOption('compression', `must be one of ${[...compressions].join(', ')}`)
  }
  if (Array.isArray(given.columns) && given.columns.length === 0) {
    throw invalidOption('columns', 'must name a column: a Parquet file has some')
  }
  return {
    compression: given.compression ?? compression,
    rowGroupRows: wholeNumber('rowGroupRows', given.rowGroupRows, 1, 2 ** 24, rowGroupRowsDefault),
    onProgress: given.onProgress,
    signal: given.signal,
  }
}

/**
 * Writes the rows of `source`, which is closed in the end, to the file at `path`; what stands there is replaced.
 * Its batches hold the columns of `projection`. Throws MARQUETRY_IO or MARQUETRY_ABORTED, and then leaves nothing.
 */
export async function exportParquet(
  tree: LsmTree,
  path: string,
  projection: Projection,
  source: BatchSource,
  settings: ExportSettings,
): Promise<ExportResult> {
  try {
    return await writeFileAtomically(tree.environment.fs, path, async (file) => {
      const result = await new Exporter(tree, file, projection, settings).run(source)
      throwIfAborted(settings.signal)
      return result
    })
  } finally {
    source.close()
  }
}

class Exporter {
  readonly #tree: LsmTree
  readonly #file: FileHandle
  readonly #settings: ExportSettings
  readonly #projection: Projection
  readonly #columns: readonly FileColumn[]
  readonly #stitcher: ParquetStitcher
  readonly #slices = new SliceList()
  /** Bytes of the rows in `#slices`. */
  #bytes = 0
  #encoding: Promise<Uint8Array> | undefined

  constructor(tree: LsmTree, file: FileHandle, projection: Projection, settings: ExportSettings) {
    this.#tree = tree
    this.#file = file
    this.#settings = settings
    this.#projection = projection
    this.#columns = publicColumns(tree.schema, projection)
    const sorting = sortedBy(tree.schema, projection).map((column) => ({ column, descending: false }))
    this.#stitcher = new ParquetStitcher(file, { createdBy, sorting })
  }

  async run(source: BatchSource): Promise<ExportResult> {
    for (;;) {
      throwIfAborted(this.#settings.signal)
      if (turnIsDue()) await takeTurn()
      const batch = await source.next()
      if (batch === undefined) break
      await this.#add(batch)
    }
    if (this.#slices.rows > 0) await this.#cut()
    await this.#appendEncoded()
    const stitcher = this.#stitcher
    if (stitcher.rowGroups === 0) return { rows: 0, bytes: await this.#writeEmpty() }
    await stitcher.finish(new Map())
    return { rows: stitcher.rows, bytes: stitcher.bytes }
  }

  /** Adds a batch, cut where the row group is full: of rows, or of bytes by the batch's average. */
  async #add(batch: Batch): Promise<void> {
    const { rowGroupBytes } = this.#tree.options
    const bytesPerRow = batch.columns.reduce((sum, vector) => sum + vectorBytes(vector), 0) / batch.rows
    for (let at = 0; at < batch.rows; ) {
      const { rows } = this.#slices
      const fit = Math.floor((rowGroupBytes - this.#bytes) / bytesPerRow)
      const room = Math.min(this.#settings.rowGroupRows - rows, rows === 0 ? Math.max(fit, 1) : fit)
      if (room <= 0) await this.#cut()
      else {
        const count = Math.min(batch.rows - at, room)
        this.#slices.add(this.#slices.use(batch), at, count)
        this.#bytes += bytesPerRow * count
        at += count
      }
    }
  }

  /** Gives the gathered rows to the encoder, once it is done with the row group before. */
  async #cut(): Promise<void> {
    const { rows, columns: vectors } = ownBatch(this.#slices)
    this.#slices.clear()
    this.#bytes = 0
    await this.#appendEncoded()
    this.#encoding = this.#encode(vectors, rows)
    this.#encoding.catch(() => {}) // awaited later, or never, if something else fails before
  }

  #encode(vectors: Batch['columns'], rows: number): Promise<Uint8Array> {
    const options = { compression: this.#settings.compression, pageBytes }
    const task = { kind: 'encode', columns: this.#columns, vectors, rows, options } as const
    return this.#tree.environment.executor.encode(task, buffersOf(vectors))
  }

  async #appendEncoded(): Promise<void> {
    if (this.#encoding === undefined) return
    const part = await this.#encoding
    this.#encoding = undefined
    throwIfAborted(this.#settings.signal)
    await this.#stitcher.append(part)
    this.#settings.onProgress?.({ rows: this.#stitcher.rows, bytes: this.#stitcher.bytes })
  }

  async #writeEmpty(): Promise<number> {
    const vectors = oneRow(this.#projection.map((index) => this.#tree.schema.columns[index]!.codec.layout))
    const file = emptyFile(await this.#encode(vectors, 1), createdBy)
    await this.#file.write(file, 0)
    return file.length
  }
}

/** The columns as callers know them: public types, nullable as the schema says. */
function publicColumns(schema: Schema, projection: Projection): readonly FileColumn[] {
  const stored = sstableColumns(schema, false)
  return projection.map((index) => {
    const { name, id, type, nullable } = schema.columns[index]!
    return { name, fieldId: id, type, nullable, encoding: stored[index]!.encoding }
  })
}

/** Places in the projection of the leading key columns that it holds: what the rows are sorted by. */
function sortedBy(schema: Schema, projection: Projection): readonly number[] {
  const places = schema.key.map((index) => projection.indexOf(index))
  const missing = places.indexOf(-1)
  return missing < 0 ? places : places.slice(0, missing)
}
