// A point read of one SSTable that needs no reading, because all that it touches is in memory: the same steps as those of
// `SSTableReader.find`, but without generators, views and vectors, which take several times as long as the search.
//
// 1. It answers exactly what `find` would, or `unread`: then `find` has to be asked, and brings in what is missing.

import type { KeyBytes } from '../format/key-codec.js'
import type { KeySearch } from '../format/key-search.js'
import type { RowShape } from '../format/row-builder.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { FileColumn } from './column-pages.js'
import type { KeyHash } from './key-hash.js'
import type { Opened, PageReader } from './page-reader.js'
import { slotOf } from './row-hints.js'

/** Instead of a row number: the file does not have the key. */
export const absentRow = -1
/** Instead of a row number: the key's newest version is a tombstone. */
export const deletedRow = -2
/** Instead of a row number: not in memory, or not for this simple way. */
export const unreadRow = -3

/** Cached pages of an open SSTable. */
export class CachedLookup {
  readonly #meta: SSTableMeta
  readonly #schema: Schema
  readonly #pages: PageReader

  constructor(meta: SSTableMeta, schema: Schema, pages: PageReader) {
    this.#meta = meta
    this.#schema = schema
    this.#pages = pages
  }

  /**
   * Row of the newest version of `key`, or one of the constants above. `hash`: that of the key, which `search` has been told.
   * Requires: the key lies within the file's bounds; all of the file's versions are visible.
   */
  find(key: KeyBytes, hash: KeyHash, search: KeySearch): number {
    const opened = this.#pages.opened
    if (opened === undefined) return unreadRow
    const row = this.#guess(opened, hash, search) ?? this.#search(opened, key, hash, search)
    if (row < 0 || this.#meta.tombstones === 0) return row
    const deleted = this.#pages.cachedAt(opened.index, opened.deleted, row)
    if (deleted === undefined) return unreadRow
    return deleted.values[row - this.#pages.cachedFirst] === 1 ? deletedRow : row
  }

  /** What `shape` makes of a row; undefined: not all of its values are in memory. */
  row<R extends object>(row: number, shape: RowShape<R>): R | undefined {
    const opened = this.#pages.opened
    if (opened === undefined) return undefined
    const { index } = opened
    const { projection } = shape
    const built = shape.empty()
    for (let c = 0; c < projection.length; c++) {
      const column = opened.columns[projection[c]!]
      if (column === undefined) continue
      const vector = this.#pages.cachedAt(index, column, row)
      if (vector === undefined) return undefined
      shape.set(built, c, vector, row - this.#pages.cachedFirst)
    }
    return built
  }

  /** The row at which a key with this hash was found last time, if it is this key. */
  #guess(opened: Opened, hash: KeyHash, search: KeySearch): number | undefined {
    const hints = this.#pages.hints.get(opened.index)
    const row = hints === undefined ? -1 : hints[slotOf(hints, hash)]! - 1
    if (row < 0) return undefined
    const parts = this.#schema.key
    for (let part = 0; part < parts.length; part++) {
      const vector = this.#pages.cachedAt(opened.index, opened.columns[parts[part]!]!, row)
      if (vector === undefined) return undefined
      if (!search.matches(part, vector, row - this.#pages.cachedFirst)) return undefined
    }
    return row
  }

  #search(opened: Opened, key: KeyBytes, hash: KeyHash, search: KeySearch): number {
    const row = this.#locate(opened, key, search)
    if (row < 0) return row
    const { index } = opened
    const hints = this.#pages.hints.get(index)
    if (hints !== undefined) hints[slotOf(hints, hash)] = row + 1
    else if (this.#pages.isWhole(index, opened.columns[this.#schema.key[0]!]!, row))
      this.#pages.hints.make(index)
    return row
  }

  /** See `SSTableReader`, whose search this is. */
  #locate(opened: Opened, key: KeyBytes, search: KeySearch): number {
    const { index } = opened
    const { rows, keys } = this.#meta
    const { from, to } = index.lowerBound(key)
    const isNext = to < rows && index.compareKey(to / index.interval, key) === 0
    if (isNext && (from === to || rows === keys)) return to
    const miss = isNext ? to : absentRow
    const parts = this.#schema.key
    const shared = parts.length > 1 && from < to ? this.#sharedBytes(opened, from, to) : 0
    let low = from
    let high = to
    for (let part = 0; part < parts.length && low < high; part++) {
      if (search.endOf(part) <= shared) continue
      const column = opened.columns[parts[part]!]!
      const start = this.#first(opened, column, search, part, low, high, false)
      if (start === unreadRow || start === high) return start === high ? miss : unreadRow
      // Of the last part it is enough to know whether it is there.
      const most = part === parts.length - 1 ? start + 1 : high
      const end = this.#first(opened, column, search, part, start, most, true)
      if (end === unreadRow || end === start) return end === start ? miss : unreadRow
      low = start
      high = end
    }
    return low < high ? low : miss
  }

  /** Leading bytes that all keys of rows `from` to `to`, and those around them, have in common. */
  #sharedBytes({ index }: Opened, from: number, to: number): number {
    const before = (from - 1) / index.interval
    return index.sharedBytes(before, to < this.#meta.rows ? index.key(to / index.interval) : this.#meta.maxKey)
  }

  /** As `KeySearch.first`, over the pages that hold rows `low` to `high`; `unreadRow` where one is not in memory. */
  #first(
    { index }: Opened,
    column: FileColumn,
    search: KeySearch,
    part: number,
    low: number,
    high: number,
    above: boolean,
  ): number {
    for (let row = low; row < high; ) {
      const vector = this.#pages.cachedAt(index, column, row)
      if (vector === undefined) return unreadRow
      const first = this.#pages.cachedFirst
      const end = Math.min(high - first, vector.length)
      const at = search.first(part, vector, row - first, end, above)
      if (at < end) return first + at
      row = first + end
    }
    return high
  }
}
