// filter.bloom: which keys an SSTable may hold. A Bloom filter: "no" is certain, "maybe" is wrong for a known share.
//
//   u32 version   u32 hashes   u32 bits   u32 keys   f64 error rate that was asked for   the bits, bit i in byte i / 8
//
// All little-endian. Sizes, bit order and the places of a key are those of the npm package bloom-filters, so that its
// BloomFilter over the same bytes and hashes answers alike (a property test holds the two together). Place n of a key is
//   (first + n * second + (n^3 - n) / 6) mod bits,   n = 0 .. hashes - 1
// which is enhanced double hashing (P. Dillinger, Adaptive Approximate State Storage, 6.5.4).
// The version names all that decides which bits a key has: hash function, places, order.

import { corruption, MarquetryError } from '../errors.js'
import type { KeyHash } from './key-hash.js'

/** Version of the filter's body. */
export const filterVersion = 1
/** Bytes before the bits. */
export const filterHeaderBytes = 24
/** Most bits: sums of two places stay below 2^31, and so integers for the compiler. 100 M keys at 1 %. */
export const filterBitsMax = 1e9
/** Most hashes: a smaller share of wrong answers than hashes of 64 bits could keep anyway. */
export const filterHashesMax = 64
/**
 * SSTables with fewer keys get no filter. Their rows lie in one interval of the sparse index and a handful of pages, so
 * there is little to save; a further file would cost a create and a sync at the flush, a block on the disk and an open.
 */
export const filterKeysMin = 64

/** A hash, unsigned, modulo the bits. */
export function firstPlace(hash: number, bits: number): number {
  return ((hash >>> 0) % (bits >>> 0)) | 0
}

/** Sum modulo the bits of two numbers up to `bits`: without a branch, which would be mispredicted every other time (10 ns). */
export function addPlaces(a: number, b: number, bits: number): number {
  const sum = (a + b - bits) | 0
  return (sum + (bits & (sum >> 31))) | 0
}

/** The filter of one SSTable, over the bytes of its sidecar's body. */
export class KeyFilter {
  readonly hashes: number
  readonly bits: number
  /** Keys that went in. */
  readonly keys: number
  /** Share of absent keys for which the filter was built to answer "maybe". */
  readonly errorRate: number
  /** Bit i is bit i mod 8 of byte i / 8. */
  readonly bytes: Uint8Array

  /**
   * `body` came out of its sidecar at `path` whole, and is not copied. Throws MARQUETRY_UNSUPPORTED_FORMAT for a newer
   * version, MARQUETRY_CORRUPTION where the numbers do not fit together.
   */
  constructor(path: string, body: Uint8Array) {
    if (body.length < filterHeaderBytes) throw corruption(path, undefined, 'the filter ends within its header')
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
    const version = view.getUint32(0, true)
    if (version !== filterVersion) {
      throw new MarquetryError(
        'MARQUETRY_UNSUPPORTED_FORMAT',
        `${path} is a filter of version ${version}; this marquetry reads version ${filterVersion}`,
        { file: path },
      )
    }
    this.hashes = view.getUint32(4, true)
    this.bits = view.getUint32(8, true)
    this.keys = view.getUint32(12, true)
    this.errorRate = view.getFloat64(16, true)
    this.bytes = body.subarray(filterHeaderBytes)
    const { bits, hashes } = this
    const fits = hashes >= 1 && hashes <= Math.min(bits, filterHashesMax) && bits <= filterBitsMax
    if (!fits || this.bytes.length !== Math.ceil(bits / 8)) {
      throw corruption(path, undefined, `it does not have ${hashes} hashes over ${bits} bits`)
    }
  }

  /** Memory of the filter. */
  get byteLength(): number {
    return this.bytes.length
  }

  /** Whether the key with this hash may be in the SSTable; false: it is not. */
  has({ first, second }: KeyHash): boolean {
    const { hashes } = this
    const bits = this.bits | 0
    const { bytes } = this
    let place = firstPlace(first, bits)
    // Every other absent key ends here, without a second division.
    if (((bytes[place >>> 3]! >>> (place & 7)) & 1) === 0) return false
    let step = firstPlace(second, bits)
    for (let n = 1; n < hashes; n++) {
      place = addPlaces(place, step, bits)
      step = addPlaces(step, n, bits)
      if (((bytes[place >>> 3]! >>> (place & 7)) & 1) === 0) return false
    }
    return true
  }
}
