// A file or a stream into a table: what an input yields is numbered and written, chunk by chunk.
//
//   input → columns of the table ─┬─ RowWriter: records of the log, through the normal write path
//                                 └─ SortedWriter: SSTables, past log and memtable, for what comes in key order

import { throwIfAborted } from '../errors.js'
import type { Columns } from '../format/row-types.js'
import { nullVector, type Vector } from '../format/vector.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import { openArrow } from './arrow-input.js'
import { type ImportSource, openByteStream } from './byte-stream.js'
import { openCsv } from './csv-input.js'
import type { ImportChunk, ImportInput } from './import-input.js'
import { checkImportOptions, type ImportSettings } from './import-settings.js'
import { invalidInput } from './import-task.js'
import { openNdjson } from './ndjson-input.js'
import { openParquet } from './parquet-input.js'
import { type BadRecords, RejectsFile, strict } from './rejects.js'
import { numberedColumn, RowNumberer } from './row-numberer.js'
import type { RowSink } from './row-sink.js'
import { RowWriter } from './row-writer.js'
import { SortedWriter } from './sorted-writer.js'
import type { ImportOptions, ImportProgress, ImportResult } from './transfer-options.js'

/**
 * Reads a source into the table. Not atomic, unless it is sorted: what was written before an error, or an abort, stays, and
 * importing again overwrites it. Throws MARQUETRY_INVALID_INPUT, MARQUETRY_IO, MARQUETRY_ABORTED and whatever writes throw.
 */
export async function importRows(
  tree: LsmTree,
  source: ImportSource,
  options: ImportOptions<Columns>,
): Promise<ImportResult> {
  const settings = checkImportOptions(tree.schema, source, options)
  throwIfAborted(settings.signal)
  const { rejects } = settings
  const { fs } = tree.environment
  const bad = rejects === undefined ? undefined : new RejectsFile(fs, rejects)
  try {
    const input = await openInput(tree, settings, bad)
    try {
      const rows = await new Importer(tree, settings, input).run()
      return { rows, bytes: input.bytes, rejected: bad?.count ?? 0 }
    } finally {
      await input.close()
    }
  } finally {
    await bad?.close()
  }
}

async function openInput(
  tree: LsmTree,
  settings: ImportSettings,
  rejects: BadRecords | undefined,
): Promise<ImportInput> {
  const { format, source, path, names, numbered, signal, csv } = settings
  const wanted = { schema: tree.schema, names, numbered }
  if (format === 'parquet')
    return await openParquet(tree, path!, wanted, {
      limits: settings.limits,
      timeoutMs: settings.rowGroupTimeoutMs,
      signal,
    })
  const stream = await openByteStream(tree.environment.fs, source)
  try {
    if (format === 'arrow') return await openArrow(stream, wanted)
    const bad = rejects ?? strict(stream.name)
    return format === 'csv' ? await openCsv(stream, wanted, csv, bad) : openNdjson(stream, wanted, bad)
  } catch (error) {
    await stream.close().catch(() => {})
    throw error
  }
}

class Importer {
  readonly #tree: LsmTree
  readonly #settings: ImportSettings
  readonly #input: ImportInput
  readonly #numberer: RowNumberer | undefined
  #rows = 0
  #bytes = 0

  constructor(tree: LsmTree, settings: ImportSettings, input: ImportInput) {
    this.#tree = tree
    this.#settings = settings
    this.#input = input
    if (settings.numbered !== undefined) this.#numberer = new RowNumberer(tree.schema, settings.numbered)
  }

  /** Returns how many rows were written. */
  async run(): Promise<number> {
    const { signal } = this.#settings
    const sink = await this.#openSink()
    try {
      for (;;) {
        throwIfAborted(signal)
        const chunk = await this.#input.next()
        if (chunk === undefined) break
        await this.#write(sink, chunk)
      }
      await sink.finish()
      return this.#rows
    } finally {
      await sink.close()
    }
  }

  async #openSink(): Promise<RowSink> {
    const { sorted, signal, batchRows } = this.#settings
    if (sorted) return await SortedWriter.begin(this.#tree, this.#input.name, signal)
    return new RowWriter(this.#tree, batchRows, signal)
  }

  async #write(sink: RowSink, chunk: ImportChunk): Promise<void> {
    const { onProgress } = this.#settings
    const { rowsTotal, bytesTotal } = this.#input
    const before = { rows: this.#rows, bytes: this.#bytes }
    const report = (rows: number) => {
      this.#rows = before.rows + rows
      this.#bytes = before.bytes + Math.floor(chunk.bytes * (rows / chunk.rows))
      const progress: ImportProgress = { rows: this.#rows, bytes: this.#bytes, rowsTotal, bytesTotal }
      onProgress?.(progress)
    }
    const { rows, placeOf } = chunk
    await sink.write({ vectors: this.#columns(chunk), rows, placeOf }, report)
  }

  /** All columns of the table: those decoded, those that the file does not have, and the row numbers. */
  #columns({ columns: decoded, rows, placeOf }: ImportChunk): readonly Vector[] {
    const { columns } = this.#tree.schema
    const vectors = columns.map(({ codec }, index) => decoded[index] ?? nullVector(codec.layout, rows))
    const { numbered } = this.#settings
    if (numbered === undefined || this.#numberer === undefined) return vectors
    const numbers = this.#numberer.number(vectors, rows)
    const { type, name } = columns[numbered]!
    const values = numberedColumn(type.kind, numbers, (row, what) => {
      throw invalidInput(this.#input.name, what, { ...placeOf(row), column: name })
    })
    return vectors.with(numbered, values)
  }
}
