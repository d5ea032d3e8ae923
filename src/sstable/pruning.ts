// Which rows of a row group a predicate leaves to be read: decided from statistics, without reading a value.
//
// Says what could be left out, not whether it may be: that depends on what else holds the same keys.

import type { Predicate } from '../format/predicate.js'
import { type ColumnBounds, type Outlook, outlook, unbounded } from '../format/predicate-bounds.js'
import type { Reading } from '../fs/reading.js'
import type { FileColumn } from './column-pages.js'
import type { Opened } from './page-reader.js'
import type { RowRange, SparseIndex } from './sparse-index.js'
import type { FileStatistics } from './statistics.js'

/** Whether whole row groups or also their pages may be left out. */
export type PruningDepth = 'row groups' | 'pages'

/** What is left of rows `from` to `to` of a row group. */
export interface PrunedGroup {
  /** The rows to read, ascending and disjoint. */
  readonly kept: readonly RowRange[]
  /** `all`: every one of the rows passes. */
  readonly outlook: Outlook
  /** What the last word came from. */
  readonly by: 'row group statistics' | 'page statistics'
}

/** The bounds of a column that the file is older than: it reads as nulls. */
const absent: ColumnBounds = { ...unbounded, nulls: 'all' }

/** Prunes rows `from` to `to`, which lie in row group `group`. */
export function* pruneGroup(
  opened: Opened,
  statistics: FileStatistics,
  predicate: Predicate,
  group: number,
  { from, to }: RowRange,
  depth: PruningDepth,
): Reading<PrunedGroup> {
  const { index, columns } = opened
  const rows = index.rowGroupFirstRow[group + 1]! - index.rowGroupFirstRow[group]!
  const ofGroup = new Map<number, ColumnBounds>()
  for (const number of predicate.columns) {
    const column = columns[number]
    ofGroup.set(number, column === undefined ? absent : yield* statistics.ofGroup(column, group, rows))
  }
  const whole = outlook(predicate, (column) => ofGroup.get(column)!)
  if (whole === 'none') return { kept: [], outlook: whole, by: 'row group statistics' }
  if (whole === 'all' || depth === 'row groups') {
    return { kept: [{ from, to }], outlook: whole, by: 'row group statistics' }
  }
  const ofPages = new Map<number, PageCursor>()
  for (const number of predicate.columns) {
    const column = columns[number]
    if (column === undefined) continue
    const bounds = yield* statistics.ofPages(index, column, group)
    const chunk = group * index.columns + column.number
    ofPages.set(number, new PageCursor(bounds, index.pageFirstRow, index.chunkPages[chunk]!))
  }
  const kept: { from: number; to: number }[] = []
  for (let row = from; row < to; ) {
    // A stretch in which no column begins another page.
    let end = to
    for (const cursor of ofPages.values()) end = Math.min(end, cursor.moveTo(row))
    if (outlook(predicate, (column) => ofPages.get(column)?.bounds ?? absent) !== 'none') {
      const last = kept.at(-1)
      if (last?.to === row) last.to = end
      else kept.push({ from: row, to: end })
    }
    row = end
  }
  return { kept, outlook: kept.length === 0 ? 'none' : 'some', by: 'page statistics' }
}

/** Where a walk over a row group stands among the pages of a column. */
class PageCursor {
  readonly #pages: readonly ColumnBounds[]
  readonly #firstRows: Uint32Array
  readonly #first: number
  #page = 0

  /** `pages`: those of the chunk; `firstRows`: of all pages of the file, the chunk's from `first` on. */
  constructor(pages: readonly ColumnBounds[], firstRows: Uint32Array, first: number) {
    this.#pages = pages
    this.#firstRows = firstRows
    this.#first = first
  }

  /** Moves on to the page that holds a row of the chunk, and returns the row behind its last. */
  moveTo(row: number): number {
    while (this.#endOf(this.#page) <= row) this.#page++
    return this.#endOf(this.#page)
  }

  /** Those of the page it stands at. */
  get bounds(): ColumnBounds {
    return this.#pages[this.#page]!
  }

  #endOf(page: number): number {
    return page + 1 < this.#pages.length ? this.#firstRows[this.#first + page + 1]! : Number.POSITIVE_INFINITY
  }
}

/** What it takes to read some rows of a row group. */
export interface GroupCost {
  /** Data pages that hold some of the rows, and those of the same columns that hold none. */
  readonly pagesKept: number
  readonly pagesSkipped: number
  /** Bytes of the former, with the dictionaries that they may need. */
  readonly bytes: number
}

/** What it takes to read the rows `kept`, ascending and disjoint, of some columns of a row group. */
export function groupCost(
  index: SparseIndex,
  columns: readonly FileColumn[],
  group: number,
  kept: readonly RowRange[],
): GroupCost {
  let bytes = 0
  let pagesKept = 0
  let pages = 0
  for (const { number } of columns) {
    const chunk = group * index.columns + number
    const before = pagesKept
    let next = index.chunkPages[chunk]!
    pages += index.chunkPages[chunk + 1]! - next
    for (const { from, to } of kept) {
      const { first, last } = index.pagesOf(number, from, to)
      for (next = Math.max(next, first); next <= last; next++) {
        bytes += index.pageBytes[next]!
        pagesKept++
      }
    }
    if (pagesKept > before) bytes += index.chunkDictionaryBytes[chunk]!
  }
  return { pagesKept, pagesSkipped: pages - pagesKept, bytes }
}
