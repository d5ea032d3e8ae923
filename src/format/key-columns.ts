// Key columns to encoded keys, column by column into one buffer: what `vectorKey` does for one row, at a tenth of the
// cost for thousands. A property test holds the two together.

import { asBuffer } from '../util/bytes.js'
import { halvesOf } from './codecs/int64.js'
import type { Vector } from './vector.js'

/** Encoded keys that lie end to end. Its memory is used again for the next ones. */
export class KeyColumnEncoder {
  /** The keys. May be longer than they are, and replaced by `encode`. */
  bytes = new Uint8Array(16_384)
  /** Key i is `bytes[starts[i] .. starts[i + 1]]`. May be longer than there are keys, and replaced by `encode`. */
  starts = new Uint32Array(1)
  #view = new DataView(this.bytes.buffer)
  /** Where the next column of each row goes. */
  #cursors = new Uint32Array(0)

  /** Encodes rows `from` up to but not with `to` of the key columns `vectors`, which are in key order. */
  encode(vectors: readonly Vector[], from: number, to: number): void {
    this.#place(vectors, from, to)
    for (const vector of vectors) this.#append(vector, from, to)
  }

  /** Finds out where each key starts. */
  #place(vectors: readonly Vector[], from: number, to: number): void {
    const rows = to - from
    if (this.starts.length <= rows) {
      this.starts = new Uint32Array(rows + 1)
      this.#cursors = new Uint32Array(rows)
    }
    const starts = this.starts
    let fixed = 0
    for (const { layout, values } of vectors) {
      fixed += layout === 'bytes' ? 2 : layout === 'int128' ? 16 : values.BYTES_PER_ELEMENT
    }
    starts.fill(fixed, 1, rows + 1)
    for (const vector of vectors) if (vector.layout === 'bytes') addLengths(vector, from, to, starts)
    starts[0] = 0
    for (let row = 0; row < rows; row++) starts[row + 1]! += starts[row]!
    this.#cursors.set(starts.subarray(0, rows))
    if (starts[rows]! > this.bytes.length) {
      this.bytes = new Uint8Array(Math.max(starts[rows]!, 2 * this.bytes.length))
      this.#view = new DataView(this.bytes.buffer)
    }
  }

  #append(vector: Vector, from: number, to: number): void {
    switch (vector.layout) {
      case 'bytes':
        this.#appendBytes(vector, from, to)
        break
      case 'int64':
        this.#appendInt64(halvesOf(vector.values as BigInt64Array), from, to)
        break
      case 'int128':
        this.#appendInt128(vector.values as Uint32Array, from, to)
        break
      case 'int32':
      case 'uint32':
        this.#appendInt32(vector, from, to)
        break
      case 'int16':
      case 'uint16':
        this.#appendInt16(vector, from, to)
        break
      case 'int8':
      case 'uint8':
      case 'bool':
        this.#appendInt8(vector, from, to)
        break
      case 'float32':
      case 'float64':
        throw new TypeError('floats are not keys')
    }
  }

  /** Zeros escaped, a terminator of two: see codecs/bytes.ts. */
  #appendBytes(vector: Vector, from: number, to: number): void {
    const { bytes } = this
    const view = this.#view
    const cursors = this.#cursors
    const values = vector.values as Uint8Array
    const source = new DataView(values.buffer, values.byteOffset, values.length)
    const offsets = vector.offsets!
    const zeros = hasZeros(vector, from, to)
    for (let row = from; row < to; row++) {
      const start = offsets[row]!
      const end = offsets[row + 1]!
      let at = cursors[row - from]!
      if (zeros) {
        for (let i = start; i < end; i++) {
          const byte = values[i]!
          bytes[at++] = byte
          if (byte === 0) bytes[at++] = 0xff
        }
      } else {
        let i = start
        for (; i + 4 <= end; i += 4, at += 4) view.setInt32(at, source.getInt32(i))
        for (; i < end; i++) bytes[at++] = values[i]!
      }
      bytes[at] = 0
      bytes[at + 1] = 0
      cursors[row - from] = at + 2
    }
  }

  #appendInt64(halves: Int32Array, from: number, to: number): void {
    const view = this.#view
    const cursors = this.#cursors
    for (let row = from; row < to; row++) {
      const at = cursors[row - from]!
      view.setInt32(at, halves[2 * row + 1]! ^ 0x8000_0000)
      view.setInt32(at + 4, halves[2 * row]!)
      cursors[row - from] = at + 8
    }
  }

  #appendInt128(words: Uint32Array, from: number, to: number): void {
    const view = this.#view
    const cursors = this.#cursors
    for (let row = from; row < to; row++) {
      const at = cursors[row - from]!
      view.setInt32(at, words[4 * row + 3]! ^ 0x8000_0000)
      view.setInt32(at + 4, words[4 * row + 2]!)
      view.setInt32(at + 8, words[4 * row + 1]!)
      view.setInt32(at + 12, words[4 * row]!)
      cursors[row - from] = at + 16
    }
  }

  #appendInt32({ layout, values }: Vector, from: number, to: number): void {
    const view = this.#view
    const cursors = this.#cursors
    const flip = layout === 'int32' ? 0x8000_0000 : 0
    const numbers = new Int32Array(values.buffer, values.byteOffset, values.length)
    for (let row = from; row < to; row++) {
      const at = cursors[row - from]!
      view.setInt32(at, numbers[row]! ^ flip)
      cursors[row - from] = at + 4
    }
  }

  #appendInt16({ layout, values }: Vector, from: number, to: number): void {
    const view = this.#view
    const cursors = this.#cursors
    const flip = layout === 'int16' ? 0x8000 : 0
    for (let row = from; row < to; row++) {
      const at = cursors[row - from]!
      view.setInt16(at, (values[row] as number) ^ flip)
      cursors[row - from] = at + 2
    }
  }

  #appendInt8({ layout, values }: Vector, from: number, to: number): void {
    const { bytes } = this
    const cursors = this.#cursors
    const flip = layout === 'int8' ? 0x80 : 0
    for (let row = from; row < to; row++) {
      const at = cursors[row - from]!
      bytes[at] = (values[row] as number) ^ flip
      cursors[row - from] = at + 1
    }
  }
}

/** Whether any of the values has a zero byte: hardly any column of strings has. */
export function hasZeros({ values, offsets }: Vector, from: number, to: number): boolean {
  // A Buffer's search is native code.
  return asBuffer((values as Uint8Array).subarray(offsets![from], offsets![to])).includes(0)
}

/** Adds each value's bytes, escapes included, to the element behind its row's. */
function addLengths(vector: Vector, from: number, to: number, into: Uint32Array): void {
  const values = vector.values as Uint8Array
  const offsets = vector.offsets!
  const zeros = hasZeros(vector, from, to)
  for (let row = from; row < to; row++) {
    const start = offsets[row]!
    const end = offsets[row + 1]!
    let length = end - start
    if (zeros) for (let i = start; i < end; i++) if (values[i] === 0) length++
    into[row - from + 1]! += length
  }
}
