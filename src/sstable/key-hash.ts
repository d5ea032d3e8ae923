// The hash of a key for filters: 64 bits as two unsigned words, computed once per lookup however many files are asked.
//
// Two lanes of MurmurHash3's 32-bit mixing with constants of their own, crossed at the end as its 128-bit form does
// (https://github.com/aappleby/smhasher). Not keyed: whoever chooses keys that collide makes lookups slower, never wrong.
// The values are part of the format of filter.bloom: another function is another version of the filter.

import type { KeyBytes } from '../format/key-codec.js'
import type { Vector } from '../format/vector.js'

/** The hash of one key: two unsigned 32-bit numbers. */
export interface KeyHash {
  readonly first: number
  readonly second: number
}

/** MurmurHash3's `fmix32`: every bit of the result depends on every bit of the word. */
function finalize(word: number): number {
  let mixed = word ^ (word >>> 16)
  mixed = Math.imul(mixed, 0x85eb_ca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2_ae35)
  return mixed ^ (mixed >>> 16)
}

/**
 * Stores the hash of bytes `from` up to but not with `to`, followed by `zeros` bytes of zero, as elements `at` and `at + 1` of
 * `into`. `view` shows the same bytes.
 */
function hashInto(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  to: number,
  zeros: number,
  into: Uint32Array,
  at: number,
): void {
  let first = 0x9747_b28c | 0
  let second = 0x3c07_4a61
  const end = to + zeros
  for (let i = from; i < end; i += 4) {
    let word = 0
    if (i + 4 <= to) word = view.getInt32(i, true)
    else {
      if (i < to) word = bytes[i]!
      if (i + 1 < to) word |= bytes[i + 1]! << 8
      if (i + 2 < to) word |= bytes[i + 2]! << 16
    }
    let mixed = Math.imul(word, 0xcc9e_2d51)
    first ^= Math.imul((mixed << 15) | (mixed >>> 17), 0x1b87_3593)
    first = (Math.imul((first << 13) | (first >>> 19), 5) + 0xe654_6b64) | 0
    mixed = Math.imul(word, 0x239b_961b)
    second ^= Math.imul((mixed << 16) | (mixed >>> 16), 0x38b3_4ae5)
    second = (Math.imul((second << 17) | (second >>> 15), 5) + 0x0bca_a747) | 0
  }
  const length = end - from
  first = ((first ^ length) + (second ^ length)) | 0
  second = ((second ^ length) + first) | 0
  first = finalize(first)
  second = finalize(second)
  first = (first + second) | 0
  into[at] = first
  into[at + 1] = second + first
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/** Where the key of a lookup is hashed: to copy a short one takes less than to make a view of it. */
const scratch = new Uint8Array(256)
const scratchView = viewOf(scratch)

/** Returning two numbers without an array of one's own per key. */
const words = new Uint32Array(2)

/** The hash of a whole encoded key. */
export function hashKey(key: KeyBytes): KeyHash {
  const { length } = key
  if (length > scratch.length) hashInto(key, viewOf(key), 0, length, 0, words, 0)
  else {
    for (let i = 0; i < length; i++) scratch[i] = key[i]!
    hashInto(scratch, scratchView, 0, length, 0, words, 0)
  }
  return { first: words[0]!, second: words[1]! }
}

/** Hashes of `count` keys that lie end to end: key i is `bytes[starts[i] .. starts[i + 1]]`, its hash elements 2i and 2i + 1. */
export function hashKeys(bytes: Uint8Array, starts: Uint32Array, count: number, into: Uint32Array): void {
  const view = viewOf(bytes)
  for (let i = 0; i < count; i++) hashInto(bytes, view, starts[i]!, starts[i + 1]!, 0, into, 2 * i)
}

/**
 * Hashes of keys of one column of byte strings, rows `from` up to but not with `to`, without encoding them: their encoding is
 * the value and two zeros. Requires: no value has a zero in it.
 */
export function hashStrings({ values, offsets }: Vector, from: number, to: number, into: Uint32Array): void {
  const bytes = values as Uint8Array
  const view = viewOf(bytes)
  for (let row = from; row < to; row++) {
    hashInto(bytes, view, offsets![row]!, offsets![row + 1]!, 2, into, 2 * (row - from))
  }
}
