import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeKeys, encodeKey } from '#src/format/key-codec.js'
import { KeySearch } from '#src/format/key-search.js'
import { defineSchema } from '#src/format/schema.js'
import { asKey, randomKeys } from './kinds.js'

test('each part of a key is found in its column where its encoding would be', () => {
  fc.assert(
    fc.property(randomKeys, fc.nat(9), fc.nat(9), ({ kinds, keys }, a, b) => {
      const names = kinds.map((_, i) => `k${i}`)
      const columns = kinds.map((kind, i) => [`k${i}`, kind.column] as const)
      const schema = defineSchema({ columns, key: names })
      const search = new KeySearch(schema)
      const from = Math.min(a, b, keys.length)
      const to = Math.min(Math.max(a, b), keys.length)
      const byPart = kinds.map((kind, part) => {
        const alone = defineSchema({ columns: [['k', kind.column]], key: ['k'] })
        const encoded = keys
          .map((key) => Buffer.from(encodeKey(alone, key[part])))
          .sort((x, y) => Buffer.compare(x, y))
        let end = 0
        const starts = Uint32Array.from(encoded, ({ length }) => {
          end += length
          return end - length
        })
        const [vector] = decodeKeys(alone, new Uint8Array(Buffer.concat(encoded)), starts)
        return { alone, encoded, vector: vector! }
      })
      for (const key of keys) {
        search.use(encodeKey(schema, asKey(key)))
        let end = 0
        for (const [part, { alone, encoded, vector }] of byPart.entries()) {
          const wanted = Buffer.from(encodeKey(alone, key[part]))
          end += wanted.length
          expect(search.endOf(part)).toBe(end)
          const window = encoded.slice(from, to)
          const below = window.filter((other) => Buffer.compare(other, wanted) < 0).length
          const upTo = window.filter((other) => Buffer.compare(other, wanted) <= 0).length
          expect(search.first(part, vector, from, to, false)).toBe(from + below)
          expect(search.first(part, vector, from, to, true)).toBe(from + upTo)
        }
      }
    }),
  )
})
