import { describe, expect, test } from 'vitest'
import { fixedVector, type Vector } from '#src/format/vector.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'

const page = (bytes: number): Vector => fixedVector('uint8', new Uint8Array(bytes))

/** SIEVE in so many words: pages newest first, and the one at which the hand stands. */
class Model {
  pages: { id: string; file: number; vector: Vector; bytes: number; used: boolean }[] = []
  hand: Model['pages'][number] | undefined
  readonly capacity: number
  readonly overhead: number

  constructor(capacity: number, overhead: number) {
    this.capacity = capacity
    this.overhead = overhead
  }

  get bytes(): number {
    return this.pages.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get(id: string): Vector | undefined {
    const known = this.pages.find((entry) => entry.id === id)
    if (known !== undefined) known.used = true
    return known?.vector
  }

  set(id: string, file: number, vector: Vector): void {
    const entry = { id, file, vector, bytes: vector.length + this.overhead, used: false }
    this.drop((other) => other.id === id)
    while (this.bytes + entry.bytes > this.capacity) {
      let at = this.hand === undefined ? this.pages.length - 1 : this.pages.indexOf(this.hand)
      while (this.pages[at]!.used) {
        this.pages[at]!.used = false
        at = at === 0 ? this.pages.length - 1 : at - 1
      }
      const victim = this.pages[at]
      this.hand = victim
      this.drop((other) => other === victim)
    }
    this.pages.unshift(entry)
  }

  drop(goes: (entry: Model['pages'][number]) => boolean): void {
    for (const entry of this.pages.filter(goes)) {
      const at = this.pages.indexOf(entry)
      if (this.hand === entry) this.hand = this.pages[at - 1]
      this.pages.splice(at, 1)
    }
  }
}

describe('a page cache', () => {
  test('gives back what was put in, by file and page', () => {
    const cache = new PageCache(1 << 20)
    const pages = [page(1), page(2), page(3)]
    const [a, b] = [cache.newFile(), cache.newFile()]
    cache.set(a, 7, pages[0]!)
    cache.set(b, 7, pages[1]!)
    cache.set(a, 1, pages[2]!)
    expect([cache.get(a, 7), cache.get(b, 7), cache.get(a, 1)]).toEqual(pages)
    expect(cache.get(b, 1)).toBeUndefined()
    expect([cache.hits, cache.misses]).toEqual([3, 1])
  })

  test('drops the oldest page that nobody used since the last search for room', () => {
    const cache = new PageCache(35_000)
    const file = cache.newFile()
    for (const number of [0, 1, 2]) cache.set(file, number, page(10_000))
    cache.get(file, 0)
    cache.set(file, 3, page(10_000))
    expect([0, 1, 2, 3].map((number) => cache.get(file, number) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ])
  })

  test('keeps the pages that lookups come back to, while scans of many times its size go through it', () => {
    const cache = new PageCache(100 * 1_400)
    const [hot, cold] = [cache.newFile(), cache.newFile()]
    for (let number = 0; number < 50; number++) cache.set(hot, number, page(1_000))
    for (let number = 0; number < 50; number++) cache.get(hot, number)
    let misses = 0
    for (let step = 0; step < 10_000; step++) {
      if (cache.get(hot, step % 50) === undefined) misses++
      // Between two uses of a page come more others than the cache holds: in order of use it would be gone.
      for (let i = 0; i < 2; i++) cache.set(cold, 2 * step + i, page(1_000))
    }
    expect(misses).toBe(0)
  })

  test('does not keep a page larger than itself, nor lose others for it', () => {
    const cache = new PageCache(10_000)
    const file = cache.newFile()
    cache.set(file, 0, page(5_000))
    cache.set(file, 1, page(10_000))
    expect(cache.get(file, 1)).toBeUndefined()
    expect(cache.get(file, 0)).toBeDefined()
  })

  test('replaces a page that comes twice', () => {
    const cache = new PageCache(100_000)
    const file = cache.newFile()
    cache.set(file, 0, page(50_000))
    const bytes = cache.bytes
    const again = page(50_000)
    cache.set(file, 0, again)
    expect(cache.bytes).toBe(bytes)
    expect(cache.get(file, 0)).toBe(again)
  })

  test('behaves like its model, within its bound, whatever is done', () => {
    const random = seededRandom(seed)
    const draw = (below: number) => Math.floor(random() * below)
    const capacity = 50_000
    const cache = new PageCache(capacity)
    const empty = new PageCache(capacity)
    empty.set(empty.newFile(), 0, page(0))
    const model = new Model(capacity, empty.bytes)
    const files = [cache.newFile(), cache.newFile(), cache.newFile()]
    for (let step = 0; step < 5_000; step++) {
      const [file, number] = [draw(3), draw(18)]
      const id = `${file}.${number}`
      const action = random()
      if (action < 0.5) expect(cache.get(files[file]!, number), `seed ${seed}`).toBe(model.get(id))
      else if (action < 0.99) {
        const vector = page(draw(9_000))
        cache.set(files[file]!, number, vector)
        model.set(id, file, vector)
      } else {
        cache.evict(files[file]!)
        model.drop((entry) => entry.file === file)
      }
      expect(cache.bytes, `seed ${seed}`).toBe(model.bytes)
      expect(cache.bytes).toBeLessThanOrEqual(capacity)
    }
  })
})
