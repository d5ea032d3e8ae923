import { expect, test } from 'vitest'
import { t } from '#src/format/column.js'
import { RowBuilder } from '#src/format/row-builder.js'
import { defineSchema } from '#src/format/schema.js'
import { batchOf, cut, ownObject, property, randomWorld, type Version } from '../scan/support.js'

property('rows come back as they went in, with own properties in order', 200, (random) => {
  const { schema, all, row } = randomWorld(random, 6)
  const versions = Array.from({ length: 1 + random.below(150) }, (): Version => {
    return { row: row(random), seq: 1, deleted: false }
  })
  const projection = all.filter(() => random.chance(0.8))
  const names = projection.map((index) => schema.columns[index]!.name)
  const expected = versions.map((version) => ownObject(names.map((name) => [name, version.row[name]])))
  const builder = new RowBuilder(schema, projection)
  const batches = cut(random, schema, projection, versions, 100)
  const rows = batches.flatMap((batch) => builder.rows(batch))
  const single = batches.flatMap((batch) => Array.from({ length: batch.rows }, (_, i) => builder.row(batch, i)))
  for (const made of [rows, single]) {
    expect(made).toEqual(expected)
    for (const one of made) {
      expect(Object.getPrototypeOf(one)).toBe(Object.prototype)
      expect(Object.keys(one)).toEqual(names)
      for (const name of names) {
        expect(Object.getOwnPropertyDescriptor(one, name)).toMatchObject({ writable: true, configurable: true })
      }
    }
  }
  const [batch] = batches
  const from = random.below(batch!.rows)
  const to = from + random.below(batch!.rows - from + 1)
  expect(builder.rows(batch!, from, to)).toEqual(expected.slice(from, to))
})

const schema = defineSchema({
  columns: [
    ['id', t.int32()],
    ['__proto__', t.utf8().nullable()],
    ['constructor', t.timestamp().nullable()],
  ],
  key: ['id'],
})

test('a column called __proto__ is only a column', () => {
  const versions = [
    { row: ownObject([['id', 1], ['__proto__', 'x'], ['constructor', new Date(5)]]), seq: 1, deleted: false },
    { row: ownObject([['id', 2], ['__proto__', null], ['constructor', null]]), seq: 1, deleted: false },
  ] // biome-ignore format: a table
  const [first, second] = new RowBuilder(schema, [0, 1, 2]).rows(batchOf(schema, [0, 1, 2], versions))
  expect(Object.entries(first!)).toEqual([['id', 1], ['__proto__', 'x'], ['constructor', new Date(5)]]) // biome-ignore format: a table
  expect(Object.entries(second!)).toEqual([['id', 2], ['__proto__', null], ['constructor', null]]) // biome-ignore format: a table
  expect(Object.getPrototypeOf(first)).toBe(Object.prototype)
})

test('long and non-ASCII strings beside short ones', () => {
  const texts = ['a', 'é'.repeat(30), 'x'.repeat(5_000), '', 'ab', '😀']
  const versions = texts.map((text, id) => ({ row: ownObject([['id', id], ['__proto__', text], ['constructor', null]]), seq: 1, deleted: false })) // biome-ignore format: short
  const rows = new RowBuilder(schema, [1]).rows(batchOf(schema, [1], versions))
  expect(rows.map((row) => Object.values(row)[0])).toEqual(texts)
})
