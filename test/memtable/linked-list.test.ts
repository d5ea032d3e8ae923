import { expect, it } from 'vitest'
import { linkedList } from '#src/memtable/linked-list.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { bytesOf, EntryArena, shuffled } from './arena.js'
import { latest, Pair } from './pair.js'
import { repContract } from './rep-contract.js'

repContract('linked-list', linkedList)

it('takes ten bytes an entry at most, whatever order they come in', () => {
  const count = 20_000
  const orders = [
    Array.from({ length: count }, (_, n) => n),
    Array.from({ length: count }, (_, n) => count - n),
    shuffled(count, seededRandom(8)),
  ]
  for (const order of orders) {
    const arena = new EntryArena()
    const rep = linkedList(arena)
    for (const n of order) {
      rep.insert(arena.put(bytesOf(String(100_000 + n))))
      if (rep.size > 1000) expect(rep.indexBytes / rep.size).toBeLessThan(10)
    }
  }
})

it('keeps its stretches in order where the entry that cuts one in half becomes the finger', () => {
  const pair = new Pair(linkedList)
  const put = (n: number) => pair.put(bytesOf(String(1000 + n)))
  for (let n = 0; n < 15; n++) put(n)
  for (let n = 100; n < 116; n++) put(n)
  for (let n = 50; n < 99; n++) put(n) // the first one is the middle of thirty-two
  pair.checkWalks(undefined, latest)
})
