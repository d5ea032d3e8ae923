// Searching a column of keys for a part of an encoded key, in place: nothing is decoded into vectors, nothing is made per
// search, since a lookup in memory takes not much longer than one allocation.
//
// The parts of a key are taken apart once: byte strings stay where they are (a copy where zeros were escaped), numbers
// become two words that order as the numbers do.

import type { KeyBytes } from './key-codec.js'
import type { Schema } from './schema.js'
import type { Layout, Vector } from './vector.js'

/** Layouts of key columns whose values are no wider than 32 bits: their bits, and whether they are signed. */
const narrow: Partial<Record<Layout, { readonly bits: number; readonly signed: boolean }>> = {
  bool: { bits: 8, signed: false },
  uint8: { bits: 8, signed: false },
  uint16: { bits: 16, signed: false },
  uint32: { bits: 32, signed: false },
  int8: { bits: 8, signed: true },
  int16: { bits: 16, signed: true },
  int32: { bits: 32, signed: true },
}

const nothing = new Uint8Array(0)

/** One part of the key that is searched. */
interface Part {
  readonly layout: Layout
  readonly bits: number
  readonly signed: boolean
  /** Where in the key the part ends. */
  end: number
  /** Byte strings: bytes `from` to `to` of these. */
  bytes: Uint8Array
  from: number
  to: number
  /** Numbers: their words, the most significant first; of narrow ones only the first. */
  readonly words: Int32Array
}

/** A key, taken apart to be searched for. One per schema and thread: `use` it, then search; never across an await. */
export class KeySearch {
  readonly #parts: readonly Part[]

  constructor(schema: Schema) {
    this.#parts = schema.key.map((index) => {
      const { layout } = schema.columns[index]!.codec
      const { bits, signed } = narrow[layout] ?? { bits: 0, signed: false }
      return { layout, bits, signed, end: 0, bytes: nothing, from: 0, to: 0, words: new Int32Array(4) }
    })
  }

  /** Takes a key apart. Requires: it is a whole key of the schema, and stays as it is until the last search. */
  use(key: KeyBytes): void {
    let at = 0
    for (const part of this.#parts) {
      if (part.layout === 'bytes') at = useBytes(part, key, at)
      else if (part.bits > 0) at = useNarrow(part, key, at)
      else at = useWide(part, key, at)
      part.end = at
    }
  }

  /** Where in the key part `part` ends. */
  endOf(part: number): number {
    return this.#parts[part]!.end
  }

  /** Whether row `row` of a vector, as for `first`, is the key's part. */
  matches(part: number, vector: Vector, row: number): boolean {
    return (
      this.first(part, vector, row, row + 1, false) === row &&
      this.first(part, vector, row, row + 1, true) > row
    )
  }

  /**
   * The first of the rows [from, to) whose value in `vector` is not below the key's; with `above`, is above it; `to`: none.
   * Requires: the rows ascend, and `vector` is of the key column of this part.
   */
  first(part: number, vector: Vector, from: number, to: number, above: boolean): number {
    const wanted = this.#parts[part]!
    const least = above ? 1 : 0
    if (wanted.layout === 'bytes') return firstText(wanted, vector, from, to, least)
    if (wanted.bits > 0) return firstNarrow(wanted, vector, from, to, least)
    return firstWide(wanted, vector, from, to, least)
  }
}

/** Zeros are escaped as 0x00 0xFF; 0x00 0x00 ends the value. */
function useBytes(part: Part, key: KeyBytes, start: number): number {
  let at = start
  while (key[at]! > 0) at++
  part.bytes = key
  part.from = start
  part.to = at
  if (key[at + 1] !== 0xff) return at + 2
  const plain = new Uint8Array(key.length - start)
  let length = 0
  for (at = start; at < key.length; at++) {
    const byte = key[at]!
    if (byte === 0 && key[++at] !== 0xff) break
    plain[length++] = byte
  }
  part.bytes = plain
  part.from = 0
  part.to = length
  return at + 1
}

/** Big-endian; of signed numbers the sign bit is flipped. */
function useNarrow(part: Part, key: KeyBytes, start: number): number {
  const { bits, signed, words } = part
  const end = start + bits / 8
  let number = 0
  for (let at = start; at < end; at++) number = (number << 8) | key[at]!
  const unused = 32 - bits
  words[0] = signed ? ((number ^ (1 << (bits - 1))) << unused) >> unused : number
  return end
}

/** Big-endian, the sign bit flipped: two words, of int128 four. */
function useWide(part: Part, key: KeyBytes, start: number): number {
  const { words, layout } = part
  const count = layout === 'int64' ? 2 : 4
  for (let word = 0, at = start; word < count; word++, at += 4) {
    words[word] = (key[at]! << 24) | (key[at + 1]! << 16) | (key[at + 2]! << 8) | key[at + 3]!
  }
  words[0]! ^= 0x8000_0000
  return start + 4 * count
}

function firstText(part: Part, vector: Vector, from: number, to: number, least: number): number {
  const { bytes, from: start, to: end } = part
  const length = end - start
  const values = vector.values as Uint8Array
  const offsets = vector.offsets!
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    let at = offsets[middle]!
    const other = offsets[middle + 1]! - at
    const shared = at + (other < length ? other : length)
    let i = start
    while (at < shared && values[at] === bytes[i]) {
      at++
      i++
    }
    const order = at < shared ? values[at]! - bytes[i]! : other - length
    if (order < least) low = middle + 1
    else high = middle
  }
  return low
}

function firstNarrow(part: Part, vector: Vector, from: number, to: number, least: number): number {
  const values = vector.values as Int32Array
  const wanted = part.signed ? part.words[0]! : part.words[0]! >>> 0
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = values[middle]! - wanted
    if (order < least) low = middle + 1
    else high = middle
  }
  return low
}

/** The rows' words lie the least significant first. */
function firstWide(part: Part, vector: Vector, from: number, to: number, least: number): number {
  const { words, layout } = part
  const count = layout === 'int64' ? 2 : 4
  const { buffer, byteOffset, byteLength } = vector.values
  const values = new Int32Array(buffer, byteOffset, byteLength / 4)
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    let at = middle * count + count - 1
    let order = values[at]! - words[0]!
    for (let word = 1; word < count && order === 0; word++) order = (values[--at]! >>> 0) - (words[word]! >>> 0)
    if (order < least) low = middle + 1
    else high = middle
  }
  return low
}
