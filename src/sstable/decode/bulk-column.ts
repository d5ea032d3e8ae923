// The pages of a column one behind the other in a single vector. What merges mostly read, plain values without nulls, is
// decoded right to its place; all else becomes a vector of its own and is copied: the plain version of the same.

import { allocateOffsets, allocateValues, bytesVector, elementsPerRow, fixedVector, type Layout, type Values, type Vector } from '../../format/vector.js' // biome-ignore format: a list
import { assert } from '../../util/assert.js'
import type { BufferPool } from '../../util/buffer-pool.js'
import { CopyTarget, copyLiteral } from './copies.js'
import { contentOf, decodeDataPage, located, type PageColumn, type StoredPage } from './page.js'
import { damaged } from './page-damage.js'
import { encodings, physicalTypes } from './values.js'

/** Layouts that plain pages hold as they are, and the physical type of those. */
const plainTypes: Partial<Record<Layout, number>> = {
  int32: physicalTypes.int32,
  int64: physicalTypes.int64,
  float32: physicalTypes.float,
  float64: physicalTypes.double,
}

/** Collects `rows` rows of one column. */
export class BulkColumn {
  readonly #column: PageColumn
  readonly #rows: number
  readonly #pool: BufferPool | undefined
  /** Fixed layouts: all values. */
  readonly #values: Values
  /** Layout `bytes`: the values so far, and where each ends. */
  #target = new CopyTarget(0)
  readonly #offsets: Int32Array
  #valid: Uint8Array | undefined
  /** Rows so far. */
  #at = 0

  /** `pool`: where the memory comes from. */
  constructor(column: PageColumn, rows: number, pool?: BufferPool) {
    const isBytes = column.layout === 'bytes'
    this.#column = column
    this.#rows = rows
    this.#pool = pool
    this.#values = isBytes ? new Uint8Array(0) : allocateValues(column.layout, rows, pool)
    this.#offsets = isBytes ? allocateOffsets(rows, pool) : new Int32Array(0)
  }

  /** Adds all rows of a page. Throws as `decodeDataPage` does. Requires: there is room for its `rows` rows. */
  addPage(page: StoredPage, rows: number, dictionary: Vector | undefined): void {
    const column = this.#column
    const { kind, encoding, values } = page.header
    const isPlain = kind === 'data' && encoding === encodings.plain && !column.optional && values === rows
    if (isPlain && column.layout === 'bytes' && column.physicalType === physicalTypes.byteArray) {
      located(page.file, page.offset, () => this.#addPlainBytes(contentOf(page, column, rows).values, rows))
    } else if (isPlain && plainTypes[column.layout] === column.physicalType) {
      located(page.file, page.offset, () => this.#addPlain(contentOf(page, column, rows).values, rows))
    } else this.add(decodeDataPage(page, column, rows, dictionary))
  }

  /** Adds the rows of a vector of the column's layout. Requires: there is room for them. */
  add(vector: Vector): void {
    const { length, offsets, valid } = vector
    const at = this.#at
    assert(at + length <= this.#rows, 'a column has room for its rows')
    if (valid !== undefined) {
      this.#valid ??= new Uint8Array(this.#rows).fill(1)
      this.#valid.set(valid, at)
    }
    if (offsets === undefined) {
      const values = this.#values as Uint8Array // one layout, one class of array; the union is what the compiler sees
      values.set(vector.values as Uint8Array, at * elementsPerRow(vector.layout))
    } else {
      const first = offsets[0]!
      const end = this.#offsets[at]!
      const bytes = (vector.values as Uint8Array).subarray(first, offsets[length]!)
      this.#reserve(bytes.length, length)
      this.#target.bytes.set(bytes, end)
      for (let i = 1; i <= length; i++) this.#offsets[at + i] = offsets[i]! - first + end
    }
    this.#at = at + length
  }

  /** The column. Requires: all rows were added. */
  finish(): Vector {
    assert(this.#at === this.#rows, 'a column has all its rows')
    const { layout } = this.#column
    if (layout !== 'bytes') return fixedVector(layout, this.#values, this.#valid)
    const values = this.#target.bytes.subarray(0, this.#offsets[this.#rows]!)
    return bytesVector(values, this.#offsets, this.#valid)
  }

  #addPlain(content: Uint8Array, rows: number): void {
    const { buffer, BYTES_PER_ELEMENT: width } = this.#values
    if (content.length < rows * width) damaged('the page ends within its values')
    new Uint8Array(buffer, this.#at * width, rows * width).set(content.subarray(0, rows * width))
    this.#at += rows
  }

  /** Values that are each a u32 length and their bytes. */
  #addPlainBytes(content: Uint8Array, rows: number): void {
    const view = new DataView(content.buffer, content.byteOffset, content.length)
    const offsets = this.#offsets
    this.#reserve(content.length, rows)
    const target = this.#target
    let to = offsets[this.#at]!
    let from = 0
    for (let row = this.#at + 1, end = this.#at + rows; row <= end; row++) {
      if (from + 4 > content.length) damaged('the page ends within its values')
      const length = view.getUint32(from, true)
      from += 4
      if (length > content.length - from) damaged('the page ends within its values')
      copyLiteral(content, view, from, target, to, length)
      from += length
      to += length
      offsets[row] = to
    }
    this.#at += rows
  }

  /** Makes room for `bytes` more, and for as many in proportion for all rows that are still to come after these `rows`. */
  #reserve(bytes: number, rows: number): void {
    const used = this.#offsets[this.#at]!
    if (used + bytes <= this.#target.size) return
    const left = this.#rows - this.#at
    const size = used + Math.max(bytes, Math.ceil((bytes / Math.max(rows, 1)) * left * 1.05))
    assert(used + bytes < 2 ** 31, 'a vector holds less than 2 GiB')
    const target = new CopyTarget(Math.min(size, 2 ** 31 - 8), this.#pool)
    target.bytes.set(this.#target.bytes.subarray(0, used))
    this.#pool?.give(this.#target.bytes.buffer)
    this.#target = target
  }
}
