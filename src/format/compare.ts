// Order of rows by their native key columns: the same order as that of the encoded keys (a property test holds the
// two together). A comparator is made once per pair of batches and then called per row.

import { halvesOf } from './codecs/int64.js'
import type { Values, Vector } from './vector.js'

/** Compares row i of one batch with row j of another. */
export type RowComparator = (i: number, j: number) => number

function compareInt64(a: Vector, b: Vector): RowComparator {
  const x = halvesOf(a.values as BigInt64Array)
  const y = halvesOf(b.values as BigInt64Array)
  return (i, j) => {
    const high = x[2 * i + 1]! - y[2 * j + 1]!
    return high !== 0 ? high : (x[2 * i]! >>> 0) - (y[2 * j]! >>> 0)
  }
}

function compareInt128(a: Vector, b: Vector): RowComparator {
  const x = a.values as Uint32Array
  const y = b.values as Uint32Array
  return (i, j) => {
    const sign = (x[4 * i + 3]! | 0) - (y[4 * j + 3]! | 0)
    if (sign !== 0) return sign
    for (let word = 2; word >= 0; word--) {
      const difference = x[4 * i + word]! - y[4 * j + word]!
      if (difference !== 0) return difference
    }
    return 0
  }
}

/** Four bytes at a time, big-endian, so that words order as bytes do: keys share long beginnings with their neighbours. */
function compareBytesColumns(a: Vector, b: Vector): RowComparator {
  const x = viewOf(a.values)
  const y = viewOf(b.values)
  const xs = a.offsets!
  const ys = b.offsets!
  return (i, j) => {
    let from = xs[i]!
    let to = ys[j]!
    const length = xs[i + 1]! - from
    const other = ys[j + 1]! - to
    const end = from + (length < other ? length : other)
    for (; from + 4 <= end; from += 4, to += 4) {
      const left = x.getInt32(from)
      const right = y.getInt32(to)
      if (left !== right) return (left >>> 0) - (right >>> 0)
    }
    for (; from < end; from++, to++) {
      const difference = x.getUint8(from) - y.getUint8(to)
      if (difference !== 0) return difference
    }
    return length - other
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Values): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/** Compares rows of two columns of one layout, neither of them null. Floats: NaN above all and equal to itself, −0 = 0. */
export function compareColumns(a: Vector, b: Vector): RowComparator {
  if (a.layout === 'bytes') return compareBytesColumns(a, b)
  if (a.layout === 'int64') return compareInt64(a, b)
  if (a.layout === 'int128') return compareInt128(a, b)
  const x = a.values as Int32Array
  const y = b.values as Int32Array
  if (a.layout === 'float32' || a.layout === 'float64') {
    return (i, j) => {
      const left = x[i]!
      const right = y[j]!
      if (left === right) return 0
      if (left < right) return -1
      if (left > right) return 1
      return Number(Number.isNaN(left)) - Number(Number.isNaN(right))
    }
  }
  return (i, j) => x[i]! - y[j]!
}

/** Compares rows by several columns, the first that differs deciding. */
export function compareKeys(a: readonly Vector[], b: readonly Vector[]): RowComparator {
  const parts = a.map((vector, index) => compareColumns(vector, b[index]!))
  const [first, second] = parts
  if (parts.length === 1) return first!
  if (parts.length === 2) return (i, j) => first!(i, j) || second!(i, j)
  return (i, j) => {
    for (let part = 0; part < parts.length; part++) {
      const order = parts[part]!(i, j)
      if (order !== 0) return order
    }
    return 0
  }
}
