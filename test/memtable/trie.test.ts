import { expect, it } from 'vitest'
import { entryHeadBytes, writeEntryHead } from '#src/format/entry.js'
import { trie } from '#src/memtable/trie.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { bytesOf, EntryArena, shuffled } from './arena.js'
import { latest, Pair, rest, take } from './pair.js'
import { repContract } from './rep-contract.js'

repContract('trie', trie)

it('branches on every byte and on the end of a key, while its nodes grow', () => {
  for (const seed of [1, 2, 3]) {
    const pair = new Pair(trie)
    const order = shuffled(257, seededRandom(seed))
    const symbols = seed === 1 ? [256, ...order.filter((symbol) => symbol !== 256)] : order
    const keys = symbols.map((symbol) => (symbol === 256 ? bytesOf('k') : new Uint8Array([0x6b, symbol])))
    const probes = [...keys, bytesOf(''), bytesOf('j'), bytesOf('l'), bytesOf('ka\0')]
    const cursors = [false, true].map((reverse) => {
      pair.put(bytesOf('k\x80\x80')) // so that the cursors' first key stays one among many
      return { reverse, cursor: pair.rep.cursor(undefined, pair.arena.seq, reverse), expected: [] as number[] }
    })
    for (const one of cursors) one.expected = pair.model.walk(undefined, one.reverse ? 2 : 1, one.reverse)
    keys.forEach((key, n) => {
      pair.put(key)
      if (n % 7 === 0 || [1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 66].includes(n)) {
        pair.checkGets(probes, latest)
        for (const from of [
          undefined,
          ...shuffled(probes.length, seededRandom(n))
            .slice(0, 4)
            .map((i) => probes[i]!),
        ]) {
          pair.checkWalks(from, latest)
        }
      }
    })
    for (const from of [undefined, ...probes]) pair.checkWalks(from, latest)
    for (const { cursor, expected } of cursors) expect(rest(cursor)).toEqual(expected)
  }
})

it('finds its place again in nodes that grew under a cursor', () => {
  for (const reverse of [false, true]) {
    const pair = new Pair(trie)
    const key = (n: number) => new Uint8Array([0x6b, n >>> 8, n & 0xff])
    for (let n = 0; n < 1024; n += 16) pair.put(key(n))
    const seq = pair.arena.seq
    const expected = pair.model.walk(undefined, seq, reverse)
    const cursor = pair.rep.cursor(undefined, seq, reverse)
    const found: number[] = []
    for (const n of shuffled(1024, seededRandom(4))) {
      if (n % 16 !== 0) pair.put(key(n))
      if (n % 32 === 0) found.push(...take(cursor, 2))
    }
    expect([...found, ...rest(cursor)]).toEqual(expected)
  }
})

it('goes down as deep as keys are long', () => {
  const pair = new Pair(trie)
  const keys = Array.from({ length: 1500 }, (_, length) => bytesOf('a'.repeat(length)))
  for (const i of shuffled(keys.length, seededRandom(9))) pair.put(keys[i]!)
  pair.checkGets([...keys, bytesOf('a'.repeat(1500)), bytesOf('b')], latest)
  for (const from of [undefined, keys[0]!, keys[700]!, bytesOf('aab'), bytesOf('a'.repeat(1500))]) {
    pair.checkWalks(from, latest)
  }
})

it('takes as little for keys that share much as for keys that share little', () => {
  const indexBytes = ['', 'u', `tenant:${'x'.repeat(1000)}:`].map((prefix) => {
    const arena = new EntryArena()
    const rep = trie(arena)
    for (const n of shuffled(5000, seededRandom(2))) rep.insert(arena.put(bytesOf(`${prefix}${10_000 + n}`)))
    return rep.indexBytes
  })
  expect(new Set(indexBytes).size).toBe(1)
  expect(indexBytes[0]! / 5000).toBeLessThan(14)
})

it('uses the room of nodes that moved', () => {
  const indexBytes = [1, 2].map((rounds) => {
    const arena = new EntryArena()
    const rep = trie(arena)
    // In the second case every node grows through all forms below 64 children before the next one is begun.
    for (let n = 0; n < 64 * 64 * rounds; n++) rep.insert(arena.put(new Uint8Array([n >>> 6, n & 63])))
    return rep.indexBytes / rep.size
  })
  for (const bytes of indexBytes) expect(bytes).toBeLessThan(6.5)
})

it('takes entries that lie beyond 2 GiB', () => {
  // Most of these pages are never touched, so that they take no memory.
  const arena = { bytes: new Uint8Array(2 ** 31 + 4096), length: 2 ** 31 + 4096 }
  const rep = trie(arena)
  const put = (at: number, text: string, seq: number) => {
    writeEntryHead(arena.bytes, at, 0, text.length, 0, seq)
    arena.bytes.set(bytesOf(text), at + entryHeadBytes)
    rep.insert(at)
    return at
  }
  const low = 64
  const high = 2 ** 31
  const b3 = put(high + 300, 'b', 3)
  const b1 = put(high + 100, 'b', 1)
  const b2 = put(low, 'b', 2)
  const a = put(high + 400, 'a', 4)
  const c5 = put(low + 100, 'c', 5)
  const c6 = put(high - 1, 'c', 6)
  const c7 = put(high + 500, 'c', 7)
  expect([0, 1, 2, 3, latest].map((seq) => rep.get(bytesOf('b'), seq))).toEqual([0, b1, b2, b3, b3])
  expect([4, 5, 6, 7, latest].map((seq) => rep.get(bytesOf('c'), seq))).toEqual([0, c5, c6, c7, c7])
  expect(rest(rep.cursor(undefined, latest, false))).toEqual([a, b3, c7])
  expect(rest(rep.cursor(undefined, 5, true))).toEqual([c5, b3, a])
})
