// Strings, bytes and JSON: plain, with 64-bit offsets, of fixed length, or through a dictionary.

import { type Data, type DataType, DataType as Types } from 'apache-arrow'
import { textAt } from '../format/codecs/bytes.js'
import { halvesOf } from '../format/codecs/int64.js'
import { bytesVector, copyBytes, type Vector } from '../format/vector.js'
import { type Converter, eachPiece, type Pieces, type Refuse } from './converted.js'

/** Positions in a vector of bytes are 32 bits, signed. */
const bytesMax = 2 ** 31 - 1

/** Where values lie: value `i` is `bytes[start(i) .. end(i))`. */
interface Values {
  readonly bytes: Uint8Array
  readonly offsets: Int32Array
}

/** Values of any length, as Arrow has them, as bytes and 32-bit offsets. */
function valuesOf(data: Data): Values {
  const bytes = data.values as Uint8Array
  if (Types.isFixedSizeBinary(data.type)) {
    const { byteWidth } = data.type
    return { bytes, offsets: Int32Array.from({ length: data.length + 1 }, (_, i) => i * byteWidth) }
  }
  if (isView(data.type)) return viewedValues(data)
  const { valueOffsets } = data as unknown as { readonly valueOffsets: Int32Array | BigInt64Array }
  return { bytes, offsets: valueOffsets instanceof Int32Array ? valueOffsets : lowHalves(valueOffsets) }
}

/** Whether values lie behind views: short ones in 16 bytes of their own, others in one of several buffers. */
export function isView(type: DataType): boolean {
  return Types.isUtf8View(type) || Types.isBinaryView(type)
}

const viewBytes = 16
const inlineBytes = 12

function viewedValues(data: Data): Values {
  const views = data.values as Uint8Array
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength)
  const buffers = data.variadicBuffers
  const offsets = new Int32Array(data.length + 1)
  const parts: Uint8Array[] = []
  let total = 0
  for (let i = 0; i < data.length; i++) {
    const at = i * viewBytes
    const length = data.getValid(i) ? view.getInt32(at, true) : 0
    const isInline = length <= inlineBytes
    const buffer = isInline ? views : buffers[view.getInt32(at + 8, true)]
    const start = isInline ? at + 4 : view.getInt32(at + 12, true)
    const part = buffer?.subarray(start, start + length)
    if (part?.length !== length) throw new RangeError(`value ${i} lies outside of its buffer`)
    parts.push(part)
    total += length
    offsets[i + 1] = total
  }
  return { bytes: new Uint8Array(Buffer.concat(parts, total)), offsets }
}

/** 64-bit offsets in 32 bits: no buffer of the decoder is as large as to need more. */
function lowHalves(offsets: BigInt64Array): Int32Array {
  const halves = halvesOf(offsets)
  const low = new Int32Array(offsets.length)
  for (let i = 0; i < low.length; i++) low[i] = halves[2 * i]!
  return low
}

/** To utf8 or binary, or to json, whose values are checked. */
export function bytesConverter(from: DataType, isJson: boolean): Converter {
  return (pieces, refuse) => {
    const vector = Types.isDictionary(from) ? fromDictionary(pieces, refuse) : fromValues(pieces, refuse)
    if (isJson) checkJson(vector, refuse)
    return vector
  }
}

function fromValues({ data, rows, valid }: Pieces, refuse: Refuse): Vector {
  const offsets = new Int32Array(rows + 1)
  const sources = data.map(valuesOf)
  let total = 0
  data.forEach((_, p) => {
    const source = sources[p]!.offsets
    const at = startOf(data, p)
    for (let i = 0; i < data[p]!.length; i++) {
      if (valid === undefined || valid[at + i] === 1) total += source[i + 1]! - source[i]!
      if (total > bytesMax) refuse(at + i, 'the row group holds more than 2 GiB in this column')
      offsets[at + i + 1] = total
    }
  })
  const values = new Uint8Array(total)
  data.forEach((piece, p) => {
    const { bytes, offsets: source } = sources[p]!
    const at = startOf(data, p)
    const from = source[0]!
    const to = source[piece.length]!
    const written = offsets[at]!
    // The same length: no bytes behind nulls, and so the same places.
    if (offsets[at + piece.length]! - written === to - from) values.set(bytes.subarray(from, to), written)
    else
      for (let i = 0; i < piece.length; i++) {
        copyBytes(bytes, source[i]!, values, offsets[at + i]!, offsets[at + i + 1]! - offsets[at + i]!)
      }
  })
  return bytesVector(values, offsets, valid)
}

function startOf(data: readonly Data[], piece: number): number {
  let at = 0
  for (let p = 0; p < piece; p++) at += data[p]!.length
  return at
}

/** A value of a dictionary may be null itself; then so are the rows that have it. */
function fromDictionary({ data, rows, valid: given }: Pieces, refuse: Refuse): Vector {
  const offsets = new Int32Array(rows + 1)
  const places: { readonly bytes: Uint8Array; readonly starts: Int32Array }[] = []
  let valid = given
  let total = 0
  eachPiece(data, (piece, at) => {
    const { dictionary } = piece
    const entries = (dictionary?.data ?? []).map((entry) => ({ ...valuesOf(entry), entry }))
    const [only] = entries
    if (only === undefined || entries.length > 1) return refuse(at, 'its dictionary is in several parts')
    const codes = piece.values as ArrayLike<number | bigint>
    const starts = new Int32Array(piece.length)
    for (let i = 0; i < piece.length; i++) {
      const row = at + i
      if (valid === undefined || valid[row] === 1) {
        const code = Number(codes[i])
        if (!(code >= 0 && code < only.entry.length)) refuse(row, `its dictionary has no value ${code}`)
        if (only.entry.getValid(code)) {
          starts[i] = only.offsets[code]!
          total += only.offsets[code + 1]! - starts[i]!
          if (total > bytesMax) refuse(row, 'the row group holds more than 2 GiB in this column')
        } else {
          valid ??= new Uint8Array(rows).fill(1)
          valid[row] = 0
        }
      }
      offsets[row + 1] = total
    }
    places.push({ bytes: only.bytes, starts })
  })
  const values = new Uint8Array(total)
  let p = 0
  eachPiece(data, (piece, at) => {
    const { bytes, starts } = places[p++]!
    for (let i = 0; i < piece.length; i++) {
      copyBytes(bytes, starts[i]!, values, offsets[at + i]!, offsets[at + i + 1]! - offsets[at + i]!)
    }
  })
  return bytesVector(values, offsets, valid)
}

function checkJson(vector: Vector, refuse: Refuse): void {
  for (let row = 0; row < vector.length; row++) {
    if (vector.valid !== undefined && vector.valid[row] === 0) continue
    try {
      JSON.parse(textAt(vector, row))
    } catch {
      refuse(row, 'its text is not JSON')
    }
  }
}
