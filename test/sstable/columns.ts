// Random columns of every type, for tests of decoders.

import { expect } from 'vitest'
import type { ColumnType } from '#src/format/column.js'
import { codecOf } from '#src/format/type-codec.js'
import { allocateValues, bytesVector, elementsPerRow, fixedVector, type Vector } from '#src/format/vector.js'
import type { ColumnSettings } from './pages.js'

/** How the values of a column are distributed. */
export type Shape = 'random' | 'few' | 'sorted' | 'runs' | 'extremes'
export type Nulls = 'none' | 'some' | 'runs' | 'all'

export const shapes: readonly Shape[] = ['random', 'few', 'sorted', 'runs', 'extremes']
export const nullings: readonly Nulls[] = ['none', 'some', 'runs', 'all']

function validity(rows: number, nulls: Nulls, random: () => number): Uint8Array | undefined {
  if (nulls === 'none') return undefined
  const valid = new Uint8Array(rows)
  if (nulls === 'some') for (let i = 0; i < rows; i++) valid[i] = Number(random() < 0.8)
  if (nulls === 'runs') for (let i = 0; i < rows; i++) valid[i] = Number(Math.floor(i / 700) % 2 === 0)
  return valid
}

/** Random bits per row in a shape: what integers are cut from. */
function bitsOf(rows: number, shape: Shape, random: () => number): BigInt64Array {
  const bits = new BigInt64Array(rows)
  const word = () => BigInt(Math.floor(random() * 2 ** 32))
  const wide = () => BigInt.asIntN(64, (word() << 32n) | word())
  const few = Array.from({ length: 5 }, wide)
  let last = -1_000_000n
  for (let i = 0; i < rows; i++) {
    if (shape === 'random') bits[i] = wide()
    else if (shape === 'few') bits[i] = few[Math.floor(random() * 5)]!
    else if (shape === 'runs') bits[i] = few[Math.floor(i / 300) % 5]!
    else if (shape === 'sorted') bits[i] = last += BigInt(Math.floor(random() * 2_000))
    else
      bits[i] = [-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 1n, 2n ** 31n, -(2n ** 31n) - 1n][
        Math.floor(random() * 7)
      ]!
  }
  return bits
}

function bytesOf(rows: number, shape: Shape, random: () => number, valid: Uint8Array | undefined): Vector {
  const few = ['', 'ATL', 'München', 'x'.repeat(300), '\u{1F600}']
  const texts = Array.from({ length: rows }, (_, i) => {
    if (valid !== undefined && valid[i] === 0) return ''
    if (shape === 'few') return few[Math.floor(random() * 5)]!
    if (shape === 'runs') return few[Math.floor(i / 300) % 5]!
    if (shape === 'sorted') return `user:${String(i * 37).padStart(10, '0')}`
    if (shape === 'extremes') return random() < 0.9 ? '' : 'y'.repeat(Math.floor(random() * 3_000))
    return Math.floor(random() * 2 ** 40)
      .toString(36)
      .repeat(Math.floor(random() * 6))
  })
  const pieces = texts.map((text) => Buffer.from(text))
  const offsets = new Int32Array(rows + 1)
  pieces.forEach((piece, i) => {
    offsets[i + 1] = offsets[i]! + piece.length
  })
  return bytesVector(new Uint8Array(Buffer.concat(pieces)), offsets, valid)
}

const float = { random: 1e9, few: 3, sorted: 1, runs: 2, extremes: 0 }

/** A column with values of a shape, null where `nulls` says so. */
export function vectorOf(
  type: ColumnType,
  rows: number,
  shape: Shape,
  nulls: Nulls,
  random: () => number,
): Vector {
  const { layout } = codecOf(type)
  const valid = validity(rows, nulls, random)
  if (layout === 'bytes') return bytesOf(rows, shape, random, valid)
  const values = allocateValues(layout, rows)
  const bits = bitsOf(rows, shape, random)
  const extremes = [Number.NaN, -0, Number.POSITIVE_INFINITY, Number.MIN_VALUE, Number.MAX_VALUE]
  const limit = 10n ** BigInt(type.precision ?? 1)
  for (let i = 0; i < rows; i++) {
    if (valid !== undefined && valid[i] === 0) continue
    if (values instanceof BigInt64Array) values[i] = bits[i]!
    else if (layout === 'bool') values[i] = Number(bits[i]! & 1n)
    else if (layout === 'float32' || layout === 'float64') {
      values[i] = shape === 'extremes' ? extremes[i % 5]! : Number(bits[i]! >> 20n) / float[shape]
    } else if (layout === 'int128') {
      const wide = ((bits[i]! << 64n) | BigInt.asUintN(64, bits[i]!)) % limit
      for (let word = 0; word < 4; word++) {
        values[4 * i + word] = Number(BigInt.asUintN(32, wide >> BigInt(32 * word)))
      }
    } else values[i] = Number(BigInt.asIntN(32, shape === 'extremes' ? bits[i]! >> 32n : bits[i]!))
  }
  return fixedVector(layout, values, valid)
}

/** A column type and the encodings in which files may hold it. */
export interface Case {
  readonly name: string
  readonly type: ColumnType
  readonly encodings: readonly NonNullable<ColumnSettings['encoding']>[]
  /** hyparquet gives the same values as we do, without converting them. */
  readonly comparable: boolean
}

const fixed = ['PLAIN', 'dictionary'] as const
const integers = ['PLAIN', 'dictionary', 'DELTA_BINARY_PACKED'] as const
const bytes = ['PLAIN', 'dictionary', 'DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY'] as const

export const cases: readonly Case[] = [
  { name: 'bool', type: { kind: 'bool' }, encodings: ['PLAIN', 'RLE'], comparable: true },
  { name: 'int8', type: { kind: 'int8' }, encodings: integers, comparable: true },
  { name: 'int16', type: { kind: 'int16' }, encodings: integers, comparable: true },
  { name: 'int32', type: { kind: 'int32' }, encodings: integers, comparable: true },
  { name: 'int64', type: { kind: 'int64' }, encodings: integers, comparable: true },
  { name: 'uint8', type: { kind: 'uint8' }, encodings: integers, comparable: true },
  { name: 'uint16', type: { kind: 'uint16' }, encodings: integers, comparable: true },
  { name: 'uint32', type: { kind: 'uint32' }, encodings: integers, comparable: false },
  { name: 'float32', type: { kind: 'float32' }, encodings: fixed, comparable: true },
  { name: 'float64', type: { kind: 'float64' }, encodings: fixed, comparable: true },
  { name: 'utf8', type: { kind: 'utf8' }, encodings: bytes, comparable: true },
  { name: 'binary', type: { kind: 'binary' }, encodings: bytes, comparable: true },
  { name: 'json', type: { kind: 'json' }, encodings: bytes, comparable: true },
  { name: 'date', type: { kind: 'date' }, encodings: integers, comparable: false },
  { name: 'timestamp ms', type: { kind: 'timestamp', unit: 'ms' }, encodings: integers, comparable: false },
  { name: 'timestamp us', type: { kind: 'timestamp', unit: 'us' }, encodings: integers, comparable: false },
  ...[5, 9, 10, 18, 19, 38].map((precision) => ({
    name: `decimal128(${precision})`,
    type: { kind: 'decimal128', precision, scale: 2 } as const,
    encodings: precision > 18 ? ([...fixed, 'DELTA_BYTE_ARRAY'] as const) : integers,
    comparable: false,
  })),
]

/** Checks that the arrays of a vector have the lengths that its rows ask for. */
export function sized(vector: Vector): void {
  const { layout, values, offsets, length, valid } = vector
  if (offsets === undefined) expect(values.length).toBe(length * elementsPerRow(layout))
  else expect(offsets.length).toBe(length + 1)
  if (valid !== undefined) expect(valid.length).toBe(length)
}
