// Parquet's own Bloom filter of a column chunk, for other engines: they skip row groups that do not have a value. marquetry
// itself looks keys up in filter.bloom. https://github.com/apache/parquet-format/blob/master/BloomFilter.md
//
// 1. A filter is blocks of eight words; a value sets one bit in each word of one block.
// 2. The number of blocks is a power of two: some readers want that, and two neighbouring blocks then fold into one.
// 3. What is hashed is the value in plain encoding, as the file stores it: without its length.

import type { ColumnType } from '../format/column.js'
import type { Vector } from '../format/vector.js'
import { assert } from '../util/assert.js'
import { hashBytes, hashHigh, hashInt32, hashInt64, hashLow } from '../util/xxhash64.js'
import { encodeThrift, thriftStruct, thriftTypes } from './thrift.js'

const { i32, struct } = thriftTypes

/** The spec's multipliers, by which a word's bit is chosen. */
const salts = Int32Array.of(
  0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
) // biome-ignore format: a list
const wordsPerBlock = 8
const bitsPerBlock = 32 * wordsPerBlock
/** The spec's limit for filters of a sensible size. */
const blocksMax = 2 ** 22

/** Bits per value at which a filter has this share of wrong answers. */
function bitsPerValue(errorRate: number): number {
  return -8 / Math.log(1 - errorRate ** (1 / 8))
}

function blocksFor(values: number, errorRate: number): number {
  const wanted = Math.max(1, Math.ceil((values * bitsPerValue(errorRate)) / bitsPerBlock))
  return Math.min(blocksMax, 2 ** Math.ceil(Math.log2(wanted)))
}

/** Sets the bits of the value that was hashed last; whether one of them was not set before. */
function insert(words: Int32Array, blocks: number): boolean {
  const block = Math.floor(((hashHigh >>> 0) * blocks) / 2 ** 32) * wordsPerBlock
  let fresh = 0
  for (let i = 0; i < wordsPerBlock; i++) {
    const bit = 1 << (Math.imul(hashLow, salts[i]!) >>> 27)
    fresh |= bit & ~words[block + i]!
    words[block + i]! |= bit
  }
  return fresh !== 0
}

/** Hashes every run of equal neighbours once, and inserts it. How many inserts changed something; undefined: no filter for this layout. */
function insertAll(vector: Vector, words: Int32Array, blocks: number): number | undefined {
  const { layout, values, offsets, length } = vector
  let distinct = 0
  switch (layout) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16': {
      const numbers = values as Int32Array
      for (let row = 0; row < length; row++) {
        if (row > 0 && numbers[row] === numbers[row - 1]) continue
        hashInt32(numbers[row]!)
        if (insert(words, blocks)) distinct++
      }
      return distinct
    }
    case 'uint32':
      for (let row = 0; row < length; row++) {
        if (row > 0 && values[row] === values[row - 1]) continue
        hashInt64(0, values[row] as number)
        if (insert(words, blocks)) distinct++
      }
      return distinct
    case 'int64': {
      const halves = new Int32Array(values.buffer, values.byteOffset, 2 * length)
      for (let at = 0; at < 2 * length; at += 2) {
        if (at > 0 && halves[at] === halves[at - 2] && halves[at + 1] === halves[at - 1]) continue
        hashInt64(halves[at + 1]!, halves[at]!)
        if (insert(words, blocks)) distinct++
      }
      return distinct
    }
    case 'bytes': {
      const bytes = values as Uint8Array
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (let row = 0; row < length; row++) {
        const from = offsets![row]!
        const to = offsets![row + 1]!
        if (row > 0 && isSame(bytes, offsets![row - 1]!, from, to)) continue
        hashBytes(bytes, view, from, to)
        if (insert(words, blocks)) distinct++
      }
      return distinct
    }
    default:
      return undefined
  }
}

/** Whether the bytes from `before` up to `from` are those from `from` up to `to`. */
function isSame(bytes: Uint8Array, before: number, from: number, to: number): boolean {
  if (from - before !== to - from) return false
  for (let i = 0; i < to - from; i++) if (bytes[before + i] !== bytes[from + i]) return false
  return true
}

/** A filter of half as many blocks: a value's block is then the one that holds its former one and the neighbour. */
function folded(words: Int32Array): Int32Array<ArrayBuffer> {
  const half = new Int32Array(words.length / 2)
  for (let i = 0; i < half.length; i++) {
    const pair = Math.floor(i / wordsPerBlock) * 2 * wordsPerBlock + (i % wordsPerBlock)
    half[i] = words[pair]! | words[pair + wordsPerBlock]!
  }
  return half
}

function header(bytes: number): Uint8Array {
  const empty = thriftStruct()
  const first = thriftStruct([1, struct, empty]) // of every union: BLOCK, XXHASH, UNCOMPRESSED
  return encodeThrift(thriftStruct([1, i32, bytes], [2, struct, first], [3, struct, first], [4, struct, first]))
}

/**
 * The filter of a key column's values, its header first, sized for the distinct ones among them. Undefined for types that have none:
 * booleans, decimals, and timestamps in milliseconds: DuckDB 1.5 probes their filters with microseconds, and would find nothing.
 * Requires: no nulls; the vector is as the batch has it, its unsigned types are stored in the next signed ones.
 */
export function splitBlockFilter(
  { kind, unit }: ColumnType,
  vector: Vector,
  errorRate: number,
): Uint8Array | undefined {
  if (kind === 'timestamp' && unit === 'ms') return undefined
  assert(vector.valid === undefined || !vector.valid.includes(0), 'key columns have no nulls')
  const blocks = blocksFor(vector.length, errorRate)
  let words: Int32Array<ArrayBuffer> = new Int32Array(blocks * wordsPerBlock)
  const distinct = insertAll(vector, words, blocks)
  if (distinct === undefined) return undefined
  for (let left = blocks; left > blocksFor(distinct, errorRate); left /= 2) words = folded(words)
  const head = header(words.byteLength)
  const filter = new Uint8Array(head.length + words.byteLength)
  filter.set(head)
  filter.set(new Uint8Array(words.buffer), head.length)
  return filter
}
