// Large pieces of memory that are used again and again: what goes through a merge row group by row group. Left to the garbage
// collector they would cost several times: it runs for every few of them, and new memory is zeroed by the system page by page.

import { assert } from './assert.js'

/** Smaller pieces are not worth it. */
const pooledBytesMin = 16_384
/** Sizes are multiples of this, so that what is about alike is the same. */
const stepBytes = 65_536
/** A piece is not used for less than this share of it. */
const usedShareMin = 1 / 2

/**
 * Lends memory. What is not given back is the garbage collector's; what is given back must not be read any more. Memory that comes
 * a second time still holds what was there.
 */
export class BufferPool {
  readonly #freeBytesMax: number
  /** Ascending in size. */
  readonly #free: ArrayBuffer[] = []
  readonly #lent = new WeakSet<ArrayBufferLike>()
  #freeBytes = 0

  /** Keeps at most `freeBytesMax` bytes that nobody uses. */
  constructor(freeBytesMax: number) {
    this.#freeBytesMax = freeBytesMax
  }

  /** Bytes that wait to be used again. */
  get freeBytes(): number {
    return this.#freeBytes
  }

  /** Memory of at least so many bytes. */
  take(bytes: number): ArrayBuffer {
    if (bytes < pooledBytesMin) return new ArrayBuffer(bytes)
    const at = this.#placeOf(bytes)
    const isFit = at < this.#free.length && this.#free[at]!.byteLength * usedShareMin <= bytes
    const buffer = isFit ? this.#remove(at) : this.#allocate(bytes, at)
    this.#lent.add(buffer)
    return buffer
  }

  /** New memory, in whose favour smaller pieces are forgotten: they were the ones in use when they sufficed. */
  #allocate(bytes: number, at: number): ArrayBuffer {
    for (let smaller = at - 1, left = bytes; smaller >= 0 && left > 0; smaller--) {
      left -= this.#remove(smaller).byteLength
    }
    // Some room more: the next row group is of about this size, not of exactly this.
    return new ArrayBuffer(Math.ceil((bytes * 1.06) / stepBytes) * stepBytes)
  }

  #remove(at: number): ArrayBuffer {
    const [buffer] = this.#free.splice(at, 1)
    assert(buffer !== undefined, 'there is memory at this place')
    this.#freeBytes -= buffer.byteLength
    return buffer
  }

  /** The first place of a piece of at least so many bytes. */
  #placeOf(bytes: number): number {
    const at = this.#free.findIndex((buffer) => buffer.byteLength >= bytes)
    return at < 0 ? this.#free.length : at
  }

  /** Takes memory back. Memory that is not lent is left alone. Requires: nobody reads it any more. */
  give(buffer: ArrayBufferLike): void {
    if (!this.#lent.delete(buffer)) return
    assert(buffer instanceof ArrayBuffer, 'a pool lends memory of this thread')
    if (this.#freeBytes + buffer.byteLength > this.#freeBytesMax) return
    this.#free.splice(this.#placeOf(buffer.byteLength), 0, buffer)
    this.#freeBytes += buffer.byteLength
  }
}
