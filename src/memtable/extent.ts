// Between which keys a read finds anything in a memtable.

import { compareEntryKey, keyAt } from '../format/entry.js'
import type { KeyBytes, KeyRange } from '../format/key-codec.js'
import type { Memtable } from './memtable.js'

/**
 * The first and the last key of a range of which the memtable has a version at or below `seq`, tombstones included; undefined:
 * there is none. Costs two searches.
 */
export function memtableExtent(
  memtable: Memtable,
  range: KeyRange,
  seq: number,
): { readonly firstKey: KeyBytes; readonly lastKey: KeyBytes } | undefined {
  const first = edge(memtable, range, seq, false)
  if (first === undefined || (range.lt !== undefined && compareEntryKey(memtable.bytes, first, range.lt) >= 0))
    return undefined
  const last = edge(memtable, range, seq, true)
  if (last === undefined) return undefined
  const { bytes } = memtable
  return { firstKey: keyAt(bytes, first).slice(), lastKey: keyAt(bytes, last).slice() }
}

function edge(memtable: Memtable, range: KeyRange, seq: number, reverse: boolean): number | undefined {
  const cursor = memtable.cursor(range, seq, reverse)
  const entries = new Uint32Array(1)
  const found = cursor.next(entries)
  cursor.close()
  return found === 0 ? undefined : entries[0]
}
