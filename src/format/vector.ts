// One column of a batch: typed arrays in Apache Arrow's layouts, but for flags, which take a byte a row here so that
// slices are views and gathers are plain stores. Everything between memtable, SSTable and caller moves as vectors.

import type { BufferPool } from '../util/buffer-pool.js'

/** How a column's values lie in memory. Several column kinds share one layout (a `date` is an `int32` of days). */
export type Layout =
  | 'bool' // Uint8Array, 0 or 1
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64' // BigInt64Array
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'float32'
  | 'float64'
  | 'int128' // Uint32Array, four words a row, least significant first, two's complement
  | 'bytes' // Uint8Array of all values end to end, with Int32Array offsets

export type Values =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | Float32Array
  | Float64Array

/**
 * A column of `length` rows. Never changed after it was made.
 *
 * 1. Fixed layouts: `values` holds one element a row (`int128`: four). `offsets` is undefined.
 * 2. `bytes`: row i is `values[offsets[i] .. offsets[i + 1]]`; `offsets` has `length + 1` elements and may start above 0.
 * 3. `valid`: one byte a row, 1 = present, 0 = null; undefined: no nulls. A null row's value is zero or empty.
 */
export interface Vector {
  readonly layout: Layout
  readonly length: number
  readonly values: Values
  readonly offsets: Int32Array | undefined
  readonly valid: Uint8Array | undefined
}

/** Typed-array elements per row of a fixed layout. */
export function elementsPerRow(layout: Layout): number {
  return layout === 'int128' ? 4 : 1
}

const arrays = {
  bool: Uint8Array,
  uint8: Uint8Array,
  bytes: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
  int128: Uint32Array,
} as const satisfies Record<Layout, unknown>

/** An array for `rows` rows of a fixed layout: of zeros, but of anything in memory from a pool. */
export function allocateValues(layout: Layout, rows: number, pool?: BufferPool): Values {
  const Values = arrays[layout]
  const elements = rows * elementsPerRow(layout)
  if (pool === undefined) return new Values(elements)
  return new Values(pool.take(elements * Values.BYTES_PER_ELEMENT), 0, elements)
}

/** An array for the offsets of `rows` values of the layout `bytes`; the first is 0. */
export function allocateOffsets(rows: number, pool: BufferPool | undefined): Int32Array {
  if (pool === undefined) return new Int32Array(rows + 1)
  const offsets = new Int32Array(pool.take(4 * (rows + 1)), 0, rows + 1)
  offsets[0] = 0
  return offsets
}

/** Gives back what vectors took from a pool. Requires: nobody reads them any more, nor what shares their memory. */
export function recycleVectors(vectors: readonly Vector[], pool: BufferPool): void {
  for (const { values, offsets } of vectors) {
    pool.give(values.buffer)
    if (offsets !== undefined) pool.give(offsets.buffer)
  }
}

export function fixedVector(layout: Layout, values: Values, valid?: Uint8Array): Vector {
  return { layout, length: values.length / elementsPerRow(layout), values, offsets: undefined, valid }
}

export function bytesVector(values: Uint8Array, offsets: Int32Array, valid?: Uint8Array): Vector {
  return { layout: 'bytes', length: offsets.length - 1, values, offsets, valid }
}

/** A column of nulls: what a file says of a column that was added after it was written. */
export function nullVector(layout: Layout, length: number): Vector {
  const valid = new Uint8Array(length)
  if (layout === 'bytes') return bytesVector(new Uint8Array(0), new Int32Array(length + 1), valid)
  return { layout, length, values: allocateValues(layout, length), offsets: undefined, valid }
}

/** Rows `from` to `to` as a view over the same memory. */
export function sliceVector(vector: Vector, from: number, to: number): Vector {
  if (from === 0 && to === vector.length) return vector
  const valid = vector.valid?.subarray(from, to)
  if (vector.offsets !== undefined) {
    return {
      layout: 'bytes',
      length: to - from,
      values: vector.values,
      offsets: vector.offsets.subarray(from, to + 1),
      valid,
    }
  }
  const per = elementsPerRow(vector.layout)
  const values = vector.values.subarray(from * per, to * per)
  return { layout: vector.layout, length: to - from, values, offsets: undefined, valid }
}

/** Bytes of memory that the rows of this vector occupy: what caches and budgets count. */
export function vectorBytes(vector: Vector): number {
  const { offsets, values, valid, length } = vector
  const own = offsets === undefined ? values.byteLength : offsets[length]! - offsets[0]! + offsets.byteLength
  return own + (valid?.byteLength ?? 0)
}

/** Copies `count` bytes. Short copies in a loop: `set` with a view costs about 50 ns before the first byte. */
export function copyBytes(from: Uint8Array, start: number, to: Uint8Array, at: number, count: number): void {
  if (count > 40) {
    to.set(from.subarray(start, start + count), at)
    return
  }
  for (let i = 0; i < count; i++) to[at + i] = from[start + i]!
}
