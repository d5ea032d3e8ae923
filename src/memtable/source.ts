// A memtable as a stream of batches: one row per key, the newest version at or below a sequence number.

import type { Batch, Projection } from '../format/batch.js'
import { compareEntryKey } from '../format/entry.js'
import type { KeyBytes, KeyRange } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { Memtable } from './memtable.js'

const rowsFirst = 256
const rowsMost = 4096

/**
 * The rows of a key range, tombstones included, in key order or in reverse. Valid while writes go on.
 * `projection` names columns of `schema`, which is the memtable's or one that adds columns to it.
 */
export function memtableSource(
  memtable: Memtable,
  schema: Schema,
  range: KeyRange,
  seq: number,
  projection: Projection,
  reverse: boolean,
): BatchSource {
  const cursor = memtable.cursor(range, seq, reverse)
  const end = reverse ? range.gte : range.lt
  let size = rowsFirst
  let done = false
  return {
    next(): Batch | undefined {
      if (done) return undefined
      const entries = new Uint32Array(size)
      size = Math.min(size * 4, rowsMost)
      let count = cursor.next(entries)
      if (count < entries.length) done = true
      if (end !== undefined) {
        const within = rowsWithin(memtable.bytes, entries, count, end, reverse)
        if (within < count) done = true
        count = within
      }
      return count === 0 ? undefined : memtable.batch(entries.subarray(0, count), projection, schema)
    },
    close() {
      done = true
      cursor.close()
    },
  }
}

/** How many of the first `count` entries lie before `end` (in reverse: at or after it). */
function rowsWithin(
  bytes: Uint8Array,
  entries: Uint32Array,
  count: number,
  end: KeyBytes,
  reverse: boolean,
): number {
  let from = 0
  let to = count
  while (from < to) {
    const middle = (from + to) >>> 1
    const order = compareEntryKey(bytes, entries[middle]!, end)
    if (reverse ? order >= 0 : order < 0) from = middle + 1
    else to = middle
  }
  return from
}
