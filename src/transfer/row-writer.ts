// Columns into a table through the normal write path, as log records of some thousand rows. Writes are awaited, some
// records late: so many share one sync, and a table that cannot keep up slows its import down.

import { throwIfAborted } from '../errors.js'
import type { Vector } from '../format/vector.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import type { ImportedRows, RowSink } from './row-sink.js'

/** Records that are encoded and not yet committed. */
const recordsInFlight = 8
/** A record is cut when it has grown to this, however few rows it has. */
const recordBytes = 1024 * 1024

export class RowWriter implements RowSink {
  readonly #tree: LsmTree
  readonly #batchRows: number
  readonly #signal: AbortSignal | undefined
  /** Writes that are under way, oldest first. */
  readonly #writes: Promise<void>[] = []

  constructor(tree: LsmTree, batchRows: number, signal: AbortSignal | undefined) {
    this.#tree = tree
    this.#batchRows = batchRows
    this.#signal = signal
  }

  async write({ vectors, rows }: ImportedRows, report: (rows: number) => void): Promise<void> {
    const keys = this.#tree.schema.key.map((index) => vectors[index]!)
    for (let from = 0; from < rows; ) {
      throwIfAborted(this.#signal)
      from = this.#writeRecord(vectors, keys, from, Math.min(from + this.#batchRows, rows))
      while (this.#writes.length >= recordsInFlight) await this.#writes.shift()
      if (turnIsDue()) await takeTurn()
      if (from === rows) await this.finish()
      report(from)
    }
  }

  async finish(): Promise<void> {
    while (this.#writes.length > 0) await this.#writes.shift()
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#writes)
  }

  /** Encodes rows from `from` on as one record, now, and begins its commit. Returns the first row that is not in it. */
  #writeRecord(vectors: readonly Vector[], keys: readonly Vector[], from: number, to: number): number {
    let row = from
    const write = this.#tree.write((memtable, firstSeq) => {
      const end = memtable.encodedBytes + recordBytes
      while (row < to && memtable.encodedBytes < end) {
        memtable.addVectors(vectors, keys, row, firstSeq + row - from)
        row++
      }
      return row - from
    })
    write.catch(() => {}) // awaited later
    this.#writes.push(write)
    return row
  }
}
