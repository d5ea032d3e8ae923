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

import { entryHeadBytes, keyLengthAt } from '../format/entry.js'
import type { KeyBytes } from '../format/key-codec.js'
import { Place } from './place.js'
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

/** A place with the digest and tail of its key: most comparisons end there. */
export class Probe extends Place {
  readonly keys = new KeyDigest()
  digest = 0
  tail = 0

  protected override aim(source: Uint8Array, start: number, length: number, seq: number): void {
    super.aim(source, start, length, seq)
    this.digest = this.keys.of(source, start, length)
    this.tail = this.keys.tailOf(this.digest, source, start, length)
  }
}
