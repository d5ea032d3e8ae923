// Booleans, integers and floats.

import { type DataType, type Int, Precision, DataType as Types } from 'apache-arrow'
import { halvesOf } from '../format/codecs/int64.js'
import type { Kind } from '../format/column.js'
import { allocateValues, fixedVector, type Layout } from '../format/vector.js'
import { type Converter, eachPiece } from './converted.js'

const twoTo32 = 2 ** 32

type Numbers =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array

export const boolConverter: Converter = ({ data, rows, valid }) => {
  const values = new Uint8Array(rows)
  eachPiece(data, (piece, at) => {
    const bits = piece.values as Uint8Array
    for (let i = 0; i < piece.length; i++) values[at + i] = (bits[i >> 3]! >> (i & 7)) & 1
  })
  if (valid !== undefined) for (let row = 0; row < rows; row++) values[row]! &= valid[row]!
  return fixedVector('bool', values, valid)
}

/** Least and greatest value of an integer kind of up to 32 bits. */
function rangeOf(kind: Kind): readonly [number, number] {
  const signed = kind.startsWith('int')
  const bits = Number(kind.slice(signed ? 3 : 4))
  return signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1]
}

export function integerConverter(from: Int, kind: Kind): Converter {
  if (kind === 'int64') return from.bitWidth === 64 ? wideToWide(from.isSigned) : narrowToWide
  const layout = kind as Layout
  const [least, most] = rangeOf(kind)
  return from.bitWidth === 64
    ? wideToNarrow(layout, least, most, from.isSigned)
    : narrowToNarrow(layout, least, most)
}

const narrowToNarrow =
  (layout: Layout, least: number, most: number): Converter =>
  ({ data, rows, valid }, refuse) => {
    const values = allocateValues(layout, rows) as Numbers
    eachPiece(data, (piece, at) => {
      const source = piece.values as Numbers
      for (let i = 0; i < piece.length; i++) {
        if (valid !== undefined && valid[at + i] === 0) continue
        const value = source[i]!
        if (value < least || value > most) refuse(at + i, `${value} is not from ${least} to ${most}`)
        values[at + i] = value
      }
    })
    return fixedVector(layout, values, valid)
  }

const wideToNarrow =
  (layout: Layout, least: number, most: number, signed: boolean): Converter =>
  ({ data, rows, valid }, refuse) => {
    const values = allocateValues(layout, rows) as Numbers
    eachPiece(data, (piece, at) => {
      const halves = halvesOf(piece.values as BigInt64Array)
      for (let i = 0; i < piece.length; i++) {
        if (valid !== undefined && valid[at + i] === 0) continue
        const high = halves[2 * i + 1]!
        // Inexact beyond 2 ** 53, but then out of any range all the same.
        const value = (signed ? high : high >>> 0) * twoTo32 + (halves[2 * i]! >>> 0)
        if (value < least || value > most) {
          refuse(at + i, `${(piece.values as BigInt64Array)[i]} is not from ${least} to ${most}`)
        }
        values[at + i] = value
      }
    })
    return fixedVector(layout, values, valid)
  }

const narrowToWide: Converter = ({ data, rows, valid }) => {
  const values = new BigInt64Array(rows)
  const halves = halvesOf(values)
  eachPiece(data, (piece, at) => {
    const source = piece.values as Numbers
    for (let i = 0; i < piece.length; i++) {
      if (valid !== undefined && valid[at + i] === 0) continue
      const value = source[i]!
      halves[2 * (at + i)] = value
      halves[2 * (at + i) + 1] = value < 0 ? -1 : 0
    }
  })
  return fixedVector('int64', values, valid)
}

const wideToWide =
  (signed: boolean): Converter =>
  ({ data, rows, valid }, refuse) => {
    const values = new BigInt64Array(rows)
    eachPiece(data, (piece, at) => {
      const source = piece.values as BigInt64Array
      values.set(new BigInt64Array(source.buffer, source.byteOffset, piece.length), at)
    })
    const halves = halvesOf(values)
    for (let row = 0; row < rows; row++) {
      if (valid !== undefined && valid[row] === 0) values[row] = 0n
      else if (!signed && halves[2 * row + 1]! < 0) {
        refuse(row, `${BigInt.asUintN(64, values[row]!)} is greater than 9223372036854775807`)
      }
    }
    return fixedVector('int64', values, valid)
  }

/** Bits of the integers that a float holds without loss. */
const mantissaBits = { float32: 24, float64: 53 }

export function floatConverter(from: DataType, kind: 'float32' | 'float64'): Converter | undefined {
  if (Types.isInt(from)) return from.bitWidth < mantissaBits[kind] ? toFloat(kind, false) : undefined
  if (!Types.isFloat(from)) return undefined
  if (from.precision === Precision.HALF) return fromHalf(kind)
  return toFloat(kind, kind === 'float32' && from.precision === Precision.DOUBLE)
}

const toFloat =
  (kind: 'float32' | 'float64', check: boolean): Converter =>
  ({ data, rows, valid }, refuse) => {
    const values = allocateValues(kind, rows) as Float32Array | Float64Array
    eachPiece(data, (piece, at) => {
      const source = piece.values as Numbers
      for (let i = 0; i < piece.length; i++) {
        if (valid !== undefined && valid[at + i] === 0) continue
        const value = source[i]!
        if (check && Math.fround(value) !== value && !Number.isNaN(value)) {
          refuse(at + i, `${value} is no 32-bit float`)
        }
        values[at + i] = value
      }
    })
    return fixedVector(kind, values, valid)
  }

/** 16-bit floats, which Arrow leaves as bits: a sign, five bits of exponent, ten of fraction. */
const fromHalf =
  (kind: 'float32' | 'float64'): Converter =>
  ({ data, rows, valid }) => {
    const values = allocateValues(kind, rows) as Float32Array | Float64Array
    eachPiece(data, (piece, at) => {
      const source = piece.values as Uint16Array
      for (let i = 0; i < piece.length; i++) {
        if (valid === undefined || valid[at + i] === 1) values[at + i] = halfToNumber(source[i]!)
      }
    })
    return fixedVector(kind, values, valid)
  }

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN
  if (exponent === 0) return sign * fraction * 2 ** -24
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}
