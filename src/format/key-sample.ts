// A sample of an SSTable's keys from which the number of distinct keys of several files together is estimated: what
// tells compaction how much of the space is garbage, before anything is read.
//
// A theta sketch (Dasgupta, Lang, Rhodes, Thaler, "A Framework for Estimating Stream Expression Cardinalities", 2016):
// the hashes of all keys that lie below a limit. Two files that hold the same key hold the same hash, so that samples
// unite like the sets they stand for. With n hashes the relative standard error is about 1/√n.

import { fromBase64, toBase64 } from '../util/bytes.js'

/** Hashes of a sample at most: half a kilobyte a file, and an error of about 9 % for one file alone. */
export const keySampleMax = 128

/** Values that a hash may have: 32 bits of the key's hash. */
export const keyHashValues = 2 ** 32

/** The hashes of all keys of a file that lie below a limit. */
export interface KeySample {
  /** Above 0, at most `keyHashValues`: then the sample is the whole set. */
  readonly limit: number
  /** Distinct, ascending, all below `limit`. */
  readonly hashes: Uint32Array
}

/** KeySample as JSON: hashes in base64, little-endian. */
export interface KeySampleJson {
  readonly limit: number
  readonly hashes: string
}

export function keySampleToJson({ limit, hashes }: KeySample): KeySampleJson {
  return { limit, hashes: toBase64(new Uint8Array(hashes.buffer, hashes.byteOffset, hashes.byteLength)) }
}

export function keySampleFromJson({ limit, hashes }: KeySampleJson): KeySample {
  const bytes = fromBase64(hashes).slice()
  return { limit, hashes: new Uint32Array(bytes.buffer, 0, bytes.length >>> 2) }
}

/** An estimate of the distinct keys of all the files together. Zero for no files. */
export function estimateKeys(samples: readonly KeySample[]): number {
  const limit = samples.reduce((least, sample) => Math.min(least, sample.limit), keyHashValues)
  const distinct = new Set<number>()
  for (const { hashes } of samples) {
    for (const hash of hashes) {
      if (hash >= limit) break
      distinct.add(hash)
    }
  }
  return distinct.size / (limit / keyHashValues)
}

/** Collects a sample while keys are written; the hashes may come in any order and repeat. */
export class KeySampler {
  #limit = keyHashValues
  readonly #hashes = new Set<number>()

  add(hash: number): void {
    if (hash >= this.#limit) return
    this.#hashes.add(hash)
    // Cut rarely: twice as many as wanted are kept meanwhile.
    if (this.#hashes.size >= 2 * keySampleMax) this.#cut()
  }

  finish(): KeySample {
    if (this.#hashes.size > keySampleMax) this.#cut()
    return { limit: this.#limit, hashes: Uint32Array.from(this.#hashes).sort() }
  }

  /** Lowers the limit to the least hash that is one too many. */
  #cut(): void {
    const sorted = Uint32Array.from(this.#hashes).sort()
    this.#limit = sorted[keySampleMax]!
    for (const hash of sorted.subarray(keySampleMax)) this.#hashes.delete(hash)
  }
}
