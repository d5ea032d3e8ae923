// One column of a row group as pages. A dictionary is written if all its values fit a small page; else values are plain, all
// of them: a chunk that begins with a dictionary and gives it up would be read with both.

import type { Vector } from '../../format/vector.js'
import type { ByteSink } from '../../util/byte-sink.js'
import { encodings } from '../decode/values.js'
import type { FileColumn } from '../stored-columns.js'
import { ascendingOrder, type Bound, boundOf, dictionaryOrder, orderOf, type ValueOrder } from './bounds.js'
import { appendDelta } from './delta.js'
import { buildDictionary, type Dictionary } from './dictionary.js'
import { appendHybrid, appendVarint, bitWidth } from './hybrid.js'
import { PageWriter, type PlacedPage, pageTypes } from './page-writer.js'
import { type Dense, denseOf } from './physical.js'

/** Rows of a page at most, however well they compress: what a lookup may have to pass over. */
const pageRowsMax = 20_000

/** A data page. */
export interface ChunkPage extends PlacedPage {
  readonly firstRow: number
  readonly nulls: number
  /** Undefined: no value has an order, or there is none. */
  readonly bounds: Bounds | undefined
}

export interface Bounds {
  readonly least: Bound
  readonly greatest: Bound
}

/** How the bounds of pages follow each other, as Parquet numbers it (BoundaryOrder). */
export const boundaryOrders = { unordered: 0, ascending: 1, descending: 2 } as const

/** A column chunk in the file. */
export interface ColumnChunk {
  readonly column: FileColumn
  readonly rows: number
  /** Where its first page begins. */
  readonly offset: number
  readonly bytes: number
  readonly uncompressedBytes: number
  readonly hasDictionary: boolean
  /** Parquet's number of the encoding of its data pages. */
  readonly encoding: number
  readonly pages: readonly ChunkPage[]
  readonly nulls: number
  readonly bounds: Bounds | undefined
  readonly boundaryOrder: number
}

export interface ChunkOptions {
  readonly isCompressed: boolean
  /** Most bytes of a page before compression, levels aside; a value may have more. */
  readonly pageBytes: number
  /** Most bytes of a dictionary. */
  readonly dictionaryBytes: number
}

/** Appends a column's pages to `file`. Requires: a vector of the column's kind; no nulls where it has none, or where it is `delta`. */
export function appendColumnChunk(
  file: ByteSink,
  column: FileColumn,
  vector: Vector,
  options: ChunkOptions,
): ColumnChunk {
  const offset = file.length
  const chunk = new ChunkWriter(file, column, vector, options)
  const pages = chunk.write()
  return {
    column,
    rows: vector.length,
    offset,
    bytes: file.length - offset,
    uncompressedBytes: chunk.uncompressedBytes,
    ...pages,
  }
}

class ChunkWriter {
  readonly #column: FileColumn
  readonly #rows: number
  readonly #pageBytes: number
  readonly #pages: PageWriter
  /** A byte a row, 1: it has a value. Undefined: all have. */
  readonly #present: Uint8Array | undefined
  readonly #dense: Dense
  readonly #order: ValueOrder
  readonly #dictionary: Dictionary | undefined
  /** Bits of an index into the dictionary. */
  readonly #indexBits: number
  readonly #encoding: number

  constructor(file: ByteSink, column: FileColumn, vector: Vector, options: ChunkOptions) {
    this.#column = column
    this.#rows = vector.length
    this.#pageBytes = options.pageBytes
    this.#pages = new PageWriter(file, options.isCompressed)
    this.#present = vector.valid?.includes(0) ? vector.valid : undefined
    this.#dense = denseOf(vector, this.#present)
    const isWorthIt = column.encoding === 'dictionary' && this.#dense.count > 0
    this.#dictionary = isWorthIt ? buildDictionary(this.#dense, options.dictionaryBytes) : undefined
    this.#order = this.#orderOf(orderOf(this.#dense))
    this.#indexBits = bitWidth(this.#dictionary?.firsts.length ?? 0)
    const isDelta = column.encoding === 'delta'
    this.#encoding = this.#dictionary
      ? encodings.rleDictionary
      : isDelta
        ? encodings.deltaBinaryPacked
        : encodings.plain
  }

  #orderOf(order: ValueOrder): ValueOrder {
    if (this.#column.isAscending && this.#dense.form !== 'flags') return ascendingOrder(order)
    if (this.#dictionary === undefined || this.#dense.form !== 'bytes') return order
    return dictionaryOrder(order, this.#dictionary.firsts, this.#dictionary.indexes)
  }

  get uncompressedBytes(): number {
    return this.#pages.uncompressedBytes
  }

  write() {
    if (this.#dictionary !== undefined) this.#writeDictionary(this.#dictionary)
    const pages: ChunkPage[] = []
    const extremes: { readonly least: number; readonly greatest: number }[] = []
    let nulls = 0
    for (let row = 0, value = 0; row < this.#rows; ) {
      const page = this.#writePage(row, value)
      const found = page.endValue > value ? this.#extremes(value, page.endValue) : undefined
      if (found !== undefined) extremes.push(found)
      const absent = page.endRow - row - (page.endValue - value)
      pages.push({ ...page.placed, firstRow: row, nulls: absent, bounds: this.#bounds(found) })
      nulls += absent
      row = page.endRow
      value = page.endValue
    }
    const { compare } = this.#order
    const all = extremes.reduce<{ least: number; greatest: number } | undefined>(
      (known, { least, greatest }) => ({
        least: known !== undefined && compare(known.least, least) <= 0 ? known.least : least,
        greatest: known !== undefined && compare(known.greatest, greatest) >= 0 ? known.greatest : greatest,
      }),
      undefined,
    )
    const boundaryOrder = this.#boundaryOrder(extremes)
    const hasDictionary = this.#dictionary !== undefined
    return { hasDictionary, encoding: this.#encoding, pages, nulls, bounds: this.#bounds(all), boundaryOrder }
  }

  #writeDictionary({ firsts }: Dictionary): void {
    for (const at of firsts) appendPlain(this.#dense, at, at + 1, this.#pages.content)
    this.#pages.writeContent(pageTypes.dictionary, encodings.plain, firsts.length)
  }

  /** Writes the page that begins at a row, which is or is before value number `value`; says where it ends. */
  #writePage(row: number, value: number) {
    const content = this.#pages.content
    const rowsMax = Math.min(this.#rows - row, pageRowsMax)
    const present = this.#present
    let endRow: number
    let endValue: number
    if (present !== undefined) ({ endRow, endValue } = this.#endWithNulls(present, row, row + rowsMax, value))
    else endRow = endValue = this.#end(value, value + rowsMax)
    if (this.#column.nullable) appendLevels(present, row, endRow, content)
    const dense = this.#dense
    if (this.#encoding === encodings.deltaBinaryPacked && dense.form === 'words') {
      endRow = endValue = appendDelta(dense.words, dense.perValue, value, endValue, this.#pageBytes, content)
    } else if (this.#dictionary !== undefined) {
      content.reserve(1)
      content.bytes[content.length++] = this.#indexBits
      appendHybrid(this.#dictionary.indexes, value, endValue, this.#indexBits, content)
    } else if (dense.form === 'words' && content.length === 0) {
      // As they lie there: nothing to put together.
      const { words, perValue } = dense
      const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
      const width = 4 * perValue
      const placed = this.#pages.write(
        pageTypes.data,
        encodings.plain,
        endRow - row,
        bytes,
        width * value,
        width * endValue,
      )
      return { placed, endRow, endValue }
    } else appendPlain(dense, value, endValue, content)
    return { placed: this.#pages.writeContent(pageTypes.data, this.#encoding, endRow - row), endRow, endValue }
  }

  /** Where the page ends that begins with a value: as many as it can hold up to `to`, one at least. */
  #end(value: number, to: number): number {
    const dense = this.#dense
    if (this.#encoding === encodings.deltaBinaryPacked || dense.form === 'flags') return to
    if (this.#dictionary !== undefined) {
      return Math.min(to, value + Math.floor((8 * this.#pageBytes) / Math.max(this.#indexBits, 1)))
    }
    if (dense.form === 'words') return Math.min(to, value + Math.floor(this.#pageBytes / (4 * dense.perValue)))
    const { offsets } = dense
    const bytesAt = (end: number) => offsets[end]! - offsets[value]! + 4 * (end - value)
    let low = value + 1
    let high = Math.max(to, low)
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (bytesAt(middle) <= this.#pageBytes) low = middle
      else high = middle - 1
    }
    return low
  }

  #endWithNulls(present: Uint8Array, row: number, rowEnd: number, value: number) {
    const { count } = this.#dense
    const valueEnd = value < count ? this.#end(value, Math.min(count, value + rowEnd - row)) : value
    let endRow = row
    let endValue = value
    while (endRow < rowEnd && endValue + present[endRow]! <= valueEnd) endValue += present[endRow++]!
    return { endRow, endValue }
  }

  #extremes(from: number, to: number): { readonly least: number; readonly greatest: number } | undefined {
    const found = this.#order.extremes(from, to)
    return found.least < 0 ? undefined : found
  }

  #bounds(found: { readonly least: number; readonly greatest: number } | undefined): Bounds | undefined {
    if (found === undefined) return undefined
    const isText = this.#column.type.kind !== 'binary'
    return {
      least: boundOf(this.#dense, found.least, 'least', isText),
      greatest: boundOf(this.#dense, found.greatest, 'greatest', isText),
    }
  }

  #boundaryOrder(pages: readonly { readonly least: number; readonly greatest: number }[]): number {
    const { compare } = this.#order
    const follows = (sign: 1 | -1) =>
      pages.every((page, i) => {
        const before = pages[i - 1]
        if (before === undefined) return true
        return (
          sign * compare(page.least, before.least) >= 0 && sign * compare(page.greatest, before.greatest) >= 0
        )
      })
    if (follows(1)) return boundaryOrders.ascending
    return follows(-1) ? boundaryOrders.descending : boundaryOrders.unordered
  }
}

/** Appends which rows have values: all, if `present` is not given. */
function appendLevels(present: Uint8Array | undefined, from: number, to: number, sink: ByteSink): void {
  const start = sink.reserve(4)
  sink.length += 4
  if (present !== undefined) appendHybrid(present, from, to, 1, sink)
  else {
    appendVarint(sink, (to - from) << 1)
    sink.append(Uint8Array.of(1))
  }
  sink.view.setUint32(start, sink.length - start - 4, true)
}

/** Appends values as they are. */
function appendPlain(dense: Dense, from: number, to: number, sink: ByteSink): void {
  if (dense.form === 'words') {
    const { words, perValue } = dense
    sink.append(
      new Uint8Array(words.buffer, words.byteOffset + 4 * perValue * from, 4 * perValue * (to - from)),
    )
  } else if (dense.form === 'bytes') appendPlainBytes(dense.values, dense.offsets, from, to, sink)
  else {
    const at = sink.reserve((to - from + 7) >>> 3)
    sink.length += (to - from + 7) >>> 3
    sink.bytes.fill(0, at, sink.length)
    for (let i = from; i < to; i++)
      sink.bytes[at + ((i - from) >>> 3)]! |= (dense.flags[i]! & 1) << ((i - from) & 7)
  }
}

/** Each a u32 length and its bytes. */
function appendPlainBytes(
  values: Uint8Array,
  offsets: Int32Array,
  from: number,
  to: number,
  sink: ByteSink,
): void {
  const source = new DataView(values.buffer, values.byteOffset, values.byteLength)
  let at = sink.reserve(offsets[to]! - offsets[from]! + 4 * (to - from) + 3) // whole words may run three bytes over
  const { bytes, view } = sink
  for (let i = from; i < to; i++) {
    let start = offsets[i]!
    const end = offsets[i + 1]!
    view.setUint32(at, end - start, true)
    at += 4
    if (end - start > 64) bytes.set(values.subarray(start, end), at)
    else if (end + 3 <= values.length) {
      for (let to = at; start < end; start += 4, to += 4) view.setInt32(to, source.getInt32(start, true), true)
    } else for (let to = at; start < end; ) bytes[to++] = values[start++]!
    at += end - offsets[i]!
  }
  sink.length = at
}
