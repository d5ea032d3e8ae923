import fc from 'fast-check'
import { expect, test } from 'vitest'
import { t } from '#src/format/column.js'
import { decodeKeys, encodeKey } from '#src/format/key-codec.js'
import { KeyColumnEncoder } from '#src/format/key-columns.js'
import { defineSchema } from '#src/format/schema.js'
import { fixedVector } from '#src/format/vector.js'
import { asKey, randomKeys } from './kinds.js'

/** Keys as an encoder left them. */
function keysOf(encoder: KeyColumnEncoder, count: number): Buffer[] {
  const { bytes, starts } = encoder
  return Array.from({ length: count }, (_, i) => Buffer.from(bytes.subarray(starts[i], starts[i + 1])))
}

test('columns of any kinds become the keys that single values become', () => {
  const encoder = new KeyColumnEncoder() // one for all: what a batch left must not show in the next
  fc.assert(
    fc.property(randomKeys, fc.nat(9), fc.nat(9), ({ kinds, keys }, a, b) => {
      const names = kinds.map((_, i) => `k${i}`)
      const columns = kinds.map((kind, i) => [`k${i}`, kind.column] as const)
      const schema = defineSchema({ columns, key: names })
      const encoded = keys.map((key) => Buffer.from(encodeKey(schema, asKey(key))))
      let end = 0
      const starts = Uint32Array.from(encoded, ({ length }) => {
        end += length
        return end - length
      })
      const vectors = decodeKeys(schema, new Uint8Array(Buffer.concat(encoded)), starts)
      const from = Math.min(a, b, keys.length)
      const to = Math.min(Math.max(a, b), keys.length)
      encoder.encode(vectors, from, to)
      expect(keysOf(encoder, to - from)).toEqual(encoded.slice(from, to))
    }),
    { numRuns: 1000 },
  )
})

test('keys of all lengths, and more of them than the buffer holds at first', () => {
  const schema = defineSchema({ columns: { name: t.utf8(), at: t.int32() }, key: ['name', 'at'] })
  const names = Array.from({ length: 500 }, (_, i) => 'x'.repeat(i) + (i % 7 === 0 ? '\0y' : ''))
  const encoded = names.map((name, i) => Buffer.from(encodeKey(schema, [name, -i])))
  let end = 0
  const starts = Uint32Array.from(encoded, ({ length }) => {
    end += length
    return end - length
  })
  const encoder = new KeyColumnEncoder()
  encoder.encode(decodeKeys(schema, new Uint8Array(Buffer.concat(encoded)), starts), 0, names.length)
  expect(keysOf(encoder, names.length)).toEqual(encoded)
})

test('floats are refused', () => {
  const floats = [fixedVector('float64', Float64Array.of(1))]
  expect(() => new KeyColumnEncoder().encode(floats, 0, 1)).toThrow('floats are not keys')
})
