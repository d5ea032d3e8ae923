// One source of a merge, and the row at which the merge stands in it.

import type { Batch } from '../format/batch.js'
import type { RowComparator } from '../format/compare.js'
import type { BatchSource } from '../format/source.js'
import type { Vector } from '../format/vector.js'

/** Where the merge stands in one source. */
export class Cursor {
  readonly index: number
  readonly source: BatchSource
  batch: Batch | undefined
  keys: readonly Vector[] = []
  rows = 0
  bytes = 0
  at = 0
  /** The head's key equals that of the next cursor in the order. */
  tied = false
  /** Its comparators with the current batches of other cursors, by their index. */
  comparators: (RowComparator | undefined)[] = []
  /** Place of `batch` in the slice list, in the list's generation of this number. */
  place = 0
  generation = -1
  /** Columns to measure before slices are taken; empty for batches that are not heavy. */
  heavy: readonly Vector[] = []

  constructor(index: number, source: BatchSource) {
    this.index = index
    this.source = source
  }
}

/** Bytes of strings in rows `from` up to but not with `to`. */
export function bytesIn(strings: readonly Vector[], from: number, to: number): number {
  let bytes = 0
  for (const { offsets } of strings) bytes += offsets![to]! - offsets![from]!
  return bytes
}
