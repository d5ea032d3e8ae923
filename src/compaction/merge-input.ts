// A sorted run as a step of a merge reads it: rows of its tables, a row group or a piece of one at a time.

import type { Batch } from '../format/batch.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { FileSystem } from '../fs/file-system.js'
import type { Reading } from '../fs/reading.js'
import { BulkReader } from '../sstable/bulk-reader.js'
import type { TableRows } from './merge-plan.js'

/** What all inputs of a merge share. */
export interface InputContext {
  readonly fs: FileSystem
  readonly schema: Schema
  /** Most bytes of a batch, as vectors: larger row groups come in pieces. A single row may exceed it. */
  readonly batchBytesMax: number
  /** Told of every batch before it is handed on; may throw to end the merge. */
  readonly onBatch: (rows: number) => void
  /** Told of every read of a data file. */
  readonly onRead: (bytes: number) => void
}

const noBytes = new Uint8Array(0)

/** Drives a reading from the file system and tells how many bytes were read. */
export async function drive<T>(reading: Reading<T>, onRead: (bytes: number) => void): Promise<T> {
  let step = reading.next()
  while (step.done !== true) {
    if ('until' in step.value) {
      await step.value.until
      step = reading.next(noBytes)
      continue
    }
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

/** One sorted run. */
export class RunSource implements BatchSource {
  readonly #context: InputContext
  readonly #parts: TableRows[]
  readonly #oneVersionPerKey: boolean
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
    this.#oneVersionPerKey = parts.every(({ table: { meta } }) => meta.rows === meta.keys)
  }

  /** No key has two versions among the rows of the run. */
  get hasOneVersionPerKey(): boolean {
    return this.#oneVersionPerKey
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
      this.#reader?.close()
      this.#reader = undefined
      const part = this.#parts.shift()
      if (part === undefined) return undefined
      await this.#openTable(part)
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
    this.#parts.length = 0
    this.#at = this.#end
    this.#reader?.close()
    this.#reader = undefined
  }

  async #openTable({ table: { folder, meta }, from, to }: TableRows): Promise<void> {
    const { fs, schema, batchBytesMax, onRead } = this.#context
    this.#reader = new BulkReader(fs, folder, meta, schema)
    this.#at = from
    this.#end = to
    const { index } = await drive(this.#reader.open(), onRead)
    this.#batchRowsMax = rowsPerBatch(index.rowGroupFirstRow, meta.rowGroupBytesMax, batchBytesMax)
  }
}

/** So many rows of the largest row group have about `bytesMax` bytes, if all are about alike. */
function rowsPerBatch(firstRows: Uint32Array, rowGroupBytesMax: number, bytesMax: number): number {
  if (rowGroupBytesMax <= bytesMax) return Number.POSITIVE_INFINITY
  let rowsMax = 1
  for (let g = 1; g < firstRows.length; g++) rowsMax = Math.max(rowsMax, firstRows[g]! - firstRows[g - 1]!)
  return Math.max(1, Math.floor((rowsMax * bytesMax) / rowGroupBytesMax))
}
