// An entry: one version of one key, as it lies in a log and, byte for byte the same, in a memtable's arena.
//
//   u16 key length   u8 kind   u8 zero   u32 row length   u32 sequence number, less the log's base   key   row
//
// All little-endian. The head has a fixed size so that comparing keys needs no parsing. Positions of entries fit in
// 32 bits: an arena is smaller than 4 GiB.

import type { KeyBytes } from './key-codec.js'

/** What an entry does to its key. Unknown kinds are refused when a log is read. */
export const entryKinds = { put: 0, delete: 1 } as const
export type EntryKind = (typeof entryKinds)[keyof typeof entryKinds]

export const entryHeadBytes = 12

export function keyLengthAt(bytes: Uint8Array, entry: number): number {
  return bytes[entry]! | (bytes[entry + 1]! << 8)
}

export function kindAt(bytes: Uint8Array, entry: number): number {
  return bytes[entry + 2]!
}

export function rowLengthAt(bytes: Uint8Array, entry: number): number {
  return u32(bytes, entry + 4)
}

/** The entry's sequence number less the base of its log. */
export function seqOffsetAt(bytes: Uint8Array, entry: number): number {
  return u32(bytes, entry + 8)
}

/** The key as a view. */
export function keyAt(bytes: Uint8Array, entry: number): KeyBytes {
  const from = entry + entryHeadBytes
  return bytes.subarray(from, from + keyLengthAt(bytes, entry))
}

/** Where the row begins. */
export function rowStartAt(bytes: Uint8Array, entry: number): number {
  return entry + entryHeadBytes + keyLengthAt(bytes, entry)
}

/** Where the next entry begins. */
export function entryEndAt(bytes: Uint8Array, entry: number): number {
  return rowStartAt(bytes, entry) + rowLengthAt(bytes, entry)
}

export function writeEntryHead(
  bytes: Uint8Array,
  entry: number,
  kind: EntryKind,
  keyLength: number,
  rowLength: number,
  seqOffset: number,
): void {
  bytes[entry] = keyLength
  bytes[entry + 1] = keyLength >>> 8
  bytes[entry + 2] = kind
  bytes[entry + 3] = 0
  storeU32(bytes, entry + 4, rowLength)
  storeU32(bytes, entry + 8, seqOffset)
}

/** Order of two entries of one arena: key ascending, then sequence number descending (newest first). */
export function compareEntries(bytes: Uint8Array, a: number, b: number): number {
  const aLength = keyLengthAt(bytes, a)
  const bLength = keyLengthAt(bytes, b)
  let i = a + entryHeadBytes
  let j = b + entryHeadBytes
  for (const end = i + (aLength < bLength ? aLength : bLength); i < end; i++, j++) {
    const difference = bytes[i]! - bytes[j]!
    if (difference !== 0) return difference
  }
  return aLength - bLength || seqOffsetAt(bytes, b) - seqOffsetAt(bytes, a)
}

/** Order of an entry's key and a key from elsewhere. */
export function compareEntryKey(bytes: Uint8Array, entry: number, key: KeyBytes): number {
  const entryLength = keyLengthAt(bytes, entry)
  const length = key.length
  const from = entry + entryHeadBytes
  const shared = entryLength < length ? entryLength : length
  for (let i = 0; i < shared; i++) {
    const difference = bytes[from + i]! - key[i]!
    if (difference !== 0) return difference
  }
  return entryLength - length
}

function u32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

function storeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}
