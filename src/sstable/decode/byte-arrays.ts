// Byte arrays: PLAIN, DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY, into one buffer with offsets.

import { bytesVector, type Vector } from '../../format/vector.js'
import type { ByteCursor } from './byte-cursor.js'
import { CopyTarget, copyLiteral } from './copies.js'
import { readDelta32 } from './delta.js'
import { damaged } from './page-damage.js'

/** `count` values, each a u32 length and its bytes. */
export function readPlainBytes(cursor: ByteCursor, count: number): Vector {
  const { bytes, view } = cursor
  const start = cursor.at
  if (count > cursor.left / 4) damaged('the page is too short for its values')
  const offsets = new Int32Array(count + 1)
  let at = start
  for (let i = 0; i < count; i++) {
    if (at + 4 > bytes.length) damaged('the page ends within its values')
    at += 4 + view.getUint32(at, true)
    offsets[i + 1] = at - start - 4 * (i + 1)
  }
  if (at > bytes.length) damaged('the page ends within its values')
  cursor.at = at
  const target = new CopyTarget(offsets[count]!)
  for (let i = 0; i < count; i++) {
    const from = offsets[i]!
    copyLiteral(bytes, view, start + from + 4 * (i + 1), target, from, offsets[i + 1]! - from)
  }
  return bytesVector(target.bytes.subarray(0, offsets[count]!), offsets)
}

/** Turns lengths into offsets. The lengths come from the page and may be anything. */
function offsetsOf(lengths: Int32Array, bytesMax: number): Int32Array {
  const offsets = new Int32Array(lengths.length + 1)
  let end = 0
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i]!
    end += length
    if (length < 0 || end > bytesMax) damaged('a value has an impossible length')
    offsets[i + 1] = end
  }
  return offsets
}

/** `count` values: all lengths, then all bytes. */
export function readDeltaLengthBytes(cursor: ByteCursor, count: number): Vector {
  const lengths = readDelta32(cursor, count)
  const offsets = offsetsOf(lengths, cursor.left)
  const from = cursor.take(offsets[count]!)
  return bytesVector(cursor.bytes.slice(from, cursor.at), offsets)
}

/**
 * `count` values: how many bytes each shares with the one before, then the rest of each. Shared bytes multiply, so the
 * result is limited to `bytesMax`.
 */
export function readDeltaBytes(cursor: ByteCursor, count: number, bytesMax: number): Vector {
  const shared = readDelta32(cursor, count)
  const lengths = readDelta32(cursor, count)
  offsetsOf(lengths, cursor.left)
  for (let i = 0; i < count; i++) {
    if (shared[i]! < 0 || shared[i]! > (i === 0 ? 0 : lengths[i - 1]!)) {
      damaged('a value shares more bytes than the one before has')
    }
    lengths[i]! += shared[i]! // at most the sum of all lengths so far, which the page holds
  }
  const offsets = offsetsOf(lengths, bytesMax)
  const target = new CopyTarget(offsets[count]!)
  for (let i = 0; i < count; i++) {
    const at = offsets[i]!
    const same = shared[i]!
    if (same > 0) copyLiteral(target.bytes, target.view, offsets[i - 1]!, target, at, same)
    const rest = lengths[i]! - same
    copyLiteral(cursor.bytes, cursor.view, cursor.take(rest), target, at + same, rest)
  }
  return bytesVector(target.bytes.subarray(0, offsets[count]!), offsets)
}
