// A position in the bytes of a page. Every read is checked against their end.

import { damaged } from './page-damage.js'

/** Reads a page front to back; throws PageDamage where the page ends too early. */
export class ByteCursor {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** The next byte to read; never behind `bytes.length`. */
  at = 0
  /** Halves of what `zigzag64` read, as signed 32-bit integers. */
  low = 0
  high = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  byte(): number {
    if (this.at >= this.bytes.length) damaged('the page ends within its values')
    return this.bytes[this.at++]!
  }

  /** Skips `count` bytes and returns where they begin. Requires: `count >= 0`. */
  take(count: number): number {
    if (count > this.left) damaged('the page ends within its values')
    const from = this.at
    this.at += count
    return from
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true)
  }

  /** An unsigned LEB128 number of at most 32 bits. */
  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    return damaged('a number has more than 32 bits')
  }

  /** A zigzag LEB128 number of at most 64 bits, into `low` and `high`. */
  zigzag64(): void {
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      if (shift > 63) damaged('a number has more than 64 bits')
      const byte = this.byte()
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) break
    }
    const sign = -(low & 1)
    this.low = ((low >>> 1) | (high << 31)) ^ sign
    this.high = (high >>> 1) ^ sign
  }
}
