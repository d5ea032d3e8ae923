// Which versions of a key a merge keeps (rule 2 in docs/architecture.md), for one version and for whole batches.
//
//   key   version   snapshots {5, 12}
//   a     14        kept: the newest
//         11        kept: 12 sees it
//          9        goes: no snapshot in [9, 11)
//          3 del    5 sees it; but the oldest survivor is a tombstone with nothing older below: goes
//   b      4        sole, live, seen by every snapshot, nothing older below: kept with `_seq` 0
//
// 1. What is newer than a version counts among all rows that come in, not only among those that stay.
// 2. Where something older may hold a key, its tombstone stays and its number stays.

import { type Batch, noSeq } from '../format/batch.js'
import { compareKeys, type RowComparator } from '../format/compare.js'
import { concatBatches } from '../format/concat.js'
import type { Vector } from '../format/vector.js'
import { selectRows, sliceBatch } from '../scan/gather.js'
import type { OlderKeys } from './older-keys.js'

/**
 * Whether a version may go, given the next newer version of its key among the inputs: nobody can see it unless a
 * snapshot s lies in [seq, newerSeq). `snapshots` are the sequence numbers of open snapshots.
 */
export function isSuperseded(seq: number, newerSeq: number, snapshots: readonly number[]): boolean {
  for (const snapshot of snapshots) if (seq <= snapshot && snapshot < newerSeq) return false
  return true
}

/** Drops what nobody can see any more from sorted batches that come one after the other. */
export class Retention {
  readonly #keyColumns: readonly number[]
  readonly #snapshots: readonly number[]
  readonly #oneVersionPerKey: boolean
  readonly #older: OlderKeys
  /** A version above this is not seen by every snapshot. */
  readonly #seenByAll: number
  #dropped = 0
  /** The last row that came in. */
  #last: { readonly keys: readonly Vector[]; readonly row: number; readonly seq: number } | undefined
  /** Survivors of the last key: older ones may follow with the next batch. */
  #held: Batch | undefined

  /** `keyColumns` are the places of the key columns in the batches. `oneVersionPerKey`: no key comes twice. */
  constructor(
    keyColumns: readonly number[],
    snapshots: readonly number[],
    older: OlderKeys,
    oneVersionPerKey: boolean,
  ) {
    this.#keyColumns = keyColumns
    this.#snapshots = snapshots
    this.#older = older
    this.#oneVersionPerKey = oneVersionPerKey
    this.#seenByAll = Math.min(...snapshots)
  }

  /** Rows that were dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  /** What stays of the next batch, and of the last key of the one before. Undefined: nothing, so far. */
  of(batch: Batch): Batch | undefined {
    if (this.#oneVersionPerKey) return this.#settle(batch)
    const seen = this.#withoutSuperseded(batch)
    const rows = this.#held === undefined ? seen : concatBatches([this.#held, seen])
    const compare = this.#comparator(rows)
    let last = rows.rows - 1
    while (last > 0 && isSameKey(rows.seq, compare, last)) last--
    this.#held = rows.rows > 0 ? sliceBatch(rows, last, rows.rows) : undefined
    return last > 0 ? this.#settle(sliceBatch(rows, 0, last)) : undefined
  }

  /** What stays of the last key. */
  finish(): Batch | undefined {
    const held = this.#held
    this.#held = undefined
    return held === undefined ? undefined : this.#settle(held)
  }

  #keys({ columns }: Batch): readonly Vector[] {
    return this.#keyColumns.map((column) => columns[column]!)
  }

  #comparator(batch: Batch): RowComparator {
    const keys = this.#keys(batch)
    return compareKeys(keys, keys)
  }

  #withoutSuperseded(batch: Batch): Batch {
    const { rows, seq } = batch
    const keys = this.#keys(batch)
    const compare = compareKeys(keys, keys)
    const last = this.#last
    const continues =
      last !== undefined && seq[0]! < last.seq && compareKeys(last.keys, keys)(last.row, 0) === 0
    const selected = new Uint32Array(rows)
    let count = 0
    if (!continues || !isSuperseded(seq[0]!, last.seq, this.#snapshots)) selected[count++] = 0
    for (let i = 1; i < rows; i++) {
      if (!isSameKey(seq, compare, i) || !isSuperseded(seq[i]!, seq[i - 1]!, this.#snapshots)) {
        selected[count++] = i
      }
    }
    this.#last = { keys, row: rows - 1, seq: seq[rows - 1]! }
    this.#dropped += rows - count
    return selectRows(batch, selected.subarray(0, count))
  }

  /** Drops tombstones that hide nothing, and numbers as 0 what needs no number. Requires: keys are whole. */
  #settle(batch: Batch): Batch | undefined {
    const isBelow = this.#older.rowsIn(this.#keys(batch), batch.rows)
    const kept = batch.deleted === undefined ? batch : this.#withoutTombstones(batch, batch.deleted, isBelow)
    if (kept.rows === 0) return undefined
    const below = kept === batch ? isBelow : this.#older.rowsIn(this.#keys(kept), kept.rows)
    const deleted = kept.deleted?.includes(1) ? kept.deleted : undefined
    return { ...kept, deleted, seq: this.#numbers(kept, deleted, below) }
  }

  #withoutTombstones(batch: Batch, deleted: Uint8Array, isBelow: Uint8Array | undefined): Batch {
    const { rows, seq } = batch
    const compare = this.#comparator(batch)
    const selected = new Uint32Array(rows)
    let count = 0
    for (let from = 0; from < rows; ) {
      let to = from + 1
      if (!this.#oneVersionPerKey) while (to < rows && isSameKey(seq, compare, to)) to++
      let end = to
      while (end > from && deleted[end - 1] === 1 && !(isBelow !== undefined && isBelow[end - 1] === 1)) end--
      for (let row = from; row < end; row++) selected[count++] = row
      from = to
    }
    this.#dropped += rows - count
    return selectRows(batch, selected.subarray(0, count))
  }

  #numbers(batch: Batch, deleted: Uint8Array | undefined, isBelow: Uint8Array | undefined): Float64Array {
    const { rows, seq } = batch
    if (this.#oneVersionPerKey && this.#snapshots.length === 0 && deleted === undefined && !isBelow) {
      return noSeq(rows)
    }
    const compare = this.#comparator(batch)
    const numbers = seq.slice()
    for (let row = 0; row < rows; row++) {
      if (seq[row]! > this.#seenByAll || deleted?.[row] === 1 || isBelow?.[row] === 1) continue
      const isSole =
        this.#oneVersionPerKey ||
        !((row > 0 && isSameKey(seq, compare, row)) || (row + 1 < rows && isSameKey(seq, compare, row + 1)))
      if (isSole) numbers[row] = 0
    }
    return numbers
  }
}

/** Whether a row has the key of the one before it. Within a key numbers fall: where they do not, nothing is compared. */
function isSameKey(seq: Float64Array, compare: RowComparator, row: number): boolean {
  return seq[row]! < seq[row - 1]! && compare(row - 1, row) === 0
}
