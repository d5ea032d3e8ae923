// Several sorted sources as one, the newest source winning where they hold the same key.
//
//   order   cursors sorted by the key at their head, ties newest first:   [c0 ≤ c1 ≤ c2 …]
//   step    c0 runs ahead of c1 as far as its keys are below c1's head; that run is copied as one slice;
//           then c0 is moved to its new place in the order
//   tie     c0 and those with the same key at their head: c0's row is taken, all of them step on
//
// 1. A cursor knows whether it ties with its successor, since placing it compared the two: no row is compared twice
//    with the same row.
// 2. Merging stops while any cursor is out of rows ("dry"): its next key may be the least.
// 3. Comparators are made once per pair of batches, when first needed.
//
// Merging all versions differs at ties only: c0's row is taken, and c0 alone steps on. Its source being the newest, all its
// versions of the key are newer than those of the others; where its next row has the key too, it is first again.

import { type Batch, batchBytes, recycleBatch } from '../format/batch.js'
import { compareKeys, type RowComparator } from '../format/compare.js'
import type { BatchSource } from '../format/source.js'
import type { BufferPool } from '../util/buffer-pool.js'
import { gather, SliceList, sliceBatch } from './gather.js'
import { bytesIn, Cursor } from './merge-cursor.js'

/** Rows of a merged batch, about. */
export const batchRows = 4_096

/** Bytes of variable-length values in a batch from which on each slice of it is measured. */
const heavyBytes = 4 << 20
/** Bytes of measured slices that one merged batch takes. */
const gatheredBytesMax = 32 << 20

/**
 * Merges sources that each hold at most one row per key, sorted in scan direction. Of rows with equal keys the one from the
 * newest source, that of the lowest index, survives. Tombstones pass through as rows.
 *
 * `keyColumns` are the places of the key columns in the batches, in key order. Answers synchronously whenever the sources do.
 */
export function mergeSources(
  sources: readonly BatchSource[],
  keyColumns: readonly number[],
  reverse: boolean,
  rows = batchRows,
): BatchSource {
  if (sources.length === 1) return sources[0]!
  const heldBytesMax = Number.POSITIVE_INFINITY
  return new Merge(sources, keyColumns, { reverse, rows, allVersions: false, exact: false, heldBytesMax })
}

/** What a merge of runs yields and knows. */
export interface MergedRuns extends BatchSource {
  /** Rows that were left out so far, a newer source having their key. */
  readonly dropped: number
  /**
   * Gives the memory of a batch that `next` returned back to the pool, if it is of there. Requires: nobody reads the batch any more.
   */
  recycle(batch: Batch): void
  /** Most memory that batches of the sources have taken at a time: those under way, and those of which rows wait to be copied. */
  readonly heldBytesPeak: number
}

/**
 * Merges runs, newest first, in ascending order, into batches of exactly `rows` rows but the last, or fewer where their
 * strings are large, or where the batches of the sources would take more than `heldBytesMax` with the next one.
 * `newest`: as `mergeSources` does, each source having one row per key. `all`: sources hold versions of a key side by side,
 * newest first, all versions of a newer source being newer; all are passed on, newest first.
 * `pool`: where merged rows get their memory, and where the memory of sources' batches goes whose rows were all copied. Only for
 * sources that forget what they have yielded.
 */
export function mergeRuns(
  sources: readonly BatchSource[],
  keyColumns: readonly number[],
  versions: 'newest' | 'all',
  { rows, heldBytesMax, pool }: MergedRunsOptions,
): MergedRuns {
  const allVersions = versions === 'all'
  return new Merge(sources, keyColumns, { reverse: false, rows, allVersions, exact: true, heldBytesMax, pool })
}

/** What a merge of runs takes and holds. */
export interface MergedRunsOptions {
  readonly rows: number
  readonly heldBytesMax: number
  readonly pool?: BufferPool | undefined
}

interface MergeOptions {
  readonly reverse: boolean
  /** Rows of a batch. */
  readonly rows: number
  readonly allVersions: boolean
  /** Batches have `rows` rows even where that means to copy a long run instead of passing it on as a view. */
  readonly exact: boolean
  /** Rows are not kept waiting while the batches under way and theirs take this much. */
  readonly heldBytesMax: number
  readonly pool?: BufferPool | undefined
}

class Merge implements MergedRuns {
  readonly #keyColumns: readonly number[]
  readonly #sign: 1 | -1
  readonly #target: number
  readonly #allVersions: boolean
  readonly #exact: boolean
  readonly #heldBytesMax: number
  readonly #pool: BufferPool | undefined
  /** Batches of sources of which rows were passed on as a view, and merged batches that own their memory. */
  readonly #viewed = new WeakSet<Batch>()
  readonly #gathered = new WeakSet<Batch>()
  readonly #cursors: readonly Cursor[]
  readonly #order: Cursor[] = []
  readonly #dry: Cursor[]
  readonly #slices: SliceList
  #gatheredBytes = 0
  #closed = false
  /** How the row where the last gallop ended compares with the head it was measured against. */
  #relation = 0
  #dropped = 0
  #heldBytes = 0
  #heldBytesPeak = 0

  constructor(sources: readonly BatchSource[], keyColumns: readonly number[], options: MergeOptions) {
    const { reverse, rows, allVersions, exact, heldBytesMax, pool } = options
    this.#keyColumns = keyColumns
    this.#sign = reverse ? -1 : 1
    this.#target = rows
    this.#allVersions = allVersions
    this.#exact = exact
    this.#heldBytesMax = heldBytesMax
    this.#pool = pool
    this.#cursors = sources.map((source, index) => new Cursor(index, source))
    this.#dry = [...this.#cursors]
    this.#slices = new SliceList(rows)
  }

  get dropped(): number {
    return this.#dropped
  }

  get heldBytesPeak(): number {
    return this.#heldBytesPeak
  }

  next(): Batch | undefined | Promise<Batch | undefined> {
    while (!this.#closed) {
      const pending = this.#refill()
      if (pending !== undefined) return this.#later(pending)
      const batch = this.#merge()
      if (batch !== undefined || this.#dry.length === 0) return batch
    }
    return undefined
  }

  async #later(first: Promise<unknown>): Promise<Batch | undefined> {
    for (let pending: Promise<unknown> | undefined = first; !this.#closed; pending = this.#refill()) {
      if (pending !== undefined) await pending
      const batch = this.#merge()
      if (batch !== undefined || this.#dry.length === 0) return batch
    }
    return undefined
  }

  close(): void {
    this.#closed = true
    this.#order.length = 0
    this.#slices.clear()
    for (const cursor of this.#cursors) {
      cursor.batch = undefined
      cursor.source.close()
    }
  }

  /**
   * Asks every dry source for its next batch, all at once; a promise only where one of them answers with one.
   * A cursor stays dry until its batch is there, so that an error loses no source.
   */
  #refill(): Promise<unknown> | undefined {
    if (this.#dry.length === 0) return undefined
    const late: Promise<void>[] = []
    for (const cursor of [...this.#dry]) {
      try {
        const batch = cursor.source.next()
        if (batch instanceof Promise) late.push(batch.then((value) => this.#load(cursor, value)))
        else this.#load(cursor, batch)
      } catch (error) {
        if (late.length === 0) throw error
        late.push(Promise.reject(error)) // joined to the others, so that none is left without a listener
      }
    }
    return late.length === 0 ? undefined : Promise.all(late)
  }

  #load(cursor: Cursor, batch: Batch | undefined): void {
    if (this.#closed) return
    this.#dry.splice(this.#dry.indexOf(cursor), 1)
    cursor.comparators = []
    for (const other of this.#cursors) other.comparators[cursor.index] = undefined
    if (batch === undefined) return
    cursor.batch = batch
    cursor.keys = this.#keyColumns.map((column) => batch.columns[column]!)
    cursor.rows = batch.rows
    cursor.bytes = this.#exact ? batchBytes(batch) : 0
    this.#heldBytes += cursor.bytes
    this.#heldBytesPeak = Math.max(this.#heldBytesPeak, this.#heldBytes)
    cursor.at = 0
    cursor.generation = -1
    const strings = batch.columns.filter((vector) => vector.offsets !== undefined)
    cursor.heavy =
      bytesIn(strings, 0, batch.rows) > (this.#exact ? gatheredBytesMax / 2 : heavyBytes) ? strings : []
    this.#order.unshift(cursor)
    this.#place(0, 0)
  }

  #comparator(a: Cursor, b: Cursor): RowComparator {
    const known = a.comparators[b.index]
    if (known !== undefined) return known
    const made = compareKeys(a.keys, b.keys)
    a.comparators[b.index] = made
    return made
  }

  /** Merges until a batch is complete. Undefined: a cursor is dry, or all have ended. */
  #merge(): Batch | undefined {
    const order = this.#order
    const slices = this.#slices
    const large = this.#target >> 1
    while (this.#dry.length === 0 && order.length > 0) {
      if (slices.rows >= this.#target) return this.#flush()
      const cursor = order[0]!
      const end = cursor.tied
        ? cursor.at + 1
        : order.length === 1
          ? cursor.rows
          : this.#gallop(cursor, order[1]!)
      const room = this.#exact ? this.#target - slices.rows : Number.POSITIVE_INFINITY
      const count = Math.min(end - cursor.at, room)
      if (!this.#exact && count > large && count > 1) {
        // Long runs are passed on as views. Rows that wait to be gathered come first; the gallop is then repeated.
        if (slices.rows > 0) return this.#flush()
        const run = sliceBatch(cursor.batch!, cursor.at, end)
        this.#advance(cursor, end)
        return run
      }
      if (cursor.heavy.length > 0 && !this.#fits(cursor, cursor.at + count)) return this.#flush()
      if (cursor.generation !== slices.generation) {
        cursor.generation = slices.generation
        cursor.place = slices.use(cursor.batch!)
      }
      slices.add(cursor.place, cursor.at, count)
      if (cursor.tied) this.#stepTied()
      else if (cursor.at + count < end)
        cursor.at += count // still the first
      else this.#advance(cursor, end)
    }
    const isFull = this.#dry.length === 0 || this.#heldBytes >= this.#heldBytesMax
    return isFull && slices.rows > 0 ? this.#flush() : undefined
  }

  #flush(): Batch {
    const batch = gather(this.#slices, this.#pool)
    if (this.#pool !== undefined) this.#recycleSources(batch, this.#pool)
    this.#slices.clear()
    this.#gatheredBytes = 0
    this.#heldBytes = 0
    for (const cursor of this.#order) this.#heldBytes += cursor.bytes
    return batch
  }

  /** Gives back the memory of batches of which `merged` took the last rows. */
  #recycleSources(merged: Batch, pool: BufferPool): void {
    const { batches, length } = this.#slices
    if (length > 1) this.#gathered.add(merged)
    for (const batch of batches) {
      if (length === 1) this.#viewed.add(batch)
      else if (!this.#viewed.has(batch) && !this.#cursors.some((cursor) => cursor.batch === batch)) {
        recycleBatch(batch, pool)
      }
    }
  }

  recycle(batch: Batch): void {
    if (this.#pool !== undefined && this.#gathered.delete(batch)) recycleBatch(batch, this.#pool)
  }

  /** Whether the cursor's rows up to `end` may join what is gathered: always, if nothing is. */
  #fits(cursor: Cursor, end: number): boolean {
    const bytes = bytesIn(cursor.heavy, cursor.at, end)
    if (this.#slices.rows > 0 && this.#gatheredBytes + bytes > gatheredBytesMax) return false
    this.#gatheredBytes += bytes
    return true
  }

  /**
   * The first row of `cursor` whose key is not before the head of `other`, or the end of its batch.
   * Requires: its head is before the head of `other`.
   */
  #gallop(cursor: Cursor, other: Cursor): number {
    const compare = this.#comparator(cursor, other)
    const sign = this.#sign
    const { rows } = cursor
    const head = other.at
    let low = cursor.at // is before
    let high = rows // is not before
    let relation = 0
    for (let step = 1; low + step < rows; step *= 2) {
      relation = compare(low + step, head) * sign
      if (relation >= 0) {
        high = low + step
        break
      }
      low += step
    }
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      const between = compare(middle, head) * sign
      if (between < 0) low = middle
      else {
        high = middle
        relation = between
      }
    }
    this.#relation = relation
    return high
  }

  /** Moves the first cursor, which has just galloped, to row `end`, and then to its place in the order. */
  #advance(cursor: Cursor, end: number): void {
    cursor.at = end
    if (end === cursor.rows) this.#dryUp()
    else {
      const next = this.#order[1]!
      const follows = this.#relation > 0 || next.index < cursor.index
      this.#place(follows ? 1 : 0, this.#relation)
    }
  }

  /** Moves all cursors whose heads have the first one's key to their next row; only the first, if all versions count. */
  #stepTied(): void {
    const order = this.#order
    if (this.#allVersions) {
      const cursor = order[0]!
      cursor.at++
      if (cursor.at === cursor.rows) this.#dryUp()
      else this.#place(0, 0)
      return
    }
    let ties = 1
    while (order[ties - 1]!.tied) ties++
    this.#dropped += ties - 1
    for (; ties > 0; ties--) {
      const cursor = order[0]!
      cursor.at++
      if (cursor.at === cursor.rows) this.#dryUp()
      else this.#place(ties - 1, 1)
    }
  }

  #dryUp(): void {
    const cursor = this.#order.shift()!
    cursor.batch = undefined
    this.#dry.push(cursor)
  }

  /**
   * Moves the first cursor to its place among the others, which are in order.
   * Requires: `before` of them are known to precede it; it compares with the last of those as `relation`.
   */
  #place(before: number, relation: number): void {
    const order = this.#order
    const cursor = order[0]!
    const others = order.length - 1
    let low = before
    let high = others
    let after = -1
    while (low < high) {
      const middle = (low + high) >> 1
      const other = order[middle + 1]!
      const found = this.#comparator(cursor, other)(cursor.at, other.at) * this.#sign
      if (found > 0 || (found === 0 && other.index < cursor.index)) {
        low = middle + 1
        relation = found
      } else {
        high = middle
        after = found
      }
    }
    for (let i = 0; i < low; i++) order[i] = order[i + 1]!
    order[low] = cursor
    if (low > 0) order[low - 1]!.tied = relation === 0
    cursor.tied = low < others && after === 0
  }
}
