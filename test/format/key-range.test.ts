// Bounds of scans: the byte range holds exactly the keys that the bounds, read as sentences about values, describe.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { t } from '#src/format/column.js'
import { type Bounds, encodeKey, encodeRange, isEmptyRange } from '#src/format/key-codec.js'
import { defineSchema } from '#src/format/schema.js'
import { compareBytes } from '#src/util/bytes.js'
import { asKey, compareParts, type KeysUnderTest, type KindUnderTest, randomKeys } from './kinds.js'

type Parts = readonly unknown[]
type Model = { readonly bounds: Bounds; readonly holds: (key: Parts) => boolean }

const beginsWith = (value: unknown, start: unknown) =>
  typeof value === 'string'
    ? value.startsWith(start as string)
    : Buffer.compare((value as Uint8Array).subarray(0, (start as Uint8Array).length), start as Uint8Array) === 0

/** The beginning of a value, cut between characters. */
const cut = (value: unknown, length: number) =>
  typeof value === 'string' ? [...value].slice(0, length).join('') : (value as Uint8Array).slice(0, length)

function isOpenable(kind: KindUnderTest | undefined): boolean {
  return kind?.name === 'utf8' || kind?.name === 'binary'
}

/** Some bounds on keys of these kinds, made of parts of these keys, with their meaning. */
function boundsOf({ kinds, keys }: KeysUnderTest): fc.Arbitrary<Model> {
  const part = fc.tuple(fc.nat(keys.length - 1), fc.integer({ min: 1, max: kinds.length }))
  const prefixes = part.map(([at, length]) => (keys[at] as Parts).slice(0, length))
  const compare = (key: Parts, bound: Parts) => compareParts(kinds, key, bound)
  const lower = fc.option(fc.tuple(fc.constantFrom('gt', 'gte'), prefixes), { nil: undefined })
  const upper = fc.option(fc.tuple(fc.constantFrom('lt', 'lte'), prefixes), { nil: undefined })
  const prefix = fc.option(fc.tuple(prefixes, fc.option(fc.nat(3))), { nil: undefined })
  return fc.tuple(lower, upper, prefix).map(([low, high, common]) => {
    const bounds: Record<string, unknown> = {}
    const tests: ((key: Parts) => boolean)[] = []
    if (low !== undefined) {
      bounds[low[0]] = asKeyOrPrefix(kinds, low[1])
      tests.push((key) => (low[0] === 'gt' ? compare(key, low[1]) > 0 : compare(key, low[1]) >= 0))
    }
    if (high !== undefined) {
      bounds[high[0]] = asKeyOrPrefix(kinds, high[1])
      tests.push((key) => (high[0] === 'lt' ? compare(key, high[1]) < 0 : compare(key, high[1]) <= 0))
    }
    if (common !== undefined) {
      const [parts, open] = common
      const last = parts.length - 1
      if (open !== null && isOpenable(kinds[last])) {
        const start = cut(parts[last], open)
        bounds.prefix = asKeyOrPrefix(kinds, [...parts.slice(0, last), { startsWith: start }])
        tests.push((key) => compare(key, parts.slice(0, last)) === 0 && beginsWith(key[last], start))
      } else {
        bounds.prefix = asKeyOrPrefix(kinds, parts)
        tests.push((key) => compare(key, parts) === 0)
      }
    }
    return { bounds, holds: (key) => tests.every((holds) => holds(key)) }
  })
}

const asKeyOrPrefix = (kinds: readonly unknown[], parts: Parts) => (kinds.length === 1 ? parts[0] : parts)

const cases = randomKeys.chain((drawn) => fc.tuple(fc.constant(drawn), boundsOf(drawn)))

test('the byte range holds the keys that the bounds describe, and no others', () => {
  let inside = 0
  const property = fc.property(cases, ([{ kinds, keys }, { bounds, holds }]) => {
    const names = kinds.map((_, i) => `k${i}`)
    const schema = defineSchema({
      columns: kinds.map((kind, i) => [`k${i}`, kind.column] as const),
      key: names,
    })
    const range = encodeRange(schema, bounds)
    for (const key of keys) {
      const bytes = encodeKey(schema, asKey(key))
      const found =
        (range.gte === undefined || compareBytes(bytes, range.gte) >= 0) &&
        (range.lt === undefined || compareBytes(bytes, range.lt) < 0)
      expect(found, fc.stringify({ key, bounds })).toBe(holds(key))
      if (found) {
        expect(isEmptyRange(range)).toBe(false)
        inside++
      }
    }
  })
  fc.assert(property, { numRuns: 600 })
  expect(inside).toBeGreaterThan(100) // else the test says little
})

describe('what bounds may not be', () => {
  const schema = defineSchema({ columns: { a: t.utf8(), b: t.binary(), c: t.int8() }, key: ['a', 'b', 'c'] })
  const single = defineSchema({ columns: { a: t.int8() }, key: ['a'] })
  const bytes = new Uint8Array(1)
  const wrongKeys: readonly (readonly [string, typeof schema, Bounds])[] = [
    ['no array for several columns', schema, { gte: 'x' }],
    ['an empty array', schema, { gte: [] }],
    ['too many parts', schema, { lt: ['x', bytes, 1, 1] }],
    ['a wrong type', schema, { lte: ['x', 'y'] }],
    ['a hole', schema, { lte: [undefined, bytes] }],
    ['null', schema, { gte: null }],
    ['null for one column', single, { gte: null }],
    ['an array for one column', single, { gt: [1] }],
    ['an empty prefix', schema, { prefix: [] }],
    ['startsWith in a bound', schema, { gte: [{ startsWith: 'x' }] }],
    ['startsWith not last', schema, { prefix: [{ startsWith: 'x' }, bytes] }],
    ['startsWith of an integer', schema, { prefix: ['x', bytes, { startsWith: 1 }] }],
    ['startsWith of an integer column', single, { prefix: { startsWith: '1' } }],
    ['startsWith with bytes for text', schema, { prefix: [{ startsWith: bytes }] }],
    ['startsWith with text for bytes', schema, { prefix: ['x', { startsWith: 'y' }] }],
    ['startsWith with half a character', schema, { prefix: [{ startsWith: '\ud83d' }] }],
    ['startsWith of nothing', schema, { prefix: [{ startsWith: undefined }] }],
    [
      'startsWith of what only claims to be bytes',
      schema,
      { prefix: ['x', { startsWith: Object.create(Uint8Array.prototype) }] },
    ],
  ]
  for (const [name, of, bounds] of wrongKeys) {
    test(`${name}: refused`, () => {
      expect(() => encodeRange(of, bounds)).toThrow(expect.objectContaining({ code: 'MARQUETRY_INVALID_KEY' }))
    })
  }

  test('gt with gte, or lt with lte: refused', () => {
    const invalid = (option: string) => expect.objectContaining({ code: 'MARQUETRY_INVALID_OPTION', option })
    expect(() => encodeRange(single, { gt: 1, gte: 1 })).toThrow(invalid('gt'))
    expect(() => encodeRange(single, { lt: 1, lte: 1 })).toThrow(invalid('lt'))
    expect(encodeRange(single, { gt: undefined, gte: 1 }).gte).toEqual(Uint8Array.of(0x81))
  })

  test('nothing lies after the greatest key', () => {
    const range = encodeRange(single, { gt: 127 })
    const greatest = encodeRange(defineSchema({ columns: { a: t.uint8() }, key: ['a'] }), { gt: 255 })
    expect(isEmptyRange(range)).toBe(true)
    expect(isEmptyRange(greatest)).toBe(true)
  })
})
