// Bit-packed integers and Parquet's hybrid of runs and bit-packed groups: definition levels, booleans, indexes into
// dictionaries. https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE

import type { ByteCursor } from './byte-cursor.js'
import { damaged } from './page-damage.js'

/** The up to three bytes that are left at `at`, as a word. */
function lastBytes(view: DataView, at: number): number {
  let word = 0
  for (let i = at; i < view.byteLength; i++) word |= view.getUint8(i) << (8 * (i - at))
  return word
}

/**
 * Unpacks `count` integers of `width` bits, 1 to 32, lowest bit first, into `into` from `from` on.
 * Requires: `view` holds ceil(count * width / 8) bytes from `at` on.
 */
export function unpackBits(
  view: DataView,
  at: number,
  width: number,
  count: number,
  into: Int32Array,
  from: number,
): void {
  const mask = width === 32 ? -1 : (1 << width) - 1
  const whole = view.byteLength - 4
  let word = 0 // holds `have` bits that were read but not yet used, above them zeros
  let have = 0
  for (let i = from, end = from + count; i < end; i++) {
    if (have >= width) {
      into[i] = word & mask
      word >>>= width
      have -= width
      continue
    }
    const next = at <= whole ? view.getInt32(at, true) : lastBytes(view, at)
    at += 4
    into[i] = (word | (next << have)) & mask
    const used = width - have
    word = used === 32 ? 0 : next >>> used
    have = 32 - used
  }
}

/**
 * The sum of `count` integers of `width` bits, as `unpackBits` unpacks them. Requires: as there, and that the sum has 31 bits:
 * `count * 2 ** width <= 2 ** 31`.
 */
export function sumBits(view: DataView, at: number, width: number, count: number): number {
  const mask = (1 << width) - 1
  const whole = view.byteLength - 4
  let sum = 0
  let word = 0
  let have = 0
  for (let i = 0; i < count; i++) {
    if (have >= width) {
      sum = (sum + (word & mask)) | 0
      word >>>= width
      have -= width
      continue
    }
    const next = at <= whole ? view.getInt32(at, true) : lastBytes(view, at)
    at += 4
    sum = (sum + ((word | (next << have)) & mask)) | 0
    word = next >>> (width - have)
    have += 32 - width
  }
  return sum
}

/** The `width` bits, 1 to 32, that begin `bit` bits behind `at`. Requires: their bytes are there. */
export function bitsAt(bytes: Uint8Array, at: number, bit: number, width: number): number {
  const from = at + (bit >>> 3)
  const shift = bit & 7
  let value =
    (bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24)) >>> shift
  if (shift + width > 32) value |= bytes[from + 4]! << (32 - shift)
  return width === 32 ? value | 0 : value & ((1 << width) - 1)
}

/** Unpacks `count` single bits into bytes. Returns how many were set. Requires: the bytes are there. */
export function unpackFlags(
  bytes: Uint8Array,
  at: number,
  count: number,
  into: Uint8Array,
  from: number,
): number {
  let set = 0
  for (let i = 0; i < count; i++) {
    const flag = (bytes[at + (i >>> 3)]! >>> (i & 7)) & 1
    into[from + i] = flag
    set += flag
  }
  return set
}

/** Reads `count` flags in hybrid encoding into `into`; returns how many were set. */
export function readFlags(cursor: ByteCursor, count: number, into: Uint8Array): number {
  let set = 0
  for (let row = 0; row < count; ) {
    const head = cursor.varint()
    if ((head & 1) === 1) {
      const run = Math.min((head >>> 1) * 8, count - row)
      // Writers may leave out the bytes of a last group that no value needs.
      set += unpackFlags(cursor.bytes, cursor.take((run + 7) >>> 3), run, into, row)
      row += run
    } else {
      const run = Math.min(head >>> 1, count - row)
      const flag = cursor.byte()
      if (flag > 1) damaged('a level is above 1')
      if (flag === 1) into.fill(1, row, row + run)
      set += flag * run
      row += run
    }
  }
  return set
}

/** Reads `count` integers of `width` bits in hybrid encoding. */
export function readHybrid(cursor: ByteCursor, width: number, count: number): Int32Array {
  if (width > 32) damaged(`indexes have ${width} bits`)
  const into = new Int32Array(count)
  if (width === 0) return into
  for (let row = 0; row < count; ) {
    const head = cursor.varint()
    if ((head & 1) === 1) {
      const run = Math.min((head >>> 1) * 8, count - row)
      unpackBits(cursor.view, cursor.take(Math.ceil((run * width) / 8)), width, run, into, row)
      row += run
    } else {
      const run = Math.min(head >>> 1, count - row)
      let value = 0
      for (let shift = 0; shift < width; shift += 8) value |= cursor.byte() << shift
      into.fill(value, row, row + run)
      row += run
    }
  }
  return into
}
