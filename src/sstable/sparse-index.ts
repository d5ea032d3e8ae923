// index.sparse: every n-th key of an SSTable and where its row lies, and every page of every column. Used as
// typed arrays laid over the file's bytes, never parsed into objects.
//
// Sections, each aligned to 8 bytes, all little-endian:
//   header      8 x u32: interval, rows, entries, row groups, columns, pages, key bytes, codec (as Parquet's)
//   columns     per column (the user's in schema order, then _seq, _deleted) 4 x i32: field id, physical type
//               (Parquet's number), optional (0 or 1), type length
//   u32         row group first row [row groups + 1]
//   u32         key ends [entries]
//   bytes       keys: the full encoded key of row i * interval
//   u32         chunk pages [row groups * columns + 1]: element g * columns + c is chunk (g, c)'s first page
//   f64, u32    dictionary page's file offset (0: none), its bytes with header [row groups * columns]
//   f64         page offset in the file, header included [pages]
//   u32, u32    page bytes, header included; row in the file of its first value [pages]

import type { KeyBytes } from '../format/key-codec.js'
import { assert } from '../util/assert.js'

/** Words of the header. */
export const headerWords = 8

function align(at: number): number {
  return 8 * Math.ceil(at / 8)
}

/** Where the sections lie, from the counts in the header. */
export function layoutOf(header: ArrayLike<number>) {
  const [, , entries = 0, rowGroups = 0, columns = 0, pages = 0, keyBytes = 0] = Array.from(header)
  const chunks = rowGroups * columns
  let at = 0
  const section = (bytes: number) => {
    const from = at
    at = align(at + bytes)
    return from
  }
  return {
    header: section(4 * headerWords),
    columns: section(16 * columns),
    rowGroupFirstRow: section(4 * (rowGroups + 1)),
    keyEnds: section(4 * entries),
    keys: section(keyBytes),
    chunkPages: section(4 * (chunks + 1)),
    chunkDictionary: section(8 * chunks),
    chunkDictionaryBytes: section(4 * chunks),
    pageOffset: section(8 * pages),
    pageBytes: section(4 * pages),
    pageFirstRow: section(4 * pages),
    bytes: at,
  }
}

/** Rows in which a search has to look. */
export interface RowRange {
  readonly from: number
  readonly to: number
}

/** The index of one SSTable, over the bytes of its body. Rows are numbered through the file. */
export class SparseIndex {
  readonly interval: number
  readonly rows: number
  /** Number of sparse keys. */
  readonly entries: number
  readonly rowGroups: number
  /** Number of columns, `_seq` and `_deleted` included. */
  readonly columns: number
  /** Parquet `CompressionCodec`. */
  readonly codec: number
  readonly fieldIds: Int32Array
  readonly physicalTypes: Int32Array
  /** 1: pages of the column carry definition levels. */
  readonly optional: Int32Array
  readonly typeLengths: Int32Array
  /** One element more than there are row groups: the last is `rows`. */
  readonly rowGroupFirstRow: Uint32Array
  /**
   * Chunk (g, c) is number g * columns + c; its pages are `chunkPages[chunk]` up to `chunkPages[chunk + 1]`.
   */
  readonly chunkPages: Uint32Array
  /** File offset of a chunk's dictionary page; 0: none. */
  readonly chunkDictionary: Float64Array
  /** Bytes of the dictionary page with its header. */
  readonly chunkDictionaryBytes: Uint32Array
  readonly pageOffset: Float64Array
  /** Bytes of a page as stored, header included. */
  readonly pageBytes: Uint32Array
  /** Row in the file of a page's first value. */
  readonly pageFirstRow: Uint32Array
  /** Memory of the index. */
  readonly bytes: number
  readonly #keyEnds: Uint32Array
  readonly #keys: Uint8Array

  /** Requires: the sections fill `body` (`openIndex` checks it). Copied only if it is not aligned to 8 bytes. */
  constructor(body: Uint8Array) {
    const own = body.byteOffset % 8 === 0 ? body : body.slice()
    const u32 = (from: number, length: number) => new Uint32Array(own.buffer, own.byteOffset + from, length)
    const header = u32(0, headerWords)
    const at = layoutOf(header)
    assert(at.bytes === own.length, 'the sections of index.sparse fill it')
    const [
      interval = 0,
      rows = 0,
      entries = 0,
      rowGroups = 0,
      columns = 0,
      pages = 0,
      keyBytes = 0,
      codec = 0,
    ] = header
    this.interval = interval
    this.rows = rows
    this.entries = entries
    this.rowGroups = rowGroups
    this.columns = columns
    this.codec = codec
    this.bytes = own.length
    const chunks = rowGroups * columns
    const described = new Int32Array(own.buffer, own.byteOffset + at.columns, 4 * columns)
    const field = (offset: number) => described.filter((_, index) => index % 4 === offset)
    this.fieldIds = field(0)
    this.physicalTypes = field(1)
    this.optional = field(2)
    this.typeLengths = field(3)
    this.rowGroupFirstRow = u32(at.rowGroupFirstRow, rowGroups + 1)
    this.#keyEnds = u32(at.keyEnds, entries)
    this.#keys = own.subarray(at.keys, at.keys + keyBytes)
    this.chunkPages = u32(at.chunkPages, chunks + 1)
    this.chunkDictionary = new Float64Array(own.buffer, own.byteOffset + at.chunkDictionary, chunks)
    this.chunkDictionaryBytes = u32(at.chunkDictionaryBytes, chunks)
    this.pageOffset = new Float64Array(own.buffer, own.byteOffset + at.pageOffset, pages)
    this.pageBytes = u32(at.pageBytes, pages)
    this.pageFirstRow = u32(at.pageFirstRow, pages)
  }

  /** Whether the keys fill their section, one behind the other. */
  get hasWholeKeys(): boolean {
    const ends = this.#keyEnds
    for (let i = 1; i < ends.length; i++) if (ends[i - 1]! > ends[i]!) return false
    return ends.at(-1) === this.#keys.length
  }

  /** The encoded key of row `i * interval`, as a view. */
  key(i: number): KeyBytes {
    return this.#keys.subarray(i === 0 ? 0 : this.#keyEnds[i - 1], this.#keyEnds[i])
  }

  /**
   * Where the first row whose key is not below `key` lies: at one of the rows `from` to `to`, both included,
   * `to` being the answer if no row before it fits; `to === rows`: there may be none. So only the rows `from`
   * up to but not with `to` need to be looked at, fewer than `interval`. The first of several versions is found
   * although a sparse key may stand in their midst.
   */
  lowerBound(key: KeyBytes): RowRange {
    let low = 0
    let high = this.entries
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.compareKey(middle, key) < 0) low = middle + 1
      else high = middle
    }
    return {
      from: low === 0 ? 0 : (low - 1) * this.interval + 1,
      to: Math.min(low * this.interval, this.rows),
    }
  }

  /** As `compareBytes(this.key(i), key)`, without a view: in a search these took longer than comparing. */
  compareKey(i: number, key: KeyBytes): number {
    const keys = this.#keys
    const from = i === 0 ? 0 : this.#keyEnds[i - 1]!
    const length = this.#keyEnds[i]! - from
    const shared = Math.min(length, key.length)
    for (let at = 0; at < shared; at++) {
      const difference = keys[from + at]! - key[at]!
      if (difference !== 0) return difference
    }
    return length - key.length
  }

  /** Leading bytes that the key of entry `i` shares with `key`. */
  sharedBytes(i: number, key: KeyBytes): number {
    const keys = this.#keys
    const from = i === 0 ? 0 : this.#keyEnds[i - 1]!
    const most = Math.min(this.#keyEnds[i]! - from, key.length)
    let shared = 0
    while (shared < most && keys[from + shared] === key[shared]) shared++
    return shared
  }

  /** The row group that holds a row. Requires: `row < rows`. */
  groupOf(row: number): number {
    return lastAtMost(this.rowGroupFirstRow, 0, this.rowGroups, row)
  }

  /**
   * The pages of a column that hold rows `fromRow` up to but not with `toRow`, as indexes into `pageOffset`,
   * `pageBytes` and `pageFirstRow`: `first` to `last`, both included.
   * Requires: `fromRow < toRow`, both ends in one row group.
   */
  pagesOf(column: number, fromRow: number, toRow: number): { readonly first: number; readonly last: number } {
    const chunk = this.groupOf(fromRow) * this.columns + column
    const end = this.chunkPages[chunk + 1] ?? 0
    const first = lastAtMost(this.pageFirstRow, this.chunkPages[chunk] ?? 0, end, fromRow)
    return { first, last: lastAtMost(this.pageFirstRow, first, end, toRow - 1) }
  }

  /** The page of a chunk that holds a row. Requires: the row is one of the chunk's row group. */
  pageIn(chunk: number, row: number): number {
    return lastAtMost(this.pageFirstRow, this.chunkPages[chunk] ?? 0, this.chunkPages[chunk + 1] ?? 0, row)
  }

  /** The row behind a page's last one. `chunk` is the page's own. */
  pageEndRow(chunk: number, page: number): number {
    if (page + 1 < (this.chunkPages[chunk + 1] ?? 0)) return this.pageFirstRow[page + 1] ?? 0
    return this.rowGroupFirstRow[Math.floor(chunk / this.columns) + 1] ?? 0
  }
}

/** Index in [from, to) of the last element that is not above `value`. Requires: the first is not. */
function lastAtMost(sorted: Uint32Array, from: number, to: number, value: number): number {
  let low = from
  let high = to
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! <= value) low = middle
    else high = middle
  }
  return low
}
