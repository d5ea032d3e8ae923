// Values as words and as JSON: what is shown can be typed again.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rowAsJson } from '#src/cli/format-rows.js'
import { keyFromWords, plainWords, prefixFromText, rowFromWords, splitWords } from '#src/cli/key-text.js'
import { textOf, valueFromText } from '#src/cli/value-text.js'
import type { ColumnJson, SchemaJson } from '#src/format/schema.js'
import { testSeed } from '../test-seed.js'

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const day = 86_400_000
const values: readonly (readonly [Omit<ColumnJson, 'id' | 'name'>, fc.Arbitrary<unknown>])[] = [
  [{ kind: 'bool' }, fc.boolean()],
  [{ kind: 'int8' }, fc.integer({ min: -128, max: 127 })],
  [{ kind: 'uint32' }, fc.nat({ max: 2 ** 32 - 1 })],
  [{ kind: 'int64' }, int64],
  [{ kind: 'float64' }, fc.double()],
  [{ kind: 'utf8' }, fc.string({ unit: 'grapheme' })],
  [{ kind: 'binary' }, fc.uint8Array()],
  [{ kind: 'date' }, fc.integer({ min: -700_000, max: 2_900_000 }).map((days) => new Date(days * day))],
  [{ kind: 'timestamp', unit: 'ms' }, fc.date({ noInvalidDate: true })],
  [{ kind: 'timestamp', unit: 'us' }, int64],
  [{ kind: 'decimal128', precision: 10, scale: 2 }, fc.integer().map((cents) => (cents / 100).toFixed(2))],
  [{ kind: 'json' }, fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)))],
] // biome-ignore format: a list

describe.each(values)('%o', (type, arbitrary) => {
  const column = { id: 1, name: 'v', nullable: true, ...type } as ColumnJson
  const schema = { id: 1, columns: [column], key: ['v'] } as SchemaJson

  test('a value is read as it was shown', () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(valueFromText(column, textOf(column, value))).toEqual(value)
      }),
      { seed: testSeed },
    )
  })

  test('a row is read as it was shown in JSON', () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        const json = rowAsJson([column], { v: value })
        expect(() => JSON.parse(json)).not.toThrow()
        expect(rowFromWords(schema, plainWords([json]))).toEqual({ v: value })
      }),
      { seed: testSeed },
    )
  })
})

const flights: SchemaJson = {
  id: 1,
  columns: [
    { id: 1, name: 'date', kind: 'timestamp', unit: 'ms' },
    { id: 2, name: 'origin', kind: 'utf8' },
    { id: 3, name: 'n', kind: 'int64' },
    { id: 4, name: 'note', kind: 'utf8', nullable: true },
  ],
  key: ['date', 'origin', 'n'],
}

test('keys come as words or as one JSON array, long integers exact', () => {
  const key = [new Date('2001-03-01T06:25:00Z'), 'ATL', 9007199254740993n]
  for (const line of [
    '2001-03-01T06:25 ATL 9007199254740993',
    '"2001-03-01 06:25:00" \'ATL\' 9007199254740993',
    '2001-03-01T07:25:00.000+01:00 A"T"L 9007199254740993',
    '["2001-03-01T06:25:00Z", "ATL", 9007199254740993]',
  ])
    expect(keyFromWords(flights, splitWords(line))).toEqual(key)
})

test('prefixes are leading columns, of which the last may be open', () => {
  const date = new Date('2001-03-01T00:00:00Z')
  expect(prefixFromText(flights, '2001-03-01')).toEqual([date])
  expect(prefixFromText(flights, '2001-03-01 A*')).toEqual([date, { startsWith: 'A' }])
  expect(prefixFromText(flights, '2001-03-01 "A*"')).toEqual([date, 'A*'])
  const pairs: SchemaJson = { id: 1, columns: [{ id: 1, name: 'key', kind: 'utf8' }], key: ['key'] }
  expect(prefixFromText(pairs, 'user: x')).toEqual({ startsWith: 'user: x' })
})

test('null is a word only without quotes and only where it may be', () => {
  const row = (line: string) => rowFromWords(flights, splitWords(line))
  expect(row('2001-03-01 null 1 null')).toMatchObject({ origin: 'null', note: null })
  expect(row('2001-03-01 ATL 1 "null"')).toMatchObject({ note: 'null' })
})

test('a wrong word says what was expected', () => {
  const refused = (line: string, message: string) =>
    expect(() => rowFromWords(flights, splitWords(line))).toThrow(message)
  refused(
    'yesterday ATL 1 x',
    'column date expects a time such as 2001-03-01T06:25:00Z, exact to milliseconds, not "yesterday"',
  )
  refused('2001-02-30 ATL 1 x', 'column date expects a time')
  refused('2001 ATL 1 x', 'column date expects a time')
  refused('2001-03-01 ATL one x', 'column n expects an int64, not "one"')
  refused('2001-03-01 ATL 1', 'a row is a JSON object, or 4 values (date origin n note); 3 given')
  refused('{"date": 1', 'this is no JSON')
  refused('{"origin": 5}', 'column origin (utf8) cannot be 5')
  refused('{"dat": 5}', 'there is no column dat, but date, origin, n, note')
  refused('"ATL', 'the quote " does not end')
  expect(() => keyFromWords(flights, splitWords('2001-03-01 ATL'))).toThrow(
    'a key has 3 values (date origin n); 2 given',
  )
})
