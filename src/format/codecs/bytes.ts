// utf8, binary and json: values of any length.
//
// Keys: every 0x00 becomes 0x00 0xFF and the value ends with 0x00 0x00, so that a prefix sorts before what extends
// it, whatever column follows (FoundationDB's tuple layer and CockroachDB's key encoding do the same). UTF-8 bytes
// sort as code points do; JavaScript compares UTF-16 units, which differ above U+D7FF.

import { isUint8Array } from 'node:util/types'
import { MarquetryError } from '../../errors.js'
import type { ByteSink } from '../../util/byte-sink.js'
import { asBuffer } from '../../util/bytes.js'
import { bytesVector, copyBytes, type Vector } from '../vector.js'
import type { TypeCodec } from './codec.js'

const encoder = new TextEncoder()
const shortString = 48

/** Node's decoder of ASCII, which takes any Uint8Array: to make a Buffer of one first would cost as much again. */
const { latin1Slice: asciiSlice } = Buffer.prototype as unknown as {
  readonly latin1Slice: (this: Uint8Array, from: number, to: number) => string
}

/**
 * Appends a string as UTF-8; false, with nothing appended, if it has lone surrogates: they have no UTF-8 form and
 * would come back as U+FFFD. Short ASCII goes by loop: a call into the encoder costs more than the bytes.
 */
function appendUtf8(sink: ByteSink, text: string): boolean {
  const length = text.length
  if (length <= shortString) {
    const at = sink.reserve(length)
    const bytes = sink.bytes
    let i = 0
    for (; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) break
      bytes[at + i] = unit
    }
    if (i === length) {
      sink.length = at + length
      return true
    }
  }
  if (!text.isWellFormed()) return false
  const at = sink.reserve(length * 3)
  sink.length = at + encoder.encodeInto(text, sink.bytes.subarray(at)).written
  return true
}

/** Appends the key face of a string: that of short ASCII without zeros, which most keys are, in one pass. */
function appendKeyText(sink: ByteSink, text: string): boolean {
  const length = text.length
  const from = sink.length
  if (length <= shortString) {
    const at = sink.reserve(length + 2)
    const bytes = sink.bytes
    let i = 0
    for (; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit === 0 || unit > 0x7f) break
      bytes[at + i] = unit
    }
    if (i === length) {
      bytes[at + length] = 0
      bytes[at + length + 1] = 0
      sink.length = at + length + 2
      return true
    }
  }
  if (!appendUtf8(sink, text)) return false
  escapeFrom(sink, from)
  return true
}

/** Turns what was appended from `from` on into its key form: zeros escaped, terminator added. */
function escapeFrom(sink: ByteSink, from: number): void {
  let zeros = 0
  for (let i = from; i < sink.length; i++) if (sink.bytes[i] === 0) zeros++
  sink.reserve(zeros + 2)
  let read = sink.length
  sink.length += zeros + 2
  const bytes = sink.bytes
  let write = sink.length
  bytes[--write] = 0
  bytes[--write] = 0
  if (zeros === 0) return
  while (read > from) {
    const byte = bytes[--read]!
    if (byte === 0) bytes[--write] = 0xff
    bytes[--write] = byte
  }
}

/**
 * Appends the escaped form of a value that key bytes only have to start with: no terminator.
 * Requires: `value` is a string for utf8, a Uint8Array for binary.
 */
export function appendKeyPrefix(sink: ByteSink, value: string | Uint8Array): void {
  const from = sink.length
  if (typeof value === 'string') appendUtf8(sink, value)
  else sink.append(value)
  escapeFrom(sink, from)
  sink.length -= 2
}

/**
 * Length of the value whose key form starts at `at`, and where that form ends: at the end of the bytes at the latest,
 * where `undefined > 0` is false.
 */
function measureKey(bytes: Uint8Array, at: number): { readonly length: number; readonly end: number } {
  let i = at
  let escapes = 0
  for (;;) {
    if (!(bytes[i]! > 0)) {
      if (bytes[i + 1] !== 0xff) return { length: i - at - escapes, end: i + 2 }
      escapes++
      i++
    }
    i++
  }
}

function vectorFromKeys(bytes: Uint8Array, positions: Uint32Array): Vector {
  const rows = positions.length
  const offsets = new Int32Array(rows + 1)
  const starts = positions.slice()
  let total = 0
  for (let row = 0; row < rows; row++) {
    // Inlined for keys without zeros, which is nearly all of them.
    let i = starts[row]!
    while (bytes[i]! > 0) i++
    if (bytes[i + 1] === 0) {
      total += i - starts[row]!
      positions[row] = i + 2
    } else {
      const { length, end } = measureKey(bytes, starts[row]!)
      total += length
      positions[row] = end
    }
    offsets[row + 1] = total
  }
  const values = new Uint8Array(total)
  for (let row = 0; row < rows; row++) {
    const length = offsets[row + 1]! - offsets[row]!
    let read = starts[row]!
    if (positions[row]! - read - 2 === length) copyBytes(bytes, read, values, offsets[row]!, length)
    else
      for (let write = offsets[row]!; write < offsets[row + 1]!; write++) {
        values[write] = bytes[read]!
        read += bytes[read] === 0 ? 2 : 1
      }
  }
  return bytesVector(values, offsets)
}

function vectorFromRows(
  bytes: Uint8Array,
  starts: Uint32Array,
  ends: Uint32Array,
  valid: Uint8Array | undefined,
): Vector {
  const rows = starts.length
  const offsets = new Int32Array(rows + 1)
  let total = 0
  for (let row = 0; row < rows; row++) {
    total += ends[row]! - starts[row]!
    offsets[row + 1] = total
  }
  const values = new Uint8Array(total)
  for (let row = 0; row < rows; row++) {
    copyBytes(bytes, starts[row]!, values, offsets[row]!, ends[row]! - starts[row]!)
  }
  return bytesVector(values, offsets, valid)
}

/** Row `i` of a bytes vector as a view: valid as long as nobody writes to the vector, which nobody may. */
export function bytesAt(vector: Vector, i: number): Uint8Array {
  return (vector.values as Uint8Array).subarray(vector.offsets![i], vector.offsets![i + 1])
}

/** Up to this many bytes a string is put together here: a call into the decoder costs more. */
const tinyString = 8

/** Row `i` of a bytes vector as a string. */
export function textAt(vector: Vector, i: number): string {
  const from = vector.offsets![i]!
  const to = vector.offsets![i + 1]!
  const bytes = vector.values as Uint8Array
  if (to - from > shortString) return asBuffer(bytes).toString('utf8', from, to)
  for (let at = from; at < to; at++) if (bytes[at]! > 0x7f) return asBuffer(bytes).toString('utf8', from, to)
  if (to - from > tinyString) return asciiSlice.call(bytes, from, to)
  let text = ''
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at]!)
  return text
}

function appendBinary(sink: ByteSink, value: unknown): boolean {
  if (!isUint8Array(value)) return false
  sink.append(value)
  return true
}

function appendJson(sink: ByteSink, value: unknown): boolean {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    return false // a cycle or a bigint
  }
  return text !== undefined && appendUtf8(sink, text)
}

/** What the three kinds share: everything columnar. */
const columnar = {
  layout: 'bytes',
  rowBytes: 0,
  fromRows: vectorFromRows,
  fromKeys: vectorFromKeys,
  vectorToKey(sink: ByteSink, vector: Vector, i: number): void {
    const from = sink.length
    sink.append(bytesAt(vector, i))
    escapeFrom(sink, from)
  },
  vectorToRow(sink: ByteSink, _at: number, vector: Vector, i: number): void {
    sink.append(bytesAt(vector, i))
  },
} as const

export const utf8Codec: TypeCodec = {
  ...columnar,
  expects: 'a string without lone surrogates',
  writeRow: (sink, _at, value) => typeof value === 'string' && appendUtf8(sink, value),
  writeKey: (sink, value) => typeof value === 'string' && appendKeyText(sink, value),
  value: textAt,
}

export const binaryCodec: TypeCodec = {
  ...columnar,
  expects: 'a Uint8Array',
  writeRow: (sink, _at, value) => appendBinary(sink, value),
  writeKey(sink, value) {
    const from = sink.length
    if (!appendBinary(sink, value)) return false
    escapeFrom(sink, from)
    return true
  },
  value: (vector, i) => bytesAt(vector, i).slice(),
}

export const jsonCodec: TypeCodec = {
  ...columnar,
  expects: 'a JSON value',
  writeRow: (sink, _at, value) => appendJson(sink, value),
  writeKey: () => false,
  value: (vector, i) => parseJson(textAt(vector, i)),
}

/** Texts are checked before they are written, and bytes before they are read: this one was put there by somebody else. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MarquetryError('MARQUETRY_CORRUPTION', 'A value of a json column is no JSON', { cause })
  }
}
