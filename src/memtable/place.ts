// The place of an entry in the order of an index: whole keys, compared where they lie in the arena. Kinds with key
// digests aim with a Probe (key-digest.ts), which adds the digest to the place.

import { entryHeadBytes, keyLengthAt, seqOffsetAt } from '../format/entry.js'
import type { KeyBytes } from '../format/key-codec.js'
import type { EntryRef } from './rep.js'

/**
 * The place (key, seq) which an entry or a lookup aims at: before all versions of the key at or below `seq`, after
 * the newer ones. One per index, aimed anew by each operation: nothing is allocated.
 */
export class Place {
  #source: Uint8Array = new Uint8Array(0)
  #start = 0
  #length = 0
  #seq = 0

  /** Aims at the place of an entry of the arena; with `seq` given, at another version of its key. */
  atEntry(bytes: Uint8Array, entry: EntryRef, seq = seqOffsetAt(bytes, entry)): void {
    this.aim(bytes, entry + entryHeadBytes, keyLengthAt(bytes, entry), seq)
  }

  atKey(key: KeyBytes, seq: number): void {
    this.aim(key, 0, key.length, seq)
  }

  protected aim(source: Uint8Array, start: number, length: number, seq: number): void {
    this.#source = source
    this.#start = start
    this.#length = length
    this.#seq = seq
  }

  /** Whether the place comes after an entry of the arena. */
  isAfter(bytes: Uint8Array, entry: EntryRef): boolean {
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

  /** Whether an entry of the arena has the place's key. */
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
