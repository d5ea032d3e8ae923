import { expect, test } from 'vitest'
import { t } from '#src/format/column.js'
import { and, compileWhere, not, or } from '#src/format/predicate.js'
import { defineSchema } from '#src/format/schema.js'
import { batchOf, property, type Row, randomWorld, type Version } from '../scan/support.js'
import { randomWhere, truthOf, whereOf } from '../scan/where-model.js'

property('exactly the rows pass for which three-valued logic says true', 600, (random) => {
  const world = randomWorld(random)
  const { schema } = world
  const asked = randomWhere(random, world)
  const versions = Array.from({ length: 1 + random.below(80) }, (): Version => {
    return { row: world.row(random), seq: 1, deleted: false }
  })
  const predicate = compileWhere(schema, whereOf(asked))
  // Only what the predicate says that it reads, and perhaps some others.
  const projection = world.all.filter((index) => predicate.columns.includes(index) || random.chance(0.3))
  const expected = [...versions.keys()].filter((i) => truthOf(asked, versions[i]!.row, world) === true)
  expect([...predicate.evaluate(batchOf(schema, projection, versions), projection)]).toEqual(expected)
})

const schema = defineSchema({
  columns: {
    id: t.int32(),
    small: t.int8().nullable(),
    big: t.int64().nullable(),
    real: t.float64().nullable(),
    single: t.float32().nullable(),
    text: t.utf8().nullable(),
    raw: t.binary().nullable(),
    price: t.decimal128(6, 2).nullable(),
    day: t.date().nullable(),
    any: t.json().nullable(),
  },
  key: ['id'],
})

function passing(where: unknown, rows: readonly Row[]): unknown[] {
  const blank = Object.fromEntries(schema.columns.map(({ name }) => [name, null]))
  const versions = rows.map((row, id) => ({ row: { ...blank, id, ...row }, seq: 1, deleted: false }))
  const all = schema.columns.map((_, index) => index)
  return [...compileWhere(schema, where).evaluate(batchOf(schema, all, versions), all)]
}

test('a comparison with null is unknown, and so is its opposite', () => {
  const rows = [{ small: 1 }, { small: null }, { small: 2 }]
  expect(passing({ small: { ne: 1 } }, rows)).toEqual([2])
  expect(passing(not({ small: { eq: 1 } }), rows)).toEqual([2])
  expect(passing({ small: { notIn: [1] } }, rows)).toEqual([2])
  expect(passing(or({ small: { eq: 1 } }, not({ small: { eq: 1 } })), rows)).toEqual([0, 2])
  expect(passing(or({ small: { eq: 1 } }, { small: { isNull: true } }), rows)).toEqual([0, 1])
  expect(passing(not({ small: { isNull: true } }), rows)).toEqual([0, 2])
})

test('nothing is in an empty list, and nothing is unknown about it', () => {
  const rows = [{ small: 1 }, { small: null }]
  expect(passing({ small: { in: [] } }, rows)).toEqual([])
  expect(passing({ small: { notIn: [] } }, rows)).toEqual([0, 1])
})

test('NaN equals itself and is above infinity; minus zero is zero', () => {
  const rows = [
    { real: Number.NaN },
    { real: Number.POSITIVE_INFINITY },
    { real: -0 },
    { real: 0 },
    { real: null },
  ]
  expect(passing({ real: { eq: Number.NaN } }, rows)).toEqual([0])
  expect(passing({ real: { gt: Number.POSITIVE_INFINITY } }, rows)).toEqual([0])
  expect(passing({ real: { lt: Number.NaN } }, rows)).toEqual([1, 2, 3])
  expect(passing({ real: { eq: 0 } }, rows)).toEqual([2, 3])
  expect(passing({ real: { gt: -0 } }, rows)).toEqual([0, 1])
  expect(passing({ real: { in: [-0, Number.NaN, 5, 6, 7, 8] } }, rows)).toEqual([0, 2, 3])
})

test('a float32 column is compared with what it would have stored', () => {
  expect(passing({ single: { eq: 0.1 } }, [{ single: 0.1 }])).toEqual([0])
})

test('strings compare as UTF-8 bytes, where a private-use character is below an emoji', () => {
  const rows = [{ text: '\uffee' }, { text: '😀' }]
  expect(passing({ text: { gt: '\uffee' } }, rows)).toEqual([1])
  expect('😀' > '\uffee').toBe(false)
})

test('no conditions: all rows; of none all, but not any', () => {
  const rows = [{ small: null }, { small: 1 }]
  for (const where of [
    undefined,
    {},
    { small: undefined },
    { small: {} },
    { small: { eq: undefined } },
    and(),
    not(or()),
  ]) {
    expect(passing(where, rows)).toEqual([0, 1])
  }
  expect(passing(or(), rows)).toEqual([])
  expect(passing(not({}), rows)).toEqual([])
})

test('a predicate names the columns it reads, once, and what it asks', () => {
  const predicate = compileWhere(
    schema,
    and({ text: { eq: 'a' } }, or({ id: { gt: 1 } }, not({ text: { lt: 'b' } }))),
  )
  expect(predicate.columns).toEqual([0, 5])
  expect(predicate.condition.kind).toBe('and')
})

test('what the caller changes afterwards has no effect', () => {
  const bytes = Uint8Array.of(1)
  const asked = { raw: { eq: bytes } }
  const predicate = compileWhere(schema, asked)
  bytes[0] = 2
  const batch = batchOf(schema, [6], [{ row: { raw: Uint8Array.of(1) }, seq: 1, deleted: false }])
  expect([...predicate.evaluate(batch, [6])]).toEqual([0])
})

test.each<[unknown, string | undefined, RegExp]>([
  [{ nope: { eq: 1 } }, 'nope', /no column "nope"/],
  [{ toString: { eq: 1 } }, 'toString', /no column "toString"/],
  [{ small: { is: 1 } }, 'small', /"small".*no operator "is"/],
  [{ small: { toString: 1 } }, 'small', /no operator "toString"/],
  [{ small: { eq: 128 } }, 'small', /"small", operator eq: expects an integer from -128 to 127/],
  [{ small: { eq: 1n } }, 'small', /operator eq/],
  [{ small: { eq: null } }, 'small', /for null there is isNull/],
  [{ big: { gt: 1 } }, 'big', /"big", operator gt: expects a bigint/],
  [{ text: { lt: 1 } }, 'text', /"text", operator lt/],
  [{ text: { eq: '\ud800' } }, 'text', /surrogates/],
  [{ price: { eq: '1.234' } }, 'price', /"price", operator eq/],
  [{ day: { eq: new Date(1) } }, 'day', /midnight/],
  [{ text: { in: 'abc' } }, 'text', /operator in: expects an array/],
  [{ text: { notIn: ['a', 1] } }, 'text', /operator notIn/],
  [{ text: { in: [null] } }, 'text', /operator in.*isNull/],
  [{ small: { between: [1] } }, 'small', /operator between: expects an array \[least, greatest\]/],
  [{ small: { between: [1, 2, 3] } }, 'small', /operator between/],
  [{ small: { between: [1, 'x'] } }, 'small', /operator between: expects an integer/],
  [{ small: { startsWith: 'a' } }, 'small', /operator startsWith: expects a utf8 column/],
  [{ price: { startsWith: '1' } }, 'price', /operator startsWith/],
  [{ text: { startsWith: 1 } }, 'text', /operator startsWith/],
  [{ text: { isNull: 1 } }, 'text', /operator isNull: expects true or false/],
  [{ any: { eq: 1 } }, 'any', /"any", operator eq.*json/],
  [{ any: { in: [] } }, 'any', /json/],
  [{ small: 1 }, 'small', /takes an object/],
  [{ small: null }, 'small', /takes an object/],
  [{ day: new Date(0) }, 'day', /takes an object/],
  [{ raw: new Uint8Array(1) }, 'raw', /takes an object/],
  [{ small: or() }, 'small', /takes an object/],
  [[{ small: { eq: 1 } }], undefined, /must be an object/],
  [null, undefined, /must be an object/],
  ['small', undefined, /must be an object/],
  [and(undefined), undefined, /must be an object/],
  [or({ small: { eq: 1 } }, not({ small: { eq: 'x' } })), 'small', /operator eq/],
])('what has no meaning is refused at once (case %#)', (where, column, message) => {
  expect(() => compileWhere(schema, where)).toThrow(
    expect.objectContaining({
      code: 'MARQUETRY_INVALID_OPTION',
      option: 'where',
      column,
      message: expect.stringMatching(message),
    }),
  )
})
