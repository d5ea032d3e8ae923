// A sorted run, and how to find tables in it.

import type { KeyBytes, KeyRange } from '../format/key-codec.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { compareBytes } from '../util/bytes.js'

/** SSTables that together are one sorted sequence: disjoint, in key order. */
export interface SortedRun {
  /** Stays the run's own while its tables change. */
  readonly id: number
  readonly level: number
  readonly tables: readonly SSTableMeta[]
}

/** Index of a run's first table that ends at or after the key: the only one that may hold it. */
function lowerBound(tables: readonly SSTableMeta[], key: KeyBytes): number {
  let low = 0
  let high = tables.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(tables[middle]!.maxKey, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The one table of a run whose bounds hold the key. */
export function tableFor(run: SortedRun, key: KeyBytes): SSTableMeta | undefined {
  const table = run.tables[lowerBound(run.tables, key)]
  return table !== undefined && compareBytes(table.minKey, key) <= 0 ? table : undefined
}

/** The tables of a run that may hold keys of the range, in key order. */
export function overlapping(run: SortedRun, { gte, lt }: KeyRange): readonly SSTableMeta[] {
  const { tables } = run
  if (gte !== undefined && lt !== undefined && compareBytes(gte, lt) >= 0) return []
  const from = gte === undefined ? 0 : lowerBound(tables, gte)
  if (lt === undefined) return tables.slice(from)
  let to = lowerBound(tables, lt)
  const last = tables[to]
  if (last !== undefined && compareBytes(last.minKey, lt) < 0) to++
  return tables.slice(from, to)
}
