// Which versions of a key a merge keeps (the first half of rule 2 in docs/architecture.md).
//
// Version v may go if the inputs hold its next newer version w and no snapshot s has v <= s < w: nobody can see v.

import { compareEntryKey, keyAt, seqOffsetAt } from '../format/entry.js'

/**
 * Drops the entries that no reader can see, from positions sorted by key and then newest first. Works in place and
 * returns the part that is left. `snapshots` are the sequence numbers of open snapshots, ascending.
 */
export function retainVersions(
  bytes: Uint8Array,
  sorted: Uint32Array,
  baseSeq: number,
  snapshots: readonly number[],
): Uint32Array {
  let kept = 0
  for (let i = 0; i < sorted.length; i++) {
    const entry = sorted[i]!
    if (kept > 0) {
      const newer = sorted[i - 1]!
      const sameKey = compareEntryKey(bytes, newer, keyAt(bytes, entry)) === 0
      const seq = baseSeq + seqOffsetAt(bytes, entry)
      const newerSeq = baseSeq + seqOffsetAt(bytes, newer)
      if (sameKey && !isSeen(snapshots, seq, newerSeq)) continue
    }
    sorted[kept++] = entry
  }
  return sorted.subarray(0, kept)
}

/** Whether a snapshot lies in [from, to). */
function isSeen(snapshots: readonly number[], from: number, to: number): boolean {
  return snapshots.some((snapshot) => from <= snapshot && snapshot < to)
}
