// Sorts the entries of a log by key, newest version first.
//
// Keys of one table share a prefix and differ soon after it, so most of the order lies in the eight bytes behind the
// common prefix: a radix sort orders those (least significant digits first, as in Knuth 5.2.5), and only runs that are
// equal in them are looked at again. On 500 k random keys this takes a tenth of a comparison sort's time.
// The radix sort is stable and is given the newest entries first, so the versions of a key come out in order.

import { compareEntries, entryHeadBytes, keyLengthAt } from './entry.js'

/** Runs up to this length are sorted by insertion. */
const insertionMax = 24
/** From this length on, the digits of the radix sort are 16 bits and not 8. */
const wideDigitsMin = 8192

/** Sorts positions of entries in place: key ascending, then sequence number descending. */
export function sortEntries(bytes: Uint8Array, entries: Uint32Array): void {
  if (isSorted(bytes, entries)) return
  entries.reverse()
  sortRun(bytes, entries)
}

function isSorted(bytes: Uint8Array, entries: Uint32Array): boolean {
  for (let i = 1; i < entries.length; i++) {
    if (compareEntries(bytes, entries[i - 1]!, entries[i]!) > 0) return false
  }
  return true
}

function sortRun(bytes: Uint8Array, entries: Uint32Array): void {
  if (entries.length <= insertionMax) {
    insertionSort(bytes, entries)
    return
  }
  if (isSorted(bytes, entries)) return
  const skip = commonPrefix(bytes, entries)
  const { high, low } = prefixes(bytes, entries, skip)
  radixSort(entries, high, low)
  for (let from = 0; from < entries.length; ) {
    let to = from + 1
    while (to < entries.length && high[to] === high[from] && low[to] === low[from]) to++
    if (to - from === entries.length) {
      // Nothing but the sequence numbers, or lengths, or a very long shared part is left to tell them apart.
      entries.sort((a, b) => compareEntries(bytes, a, b))
    } else if (to - from > 1) sortRun(bytes, entries.subarray(from, to))
    from = to
  }
}

function insertionSort(bytes: Uint8Array, entries: Uint32Array): void {
  for (let i = 1; i < entries.length; i++) {
    const entry = entries[i]!
    let at = i
    while (at > 0 && compareEntries(bytes, entries[at - 1]!, entry) > 0) {
      entries[at] = entries[at - 1]!
      at--
    }
    entries[at] = entry
  }
}

/** Bytes that all keys have in common at their start. */
function commonPrefix(bytes: Uint8Array, entries: Uint32Array): number {
  const first = entries[0]! + entryHeadBytes
  let shared = keyLengthAt(bytes, entries[0]!)
  for (let i = 1; i < entries.length && shared > 0; i++) {
    const key = entries[i]! + entryHeadBytes
    const length = Math.min(shared, keyLengthAt(bytes, entries[i]!))
    let same = 0
    while (same < length && bytes[first + same] === bytes[key + same]) same++
    shared = same
  }
  return shared
}

/** Eight bytes of each key behind `skip`, big-endian in two words; keys that end earlier are filled up with zeros. */
function prefixes(bytes: Uint8Array, entries: Uint32Array, skip: number) {
  const high = new Uint32Array(entries.length)
  const low = new Uint32Array(entries.length)
  for (let i = 0; i < entries.length; i++) {
    const key = entries[i]! + entryHeadBytes
    const end = key + keyLengthAt(bytes, entries[i]!)
    const at = key + skip
    let word = 0
    for (let b = at; b < at + 4; b++) word = (word << 8) | (b < end ? bytes[b]! : 0)
    high[i] = word
    word = 0
    for (let b = at + 4; b < at + 8; b++) word = (word << 8) | (b < end ? bytes[b]! : 0)
    low[i] = word
  }
  return { high, low }
}

/** Entries and the two words that they are sorted by. */
type Columns = readonly [entries: Uint32Array, high: Uint32Array, low: Uint32Array]

/** Sorts three columns in place by the two words that `high` and `low` hold. Equal rows keep their order. */
export function radixSort(entries: Uint32Array, high: Uint32Array, low: Uint32Array): void {
  const count = entries.length
  const bits = count < wideDigitsMin ? 8 : 16
  const mask = (1 << bits) - 1
  let from: Columns = [entries, high, low]
  let to: Columns = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)]
  const places = new Uint32Array(1 << bits)
  for (let bit = 0; bit < 64; bit += bits) {
    const words = bit < 32 ? from[2] : from[1]
    const shift = bit & 31
    places.fill(0)
    for (let i = 0; i < count; i++) places[(words[i]! >>> shift) & mask]!++
    if (places[(words[0]! >>> shift) & mask] === count) continue // all alike in these bits
    let place = 0
    for (let digit = 0; digit <= mask; digit++) {
      const here = places[digit]!
      places[digit] = place
      place += here
    }
    for (let i = 0; i < count; i++) {
      const at = places[(words[i]! >>> shift) & mask]!++
      to[0][at] = from[0][i]!
      to[1][at] = from[1][i]!
      to[2][at] = from[2][i]!
    }
    ;[from, to] = [to, from]
  }
  if (from[0] === entries) return
  entries.set(from[0])
  high.set(from[1])
  low.set(from[2])
}
