import { describe, expect, test } from 'vitest'
import { type KeptRows, newShapeId } from '#src/format/kept-rows.js'
import { hashKey } from '#src/sstable/key-hash.js'
import { RowCache } from '#src/sstable/row-cache.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'

interface Row {
  name: string
}

const shape = (bytes = 40): KeptRows<Row> => ({
  id: newShapeId(),
  copy: ({ name }) => ({ name }),
  bytes: () => bytes,
})

const keyOf = (text: string) => new TextEncoder().encode(text)

/** What a lookup does: asks, makes the row if it is not there, and offers it. Whether it was there. */
function lookUp(cache: RowCache, file: number, rows: KeptRows<Row>, text: string, name = text): boolean {
  const key = keyOf(text)
  const hash = hashKey(key)
  const row = cache.get(file, rows, key, hash)
  expect(cache.has(file, rows.id, key, hash)).toBe(row !== undefined)
  if (row !== undefined) expect(row).toEqual({ name })
  else cache.offer(file, rows, key, hash, { name })
  return row !== undefined
}

describe('a row cache', () => {
  test('keeps a row that is looked up a second time', () => {
    const cache = new RowCache(1 << 20)
    const rows = shape()
    expect(Array.from({ length: 4 }, () => lookUp(cache, 1, rows, 'a'))).toEqual([false, false, true, true])
    expect(cache.hits).toBe(2)
  })

  test('tells files and shapes apart', () => {
    const cache = new RowCache(1 << 20)
    const [one, other] = [shape(), shape()]
    for (let i = 0; i < 3; i++) {
      lookUp(cache, 1, one, 'a', 'of file 1')
      lookUp(cache, 2, one, 'a', 'of file 2')
      lookUp(cache, 2, other, 'a', 'in another shape')
    }
    expect(lookUp(cache, 1, one, 'a', 'of file 1')).toBe(true)
    expect(lookUp(cache, 2, one, 'a', 'of file 2')).toBe(true)
    expect(lookUp(cache, 2, other, 'a', 'in another shape')).toBe(true)
  })

  test('hands out copies of a copy', () => {
    const cache = new RowCache(1 << 20)
    const rows = shape()
    const key = keyOf('a')
    const hash = hashKey(key)
    const made = { name: 'made' }
    cache.offer(1, rows, key, hash, made)
    cache.offer(1, rows, key, hash, made)
    made.name = 'changed by who was given it'
    const first = cache.get(1, rows, key, hash)!
    first.name = 'changed too'
    expect(cache.get(1, rows, key, hash)).toEqual({ name: 'made' })
  })

  test('keeps no large rows, no long keys, and nothing at all where it is small', () => {
    const large = new RowCache(1 << 20)
    for (let i = 0; i < 4; i++) {
      expect(lookUp(large, 1, shape(1000), 'a')).toBe(false)
      expect(lookUp(large, 1, shape(), 'a'.repeat(53))).toBe(false)
    }
    const [long, rows] = ['a'.repeat(52), shape()]
    expect(Array.from({ length: 3 }, () => lookUp(large, 1, rows, long))).toEqual([false, false, true])
    const small = new RowCache(100_000)
    for (let i = 0; i < 4; i++) expect(lookUp(small, 1, rows, 'a')).toBe(false)
    expect(small.bytes).toBe(0)
  })

  test('answers right, within its bound, whatever is looked up', () => {
    const random = seededRandom(seed)
    const capacity = 1 << 20
    const cache = new RowCache(capacity)
    const shapes = [shape(100), shape(400)]
    for (let step = 0; step < 100_000; step++) {
      const file = 1 + Math.floor(random() * 3)
      const rows = shapes[Math.floor(random() * 2)]!
      const text = `key ${Math.floor(random() ** 3 * 5_000)}`
      // Each file has rows of its own.
      lookUp(cache, file, rows, text, `${text} of ${file}`)
      if (cache.bytes > capacity) expect.fail(`seed ${seed}: ${cache.bytes} bytes`)
    }
    expect(cache.hits, `seed ${seed}`).toBeGreaterThan(20_000)
  })
})
