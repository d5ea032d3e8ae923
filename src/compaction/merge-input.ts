// A sorted run as a merge reads it: the rows of its tables that lie in the job's range, a row group or a piece of one at a time.

import type { Batch } from '../format/batch.js'
import type { KeyBytes, KeyRange } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { FileSystem } from '../fs/file-system.js'
import type { Reading } from '../fs/reading.js'
import { BulkReader } from '../sstable/bulk-reader.js'
import { PageCache } from '../sstable/page-cache.js'
import { SSTableReader } from '../sstable/reader.js'
import { compareBytes } from '../util/bytes.js'
import type { MergeInput } from './job.js'

/** What all inputs of a merge share. */
export interface InputContext {
  readonly fs: FileSystem
  readonly schema: Schema
  readonly range: KeyRange
  /** Most bytes of a batch, as vectors: larger row groups come in pieces. A single row may exceed it. */
  readonly batchBytesMax: number
  /** Told of every batch before it is handed on; may throw to end the merge. */
  readonly onBatch: (rows: number) => void
  /** Told of every read of a data file. */
  readonly onRead: (bytes: number) => void
}

/** Drives a reading from the file system and tells how many bytes were read. */
async function drive<T>(reading: Reading<T>, onRead: (bytes: number) => void): Promise<T> {
  let step = reading.next()
  while (step.done !== true) {
    const { file, from, to } = step.value
    const bytes = new Uint8Array(to - from)
    let read: number
    try {
      read = await file.read(bytes, from)
    } catch (error) {
      step = reading.throw(error)
      continue
    }
    onRead(read)
    step = reading.next(read === bytes.length ? bytes : bytes.subarray(0, read))
  }
  return step.value
}

/** Rows of a table: those of the job's range. */
interface RowSpan {
  readonly from: number
  readonly to: number
}

/** The rows of a table within a range of keys. */
function* findRows(reader: SSTableReader, { gte, lt }: KeyRange): Reading<RowSpan> {
  const from = yield* reader.seek(gte)
  return { from, to: lt === undefined ? reader.meta.rows : Math.max(from, yield* reader.seek(lt)) }
}

/** One sorted run. */
export class RunSource implements BatchSource {
  readonly #context: InputContext
  readonly #tables: MergeInput[]
  #reader: BulkReader | undefined
  /** Rows of the current table that are still to be read. */
  #at = 0
  #end = 0
  /** Rows that a batch of the current table has at most. */
  #batchRowsMax = 0
  #pending: Promise<unknown> = Promise.resolve()

  /** `tables` in key order. */
  constructor(context: InputContext, tables: readonly MergeInput[]) {
    this.#context = context
    this.#tables = [...tables]
  }

  next(): Promise<Batch | undefined> {
    const batch = this.#read()
    this.#pending = batch
    return batch
  }

  /** Resolves when no reading is under way, so that the source can be closed. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.#pending])
  }

  async #read(): Promise<Batch | undefined> {
    while (this.#at === this.#end) {
      await this.#closeTable()
      const table = this.#tables.shift()
      if (table === undefined) return undefined
      await this.#openTable(table)
    }
    const reader = this.#reader!
    const { onBatch, onRead } = this.#context
    const { index } = await drive(reader.open(), onRead)
    const groupEnd = index.rowGroupFirstRow[index.groupOf(this.#at) + 1]!
    const to = Math.min(groupEnd, this.#end, this.#at + this.#batchRowsMax)
    onBatch(to - this.#at)
    const batch = await drive(reader.rows(this.#at, to), onRead)
    this.#at = to
    return batch
  }

  close(): void {
    this.#tables.length = 0
    this.#at = this.#end
    this.#reader?.close()
    this.#reader = undefined
  }

  async #openTable({ folder, meta }: MergeInput): Promise<void> {
    const { fs, schema, range, onRead } = this.#context
    if (isOutside(meta.minKey, meta.maxKey, range)) return
    const searcher = new SSTableReader(fs, folder, meta, schema, new PageCache(0))
    try {
      const { from, to } = await drive(findRows(searcher, range), onRead)
      this.#at = from
      this.#end = to
    } finally {
      searcher.close()
    }
    this.#reader = new BulkReader(fs, folder, meta, schema)
    const { index } = await drive(this.#reader.open(), onRead)
    this.#batchRowsMax = rowsPerBatch(
      index.rowGroupFirstRow,
      meta.rowGroupBytesMax,
      this.#context.batchBytesMax,
    )
  }

  /** Checks the last bytes of the table that nobody else has read: a damaged input is not merged away unseen. */
  async #closeTable(): Promise<void> {
    if (this.#reader === undefined) return
    await drive(this.#reader.tail(), this.#context.onRead)
    this.#reader.close()
    this.#reader = undefined
  }
}

function isOutside(minKey: KeyBytes, maxKey: KeyBytes, { gte, lt }: KeyRange): boolean {
  return (
    (gte !== undefined && compareBytes(maxKey, gte) < 0) || (lt !== undefined && compareBytes(minKey, lt) >= 0)
  )
}

/** So many rows of the largest row group have about `bytesMax` bytes, if all are about alike. */
function rowsPerBatch(firstRows: Uint32Array, rowGroupBytesMax: number, bytesMax: number): number {
  if (rowGroupBytesMax <= bytesMax) return Number.POSITIVE_INFINITY
  let rowsMax = 1
  for (let g = 1; g < firstRows.length; g++) rowsMax = Math.max(rowsMax, firstRows[g]! - firstRows[g - 1]!)
  return Math.max(1, Math.floor((rowsMax * bytesMax) / rowGroupBytesMax))
}
