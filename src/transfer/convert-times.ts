// Dates and timestamps. 64-bit values are handled as two halves: a bigint per value would cost an allocation.

import { type Data, type DataType, DateUnit, type Time, TimeUnit, DataType as Types } from 'apache-arrow'
import { halvesOf } from '../format/codecs/int64.js'
import { fixedVector } from '../format/vector.js'
import { type Converter, eachPiece } from './converted.js'

const twoTo32 = 2 ** 32
const millisecondsPerDay = 86_400_000
/** What a JavaScript Date can hold, either side of 1970. */
const dateMilliseconds = 8_640_000_000_000_000

/** Reads row `i` of a piece in milliseconds; NaN: it is no whole number of them. */
type ReadMilliseconds = (piece: Data) => (i: number) => number

const perMillisecond: { readonly [unit: number]: number } = {
  [TimeUnit.MICROSECOND]: 1_000,
  [TimeUnit.NANOSECOND]: 1_000_000,
}

function halvesOfPiece(piece: Data): Int32Array {
  const { buffer, byteOffset } = piece.values as BigInt64Array
  return new Int32Array(buffer, byteOffset, piece.length * 2)
}

/** 64-bit integers times `factor`. */
const multiplied =
  (factor: number): ReadMilliseconds =>
  (piece) => {
    const halves = halvesOfPiece(piece)
    // Inexact beyond 2 ** 53, but then no Date.
    return (i) => (halves[2 * i + 1]! * twoTo32 + (halves[2 * i]! >>> 0)) * factor
  }

/**
 * 64-bit integers divided by `divisor`, exactly: the high half first, its remainder before the low half. All
 * intermediate results are below 2 ** 53.
 */
const divided =
  (divisor: number): ReadMilliseconds =>
  (piece) => {
    const halves = halvesOfPiece(piece)
    return (i) => {
      const high = halves[2 * i + 1]!
      const quotient = Math.floor(high / divisor)
      const rest = (high - quotient * divisor) * twoTo32 + (halves[2 * i]! >>> 0)
      return rest % divisor === 0 ? quotient * twoTo32 + rest / divisor : Number.NaN
    }
  }

const days: ReadMilliseconds = (piece) => {
  const values = piece.values as Int32Array
  return (i) => values[i]! * millisecondsPerDay
}

function readerOf(from: DataType): ReadMilliseconds | undefined {
  if (Types.isDate(from)) return from.unit === DateUnit.DAY ? days : multiplied(1)
  if (!Types.isTimestamp(from)) return undefined
  const divisor = perMillisecond[from.unit]
  if (divisor !== undefined) return divided(divisor)
  return multiplied(from.unit === TimeUnit.SECOND ? 1_000 : 1)
}

/** Converts by way of milliseconds that a Date can hold. `store` returns what is wrong with a value, if something is. */
function converter(
  from: DataType,
  make: (rows: number) => BigInt64Array | Int32Array,
  store: (into: BigInt64Array | Int32Array) => (row: number, milliseconds: number) => string | undefined,
): Converter | undefined {
  const reader = readerOf(from)
  if (reader === undefined) return undefined
  return ({ data, rows, valid }, refuse) => {
    const values = make(rows)
    const put = store(values)
    eachPiece(data, (piece, at) => {
      const read = reader(piece)
      for (let i = 0; i < piece.length; i++) {
        const row = at + i
        if (valid !== undefined && valid[row] === 0) continue
        const milliseconds = read(i)
        if (Number.isNaN(milliseconds)) refuse(row, `${piece.values[i]} is no whole number of milliseconds`)
        if (Math.abs(milliseconds) > dateMilliseconds)
          refuse(row, `${piece.values[i]} is beyond what a Date can hold`)
        const wrong = put(row, milliseconds)
        if (wrong !== undefined) refuse(row, wrong)
      }
    })
    return fixedVector(values instanceof Int32Array ? 'int32' : 'int64', values, valid)
  }
}

/** To timestamp('ms'). */
export function millisecondConverter(from: DataType): Converter | undefined {
  return converter(
    from,
    (rows) => new BigInt64Array(rows),
    (into) => {
      const halves = halvesOf(into as BigInt64Array)
      return (row, milliseconds) => {
        halves[2 * row] = milliseconds
        halves[2 * row + 1] = Math.floor(milliseconds / twoTo32)
        return undefined
      }
    },
  )
}

/** To date. */
export function dateConverter(from: DataType): Converter | undefined {
  return converter(
    from,
    (rows) => new Int32Array(rows),
    (into) => (row, milliseconds) => {
      if (milliseconds % millisecondsPerDay !== 0)
        return `${new Date(milliseconds).toISOString()} is not midnight UTC`
      into[row] = milliseconds / millisecondsPerDay
      return undefined
    },
  )
}

/** To timestamp('us'). */
export function microsecondConverter(from: DataType): Converter | undefined {
  if (Types.isTimestamp(from) && from.unit === TimeUnit.MICROSECOND) return copied
  if (Types.isTimestamp(from) && from.unit === TimeUnit.NANOSECOND) return nanoseconds
  return converter(
    from,
    (rows) => new BigInt64Array(rows),
    (into) => (row, milliseconds) => {
      into[row] = BigInt(milliseconds) * 1_000n
      return undefined
    },
  )
}

const copied: Converter = ({ data, rows, valid }) => {
  const values = new BigInt64Array(rows)
  eachPiece(data, (piece, at) => values.set((piece.values as BigInt64Array).subarray(0, piece.length), at))
  if (valid !== undefined) for (let row = 0; row < rows; row++) if (valid[row] === 0) values[row] = 0n
  return fixedVector('int64', values, valid)
}

const nanoseconds: Converter = ({ data, rows, valid }, refuse) => {
  const values = new BigInt64Array(rows)
  eachPiece(data, (piece, at) => {
    for (let i = 0; i < piece.length; i++) {
      if (valid !== undefined && valid[at + i] === 0) continue
      const value = (piece.values as BigInt64Array)[i]!
      if (value % 1_000n !== 0n) refuse(at + i, `${value} ns is no whole number of microseconds`)
      values[at + i] = value / 1_000n
    }
  })
  return fixedVector('int64', values, valid)
}

const perMicrosecond: { readonly [unit: number]: bigint } = {
  [TimeUnit.SECOND]: 1_000_000n,
  [TimeUnit.MILLISECOND]: 1_000n,
  [TimeUnit.MICROSECOND]: 1n,
}

/** Times of day to int64: microseconds since midnight. */
export function timeOfDayConverter(from: Time): Converter {
  const factor = perMicrosecond[from.unit]
  return ({ data, rows, valid }, refuse) => {
    const values = new BigInt64Array(rows)
    eachPiece(data, (piece, at) => {
      for (let i = 0; i < piece.length; i++) {
        if (valid !== undefined && valid[at + i] === 0) continue
        const value = BigInt(piece.values[i] as number | bigint)
        if (factor === undefined && value % 1_000n !== 0n)
          refuse(at + i, `${value} ns is no whole number of microseconds`)
        values[at + i] = factor === undefined ? value / 1_000n : value * factor
      }
    })
    return fixedVector('int64', values, valid)
  }
}
