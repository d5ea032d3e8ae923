import { expect, test } from 'vitest'
import { BufferPool } from '#src/util/buffer-pool.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'

const piece = 100_000

test('memory that was given back is lent again, to requests of about its size', () => {
  const pool = new BufferPool(1 << 20)
  const first = pool.take(piece)
  expect(first.byteLength).toBeGreaterThanOrEqual(piece)
  pool.give(first)
  expect(pool.take(piece / 4)).not.toBe(first)
  expect(pool.take(2 * piece)).not.toBe(first)
  pool.give(first) // a second time: it was forgotten in favour of the larger one
  const second = pool.take(piece)
  pool.give(second)
  expect(pool.take(0.9 * piece)).toBe(second)
})

test('memory is given back once, and only by whom it was lent', () => {
  const pool = new BufferPool(1 << 20)
  const lent = pool.take(piece)
  pool.give(lent)
  pool.give(lent)
  pool.give(new ArrayBuffer(piece))
  expect(pool.freeBytes).toBe(lent.byteLength)
  expect(pool.take(piece)).toBe(lent)
  expect(pool.take(piece)).not.toBe(lent)
})

test('no two who hold memory hold the same, and what is kept has a limit', () => {
  const random = seededRandom(seed)
  const limit = 4 << 20
  const pool = new BufferPool(limit)
  const held = new Set<ArrayBuffer>()
  for (let step = 0; step < 5_000; step++) {
    if (held.size < 20 && random() < 0.55) {
      const bytes = Math.floor(2 ** (10 + 11 * random()))
      const buffer = pool.take(bytes)
      expect(buffer.byteLength).toBeGreaterThanOrEqual(bytes)
      expect(held.has(buffer), `seed ${seed}`).toBe(false)
      held.add(buffer)
    } else {
      const buffer = [...held][Math.floor(random() * held.size)]
      if (buffer === undefined) continue
      held.delete(buffer)
      pool.give(buffer)
    }
    expect(pool.freeBytes).toBeLessThanOrEqual(limit)
  }
})
