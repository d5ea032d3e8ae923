// The writing side of filter.bloom; its layout is described in filter.ts.
//
// bloom-filters says how many bits and hashes are best; the bits are set here. Only its formulas are loaded: the whole
// package takes 70 ms and more, extends the global Reflect, and its `add` takes 20 times as long (0.5 µs).

import { optimalFilterSize, optimalHashes } from 'bloom-filters/dist/formulas.js'
import { hasZeros, KeyColumnEncoder } from '../format/key-columns.js'
import type { Vector } from '../format/vector.js'
import { assert } from '../util/assert.js'
import {
  addPlaces,
  filterBitsMax,
  filterHashesMax,
  filterHeaderBytes,
  filterKeysMin,
  filterVersion,
  firstPlace,
} from './filter.js'
import { hashKeys, hashStrings } from './key-hash.js'

/** Rows encoded at a time: few enough that their keys are still in the cache when they are hashed. */
const blockRows = 1024

/** Needs one hash less than there may be: both numbers are rounded up. */
const rateMin = 2 ** (1 - filterHashesMax)

/** Sizes of filters between one power of two and the next. */
const sizesPerOctave = 64

/**
 * How many bits and hashes a filter for `keys` keys has. Sizes come in steps of about 1.5 %, so that flushes of nearly as many keys
 * have filters of one size, which can be asked together (filter-block.ts).
 */
export function filterSize(
  keys: number,
  errorRate: number,
): { readonly bits: number; readonly hashes: number } {
  // With more keys or a smaller rate than the largest filter can serve, the best that it can do.
  const rate = Math.max(errorRate, rateMin, Math.exp((-(filterBitsMax - 1) * Math.LN2 ** 2) / keys))
  const best = optimalFilterSize(keys, rate)
  const step = 2 ** Math.max(0, Math.floor(Math.log2(best / sizesPerOctave)))
  const bits = Math.min(step * Math.ceil(best / step), filterBitsMax)
  return { bits, hashes: optimalHashes(best, keys) }
}

/** Hashes the keys of batches. Its working memory is used again from batch to batch. */
export class KeyHasher {
  readonly #encoder = new KeyColumnEncoder()
  readonly #block = new Uint32Array(2 * blockRows)
  /** The hash of the last key; before there is one, of none. */
  #lastFirst = -1
  #lastSecond = -1

  /**
   * The hashes of the distinct keys of `rows` rows, in their order, two elements each; `vectors` are the key columns in
   * key order.
   * Requires: versions of a key lie side by side, be it in two batches. They have one hash, which is how they are known here: two keys
   * with the same hash have the same bits, so that nothing is lost if neighbours should ever collide.
   */
  hash(vectors: readonly Vector[], rows: number): Uint32Array {
    const encoder = this.#encoder
    const block = this.#block
    const hashes = new Uint32Array(2 * rows)
    let length = 0
    let lastFirst = this.#lastFirst
    let lastSecond = this.#lastSecond
    for (let from = 0; from < rows; from += blockRows) {
      const to = Math.min(from + blockRows, rows)
      const [only] = vectors
      if (only !== undefined && vectors.length === 1 && only.layout === 'bytes' && !hasZeros(only, from, to)) {
        hashStrings(only, from, to, block)
      } else {
        encoder.encode(vectors, from, to)
        hashKeys(encoder.bytes, encoder.starts, to - from, block)
      }
      for (let i = 0; i < 2 * (to - from); i += 2) {
        const first = block[i]!
        const second = block[i + 1]!
        if (first === lastFirst && second === lastSecond) continue
        lastFirst = first
        lastSecond = second
        hashes[length++] = first
        hashes[length++] = second
      }
    }
    this.#lastFirst = lastFirst
    this.#lastSecond = lastSecond
    return hashes.subarray(0, length)
  }
}

/** Collects the hashes of an SSTable's keys while it is written; how many there will be need not be known. */
export class KeyFilterBuilder {
  readonly #errorRate: number
  readonly #hasher = new KeyHasher()
  /** Hashes of distinct keys, two elements each, per batch. */
  readonly #hashes: Uint32Array[] = []
  #keys = 0

  /** Requires: `errorRate` is above 0 and below 1. */
  constructor(errorRate: number) {
    assert(errorRate > 0 && errorRate < 1, 'the error rate of a filter is a probability')
    this.#errorRate = errorRate
  }

  /** Adds the keys of a batch; see `KeyHasher.hash`. */
  add(vectors: readonly Vector[], rows: number): void {
    this.addHashes(this.#hasher.hash(vectors, rows))
  }

  /** Adds keys by their hashes, as a KeyHasher makes them. */
  addHashes(hashes: Uint32Array): void {
    this.#hashes.push(hashes)
    this.#keys += hashes.length / 2
  }

  /** The body of filter.bloom; undefined: there are too few keys for one. */
  finish(): Uint8Array | undefined {
    if (this.#keys < filterKeysMin) return undefined
    const { bits, hashes } = filterSize(this.#keys, this.#errorRate)
    assert(hashes >= 1 && hashes <= Math.min(bits, filterHashesMax), 'a filter has bits for its hashes')
    assert(bits <= filterBitsMax, 'a filter is not too large')
    const body = new Uint8Array(filterHeaderBytes + Math.ceil(bits / 8))
    const view = new DataView(body.buffer)
    view.setUint32(0, filterVersion, true)
    view.setUint32(4, hashes, true)
    view.setUint32(8, bits, true)
    view.setUint32(12, this.#keys, true)
    view.setFloat64(16, this.#errorRate, true)
    const bytes = body.subarray(filterHeaderBytes)
    for (const batch of this.#hashes) setBits(bytes, bits, hashes, batch)
    return body
  }
}

/** Sets the bits of every key, at the places where `KeyFilter.has` looks. */
function setBits(bytes: Uint8Array, bits: number, hashes: number, keys: Uint32Array): void {
  for (let i = 0; i < keys.length; i += 2) {
    let place = firstPlace(keys[i]!, bits)
    let step = firstPlace(keys[i + 1]!, bits)
    for (let n = 1; n <= hashes; n++) {
      bytes[place >>> 3]! |= 1 << (place & 7)
      place = addPlaces(place, step, bits)
      step = addPlaces(step, n, bits)
    }
  }
}
