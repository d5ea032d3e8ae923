// bool, the integers up to 32 bits, dates and floats.
//
// Keys: big-endian, the sign bit of signed integers flipped, so that negative values sort first.

import type { ByteSink } from '../../util/byte-sink.js'
import { allocateValues, fixedVector, type Layout, type Vector } from '../vector.js'
import { millisecondsOf, type TypeCodec, viewOf } from './codec.js'

const millisecondsPerDay = 86_400_000

export type IntegerKind = 'int8' | 'int16' | 'int32' | 'uint8' | 'uint16' | 'uint32'

/** Stores the low `width` bytes of an integer, least significant first. */
function storeLittle(bytes: Uint8Array, at: number, value: number, width: number): void {
  for (let i = 0; i < width; i++) bytes[at + i] = value >>> (8 * i)
}

function appendBig(sink: ByteSink, value: number, width: number): void {
  const at = sink.reserve(width)
  for (let i = 0; i < width; i++) sink.bytes[at + i] = value >>> (8 * (width - 1 - i))
  sink.length = at + width
}

/** A codec over numbers that are integers of `width` bytes in memory; `toNumber` refuses by returning NaN. */
function numberCodec(
  layout: Layout,
  width: 1 | 2 | 4,
  signed: boolean,
  expects: string,
  toNumber: (value: unknown) => number,
  fromNumber: (value: number) => unknown,
): TypeCodec {
  const flip = signed ? (width === 4 ? 0x8000_0000 : 1 << (8 * width - 1)) : 0
  // Shifting left and back leaves a signed number for signed types and an unsigned one for the others.
  const unused = 32 - 8 * width
  return {
    layout,
    rowBytes: width,
    expects,
    writeRow(sink, at, value) {
      const number = toNumber(value)
      if (Number.isNaN(number)) return false
      storeLittle(sink.bytes, at, number, width)
      return true
    },
    writeKey(sink, value) {
      const number = toNumber(value)
      if (Number.isNaN(number)) return false
      appendBig(sink, number ^ flip, width)
      return true
    },
    fromRows(bytes, starts, _ends, valid) {
      const values = allocateValues(layout, starts.length)
      for (let row = 0; row < starts.length; row++) {
        if (valid !== undefined && valid[row] === 0) continue
        const at = starts[row]!
        let number = bytes[at]!
        if (width > 1) number |= bytes[at + 1]! << 8
        if (width > 2) number |= (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
        values[row] = number // the typed array keeps the low bits and gives them their sign
      }
      return fixedVector(layout, values, valid)
    },
    fromKeys(bytes, positions) {
      const values = allocateValues(layout, positions.length)
      for (let row = 0; row < positions.length; row++) {
        const at = positions[row]!
        let number = 0
        for (let i = 0; i < width; i++) number = (number << 8) | bytes[at + i]!
        values[row] = number ^ flip
        positions[row] = at + width
      }
      return fixedVector(layout, values)
    },
    vectorToKey(sink, vector, i) {
      appendBig(sink, (vector.values[i] as number) ^ flip, width)
    },
    vectorToRow(sink, at, vector, i) {
      storeLittle(sink.bytes, at, vector.values[i] as number, width)
    },
    value(vector, i) {
      const number = vector.values[i] as number
      return fromNumber(signed ? (number << unused) >> unused : number >>> 0)
    },
  }
}

function integer(kind: IntegerKind): TypeCodec {
  const signed = kind.startsWith('int')
  const bits = Number(kind.slice(signed ? 3 : 4))
  const min = signed ? -(2 ** (bits - 1)) : 0
  const max = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1
  const toNumber = (value: unknown) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : Number.NaN
  return numberCodec(
    kind,
    (bits / 8) as 1 | 2 | 4,
    signed,
    `an integer from ${min} to ${max}`,
    toNumber,
    (n) => n,
  )
}

const integers = {
  int8: integer('int8'),
  int16: integer('int16'),
  int32: integer('int32'),
  uint8: integer('uint8'),
  uint16: integer('uint16'),
  uint32: integer('uint32'),
}

export function integerCodec(kind: IntegerKind): TypeCodec {
  return integers[kind]
}

export const boolCodec: TypeCodec = numberCodec(
  'bool',
  1,
  false,
  'true or false',
  (value) => (value === true ? 1 : value === false ? 0 : Number.NaN),
  (number) => number === 1,
)

/** Days since 1970-01-01. */
function daysOf(value: unknown): number {
  const days = millisecondsOf(value) / millisecondsPerDay
  return Number.isInteger(days) ? days : Number.NaN // every Date is within ±100,000,000 days
}

export const dateCodec: TypeCodec = numberCodec(
  'int32',
  4,
  true,
  'a Date at midnight UTC',
  daysOf,
  (days) => new Date(days * millisecondsPerDay),
)

function float(kind: 'float32' | 'float64'): TypeCodec {
  const width = kind === 'float32' ? 4 : 8
  const store = (view: DataView, at: number, number: number) =>
    width === 4 ? view.setFloat32(at, number, true) : view.setFloat64(at, number, true)
  return {
    layout: kind,
    rowBytes: width,
    expects: 'a number',
    writeRow(sink, at, value) {
      if (typeof value !== 'number') return false
      store(sink.view, at, value)
      return true
    },
    writeKey: () => false,
    fromRows(bytes, starts, _ends, valid) {
      const view = viewOf(bytes)
      const values = width === 4 ? new Float32Array(starts.length) : new Float64Array(starts.length)
      for (let row = 0; row < starts.length; row++) {
        if (valid !== undefined && valid[row] === 0) continue
        values[row] = width === 4 ? view.getFloat32(starts[row]!, true) : view.getFloat64(starts[row]!, true)
      }
      return fixedVector(kind, values, valid)
    },
    fromKeys: (): Vector => {
      throw new TypeError('floats are not keys')
    },
    vectorToKey() {
      throw new TypeError('floats are not keys')
    },
    vectorToRow(sink, at, vector, i) {
      store(sink.view, at, vector.values[i] as number)
    },
    value: (vector, i) => vector.values[i],
  }
}

const floats = { float32: float('float32'), float64: float('float64') }

export function floatCodec(kind: 'float32' | 'float64'): TypeCodec {
  return floats[kind]
}
