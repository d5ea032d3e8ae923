// Schemas: what a definition may be, and that JSON keeps all of it.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Column, t } from '#src/format/column.js'
import {
  defineSchema,
  Schema,
  type SchemaDefinition,
  type SchemaJson,
  schemaDifference,
} from '#src/format/schema.js'
import { allKinds, keyKinds } from './kinds.js'

const nullable = (column: Column) => (column as Column & { nullable(): Column }).nullable()

describe('a definition is refused', () => {
  const id = t.int32()
  const decimal = (precision: number, scale: number) => ({
    columns: { id, d: t.decimal128(precision, scale) },
    key: ['id'],
  })
  const cases: readonly (readonly [why: string, definition: unknown, message: RegExp, column?: string])[] = [
    ['nothing is given', undefined, /columns/],
    ['null is given', null, /columns/],
    ['columns are missing', { key: ['id'] }, /columns/],
    ['columns are null', { columns: null, key: ['id'] }, /columns/],
    ['columns are a string', { columns: 'id', key: ['id'] }, /columns/],
    ['a pair is no pair', { columns: [null], key: ['id'] }, /pairs/],
    ['a pair is a string', { columns: ['id'], key: ['id'] }, /pairs/],
    ['a pair has no type', { columns: [['id']], key: ['id'] }, /no known type/, 'id'],
    ['a column is not made by t', { columns: { id: 'int32' }, key: ['id'] }, /no known type/, 'id'],
    ['a column is null', { columns: { id: null }, key: ['id'] }, /no known type/, 'id'],
    [
      'a type is not known',
      { columns: { id: { type: { kind: 'int128' } } }, key: ['id'] },
      /no known type/,
      'id',
    ],
    [
      'a type is called forgotten parentheses',
      { columns: { id: t.int32 }, key: ['id'] },
      /no known type/,
      'id',
    ],
    ['a name is a number', { columns: [[1, id]], key: [1] }, /must be a string/],
    ['a name has half a character', { columns: { '\ud83d': id }, key: ['\ud83d'] }, /lone surrogates/],
    ['a name cannot be a string', { columns: [[Object.create(null), id]], key: ['id'] }, /must be a string/],
    ['a name is very long', { columns: { ['é'.repeat(32768)]: id }, key: ['id'] }, /longer than/],
    ['_seq is taken', { columns: { id, _seq: t.int64() }, key: ['id'] }, /reserved/, '_seq'],
    ['_deleted is taken', { columns: { id, _deleted: t.bool() }, key: ['id'] }, /reserved/, '_deleted'],
    [
      'a column is given twice',
      {
        columns: [
          ['id', id],
          ['id', t.bool()],
        ],
        key: ['id'],
      },
      /twice/,
      'id',
    ],
    [
      'there are too many columns',
      { columns: Array.from({ length: 1001 }, (_, i) => [`${i}`, id]), key: ['0'] },
      /at most 1000/,
    ],
    ['the key is missing', { columns: { id } }, /key/],
    ['the key is a string', { columns: { id }, key: 'id' }, /key/],
    ['the key is empty', { columns: { id }, key: [] }, /key/],
    ['the key names a column twice', { columns: { id, a: id }, key: ['id', 'a', 'id'] }, /twice/],
    ['the key names no column', { columns: { id }, key: ['ID'] }, /not among/, 'ID'],
    [
      'the key names what objects inherit',
      { columns: { id }, key: ['constructor'] },
      /not among/,
      'constructor',
    ],
    ['the key is no name', { columns: { id }, key: [1n] }, /not among/],
    ['a key column may be null', { columns: { id: nullable(id) }, key: ['id'] }, /nullable/, 'id'],
    ['a key column is a float32', { columns: { id: t.float32() }, key: ['id'] }, /cannot be a key/, 'id'],
    ['a key column is a float64', { columns: { id: t.float64() }, key: ['id'] }, /cannot be a key/, 'id'],
    ['a key column is json', { columns: { id: t.json() }, key: ['id'] }, /cannot be a key/, 'id'],
    ['a decimal has no digits', decimal(0, 0), /precision/, 'd'],
    ['a decimal has too many digits', decimal(39, 0), /precision/, 'd'],
    ['a precision is broken', decimal(1.5, 0), /precision/, 'd'],
    ['a scale is negative', decimal(5, -1), /scale/, 'd'],
    ['a scale is above the precision', decimal(5, 6), /scale/, 'd'],
    ['a scale is NaN', decimal(5, Number.NaN), /scale/, 'd'],
    ['a unit is not known', { columns: { id, x: t.timestamp('ns' as 'us') }, key: ['id'] }, /unit/, 'x'],
  ]
  for (const [why, definition, message, column] of cases) {
    test(`when ${why}`, () => {
      expect(() => defineSchema(definition as SchemaDefinition)).toThrow(
        expect.objectContaining({
          name: 'MarquetryError',
          code: 'MARQUETRY_INVALID_OPTION',
          message: expect.stringMatching(message),
          ...(column === undefined ? {} : { column }),
        }),
      )
    })
  }
})

/** Any names, hazardous ones often. */
const names = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'valueOf',
    'then',
    'toJSON',
    'length',
    '1',
    '2',
    '',
    '\0',
    ' ',
  ),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
)

const definitions = fc
  .uniqueArray(names, { minLength: 1, maxLength: 12 })
  .filter((unique) => unique.every((name) => name !== '_seq' && name !== '_deleted'))
  .chain((unique) =>
    fc.tuple(
      fc.constant(unique),
      fc.tuple(...unique.map((_, i) => fc.constantFrom(...(i === 0 ? keyKinds : allKinds)))),
      fc.array(fc.boolean(), { minLength: unique.length, maxLength: unique.length }),
      fc.shuffledSubarray(unique),
    ),
  )
  .map(([unique, kinds, nulls, wanted]): SchemaDefinition => {
    const columns = unique.map((name, i): [string, Column] => {
      const column = kinds[i]?.column ?? t.bool()
      return [name, nulls[i] && i > 0 ? nullable(column) : column]
    })
    const fits = new Map(columns.map(([name, column]) => [name, column.keyable && !column.isNullable]))
    const key = wanted.filter((name) => fits.get(name))
    return { columns, key: key.length > 0 ? key : [unique[0] ?? ''] }
  })

describe('a schema', () => {
  test('keeps names, types, order and key, whatever the names are', () => {
    const property = fc.property(definitions, (definition) => {
      const schema = defineSchema(definition)
      const pairs = definition.columns as readonly (readonly [string, Column])[]
      expect(schema.columns.map(({ name, type, nullable }) => [name, type, nullable])).toEqual(
        pairs.map(([name, column]) => [name, column.type, column.isNullable]),
      )
      expect(schema.key.map((index) => schema.columns[index]?.name)).toEqual(definition.key)
      expect([...schema.key, ...schema.values].sort((a, b) => a - b)).toEqual(pairs.map((_, index) => index))
      pairs.forEach(([name], index) => {
        expect(schema.indexOf(name)).toBe(index)
      })
      expect(schema.columns.map((column) => column.id)).toEqual(pairs.map((_, index) => index + 1))
    })
    fc.assert(property, { numRuns: 200 })
  })

  test('survives JSON', () => {
    const property = fc.property(definitions, (definition) => {
      const schema = defineSchema(definition)
      const text = JSON.stringify(schema)
      const again = new Schema(JSON.parse(text) as SchemaJson)
      expect(JSON.stringify(again)).toBe(text)
      expect(again.key).toEqual(schema.key)
      expect(again.columns.map((column) => column.codec.expects)).toEqual(
        schema.columns.map((column) => column.codec.expects),
      )
      expect(schemaDifference(again, schema)).toBe(undefined)
      expect(schemaDifference(schema, again)).toBe(undefined)
    })
    fc.assert(property, { numRuns: 200 })
  })

  test('has no columns that objects inherit', () => {
    const schema = defineSchema({ columns: { id: t.int32() }, key: ['id'] })
    for (const name of ['constructor', '__proto__', 'toString', 'length'])
      expect(schema.indexOf(name)).toBe(undefined)
  })

  test('has as JSON what the manifest is documented to hold', () => {
    const schema = defineSchema({
      columns: { at: t.timestamp('us'), price: nullable(t.decimal128(10, 2)), id: t.utf8() },
      key: ['id', 'at'],
    })
    expect(schema.toJSON()).toEqual({
      id: 1,
      columns: [
        { id: 1, name: 'at', kind: 'timestamp', unit: 'us' },
        { id: 2, name: 'price', kind: 'decimal128', precision: 10, scale: 2, nullable: true },
        { id: 3, name: 'id', kind: 'utf8' },
      ],
      key: ['id', 'at'],
    })
  })

  test('takes an object as well as pairs; only pairs keep the order of names like numbers', () => {
    const named = defineSchema({ columns: { 2: t.utf8(), 1: t.utf8() }, key: ['2'] })
    const paired = defineSchema({
      columns: [
        ['2', t.utf8()],
        ['1', t.utf8()],
      ],
      key: ['2'],
    })
    expect(named.columns.map((column) => column.name)).toEqual(['1', '2'])
    expect(paired.columns.map((column) => column.name)).toEqual(['2', '1'])
  })
})

describe('the difference of two schemas', () => {
  const stored = defineSchema({
    columns: { a: t.int32(), b: t.timestamp(), c: nullable(t.utf8()) },
    key: ['a', 'b'],
  })
  const given = (columns: SchemaDefinition['columns'], key = ['a', 'b']) =>
    schemaDifference(stored, defineSchema({ columns, key }))
  const same = { a: t.int32(), b: t.timestamp(), c: nullable(t.utf8()) }

  test('is nothing for the same columns, in any order', () => {
    expect(given(same)).toBe(undefined)
    expect(given({ c: same.c, b: same.b, a: same.a })).toBe(undefined)
  })

  test('names the column or the key that differs', () => {
    expect(given({ a: t.int32(), b: t.timestamp() })).toContain('"c" was not given')
    expect(given({ ...same, d: t.bool() })).toContain('"d" is not in the table')
    expect(given({ ...same, b: t.timestamp('us') })).toContain('"b" is')
    expect(given({ ...same, c: t.utf8() })).toContain('"c" is')
    expect(given(same, ['b', 'a'])).toContain('the key is (a, b)')
    expect(given(same, ['a'])).toContain('the key is (a, b)')
  })

  test('is seen when two keys only look alike', () => {
    const columns = { 'a, b': t.int8(), 'b, c': t.int8(), a: t.int8(), c: t.int8() }
    const one = defineSchema({ columns, key: ['a, b', 'c'] })
    const two = defineSchema({ columns, key: ['a', 'b, c'] })
    expect(schemaDifference(one, two)).toContain('the key')
  })
})
