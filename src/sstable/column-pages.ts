// Rows of the columns of one SSTable: the pages that hold them, from the cache or decoded.

import { concatVectors } from '../format/concat.js'
import { sliceVector, type Vector } from '../format/vector.js'
import type { Reading } from '../fs/reading.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import { blockBytes } from './checksums.js'
import {
  decodeDataPage,
  decodeDictionaryPage,
  needsDictionary,
  openPage,
  type PageColumn,
  type StoredPage,
} from './decode/page.js'
import { decodePageRows } from './decode/page-rows.js'
import type { FilePages, PageCache } from './page-cache.js'
import type { SparseIndex } from './sparse-index.js'
import type { VerifiedFile } from './verified-file.js'
import type { WholeChunks } from './whole-chunks.js'

/** Neighbouring pages are read in one piece up to this length. */
const readBytesMax = 1 << 20
/** A dictionary that begins at most so far before its page is read with it: another read takes longer than two more blocks. */
const nearBytesMax = 2 * blockBytes

/** A column of the file: its number there and how to decode it. */
export interface FileColumn extends PageColumn {
  readonly number: number
}

/** What a read counts as it goes. */
export interface PageTally {
  /** Data pages that were read from the file and decoded. */
  pagesRead: number
  /** Data pages that were found in the cache. */
  pagesCached: number
}

/** How rows of columns are read. */
export interface ColumnRead {
  /** Counts pages. */
  readonly tally?: PageTally | undefined
  /**
   * Whether this is a lookup, which wants a few rows here and the next ones far away: a page that is not in the cache is then
   * decoded whole only if it comes in for good, else no further than these rows.
   */
  readonly isLookup?: boolean
}

/** Rows of one column chunk. */
interface ChunkRows {
  readonly index: SparseIndex
  readonly column: FileColumn
  readonly chunk: number
  readonly from: number
  readonly to: number
  readonly isLookup: boolean
}

/** Reads columns of one file, through the cache. */
export class ColumnPages {
  readonly #file: VerifiedFile
  readonly #cache: PageCache
  readonly #cached: FilePages
  readonly #whole: WholeChunks

  constructor(file: VerifiedFile, cache: PageCache, cached: FilePages, whole: WholeChunks) {
    this.#file = file
    this.#cache = cache
    this.#cached = cached
    this.#whole = whole
  }

  /** Rows of one column, from as many pages and row groups as they lie in. */
  *read(
    index: SparseIndex,
    column: FileColumn,
    from: number,
    to: number,
    { tally, isLookup = false }: ColumnRead,
  ): Reading<Vector> {
    const parts: Vector[] = []
    for (let row = from; row < to; ) {
      const group = index.groupOf(row)
      const chunk = group * index.columns + column.number
      const end = Math.min(to, index.rowGroupFirstRow[group + 1]!)
      const whole = this.#whole.get(index, chunk)
      if (whole !== undefined) {
        const start = index.rowGroupFirstRow[group]!
        parts.push(sliceVector(whole, row - start, end - start))
      } else yield* this.#pages({ index, column, chunk, from: row, to: end, isLookup }, parts, tally)
      row = end
    }
    return concatVectors(column.layout, parts)
  }

  /** Adds rows of a column chunk to `parts`, page by page. */
  *#pages(wanted: ChunkRows, parts: Vector[], tally: PageTally | undefined): Reading<void> {
    const { index, column, chunk, from: fromRow, to: toRow } = wanted
    const { first, last } = index.pagesOf(column.number, fromRow, toRow)
    const cached: (Vector | undefined)[] = []
    let hits = 0
    for (let page = first; page <= last; page++) {
      const known = this.#cache.get(this.#cached, page)
      cached.push(known)
      if (known !== undefined) hits++
    }
    if (tally !== undefined) {
      tally.pagesCached += hits
      tally.pagesRead += cached.length - hits
    }
    let dictionary: Vector | undefined
    for (let page = first; page <= last; ) {
      const known = cached[page - first]
      if (known !== undefined) {
        const start = index.pageFirstRow[page]!
        parts.push(sliceVector(known, Math.max(fromRow - start, 0), Math.min(toRow - start, known.length)))
        page++
        continue
      }
      const from = index.pageOffset[page]!
      let to = from
      let end = page // the first page behind those which are read together
      while (end <= last && cached[end - first] === undefined && index.pageOffset[end] === to) {
        if (end > page && to - from + index.pageBytes[end]! > readBytesMax) break
        to += index.pageBytes[end]!
        end++
      }
      const start = dictionary === undefined ? this.#startOfRead(index, chunk, from) : from
      const bytes = yield* this.#file.read(start, to)
      for (; page < end; page++) {
        const at = index.pageOffset[page]!
        const stored = openPage(this.#file.path, at, pieceOf(bytes, at - start, index.pageBytes[page]!))
        if (dictionary === undefined && needsDictionary(stored)) {
          dictionary = yield* this.#dictionary(index, column, chunk, start, bytes)
        }
        parts.push(this.#decode(wanted, page, stored, dictionary))
        if (turnIsDue()) yield { until: takeTurn() }
      }
    }
  }

  /** The wanted rows of a page that is not in the cache, into which it comes if all of it is decoded. */
  #decode(wanted: ChunkRows, page: number, stored: StoredPage, dictionary: Vector | undefined): Vector {
    const { index, column, chunk, isLookup } = wanted
    const start = index.pageFirstRow[page]!
    const rows = index.pageEndRow(chunk, page) - start
    const from = Math.max(wanted.from - start, 0)
    const to = Math.min(wanted.to - start, rows)
    if (isLookup && to - from < rows) {
      // Whatever the values, a row takes some bytes in memory, also where the page has but bits for it.
      const bytes = Math.max(stored.header.uncompressedBytes, 4 * rows)
      if (!this.#cache.wantsWhole(this.#cached, page, bytes)) {
        return decodePageRows(stored, column, rows, from, to, dictionary)
      }
    }
    const vector = decodeDataPage(stored, column, rows, dictionary)
    this.#cache.set(this.#cached, page, vector)
    return sliceVector(vector, from, to)
  }

  /** Where to begin to read pages that begin at `from`: at their dictionary, if that is to be read and close by. */
  #startOfRead(index: SparseIndex, chunk: number, from: number): number {
    const offset = index.chunkDictionary[chunk]!
    const isNear = offset > 0 && offset < from && from - offset <= nearBytesMax
    return isNear && !this.#cache.has(this.#cached, dictionaryOf(index, chunk)) ? offset : from
  }

  /** The dictionary of a column chunk; undefined: it has none. `read`: bytes from `start` on, of which it may be one. */
  *#dictionary(
    index: SparseIndex,
    column: FileColumn,
    chunk: number,
    start: number,
    read: Uint8Array,
  ): Reading<Vector | undefined> {
    const offset = index.chunkDictionary[chunk]!
    if (offset === 0) return undefined
    const page = dictionaryOf(index, chunk)
    const known = this.#cache.get(this.#cached, page)
    if (known !== undefined) return known
    const length = index.chunkDictionaryBytes[chunk]!
    const bytes = start === offset ? pieceOf(read, 0, length) : yield* this.#file.read(offset, offset + length)
    const vector = decodeDictionaryPage(openPage(this.#file.path, offset, bytes), column)
    this.#cache.set(this.#cached, page, vector)
    return vector
  }
}

/** The number of a chunk's dictionary in the cache: one that no data page has. */
function dictionaryOf(index: SparseIndex, chunk: number): number {
  return index.pageOffset.length + chunk
}

function pieceOf(bytes: Uint8Array, from: number, length: number): Uint8Array {
  return bytes.subarray(from, from + length)
}
