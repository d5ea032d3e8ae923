// Order without a look at the arena: every entry of an index has a digest, a number that compares cheaply.
//
//   key       u s e r : 0 0 0 0 4 7 1 1 2 9
//             `----prefix----'`--digest--'-tail…   six bytes each, as numbers; short keys are padded with zeros
//
// Invariants:
//   1. One prefix holds for all digests of an index; when it changes, all are taken again.
//   2. Digests are monotone: a <= b implies digest(a) <= digest(b), whatever the prefix, because keys that lack the
//      prefix (strays) are clamped to the ends. So are pairs of digest and tail; the tail of a stray is 0.
//      Equal digests say nothing: then the keys are compared.
// So the choice of the prefix is only a matter of speed. It is learned from the entries: what the bulk of them share.

import { entryHeadBytes, keyLengthAt, seqOffsetAt } from '../format/entry.js'
import type { KeyBytes } from '../format/key-codec.js'
import type { EntryRef } from './rep.js'

const digestBytes = 6
const belowAll = -1
const aboveAll = 2 ** (8 * digestBytes)

/** Number of entries at which a prefix is learned first; then each time there are 16 times as many. */
const firstLesson = 16
const lessonRatio = 16
/** The prefix is learned anew when one entry in so many is a stray. */
const strayShare = 8

/** Takes the digests of one index, and knows when their prefix should change. */
export class KeyDigest {
  #prefix: Uint8Array = new Uint8Array(0)
  #entries = 0
  #strays = 0
  #lessonAt = firstLesson

  /** The digest of the key of `length` bytes at `start`. */
  of(source: Uint8Array, start: number, length: number): number {
    const prefix = this.#prefix
    const skip = prefix.length
    const shared = Math.min(skip, length)
    for (let i = 0; i < shared; i++) {
      const difference = source[start + i]! - prefix[i]!
      if (difference !== 0) return difference < 0 ? belowAll : aboveAll
    }
    if (length < skip) return belowAll
    return sixBytes(source, start + skip, length - skip)
  }

  /** The tail of the key whose digest is given. */
  tailOf(digest: number, source: Uint8Array, start: number, length: number): number {
    const skip = this.#prefix.length + digestBytes
    return length <= skip || isStray(digest) ? 0 : sixBytes(source, start + skip, length - skip)
  }

  ofEntry(bytes: Uint8Array, entry: EntryRef): number {
    return this.of(bytes, entry + entryHeadBytes, keyLengthAt(bytes, entry))
  }

  /** Takes note of an insertion. True: call `learn` now, or digests will tell keys apart ever more badly. */
  noted(digest: number): boolean {
    this.#entries++
    if (isStray(digest)) this.#strays++
    return this.#entries === this.#lessonAt || this.#strays * strayShare > this.#entries
  }

  /**
   * Learns the prefix from two keys that most keys lie between: with one stray in eight, these are best taken at a
   * sixteenth from either end. True: the prefix changed, so the index must take all its digests again.
   */
  learn(low: KeyBytes, high: KeyBytes): boolean {
    let shared = 0
    while (shared < low.length && shared < high.length && low[shared] === high[shared]) shared++
    const before = this.#prefix
    this.#prefix = low.slice(0, shared)
    this.#strays = 0
    while (this.#lessonAt <= this.#entries) this.#lessonAt *= lessonRatio
    return shared !== before.length || before.some((byte, i) => byte !== low[i])
  }
}

function isStray(digest: number): boolean {
  return digest === belowAll || digest === aboveAll
}

/** The next six of `length` bytes as a big-endian number. */
function sixBytes(source: Uint8Array, at: number, length: number): number {
  if (length >= digestBytes) {
    const high = (source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!
    return (high >>> 0) * 65_536 + ((source[at + 4]! << 8) | source[at + 5]!)
  }
  let number = 0
  for (let i = 0; i < digestBytes; i++) number = number * 256 + (i < length ? source[at + i]! : 0)
  return number
}

/**
 * The place (key, seq) in the order of an index, which an entry or a lookup aims at: before all versions of the key
 * at or below `seq`, behind the newer ones. One per index, aimed anew by each operation: nothing is allocated.
 */
export class Probe {
  readonly keys = new KeyDigest()
  digest = 0
  tail = 0
  #source: Uint8Array = new Uint8Array(0)
  #start = 0
  #length = 0
  #seq = 0

  /** Aims at the place of an entry of the arena; with `seq` given, at another version of its key. */
  atEntry(bytes: Uint8Array, entry: EntryRef, seq = seqOffsetAt(bytes, entry)): void {
    this.#aim(bytes, entry + entryHeadBytes, keyLengthAt(bytes, entry), seq)
  }

  atKey(key: KeyBytes, seq: number): void {
    this.#aim(key, 0, key.length, seq)
  }

  #aim(source: Uint8Array, start: number, length: number, seq: number): void {
    this.#source = source
    this.#start = start
    this.#length = length
    this.#seq = seq
    this.digest = this.keys.of(source, start, length)
    this.tail = this.keys.tailOf(this.digest, source, start, length)
  }

  /** Whether an entry of the arena comes before the place. To be asked only where digests are equal. */
  isBehind(bytes: Uint8Array, entry: EntryRef): boolean {
    const source = this.#source
    const start = this.#start
    const length = this.#length
    const entryLength = keyLengthAt(bytes, entry)
    const shared = Math.min(entryLength, length)
    const from = entry + entryHeadBytes
    for (let i = 0; i < shared; i++) {
      const difference = bytes[from + i]! - source[start + i]!
      if (difference !== 0) return difference < 0
    }
    return entryLength === length ? seqOffsetAt(bytes, entry) > this.#seq : entryLength < length
  }

  /** Whether an entry of the arena has the probe's key. */
  hasKeyOf(bytes: Uint8Array, entry: EntryRef): boolean {
    const length = this.#length
    if (keyLengthAt(bytes, entry) !== length) return false
    const from = entry + entryHeadBytes
    for (let i = length - 1; i >= 0; i--) {
      if (bytes[from + i] !== this.#source[this.#start + i]) return false
    }
    return true
  }
}
