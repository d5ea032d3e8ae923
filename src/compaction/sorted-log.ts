// The entries of a log in key order, a row group at a time.
//
// In a log the entries lie in the order of their writes, so walking them in key order misses the cache at every row.
// That is paid once: each row group's entries are copied end to end, in order, and all columns are then decoded from
// the copy. Versions that nobody can see are left out on the way.

import { entryEndAt, entryHeadBytes, keyLengthAt, seqOffsetAt } from '../format/entry.js'
import { ByteSink } from '../util/byte-sink.js'
import { isSuperseded } from './retained.js'

/** Entries in order, at these positions of `bytes`. Valid until the next row group is taken. */
export interface EntryGroup {
  readonly bytes: Uint8Array
  readonly entries: Uint32Array
}

export class SortedLog {
  readonly #bytes: Uint8Array
  readonly #sorted: Uint32Array
  readonly #baseSeq: number
  readonly #snapshots: readonly number[]
  readonly #copy = new ByteSink(1 << 20)
  #at = 0

  /** `sorted`: positions of the log's entries by key, then newest first. `snapshots`: those that are open. */
  constructor(bytes: Uint8Array, sorted: Uint32Array, baseSeq: number, snapshots: readonly number[]) {
    this.#bytes = bytes
    this.#sorted = sorted
    this.#baseSeq = baseSeq
    this.#snapshots = snapshots
  }

  /** The next row group: it ends at one of the limits, but never between versions of a key. Undefined: the end. */
  next(rowsMax: number, bytesMax: number): EntryGroup | undefined {
    const bytes = this.#bytes
    const copy = this.#copy
    copy.length = 0
    let positions = new Uint32Array(Math.min(rowsMax, this.#sorted.length - this.#at) + 16)
    let rows = 0
    let before = -1
    for (; this.#at < this.#sorted.length; this.#at++) {
      const entry = this.#sorted[this.#at]!
      const isSameKey = before >= 0 && hasSameKey(bytes, before, entry)
      if (!isSameKey && (rows >= rowsMax || copy.length >= bytesMax)) break
      const isKept = !isSameKey || !this.#isSuperseded(entry, before)
      before = entry
      if (!isKept) continue
      if (rows === positions.length) {
        const longer = new Uint32Array(rows * 2)
        longer.set(positions)
        positions = longer
      }
      positions[rows++] = copyEntry(bytes, entry, copy)
    }
    return rows === 0 ? undefined : { bytes: copy.bytes, entries: positions.subarray(0, rows) }
  }

  /** Whether nobody can see `entry`, `newer` being the version of its key before it. */
  #isSuperseded(entry: number, newer: number): boolean {
    const seq = this.#baseSeq + seqOffsetAt(this.#bytes, entry)
    return isSuperseded(seq, this.#baseSeq + seqOffsetAt(this.#bytes, newer), this.#snapshots)
  }
}

function copyEntry(bytes: Uint8Array, entry: number, to: ByteSink): number {
  const length = entryEndAt(bytes, entry) - entry
  const at = to.reserve(length)
  to.bytes.set(bytes.subarray(entry, entry + length), at)
  to.length = at + length
  return at
}

function hasSameKey(bytes: Uint8Array, a: number, b: number): boolean {
  const length = keyLengthAt(bytes, a)
  if (keyLengthAt(bytes, b) !== length) return false
  // From the end: neighbours in key order differ there first.
  for (let i = entryHeadBytes + length - 1; i >= entryHeadBytes; i--) if (bytes[a + i] !== bytes[b + i]) return false
  return true
}
