// Keys: the bytes sort as the values do, and so do the columns that hold them. fast-check prints the seed of a failure.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { t } from '#src/format/column.js'
import { compareKeys } from '#src/format/compare.js'
import {
  appendKey,
  decodeKeys,
  encodeKey,
  encodeRange,
  isEmptyRange,
  keyBytesMax,
  vectorKey,
} from '#src/format/key-codec.js'
import { defineSchema, type Schema } from '#src/format/schema.js'
import type { Vector } from '#src/format/vector.js'
import { ByteSink } from '#src/util/byte-sink.js'
import { compareBytes } from '#src/util/bytes.js'
import { asKey, compareParts, type KeysUnderTest, type KindUnderTest, keyKinds, randomKeys } from './kinds.js'

function keySchema(kinds: readonly KindUnderTest[]): Schema {
  return defineSchema({
    columns: [...kinds.map((kind, i) => [`k${i}`, kind.column] as const), ['v', t.bool()]],
    key: kinds.map((_, i) => `k${i}`),
  })
}

const encodeAll = (schema: Schema, keys: KeysUnderTest['keys']) =>
  keys.map((key) => encodeKey(schema, asKey(key)))

/** The keys as columns, decoded from where they lie one after another behind some other bytes. */
function columnsOf(schema: Schema, encoded: readonly Uint8Array[]): Vector[] {
  const sink = new ByteSink(1)
  sink.append(Uint8Array.of(0, 0xff, 0))
  const starts = encoded.map((bytes) => {
    const start = sink.length
    sink.append(bytes)
    return start
  })
  const positions = Uint32Array.from(starts)
  const vectors = decodeKeys(schema, sink.copy(), positions)
  expect([...positions]).toEqual([...starts.slice(1), sink.length])
  return vectors
}

/** Byte order, column order and the order of the values agree on every pair; no key is a prefix of another. */
function ordersAgree({ kinds, keys }: KeysUnderTest): void {
  const schema = keySchema(kinds)
  const encoded = encodeAll(schema, keys)
  const vectors = columnsOf(schema, encoded)
  const compareRows = compareKeys(vectors, vectors)
  keys.forEach((a, i) => {
    keys.forEach((b, j) => {
      const [x, y] = [encoded[i] as Uint8Array, encoded[j] as Uint8Array]
      const expected = Math.sign(compareParts(kinds, a, b))
      expect(Math.sign(compareBytes(x, y)), `bytes of ${fc.stringify([a, b])}`).toBe(expected)
      expect(Math.sign(compareRows(i, j)), `columns of ${fc.stringify([a, b])}`).toBe(expected)
      if (expected !== 0)
        expect(compareBytes(x, y.subarray(0, x.length)), 'a key is the prefix of another').not.toBe(0)
    })
  })
}

function survivesDecoding({ kinds, keys }: KeysUnderTest): void {
  const schema = keySchema(kinds)
  const encoded = encodeAll(schema, keys)
  const vectors = columnsOf(schema, encoded)
  keys.forEach((key, row) => {
    const read = vectors.map((vector, i) => schema.columns[i]?.codec.value(vector, row))
    expect(read).toEqual(key.map((part, i) => kinds[i]?.back(part as never)))
    expect(vectorKey(schema, vectors, row)).toEqual(encoded[row])
  })
}

describe('one key column', () => {
  for (const kind of keyKinds) {
    const keys = fc
      .array(kind.values, { minLength: 2, maxLength: 10 })
      .map((values) => ({ kinds: [kind], keys: values.map((value) => [value]) }))
    test(`${kind.name}: encoded keys, columns and values sort alike`, () =>
      fc.assert(fc.property(keys, ordersAgree)))
    test(`${kind.name}: a key survives encoding and decoding`, () =>
      fc.assert(fc.property(keys, survivesDecoding)))
  }
})

describe('several key columns', () => {
  test('encoded keys, columns and values sort alike', () => {
    fc.assert(fc.property(randomKeys, ordersAgree), { numRuns: 300 })
  })

  test('a key survives encoding and decoding', () => {
    fc.assert(fc.property(randomKeys, survivesDecoding), { numRuns: 200 })
  })

  test('a key is appended behind what the sink holds', () => {
    const schema = keySchema(keyKinds.slice(0, 2))
    const sink = new ByteSink(1)
    appendKey(schema, sink, [true, 1])
    appendKey(schema, sink, [false, -1])
    expect([...sink.copy()]).toEqual([1, 0x81, 0, 0x7f])
  })
})

describe('strings sort as their UTF-8 bytes, not as JavaScript compares them', () => {
  const schema = defineSchema({ columns: { k: t.utf8() }, key: ['k'] })

  test('a surrogate pair sorts above U+FFFF', () => {
    expect('\u{10000}' < '\uffff').toBe(true)
    expect(compareBytes(encodeKey(schema, '\u{10000}'), encodeKey(schema, '\uffff'))).toBeGreaterThan(0)
  })

  test('zeros inside a string do not end it', () => {
    const texts = ['', '\0', '\0\0', '\0a', '\x01', 'a', 'a\0', 'a\0\0', 'a\0b', 'a\x01', 'aa']
    const sorted = [...texts].reverse().sort((a, b) => compareBytes(encodeKey(schema, a), encodeKey(schema, b)))
    expect(sorted).toEqual(texts)
  })

  test('a long string, a long string with zeros, a long string of many bytes a character', () => {
    const texts = ['a'.repeat(300), `${'a'.repeat(99)}\0${'b'.repeat(200)}`, '\u{1f600}'.repeat(100)]
    survivesDecoding({
      kinds: keyKinds.filter((kind) => kind.name === 'utf8'),
      keys: texts.map((text) => [text]),
    })
  })
})

describe('length', () => {
  const schema = defineSchema({ columns: { k: t.utf8() }, key: ['k'] })

  test(`a key of ${keyBytesMax} bytes is taken, one byte more is not`, () => {
    expect(encodeKey(schema, 'a'.repeat(keyBytesMax - 2))).toHaveLength(keyBytesMax)
    const tooLong = expect.objectContaining({ code: 'MARQUETRY_LIMIT' })
    expect(() => encodeKey(schema, 'a'.repeat(keyBytesMax - 1))).toThrow(tooLong)
    expect(() => encodeRange(schema, { gte: 'a'.repeat(keyBytesMax) })).toThrow(tooLong)
  })

  test('an empty range is seen as one', () => {
    expect(isEmptyRange(encodeRange(schema, { gte: 'b', lt: 'a' }))).toBe(true)
    expect(isEmptyRange(encodeRange(schema, { gt: 'a', lte: 'a' }))).toBe(true)
    expect(isEmptyRange(encodeRange(schema, { gte: 'a', lte: 'a' }))).toBe(false)
    expect(isEmptyRange(encodeRange(schema, {}))).toBe(false)
  })
})
