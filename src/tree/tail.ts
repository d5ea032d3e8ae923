// Where records are encoded: the tail, the memtable that takes new ones. It may be ahead of what is committed: a full
// one is displaced at once by the next, and the queue seals it when it comes to the first record behind it.

import type { Schema } from '../format/schema.js'
import { Memtable } from '../memtable/memtable.js'
import type { ResolvedTableOptions } from '../options.js'
import type { CommitQueue } from './commit-queue.js'
import { memtableReps } from './memtable-kinds.js'
import type { TreeMetrics } from './tree-metrics.js'
import type { WrittenKeys } from './written-keys.js'

/** What a tail is made from. */
export interface TailOptions {
  readonly schema: Schema
  readonly options: ResolvedTableOptions
  readonly queue: CommitQueue
  readonly metrics: TreeMetrics
  /** The database's one sequence. */
  readonly sequence: { next: number }
}

export class Tail {
  readonly #given: TailOptions
  #memtable: Memtable | undefined
  /** The last sealing, while it is under way. */
  #sealing: Promise<void> = Promise.resolve()
  #encoding = false
  /** Told the keys of every record from the moment on at which they are in the set. */
  readonly watchers = new Set<WrittenKeys>()

  constructor(given: TailOptions) {
    this.#given = given
  }

  /** A record is open: the arena belongs to whoever opened it. */
  get isEncoding(): boolean {
    return this.#encoding
  }

  /**
   * Encodes one record, now, and commits it. `encode` adds its entries to the memtable, numbered from the given
   * sequence number, and returns how many; what it throws rejects the promise, and nothing was written.
   */
  async write(encode: (memtable: Memtable, firstSeq: number) => number): Promise<void> {
    const beganMs = performance.now()
    const { sequence, queue, metrics } = this.#given
    const memtable = this.#memtableFor(sequence.next)
    const start = memtable.beginRecord()
    this.#encoding = true
    let entries: number
    try {
      entries = encode(memtable, sequence.next)
      if (entries > 0) memtable.endRecord(start, sequence.next, queue.durableBytes(memtable))
    } catch (error) {
      memtable.abandonRecord(start)
      throw error
    } finally {
      this.#encoding = false
    }
    if (entries === 0) {
      memtable.abandonRecord(start)
      return
    }
    // Only now: a memtable that got no record must not displace the full one, which then nobody would seal.
    this.#memtable = memtable
    for (const keys of this.watchers) keys.add(memtable, start)
    sequence.next += entries
    const deletes = memtable.recordDeletes
    await queue.submit(memtable, start, memtable.encodedBytes, sequence.next - 1, beganMs)
    metrics.written(entries - deletes, deletes)
  }

  /** Seals what has been written before this call. Resolves when that is done, also if it is an earlier call's doing. */
  seal(): Promise<void> {
    const memtable = this.#memtable
    if (memtable === undefined) return this.#sealing
    this.#memtable = undefined
    const sealing = this.#given.queue.seal(memtable)
    const over = () => {
      if (this.#sealing === sealing) this.#sealing = Promise.resolve()
    }
    this.#sealing = sealing
    sealing.then(over, over)
    return sealing
  }

  /** A write is refused: its record, which is still whole, was not written. */
  refused(memtable: Memtable, start: number): void {
    for (const keys of this.watchers) keys.remove(memtable, start)
  }

  #memtableFor(nextSeq: number): Memtable {
    if (this.#memtable !== undefined && !this.#memtable.isFull(nextSeq)) return this.#memtable
    const { schema, options } = this.#given
    return new Memtable({
      schema,
      rep: memtableReps[options.memtable],
      baseSeq: nextSeq,
      bytesMax: options.memtableBytes,
      rowsMax: options.memtableRows,
    })
  }
}
