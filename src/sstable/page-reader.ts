// Columns of one SSTable by row numbers: which pages hold the rows, their bytes, decoded, through the page cache.
//
// 1. Decoding is synchronous and in plain JavaScript: the main thread never loads WASM.
// 2. A file is immutable, so its pages are cached for as long as it is open.

import { corruption } from '../errors.js'
import { concatVectors } from '../format/concat.js'
import { sstableFiles } from '../format/file-names.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { type Layout, sliceVector, type Vector } from '../format/vector.js'
import type { FileSystem } from '../fs/file-system.js'
import type { Reading } from '../fs/reading.js'
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
export interface FileColumn extends PageColumn {
  readonly number: number
}

/** What the sidecars say, put together once. */
export interface Opened {
  readonly index: SparseIndex
  /** Per schema column; undefined: the file is older than the column. */
  readonly columns: readonly (FileColumn | undefined)[]
  readonly seq: FileColumn
  readonly deleted: FileColumn
}

/** The columns of an SSTable; opens its files at first touch. */
export class PageReader {
  readonly #meta: SSTableMeta
  readonly #schema: Schema
  readonly #cache: PageCache
  readonly #cacheId: number
  readonly #file: VerifiedFile
  #opened: Opened | undefined

  constructor(fs: FileSystem, folder: string, meta: SSTableMeta, schema: Schema, cache: PageCache) {
    this.#meta = meta
    this.#schema = schema
    this.#cache = cache
    this.#cacheId = cache.newFile()
    this.#file = new VerifiedFile(fs, folder, meta)
  }

  /** Closes the file and forgets its cached pages. Idempotent. Requires: no reading is under way. */
  close(): void {
    this.#file.close()
    this.#cache.evict(this.#cacheId)
  }

  /** A whole sidecar, as it is. */
  sidecar(name: string): Reading<{ readonly path: string; readonly bytes: Uint8Array }> {
    return this.#file.sidecar(name)
  }

  /** What index.sparse says; read once. */
  *open(): Reading<Opened> {
    if (this.#opened !== undefined) return this.#opened
    const { digest, rows, rowGroupBytesMax } = this.#meta
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

  /** Rows of one column, from as many pages and row groups as they lie in: a view where one page holds them all. */
  *vector({ index }: Opened, column: FileColumn, from: number, to: number): Reading<Vector> {
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
}
