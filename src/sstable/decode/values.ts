// The values of a page, by physical type and encoding, without nulls: what PLAIN and the delta encodings hold.

import { bytesVector, fixedVector, type Vector } from '../../format/vector.js'
import { readFlags, unpackFlags } from './bits.js'
import { readDeltaBytes, readDeltaLengthBytes, readPlainBytes } from './byte-arrays.js'
import { ByteCursor } from './byte-cursor.js'
import { readDelta32, readDelta64 } from './delta.js'
import { damaged, unsupported } from './page-damage.js'

/** Parquet's numbers of physical types. */
export const physicalTypes = {
  boolean: 0,
  int32: 1,
  int64: 2,
  float: 4,
  double: 5,
  byteArray: 6,
  fixedBytes: 7,
} as const

/** Parquet's numbers of the encodings that are read. */
export const encodings = {
  plain: 0,
  plainDictionary: 2,
  rle: 3,
  deltaBinaryPacked: 5,
  deltaLengthByteArray: 6,
  deltaByteArray: 7,
  rleDictionary: 8,
} as const

/** Whether values are indexes into a dictionary. */
export function isDictionaryEncoding(encoding: number): boolean {
  return encoding === encodings.rleDictionary || encoding === encodings.plainDictionary
}

/** The next `count * width` bytes, in memory of their own, aligned. */
function copyOf(cursor: ByteCursor, count: number, width: number): ArrayBuffer {
  const from = cursor.take(count * width)
  const copy = new Uint8Array(count * width)
  copy.set(cursor.bytes.subarray(from, cursor.at))
  return copy.buffer
}

function readPlain(cursor: ByteCursor, type: number, typeLength: number, count: number): Vector {
  switch (type) {
    case physicalTypes.boolean: {
      const from = cursor.take(Math.ceil(count / 8))
      const flags = new Uint8Array(count)
      unpackFlags(cursor.bytes, from, count, flags, 0)
      return fixedVector('bool', flags)
    }
    case physicalTypes.int32:
      return fixedVector('int32', new Int32Array(copyOf(cursor, count, 4)))
    case physicalTypes.int64:
      return fixedVector('int64', new BigInt64Array(copyOf(cursor, count, 8)))
    case physicalTypes.float:
      return fixedVector('float32', new Float32Array(copyOf(cursor, count, 4)))
    case physicalTypes.double:
      return fixedVector('float64', new Float64Array(copyOf(cursor, count, 8)))
    case physicalTypes.byteArray:
      return readPlainBytes(cursor, count)
    case physicalTypes.fixedBytes: {
      if (typeLength <= 0) damaged('a fixed-length value has no length')
      const values = new Uint8Array(copyOf(cursor, count, typeLength))
      return bytesVector(
        values,
        Int32Array.from({ length: count + 1 }, (_, i) => i * typeLength),
      )
    }
    default:
      return unsupported(`physical type ${type}`)
  }
}

/**
 * Reads `count` values, none of them null, in the layout that is nearest to the physical type: fixed-length byte arrays
 * as `bytes`. Dictionary encodings are not among those read here. Throws PageDamage.
 */
export function readValues(
  bytes: Uint8Array,
  encoding: number,
  type: number,
  typeLength: number,
  count: number,
  bytesMax: number,
): Vector {
  const cursor = new ByteCursor(bytes)
  switch (encoding) {
    case encodings.plain:
      return readPlain(cursor, type, typeLength, count)
    case encodings.rle:
      if (type === physicalTypes.boolean) {
        const flags = new Uint8Array(count)
        if (count > 0) {
          const length = cursor.u32()
          const from = cursor.take(length)
          readFlags(new ByteCursor(bytes.subarray(from, from + length)), count, flags)
        }
        return fixedVector('bool', flags)
      }
      break
    case encodings.deltaBinaryPacked:
      if (type === physicalTypes.int32) return fixedVector('int32', readDelta32(cursor, count))
      if (type === physicalTypes.int64) return fixedVector('int64', readDelta64(cursor, count))
      break
    case encodings.deltaLengthByteArray:
      if (type === physicalTypes.byteArray) return readDeltaLengthBytes(cursor, count)
      break
    case encodings.deltaByteArray:
      if (type === physicalTypes.byteArray) return readDeltaBytes(cursor, count, bytesMax)
      if (type === physicalTypes.fixedBytes) {
        const vector = readDeltaBytes(cursor, count, bytesMax)
        for (let i = 0; i < count; i++) {
          if (vector.offsets![i + 1] !== (i + 1) * typeLength)
            damaged('a fixed-length value has another length')
        }
        return vector
      }
      break
  }
  return unsupported(`encoding ${encoding} of physical type ${type}`)
}
