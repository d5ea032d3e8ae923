// Rows: what was put in comes out, whatever lies around it. fast-check prints the seed of a failure.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Column, t } from '#src/format/column.js'
import { RowCodec } from '#src/format/row-codec.js'
import { defineSchema, type Schema } from '#src/format/schema.js'
import type { Vector } from '#src/format/vector.js'
import { ByteSink } from '#src/util/byte-sink.js'
import { allKinds, type KindUnderTest } from './kinds.js'

type Row = Record<string, unknown>

interface Field {
  readonly kind: KindUnderTest
  readonly nullable: boolean
}

interface RowsUnderTest {
  readonly fields: readonly Field[]
  readonly rows: readonly Row[]
}

/** Some columns of any kinds, with rows in which nullable columns are given, null, undefined or left out. */
const randomRows: fc.Arbitrary<RowsUnderTest> = fc
  .array(fc.record({ kind: fc.constantFrom(...allKinds), nullable: fc.boolean() }), {
    minLength: 1,
    maxLength: 14,
  })
  .chain((fields) => {
    const value = ({ kind, nullable }: Field) =>
      nullable ? fc.oneof(kind.values, fc.constantFrom(null, undefined)) : kind.values
    const model = Object.fromEntries(fields.map((field, i) => [`c${i}`, value(field)]))
    model.id = fc.constant(0)
    const requiredKeys = ['id', ...fields.flatMap((field, i) => (field.nullable ? [] : [`c${i}`]))]
    const rows = fc.array(fc.record(model, { requiredKeys }), { minLength: 1, maxLength: 8 })
    return fc.record({ fields: fc.constant(fields), rows: rows as fc.Arbitrary<Row[]> })
  })

function schemaOf(fields: readonly Field[]): Schema {
  const columns = fields.map(({ kind, nullable }, i): [string, Column] => {
    const declared = nullable ? kind.column.nullable?.() : kind.column
    return [`c${i}`, declared ?? kind.column]
  })
  return defineSchema({ columns: [['id', t.int32()], ...columns], key: ['id'] })
}

/** Rows one behind the other, over memory full of ones, in a sink that grows as it goes. */
function appendAll(codec: RowCodec, rows: readonly Row[]): { bytes: Uint8Array; starts: Uint32Array } {
  const sink = new ByteSink(1)
  sink.reserve(200)
  sink.bytes.fill(0xff)
  sink.length = 3
  const starts = rows.map((row) => {
    const start = sink.length
    codec.append(sink, row)
    return start
  })
  return { bytes: sink.copy(), starts: Uint32Array.from(starts) }
}

function valueAt(schema: Schema, column: number, vector: Vector, row: number): unknown {
  if (vector.valid !== undefined && vector.valid[row] === 0) return null
  return schema.columns[column]?.codec.value(vector, row)
}

function readAll({ fields, rows }: RowsUnderTest, present: Uint8Array | undefined): void {
  const schema = schemaOf(fields)
  const codec = new RowCodec(schema)
  const { bytes, starts } = appendAll(codec, rows)
  fields.forEach(({ kind, nullable }, i) => {
    const vector = codec.column(i + 1, bytes, starts, present)
    expect(vector.length).toBe(rows.length)
    expect(vector.layout).toBe(schema.columns[i + 1]?.codec.layout)
    rows.forEach((row, r) => {
      const given = row[`c${i}`]
      const absent = present?.[r] === 0 || (nullable && (given === null || given === undefined))
      const expected = absent ? null : kind.back(given as never)
      expect(valueAt(schema, i + 1, vector, r), `${kind.name} of row ${r}`).toEqual(expected)
    })
  })
}

describe('rows of any columns', () => {
  test('are read as they were written, column by column', () => {
    fc.assert(
      fc.property(randomRows, (drawn) => readAll(drawn, undefined)),
      { numRuns: 200 },
    )
  })

  test('are null where the caller says that a row has no values', () => {
    const property = fc.property(randomRows, fc.infiniteStream(fc.boolean()), (drawn, coins) => {
      readAll(
        drawn,
        Uint8Array.from(drawn.rows, () => Number(coins.next().value)),
      )
    })
    fc.assert(property, { numRuns: 100 })
  })

  test('have the same bytes when they are appended from columns', () => {
    const property = fc.property(randomRows, ({ fields, rows }) => {
      const schema = schemaOf(fields)
      const codec = new RowCodec(schema)
      const { bytes, starts } = appendAll(codec, rows)
      const vectors = fields.map((_, i) => codec.column(i + 1, bytes, starts, undefined))
      const key = { ...vectors[0] } as Vector // stands where the key column would: it must not be read
      const sink = new ByteSink(1)
      sink.reserve(100)
      sink.bytes.fill(0xee)
      for (let row = 0; row < rows.length; row++) codec.appendVectors(sink, [key, ...vectors], row)
      expect(sink.copy()).toEqual(bytes.slice(3))
    })
    fc.assert(property, { numRuns: 200 })
  })
})

describe('bytes that may be no row', () => {
  test('fit if they were written, and decode without a look beyond their end if they fit', () => {
    let refused = 0
    const change = fc.record({
      at: fc.nat(),
      to: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
      cut: fc.integer({ min: -3, max: 3 }),
    })
    const property = fc.property(randomRows, change, ({ fields, rows }, { at, to, cut }) => {
      const codec = new RowCodec(schemaOf(fields))
      const { bytes, starts } = appendAll(codec, rows)
      const end = (row: number) => starts[row + 1] ?? bytes.length
      for (const row of rows.keys()) expect(codec.fits(bytes, starts[row]!, end(row))).toBe(true)
      const row = new Uint8Array(Math.max(0, end(0) - starts[0]! + cut))
      row.set(bytes.subarray(starts[0], Math.min(end(0), starts[0]! + row.length)))
      if (row.length > 0) row[at % row.length] = to
      if (!codec.fits(row, 0, row.length)) {
        refused++
        return
      }
      for (let i = 0; i < fields.length; i++) codec.column(i + 1, row, Uint32Array.of(0), undefined)
    })
    fc.assert(property, { numRuns: 1000 })
    expect(refused).toBeGreaterThan(100)
  })
})

describe('numbers at their edges', () => {
  const schema = defineSchema({
    columns: { k: t.int8(), double: t.float64(), single: t.float32(), int: t.int32() },
    key: ['k'],
  })
  const codec = new RowCodec(schema)
  const read = (double: number, single: number, int: number) => {
    const { bytes, starts } = appendAll(codec, [{ k: 1, double, single, int }])
    return [1, 2, 3].map((index) => valueAt(schema, index, codec.column(index, bytes, starts, undefined), 0))
  }

  test('NaN, the infinities and the smallest numbers are kept', () => {
    expect(read(Number.NaN, Number.NaN, 0)).toEqual([Number.NaN, Number.NaN, 0])
    expect(read(-Infinity, Infinity, 0)).toEqual([-Infinity, Infinity, 0])
    expect(read(Number.MIN_VALUE, 2 ** -149, 0)).toEqual([Number.MIN_VALUE, 2 ** -149, 0])
  })

  test('-0 stays -0 in floats and is 0 in integers', () => {
    expect(read(-0, -0, -0)).toEqual([-0, -0, 0])
  })

  test('a float32 keeps the nearest number of its precision', () => {
    expect(read(0.1, 0.1, 0)).toEqual([0.1, Math.fround(0.1), 0])
    expect(read(1e300, 1e300, 0)).toEqual([1e300, Infinity, 0])
  })
})

describe('decimals', () => {
  const schema = defineSchema({ columns: { k: t.int8(), d: t.decimal128(5, 2) }, key: ['k'] })
  const codec = new RowCodec(schema)
  const canonical: readonly (readonly [string, string])[] = [
    ['0', '0.00'],
    ['-0', '0.00'],
    ['-0.00', '0.00'],
    ['007', '7.00'],
    ['1.5', '1.50'],
    ['-999.99', '-999.99'],
    ['-0.01', '-0.01'],
    ['1.5000000', '1.50'],
    [`${'0'.repeat(100)}1.${'0'.repeat(100)}`, '1.00'],
  ]
  for (const [given, expected] of canonical) {
    test(`${given.length > 20 ? 'many zeros' : given} is read as ${expected}`, () => {
      const { bytes, starts } = appendAll(codec, [{ k: 1, d: given }])
      expect(valueAt(schema, 1, codec.column(1, bytes, starts, undefined), 0)).toBe(expected)
    })
  }

  test('a very long fraction is judged in one pass', () => {
    // In quadratic time, which a regular expression for trailing zeros takes, this would be minutes.
    expect(() => appendAll(codec, [{ k: 1, d: `0.${'0'.repeat(1_000_000)}1` }])).toThrow('decimal')
  })
})

describe('a row is encoded', () => {
  test('by its own properties where a name is also one that objects inherit', () => {
    const names = [
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '1',
      '2',
      '',
      '\0',
      'a.b',
      '\u{1f600}',
    ]
    const columns = names.map((name): [string, Column] => [name, t.utf8().nullable()])
    const schema = defineSchema({
      columns: [['2', t.int32()], ...columns.filter(([name]) => name !== '2')],
      key: ['2'],
    })
    const codec = new RowCodec(schema)
    expect(schema.columns.map((column) => column.name)).toEqual(['2', ...names.filter((name) => name !== '2')])
    const full = Object.fromEntries([...names.map((name) => [name, `value of ${name}`]), ['2', 1]])
    const { bytes, starts } = appendAll(codec, [full, { 2: 2 }])
    for (const index of schema.values) {
      const vector = codec.column(index, bytes, starts, undefined)
      expect(valueAt(schema, index, vector, 0)).toBe(`value of ${schema.columns[index]?.name}`)
      expect(valueAt(schema, index, vector, 1)).toBe(null)
    }
  })

  test('from an instance whose values are getters of its class', () => {
    class Point {
      readonly k = 1
      get x() {
        return 7
      }
    }
    const schema = defineSchema({ columns: { k: t.int8(), x: t.int8() }, key: ['k'] })
    const sink = new ByteSink()
    new RowCodec(schema).append(sink, new Point() as unknown as Row)
    expect([...sink.copy()]).toEqual([7])
  })

  test('key first: in key order, as the key alone would be', () => {
    const schema = defineSchema({
      columns: { v: t.bool(), a: t.int8(), constructor: t.uint8() },
      key: ['constructor', 'a'],
    })
    const codec = new RowCodec(schema)
    const sink = new ByteSink()
    codec.appendRowKey(sink, { a: 1, v: true, constructor: 7 })
    expect([...sink.copy()]).toEqual([7, 0x81])
    const refused = expect.objectContaining({ code: 'MARQUETRY_INVALID_ROW', column: 'constructor' })
    expect(() => codec.appendRowKey(sink, { a: 1, v: true })).toThrow(refused)
  })
})
