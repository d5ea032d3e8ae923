// Reads one SSTable: rows by number, rows by key. Everything that is decoded passes through the page cache.
//
// 1. Only the main thread's rules apply here: synchronous decoding in plain JavaScript, no WASM.
// 2. A file is immutable, so pages are cached for as long as it is open.
// 3. The versions of a key lie side by side, newest first, within one row group.

import { corruption } from '../errors.js'
import type { Batch, Projection } from '../format/batch.js'
import { compareColumns, compareKeys, type RowComparator } from '../format/compare.js'
import { sstableFiles } from '../format/file-names.js'
import { decodeKeys, type KeyBytes, vectorKey } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { type Layout, nullVector, sliceVector, type Vector } from '../format/vector.js'
import type { FileSystem } from '../fs/file-system.js'
import type { Reading } from '../fs/reading.js'
import { assert } from '../util/assert.js'
import { compareBytes } from '../util/bytes.js'
import { concatVectors } from './decode/concat.js'
import {
  decodeDataPage,
  decodeDictionaryPage,
  needsDictionary,
  openPage,
  type PageColumn,
} from './decode/page.js'
import type { PageCache } from './page-cache.js'
import { decodeSidecar, sidecarKinds } from './sidecar.js'
import { SparseIndex } from './sparse-index.js'
import { VerifiedFile } from './verified-file.js'

/** Neighbouring pages are read in one piece up to this length. */
const readBytesMax = 1 << 20

/** A column of the file: its number there and how to decode it. */
interface FileColumn extends PageColumn {
  readonly number: number
}

/** What the sidecars say, put together once. */
interface Opened {
  readonly index: SparseIndex
  /** Per schema column; undefined: the file is older than the column. */
  readonly columns: readonly (FileColumn | undefined)[]
  readonly seq: FileColumn
  readonly deleted: FileColumn
}

/** Which of the two hidden columns a caller needs. */
export interface HiddenColumns {
  readonly seq: boolean
  readonly deleted: boolean
}

/** A version that was found: its row, and whether it is a tombstone. */
export interface FoundVersion {
  readonly row: number
  readonly deleted: boolean
}

/** An SSTable opened for reading; opens its files at first touch. Does not filter versions but in `find`. */
export class SSTableReader {
  readonly meta: SSTableMeta
  readonly #schema: Schema
  readonly #cache: PageCache
  readonly #cacheId: number
  readonly #file: VerifiedFile
  #opened: Opened | undefined

  /** `schema` is the table's current one: columns that the file lacks read as nulls. */
  constructor(fs: FileSystem, folder: string, meta: SSTableMeta, schema: Schema, cache: PageCache) {
    this.meta = meta
    this.#schema = schema
    this.#cache = cache
    this.#cacheId = cache.newFile()
    this.#file = new VerifiedFile(fs, folder, meta)
  }

  /** Rows at which row groups begin, and, last, the number of rows. */
  *rowGroupFirstRow(): Reading<Uint32Array> {
    return (yield* this.#open()).index.rowGroupFirstRow
  }

  /** The first row whose key is `key` or above (undefined: row 0); `meta.rows` if there is none. */
  *seek(key: KeyBytes | undefined): Reading<number> {
    if (key === undefined || compareBytes(key, this.meta.minKey) <= 0) return 0
    if (compareBytes(key, this.meta.maxKey) > 0) return this.meta.rows
    const opened = yield* this.#open()
    const { from, to } = opened.index.lowerBound(key)
    if (from >= to) return to
    const keys = yield* this.#keyColumns(opened, from, to)
    // A bound may be any byte string, so it is compared in its encoded form: eight encodings for 256 rows.
    return from + firstNotBelow(to - from, (row) => compareBytes(vectorKey(this.#schema, keys, row), key))
  }

  /**
   * Rows `from` up to but not with `to`: `columns` as `projection` names them. Sequence numbers are zero where not
   * asked for; `deleted` is undefined where not asked for or where the file has no tombstones.
   * Requires: `0 <= from <= to <= meta.rows`.
   */
  *rows(projection: Projection, from: number, to: number, wants: HiddenColumns): Reading<Batch> {
    assert(from >= 0 && from <= to && to <= this.meta.rows, 'rows lie within the file')
    const opened = yield* this.#open()
    const columns: Vector[] = []
    for (const index of projection) {
      const column = opened.columns[index]
      if (column !== undefined) columns.push(yield* this.#vector(opened, column, from, to))
      else columns.push(nullVector(this.#layoutOf(index), to - from))
    }
    const seq = wants.seq ? yield* this.#sequence(opened, from, to) : new Float64Array(to - from)
    const deleted = wants.deleted ? yield* this.#tombstones(opened, from, to) : undefined
    return { rows: to - from, columns, seq, deleted }
  }

  /**
   * The newest version of `key` at or below `seq`; undefined: the file has none.
   * Requires: `key` is a whole key of the schema.
   */
  *find(key: KeyBytes, seq: number): Reading<FoundVersion | undefined> {
    const { minKey, maxKey, minSeq, maxSeq } = this.meta
    if (seq < minSeq || compareBytes(key, minKey) < 0 || compareBytes(key, maxKey) > 0) return undefined
    const opened = yield* this.#open()
    const { from, to } = opened.index.lowerBound(key)
    const row = yield* this.#locate(opened, key, from, to)
    if (row === undefined) return undefined
    const visible = maxSeq <= seq ? row : yield* this.#visibleVersion(opened, key, row, seq)
    if (visible === undefined) return undefined
    const deleted = yield* this.#tombstones(opened, visible, visible + 1)
    return { row: visible, deleted: deleted !== undefined && deleted[0] === 1 }
  }

  /** Closes the file and forgets its cached pages. Idempotent. Requires: no reading is under way. */
  close(): void {
    this.#file.close()
    this.#cache.evict(this.#cacheId)
  }

  /** The first version of a key: at one of the rows [from, to), or at `to`, whose key the sparse index knows. */
  *#locate(opened: Opened, key: KeyBytes, from: number, to: number): Reading<number | undefined> {
    const { index } = opened
    const { rows, keys, maxKey } = this.meta
    const next = to < rows ? index.key(to / index.interval) : maxKey
    const isNext = to < rows && compareBytes(next, key) === 0
    if (isNext && (from === to || rows === keys)) return to
    if (from === to) return undefined
    const before = index.key((from - 1) / index.interval)
    const bounds = decodeKeyList(this.#schema, [before, next, key])
    let low = from
    let high = to
    // before < key <= next: leading columns on which the neighbours agree are alike in `key` and all rows between.
    let agree = true
    for (let part = 0; part < bounds.length && low < high; part++) {
      const wanted = bounds[part]!
      agree = agree && compareColumns(wanted, wanted)(0, 1) === 0
      if (agree) continue
      const vector = yield* this.#vector(opened, this.#keyColumn(opened, part), low, high)
      const compare = compareColumns(vector, wanted)
      const start = firstNotBelow(high - low, (row) => compare(row, 2))
      const length = firstNotBelow(high - low - start, (row) => (compare(start + row, 2) > 0 ? 0 : -1))
      low += start
      high = low + length
    }
    return low < high ? low : isNext ? to : undefined
  }

  /** The newest version at or below `seq` among those of `key`, the first of which is at `first`. */
  *#visibleVersion(opened: Opened, key: KeyBytes, first: number, seq: number): Reading<number | undefined> {
    const newest = yield* this.#sequence(opened, first, first + 1)
    if (newest[0]! <= seq) return first
    if (this.meta.rows === this.meta.keys) return undefined
    const { index } = opened
    const end = index.rowGroupFirstRow[index.groupOf(first) + 1]!
    const wanted = decodeKeyList(this.#schema, [key])
    for (let from = first + 1; from < end; from += index.interval) {
      const to = Math.min(from + index.interval, end)
      const compare: RowComparator = compareKeys(yield* this.#keyColumns(opened, from, to), wanted)
      const versions = firstNotBelow(to - from, (row) => (compare(row, 0) > 0 ? 0 : -1))
      const seqs = yield* this.#sequence(opened, from, to)
      for (let row = 0; row < versions; row++) if (seqs[row]! <= seq) return from + row
      if (versions < to - from) break
    }
    return undefined
  }

  *#sequence(opened: Opened, from: number, to: number): Reading<Float64Array> {
    const { minSeq, maxSeq } = this.meta
    if (minSeq === maxSeq) return new Float64Array(to - from).fill(maxSeq)
    return (yield* this.#vector(opened, opened.seq, from, to)).values as Float64Array
  }

  *#tombstones(opened: Opened, from: number, to: number): Reading<Uint8Array | undefined> {
    if (this.meta.tombstones === 0) return undefined
    return (yield* this.#vector(opened, opened.deleted, from, to)).values as Uint8Array
  }

  *#keyColumns(opened: Opened, from: number, to: number): Reading<Vector[]> {
    const columns: Vector[] = []
    for (let part = 0; part < this.#schema.key.length; part++) {
      columns.push(yield* this.#vector(opened, this.#keyColumn(opened, part), from, to))
    }
    return columns
  }

  #keyColumn(opened: Opened, part: number): FileColumn {
    const column = opened.columns[this.#schema.key[part]!]
    assert(column !== undefined, 'every file has the key columns')
    return column
  }

  /** Rows of one column, from as many pages and row groups as they lie in: a view where one page holds them all. */
  *#vector(opened: Opened, column: FileColumn, from: number, to: number): Reading<Vector> {
    const { index } = opened
    const parts: Vector[] = []
    for (let row = from; row < to; ) {
      const group = index.groupOf(row)
      const chunk = group * index.columns + column.number
      const end = Math.min(to, index.rowGroupFirstRow[group + 1]!)
      const { first, last } = index.pagesOf(column.number, row, end)
      const pages = yield* this.#pages(index, column, chunk, first, last)
      for (let i = 0; i < pages.length; i++) {
        const start = index.pageFirstRow[first + i]!
        const page = pages[i]!
        parts.push(sliceVector(page, Math.max(row - start, 0), Math.min(end - start, page.length)))
      }
      row = end
    }
    return concatVectors(column.layout, parts)
  }

  /** Pages `first` to `last`, both included, of a column chunk. */
  *#pages(
    index: SparseIndex,
    column: FileColumn,
    chunk: number,
    first: number,
    last: number,
  ): Reading<Vector[]> {
    const cached: (Vector | undefined)[] = []
    for (let page = first; page <= last; page++) {
      cached.push(this.#cache.get(this.#cacheId, column.number, page))
    }
    const pages: Vector[] = []
    let dictionary: Vector | undefined
    for (let page = first; page <= last; ) {
      const known = cached[page - first]
      if (known !== undefined) {
        pages.push(known)
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
      const bytes = yield* this.#file.read(from, to)
      for (; page < end; page++) {
        const at = index.pageOffset[page]!
        const piece = bytes.subarray(at - from, at - from + index.pageBytes[page]!)
        const stored = openPage(this.#file.path, at, piece)
        if (dictionary === undefined && needsDictionary(stored)) {
          dictionary = yield* this.#dictionary(index, column, chunk)
        }
        const rows = index.pageEndRow(chunk, page) - index.pageFirstRow[page]!
        const vector = decodeDataPage(stored, column, rows, dictionary)
        this.#cache.set(this.#cacheId, column.number, page, vector)
        pages.push(vector)
      }
    }
    return pages
  }

  /** The dictionary of a column chunk; undefined: it has none. */
  *#dictionary(index: SparseIndex, column: FileColumn, chunk: number): Reading<Vector | undefined> {
    const offset = index.chunkDictionary[chunk]!
    if (offset === 0) return undefined
    const page = index.pageOffset.length + chunk // a number that no data page has
    const known = this.#cache.get(this.#cacheId, column.number, page)
    if (known !== undefined) return known
    const bytes = yield* this.#file.read(offset, offset + index.chunkDictionaryBytes[chunk]!)
    const vector = decodeDictionaryPage(openPage(this.#file.path, offset, bytes), column)
    this.#cache.set(this.#cacheId, column.number, page, vector)
    return vector
  }

  #layoutOf(index: number): Layout {
    return this.#schema.columns[index]!.codec.layout
  }

  *#open(): Reading<Opened> {
    if (this.#opened !== undefined) return this.#opened
    const { digest, rows, rowGroupBytesMax } = this.meta
    const { path, bytes } = yield* this.#file.sidecar(sstableFiles.index)
    const index = new SparseIndex(decodeSidecar(path, sidecarKinds.index, digest, bytes))
    if (index.rows !== rows) throw corruption(path, undefined, `it has ${index.rows} rows, not ${rows}`)
    const column = (number: number, layout: Layout): FileColumn => ({
      number,
      physicalType: index.physicalTypes[number]!,
      typeLength: index.typeLengths[number]!,
      optional: index.optional[number] === 1,
      codec: index.codec,
      layout,
      // Pages may store more than the vector takes (a bool or uint8 in 32 bits, lengths, padding), never much more.
      bytesMax: 8 * rowGroupBytesMax + (1 << 20),
    })
    const users = index.columns - 2
    this.#opened = {
      index,
      columns: this.#schema.columns.map(({ id, codec }) => {
        const number = index.fieldIds.indexOf(id)
        return number < 0 || number >= users ? undefined : column(number, codec.layout)
      }),
      seq: column(users, 'float64'),
      deleted: column(users + 1, 'bool'),
    }
    return this.#opened
  }
}

/** The first of `count` rows for which `compare` is not negative; `count`: none. Requires: rows in ascending order. */
function firstNotBelow(count: number, compare: (row: number) => number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(middle) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Whole keys as key columns: row i is `keys[i]`. */
function decodeKeyList(schema: Schema, keys: readonly KeyBytes[]): readonly Vector[] {
  const starts = new Uint32Array(keys.length)
  let length = 0
  for (let i = 0; i < keys.length; i++) {
    starts[i] = length
    length += keys[i]!.length
  }
  const bytes = new Uint8Array(length + 2) // ends with a terminator, so that no damaged key is read beyond its end
  for (let i = 0; i < keys.length; i++) bytes.set(keys[i]!, starts[i])
  return decodeKeys(schema, bytes, starts)
}
