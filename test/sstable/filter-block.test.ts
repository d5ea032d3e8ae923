import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyFilter } from '#src/sstable/filter.js'
import { type BlockFilter, blockFilters, FilterBlock } from '#src/sstable/filter-block.js'
import { KeyFilterBuilder } from '#src/sstable/filter-builder.js'
import { HeldRing } from '#src/sstable/held.js'
import { hashKey, type KeyHash } from '#src/sstable/key-hash.js'

const hashOf = (key: number): KeyHash => hashKey(new Uint8Array(Float64Array.of(key).buffer))

/** A filter of `keys` keys from `first` on. */
function filterOf(first: number, keys: number, errorRate = 0.05): KeyFilter {
  const builder = new KeyFilterBuilder(errorRate)
  const hashes = Array.from({ length: keys }, (_, i) => hashOf(first + i))
  builder.addHashes(Uint32Array.from(hashes.flatMap((hash) => [hash.first, hash.second])))
  return new KeyFilter('a filter', builder.finish() ?? expect.fail('there are keys enough for a filter'))
}

/** A filter's owner, who counts what it is told. */
class Owner implements BlockFilter {
  ready: KeyFilter | undefined
  settle: (() => void) | undefined
  #negatives = 0

  constructor(ready: KeyFilter | undefined) {
    this.ready = ready
  }

  get negatives(): number {
    this.settle?.()
    return this.#negatives
  }

  countedBy(settle: () => void): void {
    this.settle = settle
  }

  addNegatives(lookups: number): void {
    this.#negatives += lookups
  }
}

const roomy = () => new HeldRing(1 << 24)

/** Asks until nothing is made any more; returns the filters that are in slices, bit by bit. */
function warmUp(block: FilterBlock, owners: readonly (Owner | undefined)[]): number {
  for (let key = 0; key < 3000; key++) block.candidates(hashOf(-1 - key))
  return owners.reduce((bits, owner, i) => bits | (owner?.settle === undefined ? 0 : 1 << i), 0)
}

const maybe = (owner: Owner | undefined, hash: KeyHash) => owner?.ready?.has(hash) ?? true

describe('a block of filters', () => {
  const kinds = fc.constantFrom('absent', 'unread', 100, 100, 100, 100, 1000, 1000, 1000)

  test('answers as each of them would, once those of one size are sliced', () => {
    fc.assert(
      fc.property(fc.array(kinds, { minLength: 1, maxLength: blockFilters }), (sizes) => {
        const owners = sizes.map((size, i) => {
          if (size === 'absent') return undefined
          return new Owner(typeof size === 'string' ? undefined : filterOf(10_000 * i, size))
        })
        const ring = roomy()
        const block = new FilterBlock(owners, ring)
        const sliced = warmUp(block, owners)
        for (const [i, size] of sizes.entries()) {
          const isSliced = typeof size === 'number' && sizes.filter((other) => other === size).length >= 3
          expect((sliced & (1 << i)) !== 0).toBe(isSliced)
        }
        for (let key = -50; key < 10_000 * sizes.length; key += 37) {
          const hash = hashOf(key)
          const candidates = block.candidates(hash)
          for (const [i, owner] of owners.entries()) {
            const isIn = (sliced & (1 << i)) === 0 || maybe(owner, hash)
            if (((candidates & (1 << i)) !== 0) !== isIn) expect.fail(`key ${key}, filter ${i}: not ${isIn}`)
          }
          if (candidates >>> owners.length !== 0) expect.fail(`key ${key}: a filter that is not there`)
        }
        block.close()
        expect(ring.bytes).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('holds every key of every filter while its slices are made', () => {
    const owners = Array.from({ length: blockFilters }, (_, i) => new Owner(filterOf(10_000 * i, 2000)))
    const block = new FilterBlock(owners, roomy())
    for (let key = 0; key < 2000; key++) {
      for (const i of owners.keys()) expect(block.candidates(hashOf(10_000 * i + key)) & (1 << i)).not.toBe(0)
    }
  })

  test('counts what it answers for others', () => {
    const owners = Array.from({ length: 5 }, (_, i) => new Owner(filterOf(10_000 * i, 500)))
    const block = new FilterBlock(owners, roomy())
    warmUp(block, owners)
    const before = owners.map(({ negatives }) => negatives)
    const expected = owners.map(() => 0)
    for (let key = 0; key < 30_000; key += 7) {
      const hash = hashOf(key)
      block.candidates(hash)
      for (const [i, owner] of owners.entries()) if (!maybe(owner, hash)) expected[i]!++
    }
    expect(owners.map(({ negatives }, i) => negatives - before[i]!)).toEqual(expected)
    block.close()
    expect(owners.map(({ negatives }, i) => negatives - before[i]!)).toEqual(expected)
  })

  test('goes on without slices that had to make room, and makes them anew', () => {
    const owners = Array.from({ length: 4 }, (_, i) => new Owner(filterOf(10_000 * i, 300)))
    const ring = new HeldRing(64 * 1024)
    const block = new FilterBlock(owners, ring)
    expect(warmUp(block, owners)).toBe(0b1111)
    const hash = hashOf(7)
    const answer = block.candidates(hash)
    expect(answer & 0b1110).not.toBe(0b1110)
    for (let i = 0; i < 20; i++) ring.release(ring.hold({}, 64 * 1024))
    expect(ring.bytes).toBe(0)
    expect(block.candidates(hash)).toBe(0b1111)
    warmUp(block, owners)
    expect(block.candidates(hash)).toBe(answer)
  })

  test('does not slice what would take most of the room, or was taken away meanwhile', () => {
    const owners = Array.from({ length: 4 }, (_, i) => new Owner(filterOf(10_000 * i, 5000)))
    const small = new FilterBlock(owners, new HeldRing(100_000))
    expect(warmUp(small, owners)).toBe(0)
    const ring = roomy()
    const block = new FilterBlock(owners, ring)
    for (let key = 0; key < 70; key++) block.candidates(hashOf(key))
    expect(ring.bytes).toBeGreaterThan(0)
    owners[2]!.ready = undefined
    for (let key = 0; key < 10; key++) expect(block.candidates(hashOf(key))).toBe(0b1111)
    expect(ring.bytes).toBe(0)
  })
})
