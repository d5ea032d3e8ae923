// Which types become which, and that no value is changed on the way.

import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  DateMillisecond,
  Decimal,
  Dictionary,
  FixedSizeBinary,
  Float16,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  LargeUtf8,
  makeData,
  TimeMicrosecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import type { ColumnType } from '#src/format/column.js'
import { codecOf } from '#src/format/type-codec.js'
import type { Vector } from '#src/format/vector.js'
import { converterOf } from '#src/transfer/convert.js'
import { piecesOf } from '#src/transfer/converted.js'

class Refused extends Error {}

/** What values of an Arrow type become, as JavaScript values of the table's type; refused: where and why. */
function convert(from: DataType, values: readonly unknown[], to: ColumnType): unknown {
  const converter = converterOf(from, to)
  if (converter === undefined) return 'impossible'
  // In two pieces, as larger row groups come.
  const pieces = [values.slice(0, 1), values.slice(1)].filter((part) => part.length > 0)
  const data = pieces.flatMap((part) => [...dataOf(from, part)])
  try {
    return valuesOf(
      converter(piecesOf(data), (row, what) => {
        throw new Refused(`${row}: ${what}`)
      }),
      to,
    )
  } catch (error) {
    if (error instanceof Refused) return error.message
    throw error
  }
}

function dataOf(type: DataType, values: readonly unknown[]) {
  return (type as Int64).bitWidth === 64 || isTime(type)
    ? [wide(type, values)]
    : vectorFromArray([...values], type).data
}

function isTime(type: DataType): boolean {
  return /Timestamp|Date64/.test(`${type}`)
}

/** 64-bit values from bigints and null: Arrow's own builders go by numbers. */
function wide(type: DataType, values: readonly unknown[]) {
  const data = new BigInt64Array(values.map((value) => BigInt.asIntN(64, (value as bigint | null) ?? 77n)))
  const nulls = values.filter((value) => value === null).length
  const nullBitmap = new Uint8Array((values.length + 7) >> 3)
  values.forEach((value, i) => {
    if (value !== null) nullBitmap[i >> 3]! |= 1 << (i & 7)
  })
  return makeData({ type: type as Int64, length: values.length, nullCount: nulls, nullBitmap, data })
}

function valuesOf(vector: Vector, type: ColumnType): unknown[] {
  const codec = codecOf(type)
  expect(vector.layout).toBe(codec.layout)
  return Array.from({ length: vector.length }, (_, i) => {
    if (vector.valid === undefined || vector.valid[i] === 1) return codec.value(vector, i)
    if (vector.offsets !== undefined) expect(vector.offsets[i + 1]).toBe(vector.offsets[i])
    else if (vector.layout !== 'int128') expect(Number(vector.values[i])).toBe(0)
    return null
  })
}

const day = 86_400_000

describe('integers', () => {
  test('of any width, where they are in range', () => {
    expect(convert(new Int64(), [-128n, null, 127n], { kind: 'int8' })).toEqual([-128, null, 127])
    expect(convert(new Int64(), [-(2n ** 31n), 2n ** 31n - 1n], { kind: 'int32' })).toEqual([
      -(2 ** 31),
      2 ** 31 - 1,
    ])
    expect(convert(new Uint64(), [0n, 4294967295n], { kind: 'uint32' })).toEqual([0, 2 ** 32 - 1])
    expect(convert(new Int8(), [-1, null, 5], { kind: 'int64' })).toEqual([-1n, null, 5n])
    expect(convert(new Uint32(), [2 ** 32 - 1], { kind: 'int64' })).toEqual([4294967295n])
    expect(convert(new Int64(), [-(2n ** 63n), null, 2n ** 63n - 1n], { kind: 'int64' })).toEqual([
      -(2n ** 63n),
      null,
      2n ** 63n - 1n,
    ])
    expect(convert(new Uint16(), [65535, 1], { kind: 'int32' })).toEqual([65535, 1])
    expect(convert(new Int32(), [0, 255], { kind: 'uint8' })).toEqual([0, 255])
  })

  test('are refused, with their row, where they are not', () => {
    expect(convert(new Int64(), [1n, 2n ** 31n], { kind: 'int32' })).toBe(
      '1: 2147483648 is not from -2147483648 to 2147483647',
    )
    expect(convert(new Int64(), [1n, 2n ** 32n], { kind: 'int32' })).toMatch(/^1: 4294967296 /)
    expect(convert(new Int64(), [-1n], { kind: 'uint32' })).toMatch(/^0: -1 /)
    expect(convert(new Uint64(), [1n, 2n, 2n ** 63n], { kind: 'int64' })).toMatch(/^2: 9223372036854775808 /)
    expect(convert(new Int16(), [0, null, 128], { kind: 'int8' })).toMatch(/^2: 128 /)
    expect(convert(new Int32(), [-1], { kind: 'uint16' })).toMatch(/^0: -1 /)
  })
})

describe('floats and booleans', () => {
  test('without loss only', () => {
    expect(convert(new Float32(), [0.5, null, Number.NaN, -0], { kind: 'float64' })).toEqual([
      0.5,
      null,
      Number.NaN,
      -0,
    ])
    expect(convert(new Float64(), [0.5, Number.NaN, Infinity], { kind: 'float32' })).toEqual([
      0.5,
      Number.NaN,
      Infinity,
    ])
    expect(convert(new Float64(), [0.5, 0.1], { kind: 'float32' })).toBe('1: 0.1 is no 32-bit float')
    expect(convert(new Int32(), [2 ** 31 - 1, null], { kind: 'float64' })).toEqual([2 ** 31 - 1, null])
    expect(convert(new Int16(), [-5], { kind: 'float32' })).toEqual([-5])
    expect(convert(new Int32(), [1], { kind: 'float32' })).toBe('impossible')
    const halves = [1, null, -0.5, 65504, 2 ** -24, Infinity, Number.NaN, -0]
    for (const kind of ['float32', 'float64'] as const) {
      expect(convert(new Float16(), halves, { kind })).toEqual(halves)
    }
    expect(convert(new Float64(), [1], { kind: 'int32' })).toBe('impossible')
  })

  test('booleans', () => {
    const values = [true, false, null, true, true, false, false, true, null, true]
    expect(convert(new Bool(), values, { kind: 'bool' })).toEqual(values)
  })
})

describe('timestamps and dates', () => {
  const ms = { kind: 'timestamp', unit: 'ms' } as const
  const us = { kind: 'timestamp', unit: 'us' } as const
  const at = 987_654_321_012n

  test('of other units, where they are whole', () => {
    for (const sign of [1n, -1n]) {
      const date = new Date(Number(sign * at))
      expect(convert(new TimestampMillisecond(), [sign * at, null], ms)).toEqual([date, null])
      expect(convert(new TimestampMicrosecond(), [sign * at * 1000n, null], ms)).toEqual([date, null])
      expect(convert(new TimestampNanosecond(), [sign * at * 1_000_000n, null], ms)).toEqual([date, null])
      expect(convert(new TimestampSecond(), [sign * 5n], ms)).toEqual([new Date(Number(sign * 5000n))])
      expect(convert(new TimestampMicrosecond(), [sign * at, null], us)).toEqual([sign * at, null])
      expect(convert(new TimestampNanosecond(), [sign * at * 1000n], us)).toEqual([sign * at])
      expect(convert(new TimestampMillisecond(), [sign * at, null], us)).toEqual([sign * at * 1000n, null])
      expect(convert(new TimestampSecond(), [sign * 5n], us)).toEqual([sign * 5_000_000n])
    }
    expect(convert(new DateDay(), [new Date(20 * day), null], ms)).toEqual([new Date(20 * day), null])
    expect(convert(new DateDay(), [new Date(-20 * day)], us)).toEqual([BigInt(-20 * day) * 1000n])
  })

  test('are refused where they are not', () => {
    const micros = new TimestampMicrosecond()
    expect(convert(micros, [1000n, 1001n], ms)).toBe('1: 1001 is no whole number of milliseconds')
    expect(convert(micros, [-1n], ms)).toMatch(/^0: -1 /)
    // So large that dividing as a float would round the rest away.
    expect(convert(micros, [8_999_999_999_999_999n], ms)).toMatch(/^0: 8999999999999999 /)
    expect(convert(micros, [2n ** 62n + 1n], ms)).toMatch(/whole number/)
    expect(convert(new TimestampNanosecond(), [1_000_001n], ms)).toMatch(/^0: 1000001 /)
    expect(convert(new TimestampNanosecond(), [1_001n], us)).toMatch(/^0: 1001 ns/)
    expect(convert(new TimestampMillisecond(), [8_640_000_000_000_001n], ms)).toMatch(/beyond what a Date/)
    expect(convert(new TimestampSecond(), [2n ** 62n], us)).toMatch(/beyond what a Date/)
    expect(convert(new TimeMicrosecond(), [], ms)).toBe('impossible')
    expect(convert(new Int64(), [], ms)).toBe('impossible')
  })

  test('dates', () => {
    const date = { kind: 'date' } as const
    expect(convert(new DateDay(), [new Date(-20 * day), null], date)).toEqual([new Date(-20 * day), null])
    expect(convert(new DateMillisecond(), [BigInt(3 * day)], date)).toEqual([new Date(3 * day)])
    expect(convert(new TimestampMicrosecond(), [BigInt(3 * day) * 1000n, null], date)).toEqual([
      new Date(3 * day),
      null,
    ])
    expect(convert(new TimestampMillisecond(), [1n], date)).toBe(
      '0: 1970-01-01T00:00:00.001Z is not midnight UTC',
    )
  })
})

describe('strings and bytes', () => {
  const texts = ['a', null, '', 'ü€😀', 'x'.repeat(60)]

  test('of any encoding', () => {
    for (const type of [new Utf8(), new LargeUtf8(), new Dictionary(new Utf8(), new Int32())]) {
      expect(convert(type, texts, { kind: 'utf8' })).toEqual(texts)
    }
    const bytes = [Uint8Array.of(0, 1), null, new Uint8Array(0)]
    expect(convert(new Binary(), bytes, { kind: 'binary' })).toEqual(bytes)
    expect(
      convert(new FixedSizeBinary(2), [Uint8Array.of(3, 4), null, Uint8Array.of(5, 6)], { kind: 'binary' }),
    ).toEqual([Uint8Array.of(3, 4), null, Uint8Array.of(5, 6)])
    expect(convert(new Binary(), [], { kind: 'utf8' })).toBe('impossible')
    expect(convert(new Utf8(), [], { kind: 'binary' })).toBe('impossible')
  })

  test('json, if it is', () => {
    expect(convert(new Utf8(), ['{"a":[1]}', null, '3'], { kind: 'json' })).toEqual([{ a: [1] }, null, 3])
    expect(convert(new Utf8(), ['1', '{'], { kind: 'json' })).toBe('1: its text is not JSON')
  })
})

describe('decimals', () => {
  const words = (value: bigint) =>
    Uint32Array.from({ length: 4 }, (_, i) => Number(BigInt.asUintN(32, value >> BigInt(32 * i))))
  const decimal = (scale: number, values: readonly bigint[], to: ColumnType) => {
    const type = new Decimal(scale, 38, 128)
    const data = Uint32Array.from(values.flatMap((value) => [...words(value)]))
    const converter = converterOf(type, to)!
    const pieces = piecesOf([makeData({ type, length: values.length, nullCount: 0, data })])
    try {
      return valuesOf(
        converter(pieces, (row, what) => {
          throw new Refused(`${row}: ${what}`)
        }),
        to,
      )
    } catch (error) {
      if (error instanceof Refused) return error.message
      throw error
    }
  }

  test('of another scale, where no digit is lost', () => {
    const to = { kind: 'decimal128', precision: 5, scale: 2 } as const
    expect(decimal(2, [12345n, -1n, 0n], to)).toEqual(['123.45', '-0.01', '0.00'])
    expect(decimal(0, [-999n], to)).toEqual(['-999.00'])
    expect(decimal(4, [-123400n], to)).toEqual(['-12.34'])
    expect(decimal(4, [0n, -123401n], to)).toBe(
      '1: -12.3401 has more than 5 digits, or more than 2 behind the point',
    )
    expect(decimal(2, [100000n], to)).toMatch(/^0: 1000.00 has more/)
    expect(convert(new Int64(), [-7n, null], to)).toEqual(['-7.00', null])
    expect(convert(new Int32(), [1000], to)).toMatch(/^0: 1000 has more/)
  })

  test('of 38 digits', () => {
    const most = 10n ** 38n - 1n
    const to = { kind: 'decimal128', precision: 38, scale: 0 } as const
    expect(decimal(0, [most, -most], to)).toEqual([`${most}`, `-${most}`])
  })
})
