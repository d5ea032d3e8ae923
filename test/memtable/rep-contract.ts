// The contract of a memtable index, as a suite that every kind runs. A plain model says what is right.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type KeyBytes, keyBytesMax } from '#src/format/key-codec.js'
import { type EntryRef, type MemtableCursor, type MemtableRepFactory, noEntry } from '#src/memtable/rep.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { bytesOf, EntryArena, shuffled } from './arena.js'
import { latest, Pair, rest, take } from './pair.js'

/** Limits for kinds that are not made for many entries. */
export interface RepContractOptions {
  /** Entries in the tests of scale; 100,000 unless told. */
  readonly scaleEntries?: number
}

/** Declares the tests of one kind. */
export function repContract(name: string, factory: MemtableRepFactory, options: RepContractOptions = {}): void {
  describe(`memtable index: ${name}`, () => {
    describe('lookups', () => lookups(factory))
    describe('keys of all shapes', () => keyShapes(factory))
    describe('cursors', () => cursors(factory))
    describe('random histories', () => histories(factory))
    describe('scale', () => scale(factory, options.scaleEntries ?? 100_000))
  })
}

const key = (n: number) => bytesOf(`user:${String(n).padStart(10, '0')}\0\0`)

function lookups(factory: MemtableRepFactory): void {
  it('answers from an empty index', () => {
    const { rep } = new Pair(factory)
    expect(rep.size).toBe(0)
    expect(rep.get(bytesOf(''), latest)).toBe(noEntry)
    expect(rep.get(bytesOf('a'), latest)).toBe(noEntry)
    for (const reverse of [false, true]) {
      for (const from of [undefined, bytesOf(''), bytesOf('a')]) {
        expect(rest(rep.cursor(from, latest, reverse))).toEqual([])
      }
    }
  })

  it('finds each version of a key at every sequence number', () => {
    const pair = new Pair(factory)
    const keys = [bytesOf('a'), bytesOf('b'), bytesOf('c'), bytesOf('bb')]
    for (let i = 0; i < 400; i++) pair.put(keys[(i * i) % 3]!, undefined, i % 5 === 0)
    expect(pair.rep.size).toBe(400)
    for (let seq = -1; seq <= 402; seq++) pair.checkGets(keys, seq)
    for (const seq of [-1, 0, 1, 2, 50, 399, 400, latest]) pair.checkWalks(undefined, seq)
  })

  it('returns tombstones like other versions', () => {
    const pair = new Pair(factory)
    pair.put(bytesOf('a'))
    const tombstone = pair.put(bytesOf('a'), undefined, true)
    expect(pair.rep.get(bytesOf('a'), latest)).toBe(tombstone)
    expect(rest(pair.rep.cursor(undefined, latest, false))).toEqual([tombstone])
  })

  it('orders versions by sequence number, whatever order they come in', () => {
    const pair = new Pair(factory)
    const seqs = shuffled(300, seededRandom(7))
    for (const seq of seqs) pair.put(bytesOf('ab'[seq % 2]!), seq)
    for (let seq = -1; seq <= 300; seq++) pair.checkGets([bytesOf('a'), bytesOf('b')], seq)
    pair.checkWalks(undefined, 150)
  })

  it('takes sequence offsets of the whole 32-bit range', () => {
    const pair = new Pair(factory)
    const seqs = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
    for (const seq of seqs) pair.put(bytesOf('a'), seq)
    for (const seq of [-1, ...seqs, latest]) pair.checkGets([bytesOf('a')], seq)
    for (const seq of [-1, ...seqs, latest]) pair.checkWalks(undefined, seq)
  })
}

function keyShapes(factory: MemtableRepFactory): void {
  it('tells keys apart that are prefixes of each other, empty, or end in zeros', () => {
    const pair = new Pair(factory)
    const texts = [
      '',
      '\0',
      '\0\0',
      '\0\x01',
      'a',
      'a\0',
      'a\0\0',
      'a\0\0\0\0\0\0\0\0',
      'aa',
      '\xff',
      '\xff\0',
      '\xff\xff',
    ]
    const keys = texts.flatMap((text) => [bytesOf(text), bytesOf(`a-common-prefix${text}`)])
    for (const i of shuffled(keys.length, seededRandom(3))) pair.put(keys[i]!)
    for (const absent of [...keys, bytesOf('b'), bytesOf('a-common')]) {
      pair.checkGets([absent], latest)
      pair.checkWalks(absent, latest)
    }
    pair.checkWalks(undefined, latest)
  })

  it('takes keys of 60 KB and more that differ only at their ends', () => {
    const pair = new Pair(factory)
    const long = (length: number, last: number) => {
      const bytes = new Uint8Array(length).fill(0xff)
      bytes[length - 1] = last
      return bytes
    }
    const keys = [60_000, 60_001, keyBytesMax].flatMap((length) =>
      [0, 1, 0xfe, 0xff].map((last) => long(length, last)),
    )
    for (const i of shuffled(keys.length, seededRandom(5))) pair.put(keys[i]!)
    pair.put(bytesOf('short'))
    for (const i of shuffled(keys.length, seededRandom(6))) pair.put(keys[i]!)
    pair.checkGets(keys, 12)
    pair.checkGets(keys, latest)
    for (const from of [undefined, ...keys]) pair.checkWalks(from, latest)
  })

  it('keeps long keys in order that lack what most others have in common', () => {
    const random = seededRandom(13)
    const pair = new Pair(factory)
    const usual = Array.from({ length: 500 }, (_, n) => key(n))
    for (const one of usual) pair.put(one)
    const others = Array.from({ length: 50 }, () => Uint8Array.from({ length: 40 }, () => random() * 256))
    for (const one of others) pair.put(one)
    pair.checkGets([...usual, ...others], latest)
    for (const from of [undefined, ...others]) pair.checkWalks(from, latest)
  })

  it('keeps its order while what keys have in common changes', () => {
    fc.assert(
      fc.property(fc.noShrink(fc.integer()), (seed) => {
        const random = seededRandom(seed)
        const pair = new Pair(factory)
        const keys: KeyBytes[] = []
        // Clusters of growing and shrinking common prefixes, before and behind those that came first.
        const prefixes = [
          'm:user:0000',
          'm:user:00',
          '\xff\xff',
          'm:user:0000000',
          '',
          'a',
          'm:user:0001',
          'm:z',
        ]
        for (const i of shuffled(prefixes.length, random)) {
          const count = 10 + Math.floor(random() * 400)
          for (let n = 0; n < count; n++) {
            keys.push(bytesOf(`${prefixes[i]}${Math.floor(random() * 300)}`))
            pair.put(keys.at(-1)!)
          }
          pair.checkWalks(keys[Math.floor(random() * keys.length)], latest)
        }
        pair.checkGets(keys, latest)
        pair.checkGets(keys, pair.rep.size >>> 1)
        pair.checkWalks(undefined, pair.rep.size >>> 1)
      }),
      { numRuns: 8 },
    )
  })
}

function cursors(factory: MemtableRepFactory): void {
  it('walk over bursts of ascending keys that begin anywhere', () => {
    const random = seededRandom(17)
    const pair = new Pair(factory)
    for (let burst = 0; burst < 60; burst++) {
      const from = Math.floor(random() * 100_000)
      const count = 1 + Math.floor(random() * 60)
      for (let i = 0; i < count; i++) pair.put(key(from + i))
      pair.checkWalks(undefined, latest)
    }
  })

  it('starts at bounds inside, between and outside the keys', () => {
    const pair = new Pair(factory)
    for (let n = 10; n < 60; n += 2) pair.put(key(n))
    for (let n = 20; n < 40; n += 4) pair.put(key(n))
    const bounds = [0, 9, 10, 11, 20, 39, 58, 59, 70].map(key)
    for (const from of [undefined, bytesOf(''), bytesOf('user:'), bytesOf('v'), ...bounds]) {
      for (const seq of [-1, 1, 25, 27, latest]) pair.checkWalks(from, seq)
    }
  })

  it('yields the same in steps of every size', () => {
    const pair = new Pair(factory)
    for (let i = 0; i < 200; i++) pair.put(key((i * 7) % 50))
    for (const reverse of [false, true]) {
      for (const step of [1, 2, 3, 7, 50, 51, 2000]) {
        expect(rest(pair.rep.cursor(undefined, 170, reverse), step)).toEqual(
          pair.model.walk(undefined, 170, reverse),
        )
      }
    }
  })

  it('leaves the rest of the array alone and yields nothing once closed', () => {
    const pair = new Pair(factory)
    const entries = [1, 2, 3].map((n) => pair.put(key(n)))
    for (const reverse of [false, true]) {
      const cursor = pair.rep.cursor(undefined, latest, reverse)
      const into = new Uint32Array(5).fill(99)
      expect(cursor.next(into)).toBe(3)
      expect([...into]).toEqual([...(reverse ? entries.toReversed() : entries), 99, 99])
      const closed = pair.rep.cursor(undefined, latest, reverse)
      closed.next(new Uint32Array(1))
      closed.close()
      expect(closed.next(into)).toBe(0)
      closed.close()
    }
  })

  it('goes on undisturbed when versions of the key it stands on are inserted', () => {
    for (const reverse of [false, true]) {
      const pair = new Pair(factory)
      for (let n = 0; n < 100; n++) pair.put(key(n))
      const expected = pair.model.walk(undefined, 100, reverse)
      const cursor = pair.rep.cursor(undefined, 100, reverse)
      const found: EntryRef[] = []
      for (let n = 0; n < 100; n++) {
        found.push(...take(cursor, 1))
        for (const near of [n - 1, n, n + 1, 99 - n]) pair.put(key(near), undefined, n % 2 === 0)
      }
      expect(found).toEqual(expected)
      expect(take(cursor, 1)).toEqual([])
    }
  })

  it('skips a key with very many versions', () => {
    const pair = new Pair(factory)
    pair.put(key(1))
    for (let i = 0; i < 3000; i++) pair.put(key(2))
    pair.put(key(3))
    for (const seq of [1, 2, 1500, 3001, latest]) {
      pair.checkWalks(undefined, seq)
      pair.checkWalks(key(2), seq)
      pair.checkWalks(key(3), seq)
    }
  })
}

/** Few distinct bytes and lengths, so that keys meet again and are prefixes of each other. */
const keys = fc
  .tuple(
    fc.constantFrom('', 'k', 'prefix-of-many'),
    fc.array(fc.constantFrom(0, 1, 0x61, 0xfe, 0xff), { maxLength: 4 }),
  )
  .map(([prefix, tail]) => new Uint8Array([...bytesOf(prefix), ...tail]))

const steps = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), key: keys, isDelete: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('get' as const), key: keys, age: fc.nat(40) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      from: fc.option(keys, { nil: undefined }),
      age: fc.nat(40),
      reverse: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('next' as const),
      which: fc.nat(9),
      count: fc.integer({ min: 1, max: 20 }),
    }),
  },
)

interface Open {
  readonly cursor: MemtableCursor
  expected: EntryRef[]
}

function histories(factory: MemtableRepFactory): void {
  it('agrees with the model in small histories', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 250, size: 'max' }), (history) => {
        const pair = new Pair(factory)
        const open: Open[] = []
        for (const step of history) {
          const seq = step.do === 'get' || step.do === 'open' ? pair.arena.seq - step.age : 0
          if (step.do === 'put') pair.put(step.key, undefined, step.isDelete)
          else if (step.do === 'get') pair.checkGets([step.key], seq)
          else if (step.do === 'open') {
            const cursor = pair.rep.cursor(step.from, seq, step.reverse)
            open.push({ cursor, expected: pair.model.walk(step.from, seq, step.reverse) })
          } else if (open.length > 0) advance(open[step.which % open.length]!, step.count)
        }
        for (const { cursor, expected } of open) expect(rest(cursor, 5)).toEqual(expected)
        expect(pair.rep.size).toBe(pair.model.size)
        pair.checkWalks(undefined, latest)
      }),
      { numRuns: 150 },
    )
  })

  it('keeps the view of every cursor in long histories', () => {
    fc.assert(
      fc.property(fc.noShrink(fc.integer()), (seed) => {
        const random = seededRandom(seed)
        const upTo = (n: number) => Math.floor(random() * n)
        const pair = new Pair(factory)
        const open: Open[] = []
        for (let round = 0; round < 60; round++) {
          const near = upTo(3000)
          const spread = random() < 0.5 ? 3000 : 200
          for (let i = upTo(300); i > 0; i--) pair.put(key(near + upTo(spread)), undefined, random() < 0.1)
          const from = random() < 0.3 ? undefined : key(upTo(6000))
          const seq = pair.arena.seq - upTo(random() < 0.5 ? 1 : 1000)
          const reverse = random() < 0.5
          const cursor = pair.rep.cursor(from, seq, reverse)
          open.push({ cursor, expected: pair.model.walk(from, seq, reverse) })
          for (const one of open) if (random() < 0.5) advance(one, 1 + upTo(400))
        }
        for (const { cursor, expected } of open) expect(rest(cursor, 100)).toEqual(expected)
      }),
      { numRuns: 4 },
    )
  })
}

/** Takes `count` entries, in as many calls as the cursor likes. */
function advance(open: Open, count: number): void {
  const taken = take(open.cursor, count)
  expect(taken).toEqual(open.expected.slice(0, count))
  open.expected = open.expected.slice(count)
}

function scale(factory: MemtableRepFactory, count: number): void {
  const orders = {
    ascending: (i: number) => i,
    descending: (i: number) => count - 1 - i,
    random: (
      (order) => (i: number) =>
        order[i]!
    )(shuffled(count, seededRandom(11))),
  }
  for (const [order, at] of Object.entries(orders)) {
    it(`holds ${count} entries that come in ${order} order`, () => {
      const arena = new EntryArena()
      const rep = factory(arena)
      const entryOf = new Uint32Array(count)
      const indexBytes = [rep.indexBytes]
      for (let i = 0; i < count; i++) {
        const entry = arena.put(key(at(i)))
        entryOf[at(i)] = entry
        rep.insert(entry)
        if ((i + 1) % (count >>> 2) === 0) indexBytes.push(rep.indexBytes)
      }
      expect(rep.size).toBe(count)
      const wrong = entryOf.findIndex((entry, n) => rep.get(key(n), latest) !== entry)
      expect(wrong).toBe(-1)
      expect(rep.get(key(count), latest)).toBe(noEntry)
      expect(rest(rep.cursor(undefined, latest, false))).toEqual([...entryOf])
      expect(rest(rep.cursor(key(count >>> 1), latest, true))).toEqual(
        [...entryOf.subarray(0, count >>> 1)].reverse(),
      )
      // An index needs four bytes an entry at least, and memory budgets rely on it telling what it allocates.
      expect(indexBytes).toEqual([...indexBytes].sort((a, b) => a - b))
      expect(indexBytes.at(-1)! / count).toBeGreaterThanOrEqual(4)
      expect((indexBytes.at(-1)! - indexBytes[0]!) / count).toBeLessThan(128)
    })
  }
}
