// Columns of one SSTable by row numbers: which pages hold the rows, their bytes, decoded, through the page cache.
//
// 1. Decoding is synchronous and in plain JavaScript: the main thread never loads WASM.
// 2. A file is immutable, so its pages and its index are cached for as long as it is open and there is room.

import { type KeyBytes, vectorKey } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { Layout, Vector } from '../format/vector.js'
import type { FileSystem } from '../fs/file-system.js'
import { type Reading, SharedReading } from '../fs/reading.js'
import { assert } from '../util/assert.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import { ColumnPages, type ColumnRead, type FileColumn } from './column-pages.js'
import { CopyTarget } from './decode/copies.js'
import type { Held } from './held.js'
import { openIndex } from './open-index.js'
import type { FilePages, PageCache } from './page-cache.js'
import type { ReaderHost } from './reader-host.js'
import { indexBody, readFilePages } from './rebuild-index.js'
import { RowHints } from './row-hints.js'
import { decodeSidecar, encodeSidecar, sidecarKinds } from './sidecar.js'
import type { SidecarFiles } from './sidecar-files.js'
import type { SparseIndex } from './sparse-index.js'
import { VerifiedFile } from './verified-file.js'
import { WholeChunks } from './whole-chunks.js'

/** Rows whose keys are decoded at a time when an index is rebuilt. */
const rebuildRows = 8192

/** Most pages fit, decompressed: one after the other, for no vector keeps a part of it. */
const scratch = new CopyTarget(1 << 16)

/** Where an SSTable lies. */
export interface SSTableFiles {
  readonly fs: FileSystem
  readonly folder: string
  readonly sidecars: SidecarFiles
}

/** What the index says, put together once. */
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
  /** The file's place in the cache. */
  readonly cached: FilePages
  readonly #whole: WholeChunks
  readonly hints: RowHints
  /** Of what `cachedAt` found last: a second result without an object per call. */
  cachedFirst = 0
  readonly #host: ReaderHost
  readonly #sidecars: SidecarFiles
  readonly #file: VerifiedFile
  readonly #columns: ColumnPages
  readonly #opening = new SharedReading()
  #opened: Held<Opened> | undefined

  constructor(files: SSTableFiles, meta: SSTableMeta, schema: Schema, cache: PageCache, host: ReaderHost) {
    const { fs, folder, sidecars } = files
    this.#meta = meta
    this.#schema = schema
    this.#cache = cache
    this.cached = cache.newFile()
    this.#whole = new WholeChunks(cache, this.cached)
    this.hints = new RowHints(cache, this.cached)
    this.#host = host
    this.#sidecars = sidecars
    const shared = { openFiles: host.openFiles, memory: cache.sidecars, sidecars, isGuest: host.isGuest }
    this.#file = new VerifiedFile(fs, folder, meta, shared)
    this.#columns = new ColumnPages(this.#file, cache, this.cached, this.#whole)
  }

  /** Closes the file and forgets what is cached of it. Idempotent. What is under way ends with its next read. */
  close(): void {
    this.#cache.evict(this.cached)
    this.#cache.sidecars.release(this.#opened)
    this.#file.close()
  }

  /** The data file, for who reads more than single pages of it. */
  get file(): VerifiedFile {
    return this.#file
  }

  /** What `open` would answer, if that takes no reading. */
  get opened(): Opened | undefined {
    const held = this.#opened
    if (held === undefined) return undefined
    held.used = true
    return held.value
  }

  /** What index.sparse says; rebuilt from the data where that is damaged. */
  *open(): Reading<Opened> {
    for (;;) {
      const opened = this.opened ?? (yield* this.#opening.run(() => this.#load()))
      if (opened !== undefined) return opened
    }
  }

  /** The key columns of all rows, so many at a time, in key order. */
  *keys(
    opened: Opened,
    rowsMost: number,
    take: (keys: Vector[], rows: number, from: number) => void,
  ): Reading<void> {
    const { index } = opened
    for (let from = 0; from < index.rows; ) {
      const to = Math.min(from + rowsMost, index.rows)
      const keys: Vector[] = []
      for (const part of this.#schema.key) {
        const column = opened.columns[part]
        assert(column !== undefined, 'every file has the key columns')
        keys.push(yield* this.vector(opened, column, from, to))
      }
      take(keys, to - from, from)
      from = to
      if (turnIsDue()) yield { until: takeTurn() }
    }
  }

  *#load(): Reading<Opened> {
    const { digest } = this.#meta
    const read = yield* this.#sidecars.read('index', (path, bytes) =>
      openIndex(path, decodeSidecar(path, sidecarKinds.index, digest, bytes), this.#meta),
    )
    const opened = this.#describe(typeof read === 'string' ? yield* this.#rebuild() : read)
    const { sidecars } = this.#cache
    sidecars.release(this.#opened)
    this.#opened = sidecars.hold(opened, opened.index.bytes)
    return opened
  }

  *#rebuild(): Reading<SparseIndex> {
    const { digest, rows, minKey } = this.#meta
    const pages = yield* readFilePages(this.#file, this.#meta)
    // An index of one interval finds all pages, and needs no key but the first.
    const bare = this.#describe(openIndex(this.#file.path, indexBody(pages, rows, [minKey]), this.#meta))
    const interval = this.#host.sparseIndexInterval
    const keys: KeyBytes[] = []
    yield* this.keys(bare, rebuildRows, (vectors, count, from) => {
      for (let row = (interval - (from % interval)) % interval; row < count; row += interval) {
        keys.push(vectorKey(this.#schema, vectors, row))
      }
    })
    const body = indexBody(pages, interval, keys)
    const index = openIndex(this.#file.path, body, this.#meta)
    this.#sidecars.rebuilt('index', () => encodeSidecar(sidecarKinds.index, digest, body))
    return index
  }

  #describe(index: SparseIndex): Opened {
    const column = (number: number, layout: Layout): FileColumn => ({
      number,
      physicalType: index.physicalTypes[number]!,
      typeLength: index.typeLengths[number]!,
      optional: index.optional[number] === 1,
      codec: index.codec,
      layout,
      scratch,
      // Pages may store more than the vector takes (a bool or uint8 in 32 bits, lengths, padding), never much more.
      bytesMax: 8 * this.#meta.rowGroupBytesMax + (1 << 20),
    })
    const users = index.columns - 2
    return {
      index,
      columns: this.#schema.columns.map(({ id, codec }) => {
        const number = index.fieldIds.indexOf(id)
        return number < 0 || number >= users ? undefined : column(number, codec.layout)
      }),
      seq: column(users, 'float64'),
      deleted: column(users + 1, 'bool'),
    }
  }

  /** What the cache has around a row of a column: a page, or a whole chunk. Its first row is `cachedFirst` then. */
  cachedAt(index: SparseIndex, column: FileColumn, row: number): Vector | undefined {
    const group = index.groupOf(row)
    const chunk = group * index.columns + column.number
    const whole = this.#whole.get(index, chunk)
    if (whole !== undefined) {
      this.cachedFirst = index.rowGroupFirstRow[group]!
      return whole
    }
    const page = index.pageIn(chunk, row)
    const vector = this.#cache.get(this.cached, page)
    if (vector === undefined) return undefined
    this.cachedFirst = index.pageFirstRow[page]!
    this.#whole.hit(index, chunk)
    return vector
  }

  /** Whether the chunk that holds a row of a column is in the cache in one piece. */
  isWhole(index: SparseIndex, column: FileColumn, row: number): boolean {
    return this.#whole.get(index, index.groupOf(row) * index.columns + column.number) !== undefined
  }

  /** Whether rows of a column are in the cache, as far as three of their pages tell. Requires: `from < to`, in one row group. */
  seemsCached({ index }: Opened, column: FileColumn, from: number, to: number): boolean {
    if (this.isWhole(index, column, from)) return true
    const { first, last } = index.pagesOf(column.number, from, to)
    return [first, (first + last) >>> 1, last].every((page) => this.#cache.has(this.cached, page))
  }

  /** Rows of one column, from as many pages and row groups as they lie in: a view where one page holds them all. */
  vector(
    { index }: Opened,
    column: FileColumn,
    from: number,
    to: number,
    how: ColumnRead = {},
  ): Reading<Vector> {
    return this.#columns.read(index, column, from, to, how)
  }
}
