// A sorted run as a step of a merge reads it: rows of its tables, a row group or a piece of one at a time.

import type { Batch } from '../format/batch.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { FileSystem } from '../fs/file-system.js'
import { readAsync } from '../fs/reading.js'
import { BulkReader } from '../sstable/bulk-reader.js'
import { PageCache } from '../sstable/page-cache.js'
import { SSTableReader } from '../sstable/reader.js'
import { plainHost } from '../sstable/reader-host.js'
import type { BufferPool } from '../util/buffer-pool.js'
import type { MergeInput } from './job.js'
import type { TableRows } from './merge-plan.js'

/** Pages looked at while row groups are compared: neighbouring ones, several times each. Bulk reads go past it. */
const cacheBytes = 8 << 20

/** What all inputs of a merge share. */
export interface InputContext {
  readonly inputs: MergeInputs
  /** Most bytes of a batch, as vectors: larger row groups come in pieces. A single row may exceed it. */
  readonly batchBytesMax: number
  /** Whether sequence numbers decide anything but which version of a key in one run is the newest. */
  readonly wantsSeq: boolean
  /** Told of every batch before it is handed on; may throw to end the merge. */
  readonly onBatch: (rows: number) => void
  /** Told of every read of a data file. */
  readonly onRead: (bytes: number) => void
}

/**
 * The tables of a merge, opened at first touch and then kept, whatever its steps want of them: once for single keys, once for
 * row groups. Descriptors are bounded, and so is
 * what is kept of sidecars.
 */
export class MergeInputs {
  readonly #fs: FileSystem
  readonly #schema: Schema
  readonly #pool: BufferPool
  readonly #host = plainHost()
  readonly #cache = new PageCache(cacheBytes)
  readonly #readers = new Map<MergeInput, BulkReader>()
  readonly #searchers = new Map<MergeInput, SSTableReader>()

  /** `pool`: where the memory of rows comes from. */
  constructor(fs: FileSystem, schema: Schema, pool: BufferPool) {
    this.#fs = fs
    this.#schema = schema
    this.#pool = pool
  }

  /** For rows by the row group. */
  reader(input: MergeInput): BulkReader {
    const known = this.#readers.get(input)
    if (known !== undefined) return known
    const { folder, meta } = input
    const reader = new BulkReader(this.#fs, folder, meta, this.#schema, this.#cache, this.#host, this.#pool)
    this.#readers.set(input, reader)
    return reader
  }

  /** For single keys, while a merge is planned. */
  searcher(input: MergeInput): SSTableReader {
    const known = this.#searchers.get(input)
    if (known !== undefined) return known
    const { folder, meta } = input
    const searcher = new SSTableReader(this.#fs, folder, meta, this.#schema, this.#cache, this.#host)
    this.#searchers.set(input, searcher)
    return searcher
  }

  /** Closes all files. Rejects with the first failure, but closes the others too. Requires: no reading is under way. */
  async close(): Promise<void> {
    const open = [...this.#searchers.values(), ...this.#readers.values()]
    this.#searchers.clear()
    this.#readers.clear()
    const closed = await Promise.allSettled(open.map(async (reader) => reader.close()))
    for (const result of closed) if (result.status === 'rejected') throw result.reason
  }
}

/** One sorted run. */
export class RunSource implements BatchSource {
  readonly #context: InputContext
  readonly #parts: TableRows[]
  /** No key has two versions among the rows of the run. */
  readonly hasOneVersionPerKey: boolean
  #reader: BulkReader | undefined
  /** Rows of the current table that are still to be read. */
  #at = 0
  #end = 0
  /** Rows that a batch of the current table has at most. */
  #batchRowsMax = 0
  #pending: Promise<unknown> = Promise.resolve()

  /** `parts` in key order. */
  constructor(context: InputContext, parts: readonly TableRows[]) {
    this.#context = context
    this.#parts = [...parts]
    this.hasOneVersionPerKey = parts.every(({ table: { meta } }) => meta.rows === meta.keys)
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
      const part = this.#parts.shift()
      if (part === undefined) return undefined
      await this.#openTable(part)
    }
    const reader = this.#reader!
    const { onBatch, onRead, wantsSeq } = this.#context
    const { index } = await readAsync(reader.open(), onRead)
    const groupEnd = index.rowGroupFirstRow[index.groupOf(this.#at) + 1]!
    const to = Math.min(groupEnd, this.#end, this.#at + this.#batchRowsMax)
    onBatch(to - this.#at)
    const batch = await readAsync(reader.rows(this.#at, to, wantsSeq || !this.hasOneVersionPerKey), onRead)
    this.#at = to
    return batch
  }

  close(): void {
    this.#parts.length = 0
    this.#at = this.#end
  }

  async #openTable({ table, from, to }: TableRows): Promise<void> {
    const { inputs, batchBytesMax, onRead } = this.#context
    this.#reader = inputs.reader(table)
    this.#at = from
    this.#end = to
    const { index } = await readAsync(this.#reader.open(), onRead)
    this.#batchRowsMax = rowsPerBatch(index.rowGroupFirstRow, table.meta.rowGroupBytesMax, batchBytesMax)
  }
}

/** So many rows of the largest row group have about `bytesMax` bytes, if all are about alike. */
function rowsPerBatch(firstRows: Uint32Array, rowGroupBytesMax: number, bytesMax: number): number {
  if (rowGroupBytesMax <= bytesMax) return Number.POSITIVE_INFINITY
  let rowsMax = 1
  for (let g = 1; g < firstRows.length; g++) rowsMax = Math.max(rowsMax, firstRows[g]! - firstRows[g - 1]!)
  return Math.max(1, Math.floor((rowsMax * bytesMax) / rowGroupBytesMax))
}
