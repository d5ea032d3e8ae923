// The key filters of several SSTables, asked together: what makes a lookup cheap where many runs overlap.
//
// Filters of one size look at the same places for a key. So the bits that up to eight of them have at one place are kept as
// one byte, a slice, and the slices at a key's places, taken together by `and`, say at once which of them may have the key: four
// reads for eight filters, where one after the other they take two each, and a mispredicted branch. This is a
// bit-sliced signature file (C. Faloutsos, S. Christodoulakis: Signature Files, 1984; BitFunnel, SIGIR 2017).
//
// 1. Only filters that are in memory are sliced. All others are candidates for every key, to be asked by themselves.
// 2. Slices are made little by little, by the lookups that would have been glad of them; none of them waits for it.
// 3. They are held as sidecars are, and may be taken away as these are; the filters are then asked one after the other.

import { assert } from '../util/assert.js'
import { addPlaces, firstPlace, type KeyFilter } from './filter.js'
import type { Held, HeldRing } from './held.js'
import type { KeyHash } from './key-hash.js'

/** Filters of a block: one bit of a byte each. */
export const blockFilters = 8
/** Fewer filters of one size are not sliced: it would take more memory than it saves time. */
const slicedMin = 3
/** Bytes of each filter that one lookup makes into slices: about a microsecond. */
const bytesAtOnce = 64
/** Filters are not sliced for fewer lookups than these, nor looked at more often; at the least every so many. */
const lookupsBefore = 64
const lookupsBetweenMost = 1 << 16
/** Most of the room for sidecars that slices of one block may take. */
const shareMost = 1 / 8

const noBytes = new Uint8Array(0)

/** What a block has to know of the key filter of an SSTable. */
export interface BlockFilter {
  /** Undefined: not in memory. */
  readonly ready: KeyFilter | undefined
  /** Will have `settle` called before its figures are read. */
  countedBy(settle: () => void): void
  /** So many lookups were told that the file does not have their key. */
  addNegatives(lookups: number): void
}

/** Bits that filters of one size have, place by place. */
interface Slices {
  readonly bits: number
  readonly hashes: number
  /** Byte p has bit i set if filter i of the block has bit p; whole words. */
  readonly bytes: Uint8Array
}

/** Slices, and who is in them. */
interface SlicedFilters {
  readonly held: Held<Slices>
  /** Bit i: filter i of the block. */
  readonly members: number
}

/** Slices that are being made. */
interface Making extends SlicedFilters {
  /** Bytes of each filter that are done. */
  done: number
}

/** The key filters of up to eight runs; see above. */
export class FilterBlock {
  /** Per run its filter; undefined: it has none of its own. */
  readonly filters: readonly (BlockFilter | undefined)[]
  readonly #ring: HeldRing
  readonly #passed = new Uint32Array(blockFilters)
  #sliced: SlicedFilters[] = []
  #making: Making[] = []
  /** Filters that are in no slices. Of members, bit i is filter i. */
  #others: number
  /** Lookups until somebody looks which filters can be sliced, and how many there will be until the next time. */
  #patience = lookupsBefore
  #nextPatience = 2 * lookupsBefore
  /** Lookups since the last `settle`; `#passed` says for how many of them each sliced filter did not say no. */
  #asked = 0

  /** Requires: at most `blockFilters` filters. */
  constructor(filters: readonly (BlockFilter | undefined)[], ring: HeldRing) {
    assert(filters.length <= blockFilters, 'a block has a bit for each filter')
    this.filters = filters
    this.#ring = ring
    this.#others = (1 << filters.length) - 1
  }

  /**
   * Bit i: filter i does not exclude the key with this hash, or has to be asked by itself. What is excluded is counted, although the
   * lookup may find its key before it comes to that file; `isKnown`: not a second time.
   */
  candidates(hash: KeyHash, isKnown = false): number {
    let candidates = this.#others
    for (const { held, members } of this.#sliced) {
      const slices = held.value
      if (slices === undefined) return this.#forget()
      held.used = true
      candidates |= maybe(slices, members, hash)
    }
    if (isKnown) return candidates
    this.#asked++
    if (candidates !== 0) {
      this.#count(candidates & ~this.#others)
      if (this.#others !== 0) this.#improve()
    }
    return candidates
  }

  /** Tells the filters for how many lookups they have said no. */
  settle(): void {
    for (const [i, filter] of this.filters.entries()) {
      if ((this.#others & (1 << i)) === 0) filter?.addNegatives(this.#asked - this.#passed[i]!)
    }
    this.#passed.fill(0)
    this.#asked = 0
  }

  /** Gives the slices up. Idempotent. */
  close(): void {
    this.#forget()
  }

  #count(passed: number): void {
    for (let left = passed; left !== 0; left &= left - 1) this.#passed[31 - Math.clz32(left & -left)]!++
  }

  /** One step towards more slices. */
  #improve(): void {
    const [making] = this.#making
    if (making !== undefined) this.#advance(making)
    else if (this.#patience > 0) this.#patience--
    else this.#making = this.#plan()
  }

  #advance(making: Making): void {
    const { held, members, done } = making
    const slices = held.value
    const filters = this.filters.map((filter, i) => ((members & (1 << i)) === 0 ? undefined : filter?.ready))
    const isGone = this.filters.some((_, i) => (members & (1 << i)) !== 0 && filters[i] === undefined)
    // Who had to make room leaves no room for more.
    if (slices === undefined || isGone) {
      this.#abandon()
      return
    }
    const to = Math.min(done + bytesAtOnce, slices.bytes.length / 8)
    slice(filters, done, to, slices.bytes)
    held.used = true
    making.done = to
    if (8 * to < slices.bytes.length) return
    this.settle()
    this.#making.shift()
    this.#sliced.push({ held, members })
    this.#others &= ~members
    for (const [i, filter] of this.filters.entries())
      if ((members & (1 << i)) !== 0) filter?.countedBy(() => this.settle())
  }

  /** What can be sliced: filters of one size, if they are many enough, and their slices find room. */
  #plan(): Making[] {
    const sizes = new Map<string, { readonly filter: KeyFilter; members: number; count: number }>()
    for (const [i, lookup] of this.filters.entries()) {
      const filter = lookup?.ready
      if (filter === undefined || (this.#others & (1 << i)) === 0) continue
      const size = `${filter.bits} ${filter.hashes}`
      const those = sizes.get(size) ?? { filter, members: 0, count: 0 }
      sizes.set(size, { filter, members: those.members | (1 << i), count: those.count + 1 })
    }
    this.#patience = this.#nextPatience
    this.#nextPatience = Math.min(2 * this.#nextPatience, lookupsBetweenMost)
    const plans = [...sizes.values()].filter(
      ({ filter, count }) => count >= slicedMin && filter.bits <= this.#ring.capacityBytes * shareMost,
    )
    return plans.map(({ filter: { bits, hashes }, members }) => {
      const bytes = new Uint8Array(8 * Math.ceil(bits / 8))
      return { held: this.#ring.hold({ bits, hashes, bytes }, bytes.length), members, done: 0 }
    })
  }

  #abandon(): void {
    for (const { held } of this.#making) this.#ring.release(held)
    this.#making = []
  }

  /** Slices had to make room: every filter is a candidate again. */
  #forget(): number {
    this.settle()
    for (const { held } of this.#sliced) this.#ring.release(held)
    this.#sliced = []
    this.#abandon()
    this.#others = (1 << this.filters.length) - 1
    return this.#others
  }
}

/** Bit i: filter i of the slices may have the key. */
function maybe({ bits, hashes, bytes }: Slices, members: number, { first, second }: KeyHash): number {
  let place = firstPlace(first, bits)
  let left = members & bytes[place]!
  let step = firstPlace(second, bits)
  for (let n = 1; n < hashes && left !== 0; n++) {
    place = addPlaces(place, step, bits)
    step = addPlaces(step, n, bits)
    left &= bytes[place]!
  }
  return left
}

/**
 * Bytes `from` up to but not with `to` of up to eight filters, as slices: transposes matrices of eight times eight bits
 * (H. Warren, Hacker's Delight, 2nd edition, 7-3).
 */
function slice(filters: readonly (KeyFilter | undefined)[], from: number, to: number, into: Uint8Array): void {
  const bytes = Array.from({ length: blockFilters }, (_, i) => filters[i]?.bytes ?? noBytes)
  const byte = (filter: number, at: number): number => bytes[filter]![at] ?? 0
  for (let at = from; at < to; at++) {
    let high = (byte(7, at) << 24) | (byte(6, at) << 16) | (byte(5, at) << 8) | byte(4, at)
    let low = (byte(3, at) << 24) | (byte(2, at) << 16) | (byte(1, at) << 8) | byte(0, at)
    high = swapped(swapped(high, 7, 0x00aa_00aa), 14, 0x0000_cccc)
    low = swapped(swapped(low, 7, 0x00aa_00aa), 14, 0x0000_cccc)
    const upper = (high & 0xf0f0_f0f0) | ((low >>> 4) & 0x0f0f_0f0f)
    const lower = ((high << 4) & 0xf0f0_f0f0) | (low & 0x0f0f_0f0f)
    for (let k = 0; k < 4; k++) {
      into[8 * at + k] = lower >>> (8 * k)
      into[8 * at + 4 + k] = upper >>> (8 * k)
    }
  }
}

/** A word with the bits of `mask` and those `by` places above them exchanged. */
function swapped(word: number, by: number, mask: number): number {
  const differs = (word ^ (word >>> by)) & mask
  return word ^ differs ^ (differs << by)
}
