import { describe, expect, test } from 'vitest'
import { fixedVector, type Vector } from '#src/format/vector.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'

const page = (bytes: number): Vector => fixedVector('uint8', new Uint8Array(bytes))

describe('a page cache', () => {
  test('gives back what was put in, by file, column and page', () => {
    const cache = new PageCache(1 << 20)
    const pages = [page(1), page(2), page(3), page(4)]
    const [a, b] = [cache.newFile(), cache.newFile()]
    cache.set(a, 0, 0, pages[0]!)
    cache.set(b, 0, 0, pages[1]!)
    cache.set(a, 1, 0, pages[2]!)
    cache.set(a, 0, 1, pages[3]!)
    expect([cache.get(a, 0, 0), cache.get(b, 0, 0), cache.get(a, 1, 0), cache.get(a, 0, 1)]).toEqual(pages)
    expect(cache.get(b, 1, 0)).toBeUndefined()
    expect([cache.hits, cache.misses]).toEqual([4, 1])
  })

  test('drops the page that was used longest ago', () => {
    const cache = new PageCache(35_000)
    for (const number of [0, 1, 2]) cache.set(1, 0, number, page(10_000))
    cache.get(1, 0, 0)
    cache.set(1, 0, 3, page(10_000))
    expect([0, 1, 2, 3].map((number) => cache.get(1, 0, number) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ])
  })

  test('does not keep a page larger than itself, nor lose others for it', () => {
    const cache = new PageCache(10_000)
    cache.set(1, 0, 0, page(5_000))
    cache.set(1, 0, 1, page(10_000))
    expect(cache.get(1, 0, 1)).toBeUndefined()
    expect(cache.get(1, 0, 0)).toBeDefined()
  })

  test('replaces a page that comes twice', () => {
    const cache = new PageCache(100_000)
    cache.set(1, 0, 0, page(50_000))
    const bytes = cache.bytes
    const again = page(50_000)
    cache.set(1, 0, 0, again)
    expect(cache.bytes).toBe(bytes)
    expect(cache.get(1, 0, 0)).toBe(again)
  })

  test('behaves like a list in order of use, within its bound, whatever is done', () => {
    const random = seededRandom(seed)
    const capacity = 50_000
    const cache = new PageCache(capacity)
    let model: { id: string; file: number; vector: Vector; bytes: number }[] = []
    const empty = new PageCache(capacity)
    empty.set(0, 0, 0, page(0))
    const overhead = empty.bytes
    for (let step = 0; step < 5_000; step++) {
      const [file, column, number] = [
        Math.floor(random() * 3),
        Math.floor(random() * 3),
        Math.floor(random() * 6),
      ]
      const id = `${file}.${column}.${number}`
      const known = model.find((entry) => entry.id === id)
      const others = model.filter((entry) => entry !== known)
      const action = random()
      if (action < 0.5) {
        expect(cache.get(file, column, number), `seed ${seed}`).toBe(known?.vector)
        if (known !== undefined) model = [known, ...others]
      } else if (action < 0.99) {
        const vector = page(Math.floor(random() * 9_000))
        cache.set(file, column, number, vector)
        model = [{ id, file, vector, bytes: vector.length + overhead }, ...others]
        while (model.reduce((sum, { bytes }) => sum + bytes, 0) > capacity) model.pop()
      } else {
        cache.evict(file)
        model = model.filter((entry) => entry.file !== file)
      }
      expect(cache.bytes, `seed ${seed}`).toBe(model.reduce((sum, { bytes }) => sum + bytes, 0))
      expect(cache.bytes).toBeLessThanOrEqual(capacity)
    }
  })
})
