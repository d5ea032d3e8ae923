// The entries of a log in key order, a block at a time, without the versions that nobody can see.
//
// In a log the entries lie in the order of their writes, so walking them in key order misses the cache at every row.
// Blocks are small enough that an entry, once fetched, is still in the cache when its columns are decoded.

import { entryEndAt, entryHeadBytes, keyLengthAt, seqOffsetAt } from '../format/entry.js'
import { isSuperseded } from './retained.js'

/** Entries of a block, a little more if versions of one key would be split. */
export const blockRows = 2048

export class SortedLog {
  readonly #bytes: Uint8Array
  readonly #sorted: Uint32Array
  readonly #baseSeq: number
  readonly #snapshots: readonly number[]
  #at = 0

  /** `sorted`: positions of the log's entries by key, then newest first. `snapshots`: those that are open. */
  constructor(bytes: Uint8Array, sorted: Uint32Array, baseSeq: number, snapshots: readonly number[]) {
    this.#bytes = bytes
    this.#sorted = sorted
    this.#baseSeq = baseSeq
    this.#snapshots = snapshots
  }

  /** The next entries, about `rows` of them: a block never ends between versions of a key. Undefined: the end. */
  next(rows: number): { readonly entries: Uint32Array; readonly bytes: number } | undefined {
    const sorted = this.#sorted
    const from = this.#at
    let kept = from
    let size = 0
    let before = -1
    for (; this.#at < sorted.length; this.#at++) {
      const entry = sorted[this.#at]!
      const isSameKey = before >= 0 && hasSameKey(this.#bytes, before, entry)
      if (!isSameKey && kept - from >= rows) break
      const isKept = !isSameKey || !this.#isSuperseded(entry, before)
      before = entry
      if (!isKept) continue
      sorted[kept++] = entry // at or before the place it was read from
      size += entryEndAt(this.#bytes, entry) - entry
    }
    return kept === from ? undefined : { entries: sorted.subarray(from, kept), bytes: size }
  }

  /** Whether nobody can see `entry`, `newer` being the version of its key before it. */
  #isSuperseded(entry: number, newer: number): boolean {
    const seq = this.#baseSeq + seqOffsetAt(this.#bytes, entry)
    return isSuperseded(seq, this.#baseSeq + seqOffsetAt(this.#bytes, newer), this.#snapshots)
  }
}

function hasSameKey(bytes: Uint8Array, a: number, b: number): boolean {
  const length = keyLengthAt(bytes, a)
  if (keyLengthAt(bytes, b) !== length) return false
  // From the end: neighbours in key order differ there first.
  for (let i = entryHeadBytes + length - 1; i >= entryHeadBytes; i--)
    if (bytes[a + i] !== bytes[b + i]) return false
  return true
}
