// Where a key belongs in a hash directory: its mark, a 32-bit number whose upper bits choose the bucket.
//
//   key     u s e r : 0 0 0 0 4 7 1 1 2 9 \0 \0      the last byte that is not zero: 9 = 0 0 1 1 1 0 0 1
//           `---- prefix, hashed -------'                              prefix, hashed: `---------' `-' not hashed
//   mark    hash of the prefix, its last bits replaced by those not hashed
//
// Invariants:
//   1. Equal keys have equal marks.
//   2. Neighbours, that is keys that differ in the unhashed bits only, have marks that do so too. So in the order of
//      marks they stand side by side and in key order. With `neighbours` 1 a mark is a hash of the whole key.
//      (A last byte of zero counts as padding, so such a key is alone; one in 256 where keys end in a number.)
// A directory that orders its entries by mark, then key, then version looks at keys in the arena only where marks are
// equal: at the versions of one key, but for collisions. The hash has no secret: keys can be chosen to collide.

import { entryHeadBytes, keyLengthAt } from '../format/entry.js'
import type { KeyBytes } from '../format/key-codec.js'
import type { EntryRef } from './rep.js'

/** The mark of an entry's key. `neighbours`: so many keys, a power of two up to 256, share their hashed part. */
export function markOfEntry(bytes: Uint8Array, entry: EntryRef, neighbours: number): number {
  return markOf(bytes, entry + entryHeadBytes, keyLengthAt(bytes, entry), neighbours)
}

export function markOfKey(key: KeyBytes, neighbours: number): number {
  return markOf(key, 0, key.length, neighbours)
}

/** Four bytes at a time by multiplication, finished as MurmurHash3 is. */
function markOf(source: Uint8Array, start: number, length: number, neighbours: number): number {
  if (length === 0) return 0
  // Key columns of variable length end in zeros: the last byte that tells keys apart is before them.
  let last = start + length - 1
  while (last > start && source[last] === 0) last--
  const unhashed = source[last]! & (neighbours - 1)
  let hash = Math.imul(length, 0x9e3779b1)
  let at = start
  for (; at + 4 <= last; at += 4) {
    const word = source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24)
    hash = Math.imul(hash ^ word, 0x85ebca6b)
    hash ^= hash >>> 15
  }
  let word = 0
  for (; at < last; at++) word = (word << 8) | source[at]!
  hash = Math.imul(hash ^ ((word << 8) | (source[last]! - unhashed)), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash ^= hash >>> 16
  return ((hash & -neighbours) | unhashed) >>> 0
}
