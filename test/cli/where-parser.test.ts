// The `--where` language: what is written from a tree is read as that tree, and mistakes are where they are said to be.

import fc from 'fast-check'
import { open, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { UsageError } from '#src/cli/usage-error.js'
import { whereFromText } from '#src/cli/where-binder.js'
import { type Literal, parseWhere, type WhereExpression } from '#src/cli/where-parser.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { testSeed } from '../test-seed.js'

const symbols = { eq: ['=', '=='], ne: ['!=', '<>'], gt: ['>'], gte: ['>='], lt: ['<'], lte: ['<='] } as const

/** Random spaces, cases and spellings: everything that must not matter. */
interface Hand {
  readonly pick: <T>(items: readonly T[]) => T
}

function write(expression: WhereExpression, hand: Hand): string {
  const space = () => hand.pick([' ', '  ', '\n', '\t'])
  const maybe = () => hand.pick(['', ' '])
  const word = (text: string) =>
    hand.pick([text, text.toUpperCase(), `${text[0]?.toUpperCase()}${text.slice(1)}`])
  if ('parts' in expression)
    return expression.parts.map((part) => writePart(part, hand)).join(space() + word(expression.kind) + space())
  if (expression.kind === 'not') return `${word('not')}${space()}${writePart(expression.part, hand)}`
  const column = writeName(expression.column.name, hand)
  if (expression.kind === 'compare') {
    const symbol = hand.pick(symbols[expression.operator])
    return column + maybe() + symbol + maybe() + writeLiteral(expression.value)
  }
  const not = expression.negated ? word('not') + space() : ''
  if (expression.kind === 'isNull') return column + space() + word('is') + space() + not + word('null')
  const begin = column + space() + not
  if (expression.kind === 'in') {
    const values = expression.values.map(writeLiteral).join(`${maybe()},${maybe()}`)
    return `${begin}${word('in')}${maybe()}(${maybe()}${values}${maybe()})`
  }
  if (expression.kind === 'startsWith')
    return `${begin}${word('like')}${maybe()}${quote(`${expression.prefix}%`)}`
  const [low, high] = [writeLiteral(expression.low), writeLiteral(expression.high)]
  return begin + word('between') + space() + low + space() + word('and') + space() + high
}

function writePart(part: WhereExpression, hand: Hand): string {
  const bare = part.kind !== 'and' && part.kind !== 'or' && hand.pick([true, false])
  return bare ? write(part, hand) : `(${write(part, hand)})`
}

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`

function writeName(name: string, hand: Hand): string {
  const isPlain = /^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name)
  const isKeyword = /^(and|or|not|in|between|is|null|like|true|false)$/i.test(name)
  return isPlain && !isKeyword && hand.pick([true, false]) ? name : `"${name.replaceAll('"', '""')}"`
}

function writeLiteral({ kind, text }: Literal): string {
  if (kind === 'string') return quote(text)
  return kind === 'bytes' ? `x'${text}'` : text
}

const text = fc.string({ unit: 'grapheme', maxLength: 8 })
const column = fc
  .oneof(
    fc.constantFrom('delay', 'origin', 'a.b', 'and', 'Δ', '__proto__', 'two words'),
    text.filter((s) => s !== ''),
  )
  .map((name) => ({ name, at: 0 }))
const literal: fc.Arbitrary<Literal> = fc.oneof(
  fc
    .oneof(fc.bigInt().map(String), fc.double({ noNaN: true, noDefaultInfinity: true }).map(String))
    .map((number) => ({ kind: 'number' as const, text: number, at: 0 })),
  text.map((string) => ({ kind: 'string' as const, text: string, at: 0 })),
  fc
    .uint8Array({ maxLength: 4 })
    .map((bytes) => ({ kind: 'bytes' as const, text: Buffer.from(bytes).toString('hex'), at: 0 })),
  fc.constantFrom('true', 'false').map((boolean) => ({ kind: 'boolean' as const, text: boolean, at: 0 })),
)
const negated = fc.boolean()
const { expression } = fc.letrec<{ expression: WhereExpression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({ kind: fc.constant('compare' as const), column, operator: fc.constantFrom('eq', 'ne', 'gt', 'gte', 'lt', 'lte'), value: literal }),
    fc.record({ kind: fc.constant('in' as const), column, negated, values: fc.array(literal, { maxLength: 3 }) }),
    fc.record({ kind: fc.constant('between' as const), column, negated, low: literal, high: literal }),
    fc.record({ kind: fc.constant('startsWith' as const), column, negated, prefix: text.filter((s) => !/[%_]/.test(s)) }),
    fc.record({ kind: fc.constant('isNull' as const), column, negated }),
    fc.record({ kind: fc.constantFrom('and', 'or'), parts: fc.array(tie('expression'), { minLength: 2, maxLength: 3 }) }),
    fc.record({ kind: fc.constant('not' as const), part: tie('expression') }),
  ) as fc.Arbitrary<WhereExpression>,
})) // biome-ignore format: a list

const withoutPlaces = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner) => (key === 'at' ? 0 : inner)))

test('what is written from a tree, in any hand, is read as that tree', () => {
  const choices = fc.infiniteStream(fc.nat())
  fc.assert(
    fc.property(expression, choices, (tree, stream) => {
      const hand: Hand = { pick: (items) => items[(stream.next().value ?? 0) % items.length]! }
      expect(withoutPlaces(parseWhere(write(tree, hand)))).toEqual(withoutPlaces(tree))
    }),
    { seed: testSeed, numRuns: 1_000 },
  )
})

test('whatever is no condition is refused as such, and the place lies in it', () => {
  const words = [
    'a',
    '1',
    "'t'",
    'and',
    'or',
    'not',
    '(',
    ')',
    ',',
    'in',
    '=',
    '<',
    'is',
    'null',
    'like',
    "'%'",
    '"',
    '-',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { maxLength: 8 }), (chosen) => {
      const input = chosen.join(' ')
      try {
        parseWhere(input)
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError)
        const place = Number(/^where, column (\d+): /.exec((error as Error).message)?.[1])
        expect(place).toBeGreaterThanOrEqual(1)
        expect(place).toBeLessThanOrEqual(input.length + 1)
      }
    }),
    { seed: testSeed, numRuns: 2_000 },
  )
})

test('`and` binds closer than `or`, and `not` closer than both', () => {
  const shape = (input: string) =>
    JSON.stringify(parseWhere(input), (key, value) => (key === 'at' ? undefined : value))
  expect(shape('a is null or b is null and c is null')).toBe(shape('a is null or (b is null and c is null)'))
  expect(shape('not a is null and b is null')).toBe(shape('(not a is null) and b is null'))
  expect(shape('a between 1 and 2 and b is null')).toBe(shape('(a between 1 and 2) and b is null'))
})

describe('a mistake is named with its column', () => {
  test.each([
    ['', 1, 'expects a column, `not` or `(`, not the end'],
    ['delay', 6, 'expects a comparison, `in`, `between`, `like` or `is`, not the end'],
    ['delay >', 8, 'expects a value, not the end'],
    ['delay > and', 9, 'expects a value, not `and`'],
    ['delay > x', 9, 'expects a value (texts stand in single quotes), not `x`'],
    ['delay = null', 9, 'expects a value (for null write `is null`), not `null`'],
    ['delay > 1 delay', 11, 'expects `and`, `or` or the end, not `delay`'],
    ['(delay > 1', 11, 'expects `)`, `and` or `or`, not the end'],
    ['delay in 1', 10, 'expects `(`, not `1`'],
    ['delay in (1 2)', 13, 'expects `,` or `)`, not `2`'],
    ['delay between 1 or 2', 17, 'expects `and`, not `or`'],
    ['delay is 3', 10, 'expects `null` or `not null`, not `3`'],
    ['delay not 3', 11, 'expects `in`, `between` or `like`, not `3`'],
    ["origin like 'A_%'", 13, "a pattern is a beginning and one % at its end, such as 'A%', without _"],
    ["origin like '%A'", 13, "a pattern is a beginning and one % at its end, such as 'A%', without _"],
    ["origin = 'ATL", 10, "a text in single quotes does not end; a quote within it is written ''"],
    ['delay > 12x', 9, 'a number runs into a word'],
    ['delay ~ 1', 7, '~ means nothing here'],
    ['speed > 1', 1, 'there is no column speed, but delay, origin'],
    ["delay > '1'", 9, 'column delay is int32, which this is not'],
    ['origin > 1', 10, 'column origin is utf8, which this is not'],
    ['delay > 1.5', 9, 'column delay expects an int32, not "1.5"'],
    ["delay like 'A%'", 1, 'like is for utf8 columns; delay is int32'],
  ])('%s', (input, place, message) => {
    const schema = {
      id: 1,
      columns: [
        { id: 1, name: 'delay', kind: 'int32' },
        { id: 2, name: 'origin', kind: 'utf8' },
      ],
      key: ['delay'],
    } as const
    expect(() => whereFromText(schema, input)).toThrow(`where, column ${place}: ${message} (in: ${input})`)
  })

  test('nesting that would exhaust the stack too', () => {
    expect(() => parseWhere(`${'('.repeat(100_000)}a is null`)).toThrow('nested more than 200 deep')
    expect(() => parseWhere(`${'not '.repeat(100_000)}a is null`)).toThrow('nested more than 200 deep')
  })
})

test('conditions select the rows that they say', async () => {
  const db = await open('db', { fileSystem: new MemoryFileSystem(), workers: 0 })
  const table = await db.table('rows', {
    columns: {
      id: t.int32(),
      word: t.utf8().nullable(),
      big: t.int64().nullable(),
      at: t.timestamp().nullable(),
      raw: t.binary().nullable(),
      flag: t.bool().nullable(),
      ratio: t.float64().nullable(),
      price: t.decimal128(10, 2).nullable(),
    },
    key: ['id'],
  })
  const day = (text: string) => new Date(`${text}T00:00:00Z`)
  await table.put({
    id: 1,
    word: 'ATL',
    big: 2n ** 60n,
    at: day('2001-03-01'),
    flag: true,
    ratio: 0.5,
    price: '1.50',
  })
  await table.put({
    id: 2,
    word: "it's",
    big: 7n,
    at: day('2001-04-01'),
    flag: false,
    ratio: Number.NaN,
    price: '-2.00',
  })
  await table.put({ id: 3, raw: new Uint8Array([0, 255]) })
  const { schema } = await db.table('rows')
  const ids = async (input: string) => {
    const rows = await table.scan({ where: whereFromText(schema, input) as never, columns: ['id'] }).toArray()
    return rows.map(({ id }) => id).join(' ')
  }
  for (const [input, expected] of [
    ['id >= 2', '2 3'],
    ['id <> 2', '1 3'],
    ['big = 1152921504606846976', '1'],
    ['big > +6 and big < 8', '2'],
    ["word = 'it''s'", '2'],
    ["word like 'A%' or id = 3", '1 3'],
    ["word not like 'A%'", '2'],
    ["at < '2001-03-02 12:30'", '1'],
    ["at between '2001-03-01' and '2001-04-01T00:00:00Z'", '1 2'],
    ['id not between 2 and 3', '1'],
    ["raw = x'00FF'", '3'],
    ['flag = true', '1'],
    ["ratio = 'NaN'", '2'],
    ['price < -1.5', '2'],
    ['word is null', '3'],
    ['not (word is null or id in (1))', '2'],
    ['id in ()', ''],
    ['id not in (1, 3)', '2'],
    ['"id" = 1', '1'],
  ] as const)
    expect([input, await ids(input)]).toEqual([input, expected])
  await db.close()
})
