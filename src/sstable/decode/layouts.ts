// From what a Parquet page holds to the layout of our vectors, and to rows: widths, dictionaries, nulls.

import { halvesOf } from '../../format/codecs/int64.js'
import {
  allocateValues,
  bytesVector,
  elementsPerRow,
  fixedVector,
  type Layout,
  nullVector,
  type Vector,
} from '../../format/vector.js'
import { CopyTarget, copyLiteral } from './copies.js'
import { damaged } from './page-damage.js'

const safeHigh = 2 ** 21
const twoTo32 = 2 ** 32

/** Integers stored in 32 bits as narrower ones; a value that does not fit is damage. */
function narrow(from: Int32Array, layout: Layout): Vector {
  const values = allocateValues(layout, from.length)
  for (let i = 0; i < from.length; i++) {
    values[i] = from[i]!
    if (values[i] !== from[i]) damaged(`${from[i]} is no ${layout}`)
  }
  return fixedVector(layout, values)
}

function fromInt64(halves: Int32Array, layout: Layout): Vector | undefined {
  const rows = halves.length / 2
  if (layout === 'uint32') {
    const values = new Uint32Array(rows)
    for (let i = 0; i < rows; i++) {
      if (halves[2 * i + 1] !== 0) damaged('a value is no uint32')
      values[i] = halves[2 * i]!
    }
    return fixedVector(layout, values)
  }
  if (layout === 'float64') {
    const values = new Float64Array(rows)
    for (let i = 0; i < rows; i++) {
      const high = halves[2 * i + 1]!
      if (high < 0 || high >= safeHigh) damaged('a sequence number is not a safe integer')
      values[i] = high * twoTo32 + (halves[2 * i]! >>> 0)
    }
    return fixedVector(layout, values)
  }
  if (layout !== 'int128') return undefined
  const words = new Uint32Array(rows * 4)
  for (let i = 0; i < rows; i++) {
    words[4 * i] = halves[2 * i]!
    words[4 * i + 1] = halves[2 * i + 1]!
    words[4 * i + 2] = words[4 * i + 3] = halves[2 * i + 1]! >> 31
  }
  return fixedVector(layout, words)
}

function decimalsOfInt32(from: Int32Array): Vector {
  const words = new Uint32Array(from.length * 4)
  for (let i = 0; i < from.length; i++) {
    words[4 * i] = from[i]!
    words[4 * i + 1] = words[4 * i + 2] = words[4 * i + 3] = from[i]! >> 31
  }
  return fixedVector('int128', words)
}

/** Big-endian two's complement integers of up to 16 bytes. */
function decimalsOfBytes({ values, offsets, length }: Vector): Vector {
  const words = new Uint32Array(length * 4)
  const bytes = values as Uint8Array
  for (let i = 0; i < length; i++) {
    const from = offsets![i]!
    const size = offsets![i + 1]! - from
    if (size === 0 || size > 16) damaged(`a decimal has ${size} bytes`)
    const sign = bytes[from]! > 0x7f ? 0xff : 0
    for (let place = 0; place < 16; place++) {
      const byte = place < size ? bytes[from + size - 1 - place]! : sign
      words[4 * i + (place >>> 2)]! |= byte << (8 * (place & 3))
    }
  }
  return fixedVector('int128', words)
}

/** Brings values without nulls into `layout`. Throws PageDamage where the physical type cannot hold it. */
export function toLayout(vector: Vector, layout: Layout): Vector {
  if (vector.layout === layout) return vector
  const { values } = vector
  let converted: Vector | undefined
  if (values instanceof Int32Array) {
    if (layout === 'int128') converted = decimalsOfInt32(values)
    else if (/^u?int(8|16)$/.test(layout)) converted = narrow(values, layout)
  } else if (values instanceof BigInt64Array) converted = fromInt64(halvesOf(values), layout)
  else if (vector.layout === 'bytes' && layout === 'int128') converted = decimalsOfBytes(vector)
  return converted ?? damaged(`a column of ${layout} is stored as ${vector.layout}`)
}

/** The dictionary's values at `indexes`; bytes of at most `bytesMax` in all. Throws PageDamage. */
export function lookUp(dictionary: Vector, indexes: Int32Array, bytesMax: number): Vector {
  const rows = indexes.length
  const size = dictionary.length
  for (let i = 0; i < rows; i++) {
    if (indexes[i]! >>> 0 >= size) damaged(`a value points to entry ${indexes[i]} of a dictionary of ${size}`)
  }
  const { layout, offsets } = dictionary
  if (offsets !== undefined) return lookUpBytes(dictionary.values as Uint8Array, offsets, indexes, bytesMax)
  const values = allocateValues(layout, rows)
  if (layout === 'int64') {
    const from = halvesOf(dictionary.values as BigInt64Array)
    const to = halvesOf(values as BigInt64Array)
    for (let i = 0; i < rows; i++) {
      const index = indexes[i]!
      to[2 * i] = from[2 * index]!
      to[2 * i + 1] = from[2 * index + 1]!
    }
  } else if (layout === 'int128') {
    for (let i = 0; i < rows; i++) {
      for (let word = 0; word < 4; word++) values[4 * i + word] = dictionary.values[4 * indexes[i]! + word]!
    }
  } else {
    for (let i = 0; i < rows; i++) values[i] = dictionary.values[indexes[i]!]!
  }
  return fixedVector(layout, values)
}

function lookUpBytes(from: Uint8Array, starts: Int32Array, indexes: Int32Array, bytesMax: number): Vector {
  const rows = indexes.length
  const offsets = new Int32Array(rows + 1)
  let end = 0
  for (let i = 0; i < rows; i++) {
    end += starts[indexes[i]! + 1]! - starts[indexes[i]!]!
    if (end > bytesMax) damaged('a page holds more bytes than its row group')
    offsets[i + 1] = end
  }
  const view = new DataView(from.buffer, from.byteOffset, from.byteLength)
  const target = new CopyTarget(end)
  for (let i = 0; i < rows; i++) {
    const at = offsets[i]!
    copyLiteral(from, view, starts[indexes[i]!]!, target, at, offsets[i + 1]! - at)
  }
  return bytesVector(target.bytes.subarray(0, end), offsets)
}

/** Values without nulls, moved to the rows that `valid` marks: as many as there are values. */
export function spread(vector: Vector, valid: Uint8Array): Vector {
  const rows = valid.length
  const { layout, values, offsets, length } = vector
  if (length === 0) return nullVector(layout, rows)
  if (offsets !== undefined) {
    const spaced = new Int32Array(rows + 1)
    for (let row = 0, i = 0; row < rows; row++) {
      i += valid[row]!
      spaced[row + 1] = offsets[i]!
    }
    return bytesVector(values as Uint8Array, spaced, valid)
  }
  const spaced = allocateValues(layout, rows)
  const per = layout === 'int64' ? 2 : elementsPerRow(layout)
  const from = values instanceof BigInt64Array ? halvesOf(values) : values
  const to = spaced instanceof BigInt64Array ? halvesOf(spaced) : spaced
  for (let row = 0, i = 0; row < rows; row++) {
    if (valid[row] === 0) continue
    for (let element = 0; element < per; element++) to[per * row + element] = from[per * i + element]!
    i++
  }
  return fixedVector(layout, spaced, valid)
}
