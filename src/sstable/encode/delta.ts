// DELTA_BINARY_PACKED: the first value, then blocks of differences, each less the block's least and bit-packed in miniblocks.
// Sums wrap around, so they are done in 32-bit halves: no bigint, and exact over the whole range.
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC

import { ByteSink } from '../../util/byte-sink.js'
import { appendVarint } from './hybrid.js'

const miniblocks = 4

/** Differences of a block, as halves; then each less the block's least. */
const lows = new Int32Array(256)
const highs = new Int32Array(256)
const blocks = new ByteSink(16_384)

/** Appends a 64-bit integer as a zigzag varint. */
function appendZigzag(sink: ByteSink, low: number, high: number): void {
  const sign = high >> 31
  let codedLow = ((low << 1) ^ sign) >>> 0
  let codedHigh = (((high << 1) | (low >>> 31)) ^ sign) >>> 0
  sink.reserve(10)
  while (codedHigh > 0 || codedLow > 127) {
    sink.bytes[sink.length++] = (codedLow & 127) | 128
    codedLow = ((codedLow >>> 7) | (codedHigh << 25)) >>> 0
    codedHigh >>>= 7
  }
  sink.bytes[sink.length++] = codedLow
}

/**
 * Appends integers of `perValue` words (1: 32 bits; 2: 64 bits, low word first) from value `from` on: as many as make `bytesMax`
 * bytes or a block more, and none from `to` on. Returns where it ended.
 */
export function appendDelta(
  words: Int32Array,
  perValue: 1 | 2,
  from: number,
  to: number,
  bytesMax: number,
  sink: ByteSink,
): number {
  const blockValues = 128 * perValue
  blocks.length = 0
  let at = from + 1
  while (at < to && blocks.length < bytesMax) {
    const count = Math.min(blockValues, to - at)
    const differ = perValue === 1 ? difference32(words, at, count) : difference64(words, at, count)
    if (differ) appendBlock(count, blockValues / miniblocks)
    else appendZeros()
    at += count
  }
  appendVarint(sink, blockValues)
  appendVarint(sink, miniblocks)
  appendVarint(sink, at - from)
  const low = words[perValue * from]!
  appendZigzag(sink, low, perValue === 1 ? low >> 31 : words[2 * from + 1]!)
  sink.append(blocks.bytes.subarray(0, blocks.length))
  return at
}

/** Differences of 32-bit integers wrap around at 32 bits: so readers expect it of their width. False: all are 0. */
function difference32(words: Int32Array, at: number, count: number): boolean {
  let any = 0
  for (let i = 0; i < count; i++) {
    const difference = (words[at + i]! - words[at + i - 1]!) | 0
    lows[i] = difference
    highs[i] = difference >> 31
    any |= difference
  }
  return any !== 0
}

function difference64(words: Int32Array, at: number, count: number): boolean {
  let any = 0
  for (let i = 0; i < count; i++) {
    const row = 2 * (at + i)
    const low = words[row]!
    const before = words[row - 2]!
    lows[i] = (low - before) | 0
    highs[i] = (words[row + 1]! - words[row - 1]! - (low >>> 0 < before >>> 0 ? 1 : 0)) | 0
    any |= lows[i]! | highs[i]!
  }
  return any !== 0
}

/** A block of differences that are all 0: a least of 0, and miniblocks of no width. */
function appendZeros(): void {
  const at = blocks.reserve(1 + miniblocks)
  blocks.length += 1 + miniblocks
  blocks.bytes.fill(0, at, blocks.length)
}

/** Appends a block of `count` differences: its least, the width of every miniblock, the miniblocks. */
function appendBlock(count: number, miniblockValues: number): void {
  let leastLow = lows[0]!
  let leastHigh = highs[0]!
  for (let i = 1; i < count; i++) {
    const high = highs[i]!
    if (high < leastHigh || (high === leastHigh && lows[i]! >>> 0 < leastLow >>> 0)) {
      leastLow = lows[i]!
      leastHigh = high
    }
  }
  for (let i = 0; i < count; i++) {
    const low = lows[i]!
    lows[i] = (low - leastLow) | 0
    highs[i] = (highs[i]! - leastHigh - (low >>> 0 < leastLow >>> 0 ? 1 : 0)) | 0
  }
  appendZigzag(blocks, leastLow, leastHigh)
  const widths = blocks.reserve(miniblocks)
  blocks.length += miniblocks
  for (let m = 0; m < miniblocks; m++) {
    const start = m * miniblockValues
    const end = Math.min(start + miniblockValues, count)
    const width = start < end ? widthOf(start, end) : 0
    blocks.bytes[widths + m] = width
    if (width > 0) appendMiniblock(start, end, width, miniblockValues)
  }
}

function widthOf(start: number, end: number): number {
  let low = 0
  let high = 0
  for (let i = start; i < end; i++) {
    low |= lows[i]!
    high |= highs[i]!
  }
  return high !== 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(low)
}

/** A miniblock is written whole, also where values lack. */
function appendMiniblock(start: number, end: number, width: number, values: number): void {
  const bytes = (values * width) / 8
  const at = blocks.reserve(bytes)
  blocks.bytes.fill(0, at, at + bytes)
  for (let i = start, bit = 0; i < end; i++, bit += width) {
    const low = Math.min(width, 32)
    orBits(blocks.bytes, at, bit, lows[i]!, low)
    if (width > 32) orBits(blocks.bytes, at, bit + 32, highs[i]!, width - 32)
  }
  blocks.length = at + bytes
}

/** Sets `width` bits, 1 to 32, from bit `bit` behind `at` on. */
function orBits(bytes: Uint8Array, at: number, bit: number, value: number, width: number): void {
  let to = at + (bit >>> 3)
  const shift = bit & 7
  bytes[to++]! |= value << shift
  for (let done = 8 - shift; done < width; done += 8) bytes[to++]! |= value >>> done
}
