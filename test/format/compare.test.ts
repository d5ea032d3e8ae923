// Order of columns that are no keys (floats), and of rows that lie in different batches and in slices of them.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { t } from '#src/format/column.js'
import { compareColumns, compareKeys } from '#src/format/compare.js'
import { decodeKeys, encodeKey } from '#src/format/key-codec.js'
import { defineSchema } from '#src/format/schema.js'
import { fixedVector, sliceVector, type Vector } from '#src/format/vector.js'
import { asKey, compareParts, type KeysUnderTest, randomKeys } from './kinds.js'

describe('floats', () => {
  const ascending = [
    -Infinity,
    -1e300,
    -1,
    -Number.MIN_VALUE,
    0,
    Number.MIN_VALUE,
    1,
    1e300,
    Infinity,
    Number.NaN,
  ]
  for (const layout of ['float64', 'float32'] as const) {
    test(`${layout}: NaN sorts above everything and equals itself`, () => {
      const array = layout === 'float64' ? Float64Array.from(ascending) : Float32Array.from(ascending)
      const vector = fixedVector(layout, array)
      const compare = compareColumns(vector, vector)
      const rank = (i: number) => (Number.isNaN(array[i]) ? Infinity : i)
      for (let i = 0; i < array.length; i++) {
        for (let j = 0; j < array.length; j++) {
          const equal = array[i] === array[j] || i === j // several become one in float32
          expect(Math.sign(compare(i, j)), `${array[i]} and ${array[j]}`).toBe(
            equal ? 0 : Math.sign(rank(i) - rank(j) || i - j),
          )
        }
      }
    })
  }

  test('-0 equals 0', () => {
    const vector = fixedVector('float64', Float64Array.of(-0, 0))
    expect(compareColumns(vector, vector)(0, 1)).toBe(0)
    expect(compareColumns(vector, vector)(1, 0)).toBe(0)
  })
})

/** The keys as columns of batches that begin elsewhere in their memory. */
function slicedColumns({ kinds, keys }: KeysUnderTest, before: number): Vector[] {
  const names = kinds.map((_, i) => `k${i}`)
  const schema = defineSchema({ columns: kinds.map((kind, i) => [`k${i}`, kind.column] as const), key: names })
  const padded = [...Array.from({ length: before }, () => keys[0] ?? []), ...keys]
  const encoded = padded.map((key) => encodeKey(schema, asKey(key)))
  let end = 0
  const starts = Uint32Array.from(encoded, (bytes) => {
    end += bytes.length
    return end - bytes.length
  })
  return decodeKeys(schema, new Uint8Array(Buffer.concat(encoded)), starts).map((vector) =>
    sliceVector(vector, before, padded.length),
  )
}

test('rows of two batches compare as their values do, also in slices', () => {
  const property = fc.property(randomKeys, fc.nat(3), fc.nat(3), (drawn, before, otherBefore) => {
    const { kinds, keys } = drawn
    const reversed = { kinds, keys: keys.toReversed() }
    const compare = compareKeys(slicedColumns(drawn, before), slicedColumns(reversed, otherBefore))
    keys.forEach((a, i) => {
      reversed.keys.forEach((b, j) => {
        expect(Math.sign(compare(i, j)), fc.stringify([a, b])).toBe(Math.sign(compareParts(kinds, a, b)))
      })
    })
  })
  fc.assert(property, { numRuns: 200 })
})

test('int64 columns compare beyond what a double can tell apart', () => {
  const schema = defineSchema({ columns: { k: t.int64() }, key: ['k'] })
  const keys = [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) + 1n]
  const bytes = new Uint8Array(Buffer.concat(keys.map((key) => encodeKey(schema, key))))
  const vectors = decodeKeys(
    schema,
    bytes,
    Uint32Array.from(keys, (_, i) => 8 * i),
  )
  const compare = compareKeys(vectors, vectors)
  expect([compare(0, 1), compare(1, 0), compare(2, 3), compare(3, 4)].map(Math.sign)).toEqual([-1, 1, 1, -1])
})
