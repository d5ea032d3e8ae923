// Some of the integers of DELTA_BINARY_PACKED. The differences before them still have to be added up, but nothing is kept of
// them, and what is behind them is not looked at. `delta.ts` reads them all, and is what the tests hold this against.
//
// Sums wrap around at 64 bits. The sums of a miniblock's halves are exact as doubles (at most 65,536 values of 32 bits), so
// a miniblock that is stepped over needs one addition per value, and none if all its differences are alike.

import { sumBits } from './bits.js'
import type { ByteCursor } from './byte-cursor.js'
import { readBlocks, unpack64 } from './delta.js'
import { damaged } from './page-damage.js'

const twoTo32 = 2 ** 32

/** Reads values `from` up to but not with `to` as 32-bit integers. Throws PageDamage. Requires: `from < to`. */
export function readDeltaRange32(cursor: ByteCursor, from: number, to: number): Int32Array {
  const halves = readHalves(cursor, 32, from, to)
  const into = new Int32Array(to - from)
  for (let i = 0; i < into.length; i++) into[i] = halves[2 * i]!
  return into
}

/** Reads values `from` up to but not with `to` as 64-bit integers. Throws PageDamage. Requires: `from < to`. */
export function readDeltaRange64(cursor: ByteCursor, from: number, to: number): BigInt64Array {
  return new BigInt64Array(readHalves(cursor, 64, from, to).buffer)
}

/** Both halves of each value, low before high. Values of 32 bits wrap around in the low ones just as they do alone. */
function readHalves(cursor: ByteCursor, bits: 32 | 64, from: number, to: number): Int32Array<ArrayBuffer> {
  const halves = new Int32Array(2 * (to - from))
  const { miniblocks, values, total } = readBlocks(cursor)
  if (to > total) damaged(`${total} differences are given for ${to} values`)
  cursor.zigzag64()
  let low = cursor.low
  let high = cursor.high
  if (from === 0) {
    halves[0] = low
    halves[1] = high
  }
  const narrow = 31 - Math.ceil(Math.log2(values))
  const lows = new Int32Array(values)
  const highs = new Int32Array(values)
  for (let i = 1; i < to; ) {
    cursor.zigzag64()
    const leastLow = cursor.low
    const leastHigh = cursor.high
    const widths = cursor.take(miniblocks)
    for (let m = widths, end = widths + miniblocks; m < end && i < to; m++) {
      const width = cursor.bytes[m]!
      const run = Math.min(values, to - i)
      const at = cursor.take((values * width) / 8)
      if (width > bits) damaged(`differences of ${bits}-bit integers have ${width} bits`)
      const skipped = Math.min(Math.max(from - i, 0), run)
      const isNarrow = width <= narrow
      if (skipped < run || !isNarrow) unpack64(cursor, at, width, run, lows, highs)
      if (skipped > 0) {
        let sum = (low >>> 0) + (leastLow >>> 0) * skipped
        if (width > 0) sum += isNarrow ? sumBits(cursor.view, at, width, skipped) : sumOf(lows, skipped)
        const carried = Math.floor(sum / twoTo32) + (width > 32 ? sumOf(highs, skipped) : 0)
        low = sum | 0
        high = (high + leastHigh * skipped + carried) | 0
      }
      i += skipped
      for (let j = skipped; j < run; j++, i++) {
        const sum = (low >>> 0) + (leastLow >>> 0) + (lows[j]! >>> 0)
        low = sum | 0
        high = (high + leastHigh + highs[j]! + Math.floor(sum / twoTo32)) | 0
        halves[2 * (i - from)] = low
        halves[2 * (i - from) + 1] = high
      }
    }
  }
  return halves
}

/** The first `count` words as unsigned numbers, added up: exact. */
function sumOf(words: Int32Array, count: number): number {
  let sum = 0
  for (let j = 0; j < count; j++) sum += words[j]! >>> 0
  return sum
}
