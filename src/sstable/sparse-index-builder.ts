// The writing side of index.sparse; its layout is described in sparse-index.ts.

import type { KeyBytes } from '../format/key-codec.js'
import { assert } from '../util/assert.js'
import { ByteSink } from '../util/byte-sink.js'
import { layoutOf } from './sparse-index.js'

/** How a column is stored: what a page decoder has to know. */
export interface StoredColumn {
  readonly fieldId: number
  /**
   * Parquet `Type`: 0 boolean, 1 int32, 2 int64, 4 float, 5 double, 6 byte array, 7 fixed-length byte array.
   */
  readonly physicalType: number
  /** Whether pages carry definition levels. */
  readonly optional: boolean
  /** Bytes of a fixed-length byte array, else 0. */
  readonly typeLength: number
}

/** A column's part of a row group. */
export interface ChunkPages {
  /** File offset of the dictionary page; 0: there is none. */
  readonly dictionaryOffset: number
  readonly dictionaryBytes: number
  /**
   * File offset and compressed bytes, header included, of each data page, and its first row within the row
   * group.
   */
  readonly offsets: readonly number[]
  readonly bytes: readonly number[]
  readonly firstRows: readonly number[]
}

/** Collects the content of an index while a file is written. */
export class SparseIndexBuilder {
  readonly #interval: number
  readonly #columns: readonly StoredColumn[]
  readonly #codec: number
  readonly #keys = new ByteSink(1024)
  readonly #keyEnds: number[] = []
  readonly #rowGroupFirstRow: number[] = [0]
  readonly #chunks: ChunkPages[] = []
  readonly #pageFirstRow: number[] = []

  constructor(interval: number, columns: readonly StoredColumn[], codec: number) {
    this.#interval = interval
    this.#columns = columns
    this.#codec = codec
  }

  /** Adds the key of the next row that is a multiple of the interval. */
  addKey(key: KeyBytes): void {
    this.#keys.append(key)
    this.#keyEnds.push(this.#keys.length)
  }

  /** Adds the next row group; `chunks` in the order of the columns. */
  addRowGroup(rows: number, chunks: readonly ChunkPages[]): void {
    assert(chunks.length === this.#columns.length, 'a row group has a chunk per column')
    const first = this.#rowGroupFirstRow.at(-1) ?? 0
    for (const chunk of chunks) {
      this.#chunks.push(chunk)
      for (const row of chunk.firstRows) this.#pageFirstRow.push(first + row)
    }
    this.#rowGroupFirstRow.push(first + rows)
  }

  /** The body of index.sparse. */
  finish(): Uint8Array {
    const rows = this.#rowGroupFirstRow.at(-1) ?? 0
    const entries = this.#keyEnds.length
    assert(entries === Math.ceil(rows / this.#interval), 'there is a key for every interval of rows')
    const header = Uint32Array.of(
      this.#interval,
      rows,
      entries,
      this.#rowGroupFirstRow.length - 1,
      this.#columns.length,
      this.#pageFirstRow.length,
      this.#keys.length,
      this.#codec,
    )
    const at = layoutOf(header)
    const body = new Uint8Array(at.bytes)
    const u32 = (from: number, values: ArrayLike<number>) =>
      new Uint32Array(body.buffer, from, values.length).set(values)
    const f64 = (from: number, values: ArrayLike<number>) =>
      new Float64Array(body.buffer, from, values.length).set(values)
    const described = this.#columns.flatMap((column) => [
      column.fieldId,
      column.physicalType,
      Number(column.optional),
      column.typeLength,
    ])
    const chunkPages = [0]
    for (const chunk of this.#chunks) chunkPages.push((chunkPages.at(-1) ?? 0) + chunk.offsets.length)
    u32(at.header, header)
    new Int32Array(body.buffer, at.columns, described.length).set(described)
    u32(at.rowGroupFirstRow, this.#rowGroupFirstRow)
    u32(at.keyEnds, this.#keyEnds)
    body.set(this.#keys.bytes.subarray(0, this.#keys.length), at.keys)
    u32(at.chunkPages, chunkPages)
    f64(
      at.chunkDictionary,
      this.#chunks.map((chunk) => chunk.dictionaryOffset),
    )
    u32(
      at.chunkDictionaryBytes,
      this.#chunks.map((chunk) => chunk.dictionaryBytes),
    )
    f64(
      at.pageOffset,
      this.#chunks.flatMap((chunk) => chunk.offsets),
    )
    u32(
      at.pageBytes,
      this.#chunks.flatMap((chunk) => chunk.bytes),
    )
    u32(at.pageFirstRow, this.#pageFirstRow)
    return body
  }
}
