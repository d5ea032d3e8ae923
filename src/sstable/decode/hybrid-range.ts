// Some of the integers in Parquet's hybrid of runs and bit-packed groups: runs before them are stepped over, what is behind
// them is not looked at. `bits.ts` reads them all, and is what the tests hold these against.

import { bitsAt } from './bits.js'
import type { ByteCursor } from './byte-cursor.js'
import { damaged } from './page-damage.js'

/** Reads integers `from` up to but not with `to`, each of `width` bits. Throws PageDamage. */
export function readHybridRange(cursor: ByteCursor, width: number, from: number, to: number): Int32Array {
  if (width > 32) damaged(`indexes have ${width} bits`)
  const into = new Int32Array(to - from)
  if (width === 0) return into
  for (let row = 0; row < to; ) {
    const head = cursor.varint()
    const isPacked = (head & 1) === 1
    const run = Math.min(isPacked ? (head >>> 1) * 8 : head >>> 1, to - row)
    const end = row + run
    if (isPacked) {
      const at = cursor.take(Math.ceil((run * width) / 8))
      for (let i = Math.max(row, from); i < end; i++) {
        into[i - from] = bitsAt(cursor.bytes, at, (i - row) * width, width)
      }
    } else {
      let value = 0
      for (let shift = 0; shift < width; shift += 8) value |= cursor.byte() << shift
      if (end > from) into.fill(value, Math.max(row - from, 0), end - from)
    }
    row = end
  }
  return into
}

/** Flags of a range, and of all before it, as far as they are set. */
export interface FlagCounts {
  readonly before: number
  readonly within: number
}

/** Reads flags `from` up to but not with `to` into `into`. Throws PageDamage. */
export function readFlagRange(cursor: ByteCursor, from: number, to: number, into: Uint8Array): FlagCounts {
  let before = 0
  let within = 0
  for (let row = 0; row < to; ) {
    const head = cursor.varint()
    const isPacked = (head & 1) === 1
    const run = Math.min(isPacked ? (head >>> 1) * 8 : head >>> 1, to - row)
    const end = row + run
    const skipped = Math.min(Math.max(from - row, 0), run)
    if (isPacked) {
      const at = cursor.take((run + 7) >>> 3)
      before += countSet(cursor.bytes, at, skipped)
      for (let i = skipped; i < run; i++) {
        const flag = (cursor.bytes[at + (i >>> 3)]! >>> (i & 7)) & 1
        into[row + i - from] = flag
        within += flag
      }
    } else {
      const flag = cursor.byte()
      if (flag > 1) damaged('a level is above 1')
      before += flag * skipped
      within += flag * (run - skipped)
      if (run > skipped) into.fill(flag, row + skipped - from, end - from)
    }
    row = end
  }
  return { before, within }
}

/** How many of `count` bits are set. Requires: their bytes are there. */
function countSet(bytes: Uint8Array, at: number, count: number): number {
  let set = 0
  const whole = at + (count >>> 3)
  for (; at < whole; at++) set += setBits(bytes[at]!)
  const rest = count & 7
  return rest === 0 ? set : set + setBits(bytes[at]! & ((1 << rest) - 1))
}

function setBits(byte: number): number {
  const pairs = byte - ((byte >>> 1) & 0x55)
  const fours = (pairs & 0x33) + ((pairs >>> 2) & 0x33)
  return (fours + (fours >>> 4)) & 0x0f
}
