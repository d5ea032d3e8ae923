// Reads an SSTable for a merge: whole row groups, or large pieces of them, once and in order, past every cache.
//
// 1. A whole row group is one read of neighbouring column chunks; all of its bytes are checked, whatever is decoded.
// 2. A piece of a row group reads the pages that hold its rows, and no others, column by column.
// 3. `isWrittenAs` checks what stands behind the row groups: who calls it and reads all rows has checked every byte.

import { corruption } from '../errors.js'
import { type Batch, noSeq } from '../format/batch.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { nullVector, recycleVectors, type Vector } from '../format/vector.js'
import type { FileSystem } from '../fs/file-system.js'
import type { Reading } from '../fs/reading.js'
import { assert } from '../util/assert.js'
import type { BufferPool } from '../util/buffer-pool.js'
import { BulkPages, type Span, sliceOf } from './bulk-pages.js'
import { PageCache } from './page-cache.js'
import { type Opened, PageReader } from './page-reader.js'
import { createdBy, decodeFooter, type FileSlice, projectFooter } from './parquet-footer.js'
import { plainHost, type ReaderHost } from './reader-host.js'
import { SidecarFiles } from './sidecar-files.js'
import type { SparseIndex } from './sparse-index.js'
import { integerBounds } from './statistics.js'
import { creator, sstableColumns } from './stored-columns.js'
import type { ThriftStruct } from './thrift.js'
import type { VerifiedFile } from './verified-file.js'

/** Page indexes and footer. */
interface Tail {
  readonly span: Span
  readonly footer: ThriftStruct
}

/** The pages of a row group as they lie in a file. */
export interface StoredPages {
  readonly rows: number
  /** Of its file. */
  readonly footer: ThriftStruct
  /** Its number in there. */
  readonly group: number
  /** The bytes of its pages and page indexes. */
  readonly slice: FileSlice
}

/** A row group as it lies in a file, to be carried into another one. */
export interface StoredRowGroup extends StoredPages {
  /** Its key columns, in key order. */
  readonly keys: readonly Vector[]
  readonly minSeq: number
  readonly maxSeq: number
  /** Memory that it takes as vectors, at most. */
  readonly bytesMax: number
  /** Gives the memory of keys and pages back to the pool. Requires: nobody reads them any more. */
  readonly recycle: () => void
}

/** An SSTable read by row groups; opens its files at first touch. */
export class BulkReader {
  readonly meta: SSTableMeta
  readonly #schema: Schema
  readonly #pages: PageReader
  readonly #file: VerifiedFile
  readonly #pool: BufferPool | undefined
  readonly #bulk: BulkPages
  #tailRead: Tail | undefined

  /**
   * `schema` is the table's current one: columns that the file lacks read as nulls. Of `cache` only what it keeps of
   * sidecars is used. What it reads lies in memory from `pool`, if it is given one.
   */
  constructor(
    fs: FileSystem,
    folder: string,
    meta: SSTableMeta,
    schema: Schema,
    cache: PageCache = new PageCache(0),
    host: ReaderHost = plainHost(),
    pool?: BufferPool,
  ) {
    this.meta = meta
    this.#schema = schema
    const sidecars = new SidecarFiles(fs, folder, host)
    this.#pages = new PageReader({ fs, folder, sidecars }, meta, schema, cache, host)
    this.#file = this.#pages.file
    this.#pool = pool
    this.#bulk = new BulkPages(this.#file, pool)
  }

  /** What index.sparse says. */
  open(): Reading<Opened> {
    return this.#pages.open()
  }

  /**
   * Rows `from` up to but not with `to`: all columns in schema order, sequence numbers unless nobody `wantsSeq`, and, if the
   * file has any, tombstones. Requires: `from < to`, all in one row group.
   */
  *rows(from: number, to: number, wantsSeq = true): Reading<Batch> {
    const opened = yield* this.open()
    const { index } = opened
    const group = index.groupOf(from)
    const first = index.rowGroupFirstRow[group]!
    const end = index.rowGroupFirstRow[group + 1]!
    assert(from < to && to <= end, 'rows are read from one row group')
    const span = from === first && to === end ? yield* this.#rowGroup(index, group, this.#pool) : undefined
    const columns: Vector[] = []
    for (const [i, column] of opened.columns.entries()) {
      if (column !== undefined) columns.push(yield* this.#bulk.vector(index, column, from, to, span))
      else columns.push(nullVector(this.#schema.columns[i]!.codec.layout, to - from))
    }
    const numbers = wantsSeq ? yield* this.#bulk.vector(index, opened.seq, from, to, span) : undefined
    const seq = numbers === undefined ? noSeq(to - from) : (numbers.values as Float64Array)
    const { tombstones } = this.meta
    const deleted =
      tombstones === 0 ? undefined : yield* this.#bulk.vector(index, opened.deleted, from, to, span)
    if (span !== undefined) this.#pool?.give(span.bytes.buffer)
    return { rows: to - from, columns, seq, deleted: deleted?.values as Uint8Array | undefined }
  }

  /**
   * Whether its row groups are what a writer of this engine version makes for the schema, with tombstones or without, in this
   * compression. Reads and checks everything behind the last row group.
   */
  *isWrittenAs(engineVersion: string, hasTombstones: boolean, codec: number): Reading<boolean> {
    const { footer } = yield* this.#tail()
    const { index, columns } = yield* this.open()
    const wanted = sstableColumns(this.#schema, hasTombstones)
    return (
      createdBy(footer) === creator(engineVersion) &&
      index.codec === codec &&
      index.columns === wanted.length &&
      columns.every((column, i) => column?.number === i) &&
      wanted.every(({ nullable }, i) => nullable === (index.optional[i] === 1))
    )
  }

  /** A whole row group as it lies in the file, its keys, and the bounds of its sequence numbers. */
  *stored(group: number): Reading<StoredRowGroup> {
    const { footer, span: tail } = yield* this.#tail()
    const opened = yield* this.open()
    const { index } = opened
    const from = index.rowGroupFirstRow[group]!
    const to = index.rowGroupFirstRow[group + 1]!
    const span = yield* this.#rowGroup(index, group, this.#pool)
    const keys: Vector[] = []
    for (const i of this.#schema.key)
      keys.push(yield* this.#bulk.vector(index, opened.columns[i]!, from, to, span))
    const seq = integerBounds(footer, group, opened.seq.number)
    if (seq === undefined) {
      throw corruption(this.#file.path, tail.from, `row group ${group} does not say which versions it holds`)
    }
    const { rowGroupBytesMax: bytesMax } = this.meta
    const slice = (at: number, end: number) => sliceOf(at < tail.from ? span : tail, at, end - at)
    const recycle = () => {
      if (this.#pool === undefined) return
      recycleVectors(keys, this.#pool)
      this.#pool.give(span.bytes.buffer)
    }
    const bounds = { minSeq: seq.least, maxSeq: seq.greatest, bytesMax }
    return { rows: to - from, keys, ...bounds, footer, group, slice, recycle }
  }

  /** The pages of some columns of a row group, as if its file had no others. Requires: they are neighbours, in their order. */
  *pages(group: number, columns: readonly number[]): Reading<StoredPages> {
    const { footer, span: tail } = yield* this.#tail()
    const { index } = yield* this.open()
    const span = yield* this.#rowGroup(index, group)
    return {
      rows: index.rowGroupFirstRow[group + 1]! - index.rowGroupFirstRow[group]!,
      footer: projectFooter(footer, columns),
      group,
      slice: (at, end) => sliceOf(at < tail.from ? span : tail, at, end - at),
    }
  }

  /** Everything behind the last row group: page indexes and footer. */
  *#tail(): Reading<Tail> {
    if (this.#tailRead !== undefined) return this.#tailRead
    const { index } = yield* this.open()
    const from = rowGroupSpan(index, index.rowGroups - 1).to
    const span = { bytes: yield* this.#file.read(from, this.meta.bytes), from }
    this.#tailRead = { span, footer: decodeFooter(span.bytes) }
    return this.#tailRead
  }

  /** Closes the file. Idempotent. Requires: no reading is under way. */
  close(): void {
    this.#pages.close()
  }

  *#rowGroup(index: SparseIndex, group: number, pool?: BufferPool): Reading<Span> {
    const { from, to } = rowGroupSpan(index, group)
    return { bytes: yield* this.#file.read(from, to, pool), from }
  }
}

/** Where the column chunks of a row group lie: one behind the other. */
export function rowGroupSpan(
  index: SparseIndex,
  group: number,
): { readonly from: number; readonly to: number } {
  const firstChunk = group * index.columns
  const firstPage = index.chunkPages[firstChunk]!
  const lastPage = index.chunkPages[firstChunk + index.columns]! - 1
  const dictionary = index.chunkDictionary[firstChunk]!
  return {
    from: dictionary === 0 ? index.pageOffset[firstPage]! : dictionary,
    to: index.pageOffset[lastPage]! + index.pageBytes[lastPage]!,
  }
}
