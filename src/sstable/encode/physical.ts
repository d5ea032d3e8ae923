// A column's values as Parquet stores them, nulls left out: 32-bit words, bytes or flags.

import { halvesOf } from '../../format/codecs/int64.js'
import type { Kind } from '../../format/column.js'
import type { Vector } from '../../format/vector.js'
import { physicalTypes } from '../decode/values.js'

/** Values of one column without nulls; row i is value i only where there are none. */
export type Dense =
  /** Integers and floats, `perValue` words each, low word first. */
  | {
      readonly form: 'words'
      readonly count: number
      readonly words: Int32Array
      readonly perValue: 1 | 2
      readonly isFloat: boolean
    }
  | {
      readonly form: 'bytes'
      readonly count: number
      readonly values: Uint8Array
      readonly offsets: Int32Array
    }
  | { readonly form: 'flags'; readonly count: number; readonly flags: Uint8Array }

/** Parquet's physical types of the kinds of columns that are encoded here. */
export const physicalTypeOf: Partial<Record<Kind, number>> = {
  bool: physicalTypes.boolean,
  int8: physicalTypes.int32,
  int16: physicalTypes.int32,
  int32: physicalTypes.int32,
  date: physicalTypes.int32,
  int64: physicalTypes.int64,
  timestamp: physicalTypes.int64,
  float32: physicalTypes.float,
  float64: physicalTypes.double,
  utf8: physicalTypes.byteArray,
  json: physicalTypes.byteArray,
  binary: physicalTypes.byteArray,
}

/** The values that are present. Requires: a layout of one of the kinds above. */
export function denseOf(vector: Vector, present: Uint8Array | undefined): Dense {
  const { layout, length, values, offsets } = vector
  if (offsets !== undefined) return denseBytes(values as Uint8Array, offsets, length, present)
  if (layout === 'bool') {
    const flags =
      present === undefined ? (values as Uint8Array) : (values as Uint8Array).filter((_, i) => present[i] === 1)
    return { form: 'flags', count: flags.length, flags }
  }
  const perValue = layout === 'int64' || layout === 'float64' ? 2 : 1
  const isFloat = layout === 'float32' || layout === 'float64'
  const all = wordsOf(vector)
  const words = present === undefined ? all : presentWords(all, perValue, present)
  return { form: 'words', count: words.length / perValue, words, perValue, isFloat }
}

function wordsOf({ layout, values }: Vector): Int32Array {
  if (layout === 'int64') return halvesOf(values as BigInt64Array)
  if (layout === 'int8' || layout === 'int16') return Int32Array.from(values as Int16Array)
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength / 4)
}

function presentWords(words: Int32Array, perValue: number, present: Uint8Array): Int32Array {
  const kept = new Int32Array(words.length)
  let at = 0
  for (let row = 0; row < present.length; row++) {
    if (present[row] === 0) continue
    for (let word = perValue * row; word < perValue * (row + 1); word++) kept[at++] = words[word]!
  }
  return kept.subarray(0, at)
}

function denseBytes(
  values: Uint8Array,
  offsets: Int32Array,
  length: number,
  present: Uint8Array | undefined,
): Dense {
  if (present === undefined) return { form: 'bytes', count: length, values, offsets }
  // A null row may hold bytes, where a tombstone stands in for a row: those are left out too.
  const starts = new Int32Array(length + 1)
  const kept = new Uint8Array(offsets[length]! - offsets[0]!)
  let count = 0
  let end = 0
  for (let row = 0; row < length; row++) {
    if (present[row] === 0) continue
    const value = values.subarray(offsets[row]!, offsets[row + 1]!)
    kept.set(value, end)
    end += value.length
    starts[++count] = end
  }
  return { form: 'bytes', count, values: kept, offsets: starts.subarray(0, count + 1) }
}
