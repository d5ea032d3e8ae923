// 64-bit integers: `bigint` values (int64, microseconds) and `Date`s (milliseconds).
//
// Moving bytes goes by 32-bit halves: a bigint per value would cost an allocation.

import type { ByteSink } from '../../util/byte-sink.js'
import { fixedVector, type Vector } from '../vector.js'
import { millisecondsOf, type TypeCodec, viewOf } from './codec.js'

const signBit = 0x8000_0000
const twoTo32 = 2 ** 32

/** Both halves of each value of an int64 vector: low at 2i, high at 2i + 1 (x64 and arm64 are little-endian). */
export function halvesOf(values: BigInt64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2)
}

function appendKey(sink: ByteSink, high: number, low: number): void {
  const at = sink.reserve(8)
  sink.view.setInt32(at, high ^ signBit)
  sink.view.setInt32(at + 4, low)
  sink.length = at + 8
}

function storeRow(view: DataView, at: number, high: number, low: number): void {
  view.setInt32(at, low, true)
  view.setInt32(at + 4, high, true)
}

const columnar = {
  layout: 'int64',
  rowBytes: 8,
  fromRows(bytes: Uint8Array, starts: Uint32Array, _ends: Uint32Array, valid: Uint8Array | undefined): Vector {
    const view = viewOf(bytes)
    const values = new BigInt64Array(starts.length)
    const halves = halvesOf(values)
    for (let row = 0; row < starts.length; row++) {
      if (valid !== undefined && valid[row] === 0) continue
      const at = starts[row]!
      halves[2 * row] = view.getInt32(at, true)
      halves[2 * row + 1] = view.getInt32(at + 4, true)
    }
    return fixedVector('int64', values, valid)
  },
  fromKeys(bytes: Uint8Array, positions: Uint32Array): Vector {
    const view = viewOf(bytes)
    const values = new BigInt64Array(positions.length)
    const halves = halvesOf(values)
    for (let row = 0; row < positions.length; row++) {
      const at = positions[row]!
      halves[2 * row] = view.getInt32(at + 4)
      halves[2 * row + 1] = view.getInt32(at) ^ signBit
      positions[row] = at + 8
    }
    return fixedVector('int64', values)
  },
  vectorToKey(sink: ByteSink, vector: Vector, i: number): void {
    const halves = halvesOf(vector.values as BigInt64Array)
    appendKey(sink, halves[2 * i + 1]!, halves[2 * i]!)
  },
  vectorToRow(sink: ByteSink, at: number, vector: Vector, i: number): void {
    sink.view.setBigInt64(at, vector.values[i] as bigint, true)
  },
} as const

function isInt64(value: unknown): value is bigint {
  return typeof value === 'bigint' && BigInt.asIntN(64, value) === value
}

/** int64 and timestamp('us'). */
export const bigintCodec: TypeCodec = {
  ...columnar,
  expects: 'a bigint of 64 bits',
  writeRow(sink, at, value) {
    if (!isInt64(value)) return false
    sink.view.setBigInt64(at, value, true)
    return true
  },
  writeKey(sink, value) {
    if (!isInt64(value)) return false
    appendKey(sink, Number(value >> 32n), Number(BigInt.asIntN(32, value)))
    return true
  },
  value: (vector, i) => vector.values[i],
}

/** The number in an int64 vector, exact within ±2^53. */
export function numberAt(vector: Vector, i: number): number {
  const { buffer, byteOffset } = vector.values as BigInt64Array
  const halves = new Int32Array(buffer, byteOffset + 8 * i, 2)
  return halves[1]! * twoTo32 + (halves[0]! >>> 0)
}

/** timestamp('ms'). */
export const timestampCodec: TypeCodec = {
  ...columnar,
  expects: 'a valid Date',
  writeRow(sink, at, value) {
    const milliseconds = millisecondsOf(value)
    if (Number.isNaN(milliseconds)) return false
    storeRow(sink.view, at, Math.floor(milliseconds / twoTo32), milliseconds | 0)
    return true
  },
  writeKey(sink, value) {
    const milliseconds = millisecondsOf(value)
    if (Number.isNaN(milliseconds)) return false
    appendKey(sink, Math.floor(milliseconds / twoTo32), milliseconds | 0)
    return true
  },
  value: (vector, i) => new Date(Number(vector.values[i])),
}
