import { describe, expect, it } from 'vitest'
import { compareEntries } from '#src/format/entry.js'
import { sortEntries } from '#src/format/sort-entries.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { bytesOf, EntryArena } from '../memtable/arena.js'

describe('sorting entries', () => {
  const keys: Record<string, (random: () => number) => string> = {
    'random keys': (random) => `user:${String(Math.floor(random() * 1e9)).padStart(10, '0')}`,
    'few keys with many versions': (random) => `k${Math.floor(random() * 5)}`,
    'one key': () => 'key',
    'clusters of long prefixes': (random) => `${'abcdefghij'.slice(0, random() * 10).repeat(9)}${random()}`,
    'keys of zeros and their prefixes': (random) => `x${'\0'.repeat(random() * 20)}`,
  }
  for (const [shape, keyOf] of Object.entries(keys)) {
    // Around the limits of insertion, and of narrow and wide digits.
    it.each([0, 1, 2, 24, 25, 300, 9000])(`orders ${shape} as plain comparison does: %i entries`, (count) => {
      const random = seededRandom(count)
      const arena = new EntryArena()
      const written = Uint32Array.from({ length: count }, () => arena.put(bytesOf(keyOf(random))))
      const plain = [...written].sort((a, b) => compareEntries(arena.bytes, a, b))
      for (const entries of [written.slice(), written.toReversed(), Uint32Array.from(plain)]) {
        sortEntries(arena.bytes, entries)
        expect([...entries]).toEqual(plain)
      }
    })
  }
})
