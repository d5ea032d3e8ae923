import { expect, it } from 'vitest'
import { sorted } from '#src/memtable/sorted.js'
import { bytesOf, EntryArena } from './arena.js'
import { repContract } from './rep-contract.js'

repContract('sorted', sorted)

it('keeps chunks full where entries come in order, upwards or downwards', () => {
  for (const sign of [1, -1]) {
    const arena = new EntryArena()
    const rep = sorted(arena)
    for (let n = 1; n <= 50_000; n++) rep.insert(arena.put(bytesOf(String(500_000 + sign * n))))
    expect(rep.indexBytes / rep.size).toBeLessThan(13)
  }
})
