// DELTA_BINARY_PACKED: the first value, then blocks of differences, each less the block's least and bit-packed in
// miniblocks. Sums wrap around, so they are done in 32-bit halves: no bigint, and exact over the whole range.
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC

import { halvesOf } from '../../format/codecs/int64.js'
import { bitsAt, unpackBits } from './bits.js'
import type { ByteCursor } from './byte-cursor.js'
import { damaged } from './page-damage.js'

/** Far above what writers use (parquet-rs 256, DuckDB 2,048): bounds the scratch memory. */
const blockValuesMax = 65_536

/** What the header says. */
export interface Blocks {
  readonly miniblocks: number
  /** Values per miniblock, a multiple of 8. */
  readonly values: number
  /** Values in all. */
  readonly total: number
}

/** Reads the header, up to the first value. */
export function readBlocks(cursor: ByteCursor): Blocks {
  const blockValues = cursor.varint()
  const miniblocks = cursor.varint()
  const total = cursor.varint()
  const values = blockValues / miniblocks
  if (blockValues > blockValuesMax || !Number.isInteger(values) || values === 0 || values % 8 !== 0) {
    damaged('the blocks of differences have an impossible size')
  }
  return { miniblocks, values, total }
}

/** The header of a page of `count` values. */
function readBlocksOf(cursor: ByteCursor, count: number): Blocks {
  const blocks = readBlocks(cursor)
  if (blocks.total !== count) damaged(`${blocks.total} differences are given for ${count} values`)
  return blocks
}

/** The `count` values as 32-bit integers. Throws PageDamage. */
export function readDelta32(cursor: ByteCursor, count: number): Int32Array {
  const into = new Int32Array(count)
  if (count === 0) return into
  const { miniblocks, values } = readBlocksOf(cursor, count)
  cursor.zigzag64()
  let value = cursor.low
  into[0] = value
  for (let i = 1; i < count; ) {
    cursor.zigzag64()
    const least = cursor.low
    const widths = cursor.take(miniblocks)
    for (let m = widths, end = widths + miniblocks; m < end && i < count; m++) {
      const width = cursor.bytes[m]!
      const run = Math.min(values, count - i)
      const at = cursor.take((values * width) / 8)
      if (width > 32) damaged(`differences of 32-bit integers have ${width} bits`)
      if (width > 0) unpackBits(cursor.view, at, width, run, into, i) // width 0: `into` is zero here
      for (const stop = i + run; i < stop; i++) {
        value = (value + least + into[i]!) | 0
        into[i] = value
      }
    }
  }
  return into
}

/** The `count` values as 64-bit integers. Throws PageDamage. */
export function readDelta64(cursor: ByteCursor, count: number): BigInt64Array {
  const into = new BigInt64Array(count)
  if (count === 0) return into
  const halves = halvesOf(into)
  const { miniblocks, values } = readBlocksOf(cursor, count)
  cursor.zigzag64()
  let low = cursor.low
  let high = cursor.high
  halves[0] = low
  halves[1] = high
  const lows = new Int32Array(values)
  const highs = new Int32Array(values)
  for (let i = 1; i < count; ) {
    cursor.zigzag64()
    const leastLow = cursor.low
    const leastHigh = cursor.high
    const widths = cursor.take(miniblocks)
    for (let m = widths, end = widths + miniblocks; m < end && i < count; m++) {
      const width = cursor.bytes[m]!
      const run = Math.min(values, count - i)
      const at = cursor.take((values * width) / 8)
      if (width > 64) damaged(`differences of 64-bit integers have ${width} bits`)
      unpack64(cursor, at, width, run, lows, highs)
      for (let j = 0; j < run; j++, i++) {
        const difference = (leastLow + lows[j]!) | 0
        const carry = difference >>> 0 < lows[j]! >>> 0 ? 1 : 0
        low = (low + difference) | 0
        high = (high + leastHigh + highs[j]! + carry + (low >>> 0 < difference >>> 0 ? 1 : 0)) | 0
        halves[2 * i] = low
        halves[2 * i + 1] = high
      }
    }
  }
  return into
}

/** Unpacks `run` integers of up to 64 bits into their halves. Requires: their bytes are there. */
export function unpack64(
  cursor: ByteCursor,
  at: number,
  width: number,
  run: number,
  lows: Int32Array,
  highs: Int32Array,
): void {
  if (width <= 32) {
    highs.fill(0, 0, run)
    if (width === 0) lows.fill(0, 0, run)
    else unpackBits(cursor.view, at, width, run, lows, 0)
    return
  }
  const { bytes } = cursor
  for (let j = 0; j < run; j++) {
    lows[j] = bitsAt(bytes, at, j * width, 32)
    highs[j] = bitsAt(bytes, at, j * width + 32, width - 32)
  }
}
