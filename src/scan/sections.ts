// How a scan cuts its key range: into sections, maximal ranges in which the same pieces of data overlap.
//
//   memtable         ├────┤
//   run, newer    ├──────────┤ ├─────┤
//   run, older  ├──────────┤   ├──────────┤
//   sections    1 2  3    2 1  2     1           the number of pieces in each: only where it is above 1 must anything be merged
//
// Plain data in, plain data out. Sections are made one at a time, in scan order, so that a scan which ends early has
// not looked at all tables of a large database.

import type { KeyBytes, KeyRange } from '../format/key-codec.js'
import { compareBytes } from '../util/bytes.js'

/** A piece of data and the keys it may hold: from `gte` up to but not with `lt`; undefined: no bound. */
export interface Extent<T> {
  readonly gte: KeyBytes | undefined
  readonly lt: KeyBytes | undefined
  readonly data: T
}

/** A key range and the pieces that may hold keys of it, newest first. */
export interface Section<T> {
  readonly range: KeyRange
  readonly parts: readonly T[]
}

/** The least key above `key`: as a bound, what ends a range that includes `key`. */
export function keyAfter(key: KeyBytes): KeyBytes {
  const after = new Uint8Array(key.length + 1)
  after.set(key)
  return after
}

/** Where a sweep stands in a source: its extents in scan order. */
interface Place<T> {
  readonly extents: readonly Extent<T>[]
  at: number
}

/**
 * Cuts `range`, which is not empty, into sections, in scan order; ranges without any data are left out.
 * `sources`: newest first, each with its extents in key order, disjoint.
 */
export function* sections<T>(
  sources: readonly (readonly Extent<T>[])[],
  range: KeyRange,
  reverse: boolean,
): Generator<Section<T>, void, void> {
  const sign = reverse ? -1 : 1
  /** Both in scan order: where an extent begins (undefined: before all keys), and where it ends (undefined: behind all). */
  const near = ({ gte, lt }: Extent<T>) => (reverse ? lt : gte)
  const far = ({ gte, lt }: Extent<T>) => (reverse ? gte : lt)
  const end = reverse ? range.gte : range.lt
  const isBehind = (bound: KeyBytes | undefined, at: KeyBytes | undefined) =>
    bound !== undefined && (at === undefined || compareBytes(bound, at) * sign > 0)
  const hasEnded = (bound: KeyBytes | undefined, at: KeyBytes | undefined) =>
    bound !== undefined && at !== undefined && compareBytes(bound, at) * sign <= 0

  const places: Place<T>[] = sources.map((extents) => ({
    extents: reverse ? extents.toReversed() : extents,
    at: 0,
  }))
  let at = reverse ? range.lt : range.gte
  for (;;) {
    const parts: T[] = []
    /** Where the first extent ends or begins. */
    let next = end
    for (const place of places) {
      let extent = place.extents[place.at]
      while (extent !== undefined && hasEnded(far(extent), at)) extent = place.extents[++place.at]
      if (extent === undefined) continue
      const begins = near(extent)
      const isAhead = isBehind(begins, at)
      if (!isAhead) parts.push(extent.data)
      const change = isAhead ? begins : far(extent)
      if (change !== undefined && (next === undefined || compareBytes(change, next) * sign < 0)) next = change
    }
    if (parts.length > 0) yield { range: reverse ? { gte: next, lt: at } : { gte: at, lt: next }, parts }
    if (next === undefined || (end !== undefined && compareBytes(next, end) * sign >= 0)) return
    at = next
  }
}
