import { describe, expect, test } from 'vitest'
import { hashKey, hashKeys } from '#src/sstable/key-hash.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { hashAt, keySeries } from './filter-keys.js'

const ascii = (text: string) => new TextEncoder().encode(text)

describe('the hash of a key', () => {
  test('never changes: it is part of the format of filter.bloom', () => {
    const hashes = ['', 'a', 'ab', 'abc', 'abcd', 'user:0000000001\0\0', '\xff\xfe'].map((text) =>
      hashKey(ascii(text)),
    )
    expect(hashes).toMatchInlineSnapshot(`
      [
        {
          "first": 3186082438,
          "second": 1622171998,
        },
        {
          "first": 2097872382,
          "second": 191606936,
        },
        {
          "first": 1843185639,
          "second": 3638728189,
        },
        {
          "first": 1828883994,
          "second": 1576387550,
        },
        {
          "first": 1196275501,
          "second": 2231836922,
        },
        {
          "first": 980022836,
          "second": 3584607104,
        },
        {
          "first": 3493882993,
          "second": 1908798591,
        },
      ]
    `)
  })

  test('is two unsigned numbers, and that of the key wherever it lies', () => {
    const random = seededRandom(seed)
    for (let i = 0; i < 2000; i++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 40) }, () => random() * 256)
      const { first, second } = hashKey(bytes)
      for (const half of [first, second]) expect(half === half >>> 0).toBe(true)
      const around = Uint8Array.of(i, 255, ...bytes, 255, i)
      const into = new Uint32Array(4)
      hashKeys(around, Uint32Array.of(2, 2 + bytes.length, 2 + bytes.length), 2, into)
      expect([...into], `seed ${seed}`).toEqual([first, second, ...Object.values(hashKey(new Uint8Array(0)))])
    }
  })

  test('differs in about half of its bits when one bit of the key does', () => {
    const bits = (word: number) => word.toString(2).replaceAll('0', '').length
    for (const length of [1, 4, 8, 17, 30]) {
      const key = new Uint8Array(length).fill(0x30)
      const plain = hashKey(key)
      for (let bit = 0; bit < 8 * length; bit++) {
        const changed = key.slice()
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const other = hashKey(changed)
        for (const half of ['first', 'second'] as const) {
          const differing = bits((plain[half] ^ other[half]) >>> 0)
          expect(differing, `${half} of ${length} bytes, bit ${bit}`).toBeGreaterThan(3)
          expect(differing, `${half} of ${length} bytes, bit ${bit}`).toBeLessThan(29)
        }
      }
    }
  })

  test.each(Object.keys(keySeries))('tells all keys like %s apart, and its halves are independent', (name) => {
    const count = 200_000
    const halves = { first: new Set<number>(), second: new Set<number>() }
    let equal = 0
    for (let i = 0; i < count; i++) {
      const { first, second } = hashAt(keySeries[name]!, i)
      halves.first.add(first)
      halves.second.add(second)
      equal += Number((first & 0xfff) === (second & 0xfff))
    }
    // Each half alone: as many collisions as the birthday paradox allows, which are 4.7 of 200,000 in 2^32.
    expect(count - halves.first.size).toBeLessThan(20)
    expect(count - halves.second.size).toBeLessThan(20)
    expect(equal / (count / 4096)).toBeGreaterThan(0.3)
    expect(equal / (count / 4096)).toBeLessThan(2)
  })
})
