// Least and greatest values: what statistics and page indexes say, so that readers need not look at what cannot match.
//
// 1. Floats pass over NaN; a zero stands as −0 where it is the least and as +0 where it is the greatest, since it may be either.
// 2. Strings are cut at 64 bytes: the least downwards, the greatest upwards, at a whole character where they are text.

import type { Dense } from './physical.js'

/** Bounds are not longer. */
const boundBytesMax = 64

/** The places of the least and the greatest of some values; −1: none has an order, all being NaN. */
export interface Extremes {
  least: number
  greatest: number
}

/** Finds the least and greatest of values. Made once per column. */
export interface ValueOrder {
  /** Of the values `from` up to but not with `to`. Requires: `from < to`. */
  extremes(from: number, to: number): Extremes
  /** As comparators do. Requires: neither is NaN. */
  compare(a: number, b: number): number
}

export function orderOf(dense: Dense): ValueOrder {
  switch (dense.form) {
    case 'flags':
      return numberOrder(dense.flags)
    case 'bytes':
      return bytesOrder(dense.values, dense.offsets)
    case 'words': {
      const { words, perValue, isFloat } = dense
      if (!isFloat) return perValue === 1 ? numberOrder(words) : int64Order(words)
      const { buffer, byteOffset, byteLength } = words
      if (perValue === 1) return numberOrder(new Float32Array(buffer, byteOffset, byteLength / 4))
      return numberOrder(float64Of(words))
    }
  }
}

/** Words as the floats that they are; a copy where the memory is not aligned for them. */
function float64Of(words: Int32Array): Float64Array {
  const aligned = words.byteOffset % 8 === 0 ? words : words.slice()
  return new Float64Array(aligned.buffer, aligned.byteOffset, words.length / 2)
}

function numberOrder(values: Uint8Array | Int32Array | Float32Array | Float64Array): ValueOrder {
  return {
    extremes(from, to) {
      let least = from
      while (least < to && Number.isNaN(values[least])) least++
      if (least === to) return { least: -1, greatest: -1 }
      let greatest = least
      let low = values[least]!
      let high = low
      for (let i = least + 1; i < to; i++) {
        const value = values[i]!
        if (value < low) {
          low = value
          least = i
        } else if (value > high) {
          high = value
          greatest = i
        }
      }
      return { least, greatest }
    },
    compare: (a, b) => values[a]! - values[b]!,
  }
}

function int64Order(halves: Int32Array): ValueOrder {
  const compare = (a: number, b: number) => {
    const high = halves[2 * a + 1]! - halves[2 * b + 1]!
    return high !== 0 ? high : (halves[2 * a]! >>> 0) - (halves[2 * b]! >>> 0)
  }
  const extremes = (from: number, to: number) => {
    let least = from
    let greatest = from
    for (let i = from + 1; i < to; i++) {
      if (compare(i, greatest) > 0) greatest = i
      else if (compare(i, least) < 0) least = i
    }
    return { least, greatest }
  }
  return { extremes, compare }
}

/** The first four bytes of a value, zeros behind a shorter one: what decides most comparisons. */
function prefixOf(view: DataView, from: number, to: number): number {
  if (from + 4 <= to) return view.getUint32(from)
  let prefix = 0
  for (let i = from; i < from + 4; i++) prefix = prefix * 256 + (i < to ? view.getUint8(i) : 0)
  return prefix
}

function bytesOrder(values: Uint8Array, offsets: Int32Array): ValueOrder {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength)
  const compare = (a: number, b: number) => {
    let left = offsets[a]!
    let right = offsets[b]!
    const length = offsets[a + 1]! - left
    const other = offsets[b + 1]! - right
    const end = left + (length < other ? length : other)
    for (; left + 4 <= end; left += 4, right += 4) {
      const word = view.getInt32(left)
      const against = view.getInt32(right)
      if (word !== against) return (word >>> 0) - (against >>> 0)
    }
    for (; left < end; left++, right++) {
      const difference = view.getUint8(left) - view.getUint8(right)
      if (difference !== 0) return difference
    }
    return length - other
  }
  const prefix = (at: number) => prefixOf(view, offsets[at]!, offsets[at + 1]!)
  const extremes = (from: number, to: number) => {
    let least = from
    let greatest = from
    let low = prefix(from)
    let high = low
    for (let i = from + 1; i < to; i++) {
      const first = prefix(i)
      if (first >= high && (first > high || compare(i, greatest) > 0)) {
        high = first
        greatest = i
      } else if (first <= low && (first < low || compare(i, least) < 0)) {
        low = first
        least = i
      }
    }
    return { least, greatest }
  }
  return { extremes, compare }
}

/** The order of values that ascend: nothing is left to be looked for. */
export function ascendingOrder({ compare }: ValueOrder): ValueOrder {
  return { extremes: (from, to) => ({ least: from, greatest: to - 1 }), compare }
}

/**
 * The order of values by the dictionary that has them all: only its own are compared with each other.
 * Requires: `firsts` are places of values, none of them NaN; value i is the same as that at `firsts[indexes[i]]`.
 */
export function dictionaryOrder({ compare }: ValueOrder, firsts: Int32Array, indexes: Int32Array): ValueOrder {
  const ranks = new Int32Array(firsts.length)
  const ascending = Array.from(firsts, (_, number) => number).sort((a, b) => compare(firsts[a]!, firsts[b]!))
  for (const [rank, number] of ascending.entries()) ranks[number] = rank
  const extremes = (from: number, to: number) => {
    let low = ranks[indexes[from]!]!
    let high = low
    for (let i = from + 1; i < to; i++) {
      const rank = ranks[indexes[i]!]!
      if (rank < low) low = rank
      else if (rank > high) high = rank
    }
    return { least: firsts[ascending[low]!]!, greatest: firsts[ascending[high]!]! }
  }
  return { extremes, compare }
}

/** A bound as statistics hold it, and whether a value of the column is exactly that. */
export interface Bound {
  readonly bytes: Uint8Array
  readonly isExact: boolean
}

/** Value `at` as a bound. */
export function boundOf(dense: Dense, at: number, side: 'least' | 'greatest', isText: boolean): Bound {
  if (dense.form === 'flags') return { bytes: Uint8Array.of(dense.flags[at]!), isExact: true }
  if (dense.form === 'words') {
    const { words, perValue, isFloat } = dense
    const bytes = new Uint8Array(words.buffer, words.byteOffset + 4 * perValue * at, 4 * perValue).slice()
    const sign = bytes.length - 1
    const isZero = isFloat && (bytes[sign]! & 0x7f) === 0 && bytes.subarray(0, sign).every((byte) => byte === 0)
    if (isZero) bytes[sign] = side === 'least' ? 0x80 : 0
    return { bytes, isExact: true }
  }
  const bytes = dense.values.subarray(dense.offsets[at]!, dense.offsets[at + 1]!)
  if (bytes.length <= boundBytesMax) return { bytes: bytes.slice(), isExact: true }
  const cut = bytes.slice(0, isText ? characterEnd(bytes) : boundBytesMax)
  if (side === 'least') return { bytes: cut, isExact: false }
  const above = isText ? nextText(cut) : nextBytes(cut)
  return above === undefined ? { bytes: bytes.slice(), isExact: true } : { bytes: above, isExact: false }
}

/** The last end of a character of UTF-8 within a bound. */
function characterEnd(bytes: Uint8Array): number {
  let end = boundBytesMax
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return end
}

/** The least string above all that begin with these bytes; undefined: there is none of this length. */
function nextBytes(bytes: Uint8Array): Uint8Array | undefined {
  for (let last = bytes.length - 1; last >= 0; last--) {
    if (bytes[last] === 0xff) continue
    const next = bytes.slice(0, last + 1)
    next[last]!++
    return next
  }
  return undefined
}

/** The same for text, and text again: its last character that has a successor of as many bytes is replaced by that. */
function nextText(bytes: Uint8Array): Uint8Array | undefined {
  for (let end = bytes.length; end > 0; ) {
    let start = end - 1
    while (start > 0 && (bytes[start]! & 0xc0) === 0x80) start--
    const code = new TextDecoder().decode(bytes.subarray(start, end)).codePointAt(0)!
    const next = code === 0xd7ff ? 0xe000 : code + 1
    const encoded = next > 0x10_ffff ? undefined : new TextEncoder().encode(String.fromCodePoint(next))
    if (encoded?.length === end - start) {
      const above = bytes.slice(0, end)
      above.set(encoded, start)
      return above
    }
    end = start
  }
  return undefined
}
