// What is not a value of its column is refused, in rows and in keys, by an error that names the column.

import { describe, expect, test } from 'vitest'
import { type Column, t } from '#src/format/column.js'
import { encodeKey } from '#src/format/key-codec.js'
import { RowCodec } from '#src/format/row-codec.js'
import { defineSchema } from '#src/format/schema.js'
import { ByteSink } from '#src/util/byte-sink.js'

const cyclic: Record<string, unknown> = {}
cyclic.self = cyclic

const never = [undefined, Symbol('s'), () => 1]
const notNumbers = [...never, null, '1', true, 1n, {}, [1], Object(1), new Date(0)]
const notIntegers = [...notNumbers, 0.5, Number.NaN, Infinity, -Infinity, 2 ** 53]
const notBigints = [
  ...never,
  null,
  1,
  '1',
  true,
  {},
  new Date(0),
  Object(1n),
  2n ** 63n,
  -(2n ** 63n) - 1n,
  2n ** 64n,
]
const notDates = [...never, null, 0, '2020-01-01', 0n, {}, new Date(Number.NaN), Object.create(Date.prototype)]
const notDecimals = [
  '',
  '.',
  '1.',
  '.5',
  '+1',
  '--1',
  ' 1',
  '1 ',
  '1\n',
  '1e2',
  '0x1',
  '١',
  '1,5',
  'NaN',
  '1.2.3',
]

const cases: readonly (readonly [name: string, column: Column, bad: readonly unknown[]])[] = [
  ['bool', t.bool(), [...never, null, 0, 1, 'true', '', {}, Object(true)]],
  ['int8', t.int8(), [...notIntegers, 128, -129]],
  ['int16', t.int16(), [...notIntegers, 32768, -32769]],
  ['int32', t.int32(), [...notIntegers, 2 ** 31, -(2 ** 31) - 1]],
  ['uint8', t.uint8(), [...notIntegers, 256, -1]],
  ['uint16', t.uint16(), [...notIntegers, 65536, -1]],
  ['uint32', t.uint32(), [...notIntegers, 2 ** 32, -1]],
  ['int64', t.int64(), notBigints],
  ['timestamp us', t.timestamp('us'), notBigints],
  ['timestamp ms', t.timestamp(), notDates],
  ['date', t.date(), [...notDates, new Date(1), new Date(86_399_999)]],
  ['float32', t.float32(), notNumbers],
  ['float64', t.float64(), notNumbers],
  [
    'utf8',
    t.utf8(),
    [...never, null, 1, true, {}, Object('x'), '\ud83d', 'a\udc00', `${'a'.repeat(60)}\ud83d`, '\udc00\ud83d'],
  ],
  [
    'binary',
    t.binary(),
    [...never, null, 'x', [1], new ArrayBuffer(1), new Uint16Array(1), Object.create(Uint8Array.prototype)],
  ],
  [
    'decimal128',
    t.decimal128(4, 1),
    [...never, null, 1, 1n, {}, ...notDecimals, '1000', '0.01', '99999', '-1000'],
  ],
  ['json', t.json(), [...never, 1n, { big: 1n }, cyclic]],
]

const label = (value: unknown) =>
  typeof value === 'bigint'
    ? `${value}n`
    : typeof value === 'string'
      ? JSON.stringify(value).slice(0, 30)
      : Object.prototype.toString.call(value)

describe('in a row', () => {
  for (const [name, column, bad] of cases) {
    test(`${name} refuses what it does not hold, and names the column`, () => {
      const codec = new RowCodec(
        defineSchema({ columns: { id: t.int32(), 'the column': column }, key: ['id'] }),
      )
      for (const value of bad) {
        expect(() => codec.append(new ByteSink(), { id: 1, 'the column': value }), label(value)).toThrow(
          expect.objectContaining({
            code: 'MARQUETRY_INVALID_ROW',
            column: 'the column',
            message: expect.stringContaining('"the column" expects'),
          }),
        )
      }
    })

    test(`${name} with null allowed refuses the same but null and undefined`, () => {
      const nullable = (column as Column & { nullable(): Column }).nullable()
      const codec = new RowCodec(defineSchema({ columns: { id: t.int32(), c: nullable }, key: ['id'] }))
      for (const value of bad) {
        const append = () => codec.append(new ByteSink(), { id: 1, c: value })
        if (value === null || value === undefined) expect(append).not.toThrow()
        else
          expect(append, label(value)).toThrow(
            expect.objectContaining({ code: 'MARQUETRY_INVALID_ROW', column: 'c' }),
          )
      }
    })
  }

  const codec = new RowCodec(
    defineSchema({ columns: { id: t.int32(), a: t.bool(), b: t.bool().nullable() }, key: ['id'] }),
  )

  test('a column that is left out is refused unless it may be null', () => {
    expect(() => codec.append(new ByteSink(), { id: 1, a: true })).not.toThrow()
    const refused = expect.objectContaining({ code: 'MARQUETRY_INVALID_ROW', column: 'a' })
    expect(() => codec.append(new ByteSink(), { id: 1, b: true })).toThrow(refused)
    expect(() => codec.append(new ByteSink(), Object.create({}))).toThrow(refused)
  })

  test('a property that is no column is refused, whichever columns are given', () => {
    const refused = expect.objectContaining({ code: 'MARQUETRY_INVALID_ROW', column: 'B' })
    for (const row of [{ B: 1 }, { b: null, B: 1 }, { b: undefined, B: 1 }, { b: true, B: undefined }]) {
      expect(() => codec.append(new ByteSink(), { id: 1, a: true, ...row })).toThrow(refused)
    }
    expect(() => codec.append(new ByteSink(), { id: 1, a: true, b: undefined })).not.toThrow()
  })

  test('a wrong value in the key names the key column', () => {
    for (const id of [undefined, null, 'x', 0.5]) {
      const refused = expect.objectContaining({ code: 'MARQUETRY_INVALID_ROW', column: 'id' })
      expect(() => codec.appendRowKey(new ByteSink(), { id, a: true })).toThrow(refused)
    }
  })

  test('what is no object is no row', () => {
    for (const row of [null, undefined, 'id', 7]) {
      const refused = expect.objectContaining({ code: 'MARQUETRY_INVALID_ROW' })
      expect(() => codec.appendRowKey(new ByteSink(), row as never)).toThrow(refused)
    }
  })
})

describe('in a key', () => {
  for (const [name, column, bad] of cases) {
    if (!column.keyable) continue
    test(`${name} refuses what it does not hold, and names the column`, () => {
      const one = defineSchema({ columns: { 'the key': column }, key: ['the key'] })
      const two = defineSchema({ columns: { a: t.bool(), 'the key': column }, key: ['a', 'the key'] })
      const refused = expect.objectContaining({
        code: 'MARQUETRY_INVALID_KEY',
        column: 'the key',
        message: expect.stringContaining('"the key" expects'),
      })
      for (const value of bad) {
        expect(() => encodeKey(two, [true, value]), label(value)).toThrow(refused)
        if (!Array.isArray(value)) expect(() => encodeKey(one, value), label(value)).toThrow(refused)
      }
    })
  }

  test('a key has as many parts as the table says', () => {
    const one = defineSchema({ columns: { a: t.bool() }, key: ['a'] })
    const two = defineSchema({ columns: { a: t.bool(), b: t.bool() }, key: ['b', 'a'] })
    const refused = expect.objectContaining({ code: 'MARQUETRY_INVALID_KEY' })
    for (const key of [
      [],
      [true],
      [true, true, true],
      true,
      'ab',
      { 0: true, 1: true, length: 2 },
      new Array(2),
    ]) {
      expect(() => encodeKey(two, key)).toThrow(refused)
    }
    expect(() => encodeKey(one, [true])).toThrow(refused)
  })
})
