import { expect, it } from 'vitest'
import { EntryRuns } from '#src/memtable/entry-runs.js'
import { KeyDigest } from '#src/memtable/key-digest.js'
import { vector } from '#src/memtable/vector.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { bytesOf, EntryArena } from './arena.js'
import { latest, Pair, rest } from './pair.js'
import { repContract } from './rep-contract.js'

repContract('vector', vector)

it('keeps few runs, each much longer than the next, however entries come', () => {
  const random = seededRandom(17)
  const arena = new EntryArena()
  const runs = new EntryRuns(new KeyDigest())
  let size = 0
  for (let round = 0; round < 3000; round++) {
    const count = random() < 0.01 ? 1 + Math.floor(random() * 500) : 1 + Math.floor(random() * 3)
    const entries = Uint32Array.from({ length: count }, () => arena.put(bytesOf(`k${random()}`)))
    runs.add(arena.bytes, entries)
    size += count
    const lengths = runs.runs.map((run) => run.length)
    expect(lengths.reduce((sum, length) => sum + length)).toBe(size)
    expect(lengths.length).toBeLessThanOrEqual(1 + Math.log(size) / Math.log(4))
    lengths.slice(1).forEach((length, i) => {
      expect(lengths[i]!).toBeGreaterThanOrEqual(4 * length)
    })
  }
})

it('answers alike between single insertions, whether lookups sort the tail or look through it', () => {
  const random = seededRandom(19)
  const pair = new Pair(vector)
  const keys = Array.from({ length: 40 }, (_, n) => bytesOf(`key${n}`))
  for (let i = 0; i < 600; i++) {
    pair.put(keys[Math.floor(random() * keys.length)]!, undefined, i % 7 === 0)
    if (random() < 0.7) pair.checkGets(keys, pair.arena.seq - Math.floor(random() * 30))
    if (random() < 0.2) pair.checkWalks(keys[i % 40], pair.arena.seq)
  }
})

it('shows a cursor the entries there were when it was opened', () => {
  const arena = new EntryArena()
  const rep = vector(arena)
  const put = (text: string) => {
    const entry = arena.put(bytesOf(text))
    rep.insert(entry)
    return entry
  }
  const before = ['b', 'd', 'f'].map(put)
  const cursors = [false, true].map((reverse) => rep.cursor(undefined, arena.seq, reverse))
  for (const text of ['a', 'c', 'd', 'g']) put(text)
  rep.cursor(undefined, latest, false).close() // sorts and merges what the open cursors walk
  expect(cursors.map((cursor) => rest(cursor))).toEqual([before, before.toReversed()])
})
