// Numbers rows that agree in something: 0 for the first row with a group, 1 for the second, and so on. A counting
// hash table, exact: the groups' bytes are kept and compared, a hash only finds them.
//
//   slots    hash → group + 1; 0 is empty; open addressing, probed linearly, at most half full
//   starts   group → where its bytes start in the arena; they end where the next group's start
//   hashes   group → its hash: a first look without the bytes, and growing without hashing again
//   counts   group → rows seen
//
// One group costs its bytes and some 20 more: 3 M groups of 20 bytes take about 130 MB, a Map of strings five times that.

import { MarquetryError } from '../errors.js'
import { ByteSink } from '../util/byte-sink.js'

/** Positions in the arena are 32 bits. */
const arenaBytesMax = 2 ** 32 - 1
const groupsFirst = 1024

export class RowNumbers {
  /**
   * Where the caller appends the bytes of the next row's group, behind everything before, and then calls `next`:
   * so the bytes of a new group are written once and stay.
   */
  readonly sink = new ByteSink(64 * 1024)
  #slots = new Uint32Array(groupsFirst * 2)
  #starts = new Uint32Array(groupsFirst + 1)
  #hashes = new Uint32Array(groupsFirst)
  #counts = new Uint32Array(groupsFirst)
  #groups = 0

  /** Number of distinct groups. */
  get groups(): number {
    return this.#groups
  }

  /** How many rows before this one had the group whose bytes were just appended to `sink`. */
  next(): number {
    const { bytes, length } = this.sink
    const from = this.#starts[this.#groups]!
    const hash = hashBytes(bytes, from, length)
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const group = this.#slots[slot]! - 1
      if (group < 0) {
        this.#add(slot, hash)
        return 0
      }
      if (this.#hashes[group] === hash && this.#isSame(group, from)) {
        this.sink.length = from
        return this.#counts[group]!++
      }
    }
  }

  /** Whether a group's bytes are those that stand last in the arena. */
  #isSame(group: number, from: number): boolean {
    const { bytes, length } = this.sink
    let at = this.#starts[group]!
    if (this.#starts[group + 1]! - at !== length - from) return false
    for (let i = from; i < length; i++) if (bytes[i] !== bytes[at++]) return false
    return true
  }

  #add(slot: number, hash: number): void {
    if (this.sink.length > arenaBytesMax) {
      throw new MarquetryError('MARQUETRY_LIMIT', 'There are too many different keys to number their rows')
    }
    const group = this.#groups++
    this.#slots[slot] = group + 1
    this.#hashes[group] = hash
    this.#counts[group] = 1
    this.#starts[group + 1] = this.sink.length
    if (this.#groups === this.#hashes.length) this.#grow()
  }

  #grow(): void {
    const capacity = this.#groups * 2
    this.#starts = grown(this.#starts, capacity + 1)
    this.#hashes = grown(this.#hashes, capacity)
    this.#counts = grown(this.#counts, capacity)
    const slots = new Uint32Array(capacity * 2)
    const mask = slots.length - 1
    for (let group = 0; group < this.#groups; group++) {
      let slot = this.#hashes[group]! & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = group + 1
    }
    this.#slots = slots
  }
}

function grown(array: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length)
  larger.set(array)
  return larger
}

/** FNV-1a over the bytes, then mixed as MurmurHash3 ends, since only the low bits choose the slot. */
function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
