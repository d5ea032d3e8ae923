// What only the hash kinds have to stand: keys with equal marks, and a key with so many versions that its bucket is large.

import { expect, it } from 'vitest'
import type { KeyBytes } from '#src/format/key-codec.js'
import { markOfKey } from '#src/memtable/key-mark.js'
import type { MemtableRepFactory } from '#src/memtable/rep.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { bytesOf, shuffled } from './arena.js'
import { latest, Pair } from './pair.js'

/** Keys of which each shares its mark with another one. */
function colliding(neighbours: number): KeyBytes[] {
  const byMark = new Map<number, KeyBytes>()
  const found: KeyBytes[] = []
  for (let n = 0; found.length < 6; n++) {
    const key = bytesOf(`key-${n}`)
    const mark = markOfKey(key, neighbours)
    const other = byMark.get(mark)
    if (other !== undefined) found.push(other, key)
    byMark.set(mark, key)
  }
  return found
}

/** Declares the tests of a kind whose directory hashes with these neighbours. */
export function hashMarks(factory: MemtableRepFactory, neighbours: number): void {
  it('tells keys with equal marks apart', () => {
    const pair = new Pair(factory)
    const keys = colliding(neighbours)
    expect(new Set(keys.map((key) => markOfKey(key, neighbours))).size).toBe(3)
    pair.put(keys[0]!)
    pair.checkGets(keys, latest)
    for (let round = 0; round < 40; round++) {
      for (const i of shuffled(keys.length, seededRandom(round))) pair.put(keys[i]!)
    }
    for (const seq of [1, 3, 20, 100, 200, latest]) pair.checkGets(keys, seq)
    pair.checkWalks(undefined, 100)
  })

  it('finds every version of a few keys while the directory grows around them', () => {
    const random = seededRandom(23)
    const pair = new Pair(factory)
    const often = ['often-1', 'often-2', 'often-9'].map(bytesOf)
    for (let i = 0; i < 12_000; i++) {
      pair.put(random() < 0.2 ? often[i % 3]! : bytesOf(`seldom-${Math.floor(random() * 1e6)}`))
      if (i % 1000 === 999) pair.checkGets(often, Math.floor(random() * i))
    }
    for (let seq = 0; seq <= 12_000; seq += 97) pair.checkGets(often, seq)
  })
}
