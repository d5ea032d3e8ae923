// The counting hash table against a Map of strings.

import { expect, test } from 'vitest'
import { RowNumbers } from '#src/transfer/row-numbers.js'
import { generator } from './support.js'

function compare(seed: number, rows: number, group: (next: (below: number) => number) => Uint8Array): void {
  const next = generator(seed)
  const counts = new Map<string, number>()
  const numbers = new RowNumbers()
  for (let row = 0; row < rows; row++) {
    const bytes = group(next)
    const text = Buffer.from(bytes).toString('hex')
    const seen = counts.get(text) ?? 0
    counts.set(text, seen + 1)
    numbers.sink.append(bytes)
    const number = numbers.next()
    if (number !== seen) expect.fail(`seed ${seed}, row ${row}: ${number} instead of ${seen} for ${text}`)
  }
  expect(numbers.groups).toBe(counts.size)
}

test.each([1, 2, 3])('numbers rows of random groups as a Map does, seed %i', (seed) => {
  compare(seed, 60_000, (next) => Uint8Array.from({ length: next(6) }, () => next(12)))
})

test('keeps groups apart that differ in one byte, or in length only', () => {
  compare(4, 40_000, (next) => {
    const bytes = new Uint8Array(20 + next(2))
    bytes[next(bytes.length)] = next(3)
    return bytes
  })
})

test('tells groups apart whose hashes are the same', () => {
  // Of so many different groups some ten pairs share their 32-bit hash.
  compare(5, 300_000, (next) => Buffer.from(`k${next(2 ** 32)}`))
})

test('numbers one group of nothing', () => {
  const numbers = new RowNumbers()
  expect([numbers.next(), numbers.next(), numbers.next()]).toEqual([0, 1, 2])
})

test('forgets the bytes of a group that it has', () => {
  const numbers = new RowNumbers()
  for (let i = 0; i < 1000; i++) {
    numbers.sink.append(Uint8Array.of(1, 2, 3))
    expect(numbers.next()).toBe(i)
  }
  expect(numbers.sink.length).toBe(3)
})
