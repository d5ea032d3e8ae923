import { expect, it } from 'vitest'
import { hashSkiplist } from '#src/memtable/hash-skiplist.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { bytesOf, EntryArena, shuffled } from './arena.js'
import { hashMarks } from './hash-marks.js'
import { latest, Pair } from './pair.js'
import { repContract } from './rep-contract.js'

repContract('hash-skiplist', hashSkiplist)
hashMarks(hashSkiplist, 4)

it('makes no buckets for entries that nobody looks up', () => {
  const arena = new EntryArena()
  const rep = hashSkiplist(arena)
  for (let i = 0; i < 20_000; i++) rep.insert(arena.put(bytesOf(`key-${i}`)))
  const written = rep.indexBytes
  rep.get(bytesOf('key-7'), latest)
  expect(rep.indexBytes).toBeGreaterThan(1.5 * written)
})

it('finds what was written since the last lookup, few entries or many, once the directory has grown too', () => {
  const pair = new Pair(hashSkiplist)
  const keys = Array.from({ length: 3000 }, (_, i) => bytesOf(`key-${i}`))
  const order = shuffled(keys.length, seededRandom(5))
  for (const portion of [1, 2, 50, 1000, 1, 1946]) {
    const written = order.splice(0, portion).map((i) => keys[i]!)
    for (const key of written) pair.put(key)
    pair.checkGets(written, latest)
  }
  pair.checkGets(keys, latest)
})
