// Reads one SSTable: rows by number, rows by key, versions by key and sequence number.
//
// 1. The versions of a key lie side by side, newest first, within one row group.
// 2. Hidden columns are read only where the metadata does not already answer for them.

import { type Batch, noSeq, type Projection } from '../format/batch.js'
import { compareColumns, compareKeys } from '../format/compare.js'
import type { KeptRows } from '../format/kept-rows.js'
import { decodeKeys, type KeyBytes, vectorKey } from '../format/key-codec.js'
import type { KeySearch } from '../format/key-search.js'
import type { Predicate } from '../format/predicate.js'
import type { RowShape } from '../format/row-builder.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { nullVector, type Vector } from '../format/vector.js'
import type { FileSystem } from '../fs/file-system.js'
import type { Reading } from '../fs/reading.js'
import { assert } from '../util/assert.js'
import { compareBytes } from '../util/bytes.js'
import { BulkPages } from './bulk-pages.js'
import { absentRow, CachedLookup, unreadRow } from './cached-lookup.js'
import type { ColumnRead, FileColumn, PageTally } from './column-pages.js'
import { hashKey, type KeyHash } from './key-hash.js'
import { type FilterStats, LookupFilter } from './lookup-filter.js'
import type { PageCache } from './page-cache.js'
import { type Opened, PageReader } from './page-reader.js'
import { type GroupCost, groupCost, type PrunedGroup, type PruningDepth, pruneGroup } from './pruning.js'
import { plainHost, type ReaderHost } from './reader-host.js'
import { SidecarFiles } from './sidecar-files.js'
import type { RowRange } from './sparse-index.js'
import { FileStatistics } from './statistics.js'

/** So many rows at once can be read past the page cache. */
const bulkRows = 8192

const lookup: ColumnRead = { isLookup: true }

/** How rows are read. */
export interface RowsRead extends ColumnRead {
  /** Whether many rows of one row group that are not in the page cache pass by it: they would only fill it. */
  readonly pastCache?: boolean
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
  readonly #pages: PageReader
  /** The key filter, for those who ask many at once. */
  readonly filter: LookupFilter
  readonly #cached: CachedLookup
  readonly #statistics: FileStatistics
  readonly #cache: PageCache
  #bulk: BulkPages | undefined

  /**
   * `schema` is the table's current one: columns that the file lacks read as nulls. `host`: what the readers of a
   * database share; by default this one is on its own and repairs nothing on the disk.
   */
  constructor(
    fs: FileSystem,
    folder: string,
    meta: SSTableMeta,
    schema: Schema,
    cache: PageCache,
    host: ReaderHost = plainHost(),
  ) {
    this.meta = meta
    this.#schema = schema
    this.#cache = cache
    const sidecars = new SidecarFiles(fs, folder, host)
    this.#pages = new PageReader({ fs, folder, sidecars }, meta, schema, cache, host)
    this.filter = new LookupFilter(meta, sidecars, cache, host)
    this.#cached = new CachedLookup(meta, schema, this.#pages)
    this.#statistics = new FileStatistics(this.#pages.file, meta.bytes, cache.sidecars)
  }

  /** Memory that decoded pages may take, those of other files included. */
  get cacheBytes(): number {
    return this.#cache.capacityBytes
  }

  /** What the key filter did for lookups since the file was opened. */
  get filterStats(): FilterStats {
    return this.filter.stats
  }

  /** Rows at which row groups begin, and, last, the number of rows. */
  *rowGroupFirstRow(): Reading<Uint32Array> {
    return (yield* this.#pages.open()).index.rowGroupFirstRow
  }

  /** The first row whose key is `key` or above (undefined: row 0); `meta.rows` if there is none. */
  *seek(key: KeyBytes | undefined): Reading<number> {
    if (key === undefined || compareBytes(key, this.meta.minKey) <= 0) return 0
    if (compareBytes(key, this.meta.maxKey) > 0) return this.meta.rows
    const opened = this.#pages.opened ?? (yield* this.#pages.open())
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
  *rows(
    projection: Projection,
    from: number,
    to: number,
    wants: HiddenColumns,
    how: RowsRead = {},
  ): Reading<Batch> {
    assert(from >= 0 && from <= to && to <= this.meta.rows, 'rows lie within the file')
    if (projection.length === 0 && !wants.seq && !wants.deleted) {
      return { rows: to - from, columns: [], seq: noSeq(to - from), deleted: undefined }
    }
    const opened = this.#pages.opened ?? (yield* this.#pages.open())
    if (
      how.pastCache === true &&
      to - from >= bulkRows &&
      opened.index.groupOf(from) === opened.index.groupOf(to - 1)
    ) {
      return yield* this.#manyRows(opened, projection, from, to, wants, how.tally)
    }
    const columns: Vector[] = []
    for (const index of projection) {
      const column = opened.columns[index]
      if (column !== undefined) columns.push(yield* this.#pages.vector(opened, column, from, to, how))
      else columns.push(nullVector(this.#schema.columns[index]!.codec.layout, to - from))
    }
    const seq = wants.seq ? yield* this.#sequence(opened, from, to, how) : noSeq(to - from)
    const deleted = wants.deleted ? yield* this.#tombstones(opened, from, to, how) : undefined
    return { rows: to - from, columns, seq, deleted }
  }

  /** How many of these columns rows of one row group would have to be decoded for, being in no cache. Requires: `from < to`. */
  *uncachedColumns(columns: Projection, from: number, to: number): Reading<number> {
    const opened = yield* this.#pages.open()
    const stored = columns.flatMap((column) => opened.columns[column] ?? [])
    return stored.filter((column) => !this.#pages.seemsCached(opened, column, from, to)).length
  }

  /** What a predicate leaves of rows of row group `group`, as the file's statistics tell. */
  *prune(predicate: Predicate, group: number, rows: RowRange, depth: PruningDepth): Reading<PrunedGroup> {
    const opened = yield* this.#pages.open()
    return yield* pruneGroup(opened, this.#statistics, predicate, group, rows, depth)
  }

  /** What reading rows of row group `group` would cost: `columns` as `rows` would read them. */
  *cost(
    columns: Projection,
    group: number,
    rows: readonly RowRange[],
    wants: HiddenColumns,
  ): Reading<GroupCost> {
    const opened = yield* this.#pages.open()
    const hidden = [...(wants.seq && this.meta.minSeq < this.meta.maxSeq ? [opened.seq] : [])]
    if (wants.deleted && this.meta.tombstones > 0) hidden.push(opened.deleted)
    const stored = columns.flatMap((column) => opened.columns[column] ?? [])
    return groupCost(opened.index, [...stored, ...hidden], group, rows)
  }

  /**
   * True: the file does not have the key, by its filter, if that is in memory, or by its bounds. Costs no reading; the
   * filter is asked first, since it takes less time than to compare keys. `hash`: that of the key.
   */
  excludes(key: KeyBytes, hash: KeyHash): boolean {
    return this.filter.excludes(hash) || this.#isOutside(key)
  }

  /**
   * The newest version of `key` at or below `seq`; undefined: the file has none. `hash`: that of the key, for callers
   * who ask many files. Requires: `key` is a whole key of the schema.
   */
  *find(key: KeyBytes, seq: number, hash: KeyHash = hashKey(key)): Reading<FoundVersion | undefined> {
    const { minSeq, maxSeq } = this.meta
    if (seq < minSeq || this.#isOutside(key)) return undefined
    if (this.filter.isUnread) yield* this.filter.read(this.#pages)
    const mayHold = this.filter.ask(hash)
    if (mayHold === false) return undefined
    const opened = this.#pages.opened ?? (yield* this.#pages.open())
    const { from, to } = opened.index.lowerBound(key)
    const row = yield* this.#locate(opened, key, from, to)
    if (mayHold === true) this.filter.learn(row !== undefined)
    if (row === undefined) return undefined
    const visible = maxSeq <= seq ? row : yield* this.#visibleVersion(opened, key, row, seq)
    if (visible === undefined) return undefined
    const deleted = yield* this.#tombstones(opened, visible, visible + 1, lookup)
    return { row: visible, deleted: deleted !== undefined && deleted[0] === 1 }
  }

  /**
   * As `find`, from memory alone: the row, or one of the constants of `cached-lookup.ts`. Tell `learnCached` what came of it.
   * `search` has been told the key. Requires: `excludes` has just answered false.
   */
  findCached(key: KeyBytes, hash: KeyHash, seq: number, search: KeySearch): number {
    const { minSeq, maxSeq } = this.meta
    if (seq < maxSeq) return seq < minSeq ? absentRow : unreadRow
    return this.filter.isUnread ? unreadRow : this.#cached.find(key, hash, search)
  }

  /** The row's values, from memory alone; undefined: not all of them are there. */
  rowCached<R extends object>(row: number, shape: RowShape<R>): R | undefined {
    return this.#cached.row(row, shape)
  }

  /** Whether `keptRow` would have a row for readers who see all of the file's versions. */
  keepsRow(key: KeyBytes, hash: KeyHash, shape: KeptRows<object>): boolean {
    return this.#cache.hasRow(this.#pages.cached, shape, key, hash)
  }

  /** What `shape` has made of the newest version of `key` before, if that is kept. Costs neither filter nor search. */
  keptRow<R extends object>(key: KeyBytes, hash: KeyHash, seq: number, shape: KeptRows<R>): R | undefined {
    return seq < this.meta.maxSeq ? undefined : this.#cache.rowOf(this.#pages.cached, shape, key, hash)
  }

  /** Keeps a row that `findCached` has found, if lookups come back to it. Requires: `keptRow` has just not found it. */
  keepRow<R extends object>(key: KeyBytes, hash: KeyHash, shape: KeptRows<R>, row: R): void {
    this.#cache.offerRow(this.#pages.cached, shape, key, hash, row)
  }

  /** Takes in how a lookup from memory that has looked beyond the filter ended. */
  learnCached(found: boolean): void {
    this.filter.learnAsked(found)
  }

  /** Some of the file's keys at equal distances of rows, `most` at the most, the first one included. */
  *sampleKeys(most: number): Reading<readonly KeyBytes[]> {
    const { index } = yield* this.#pages.open()
    const count = Math.floor((this.meta.rows - 1) / index.interval)
    const step = Math.max(1, Math.ceil(count / most))
    const keys: KeyBytes[] = [this.meta.minKey]
    for (let i = step; i <= count; i += step) keys.push(index.key(i).slice())
    return keys
  }

  /** As `rows`, of one row group: each page of a column that is not cached is decoded to its place, and kept nowhere. */
  *#manyRows(
    opened: Opened,
    projection: Projection,
    from: number,
    to: number,
    wants: HiddenColumns,
    tally: PageTally | undefined,
  ): Reading<Batch> {
    this.#bulk ??= new BulkPages(this.#pages.file)
    const bulk = this.#bulk
    const pages = this.#pages
    const { index } = opened
    const rows = to - from
    const vector = function* (column: FileColumn): Reading<Vector> {
      if (pages.seemsCached(opened, column, from, to))
        return yield* pages.vector(opened, column, from, to, { tally })
      const { first, last } = index.pagesOf(column.number, from, to)
      if (tally !== undefined) tally.pagesRead += last - first + 1
      return yield* bulk.vector(index, column, from, to, undefined)
    }
    const columns: Vector[] = []
    for (const place of projection) {
      const column = opened.columns[place]
      if (column !== undefined) columns.push(yield* vector(column))
      else columns.push(nullVector(this.#schema.columns[place]!.codec.layout, rows))
    }
    const { minSeq, maxSeq, tombstones } = this.meta
    let seq = noSeq(rows)
    if (wants.seq && minSeq === maxSeq) seq = new Float64Array(rows).fill(maxSeq)
    else if (wants.seq) seq = (yield* vector(opened.seq)).values as Float64Array
    const deleted = wants.deleted && tombstones > 0 ? yield* vector(opened.deleted) : undefined
    return { rows, columns, seq, deleted: deleted?.values as Uint8Array | undefined }
  }

  /** Closes the file and forgets what is cached of it. Idempotent. Requires: no reading is under way, but repairs. */
  close(): void {
    this.filter.close()
    this.#statistics.close()
    this.#pages.close()
  }

  #isOutside(key: KeyBytes): boolean {
    return compareBytes(key, this.meta.minKey) < 0 || compareBytes(key, this.meta.maxKey) > 0
  }

  /** The first version of a key: at one of the rows [from, to), or at `to`, whose key the sparse index knows. */
  *#locate(opened: Opened, key: KeyBytes, from: number, to: number): Reading<number | undefined> {
    const { index } = opened
    const { rows, keys, maxKey } = this.meta
    const isNext = to < rows && index.compareKey(to / index.interval, key) === 0
    if (isNext && (from === to || rows === keys)) return to
    if (from === to) return undefined
    // before < key <= next: leading columns on which the neighbours agree are alike in `key` and all rows between.
    // The only column of a key is none of these.
    let agree = this.#schema.key.length > 1
    const neighbours = () => [
      index.key((from - 1) / index.interval),
      to < rows ? index.key(to / index.interval) : maxKey,
    ]
    const bounds = decodeKeyList(this.#schema, agree ? [key, ...neighbours()] : [key])
    let low = from
    let high = to
    for (let part = 0; part < bounds.length && low < high; part++) {
      const wanted = bounds[part]!
      agree = agree && compareColumns(wanted, wanted)(1, 2) === 0
      if (agree) continue
      const vector = yield* this.#pages.vector(opened, this.#keyColumn(opened, part), low, high, lookup)
      const compare = compareColumns(vector, wanted)
      const start = firstNotBelow(high - low, (row) => compare(row, 0))
      if (start === high - low || compare(start, 0) > 0) return isNext ? to : undefined
      const length = firstNotBelow(high - low - start, (row) => (compare(start + row, 0) > 0 ? 0 : -1))
      low += start
      high = low + length
    }
    return low < high ? low : isNext ? to : undefined
  }

  /** The newest version at or below `seq` among those of `key`, the first of which is at `first`. */
  *#visibleVersion(opened: Opened, key: KeyBytes, first: number, seq: number): Reading<number | undefined> {
    const newest = yield* this.#sequence(opened, first, first + 1, lookup)
    if (newest[0]! <= seq) return first
    if (this.meta.rows === this.meta.keys) return undefined
    const { index } = opened
    const end = index.rowGroupFirstRow[index.groupOf(first) + 1]!
    const wanted = decodeKeyList(this.#schema, [key])
    for (let from = first + 1; from < end; from += index.interval) {
      const to = Math.min(from + index.interval, end)
      const compare = compareKeys(yield* this.#keyColumns(opened, from, to), wanted)
      const versions = firstNotBelow(to - from, (row) => (compare(row, 0) > 0 ? 0 : -1))
      const seqs = yield* this.#sequence(opened, from, to)
      for (let row = 0; row < versions; row++) if (seqs[row]! <= seq) return from + row
      if (versions < to - from) break
    }
    return undefined
  }

  *#sequence(opened: Opened, from: number, to: number, how?: ColumnRead): Reading<Float64Array> {
    const { minSeq, maxSeq } = this.meta
    if (minSeq === maxSeq) return new Float64Array(to - from).fill(maxSeq)
    return (yield* this.#pages.vector(opened, opened.seq, from, to, how)).values as Float64Array
  }

  *#tombstones(opened: Opened, from: number, to: number, how?: ColumnRead): Reading<Uint8Array | undefined> {
    if (this.meta.tombstones === 0) return undefined
    return (yield* this.#pages.vector(opened, opened.deleted, from, to, how)).values as Uint8Array
  }

  *#keyColumns(opened: Opened, from: number, to: number): Reading<Vector[]> {
    const columns: Vector[] = []
    for (let part = 0; part < this.#schema.key.length; part++) {
      columns.push(yield* this.#pages.vector(opened, this.#keyColumn(opened, part), from, to))
    }
    return columns
  }

  #keyColumn(opened: Opened, part: number): FileColumn {
    const column = opened.columns[this.#schema.key[part]!]
    assert(column !== undefined, 'every file has the key columns')
    return column
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
