// Synthetic SSTables: metadata as a file with these keys would have.

import { KeySampler, keyHashValues } from '../../format/key-sample.js'
import type { SSTableMeta } from '../../format/sstable-meta.js'

/** The SSTable of these keys, which are ascending and different, each for `scale` keys like it. Requires: there is one. */
export function simulatedTable(
  number: number,
  keys: Float64Array,
  seq: number,
  scale: number,
  rowBytes: number,
): SSTableMeta {
  const rows = Math.max(1, Math.round(keys.length * scale))
  return {
    number,
    schemaId: 1,
    minKey: encodeFraction(keys[0]!),
    maxKey: encodeFraction(keys[keys.length - 1]!),
    rows,
    keys: rows,
    tombstones: 0,
    minSeq: 0,
    maxSeq: seq,
    bytes: Math.max(1, Math.round(keys.length * scale * rowBytes)),
    digest: '',
    rowGroupBytesMax: 0,
    createdMs: 0,
    keySample: sampleOf(keys, scale),
  }
}

/** A fraction below 1 as eight bytes that sort like it. */
function encodeFraction(fraction: number): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  const high = Math.floor(fraction * 2 ** 32)
  view.setUint32(0, high)
  view.setUint32(4, Math.floor((fraction * 2 ** 32 - high) * 2 ** 32))
  return bytes
}

/** The keys followed are those with the lowest hashes of all: so the sample is that of all keys. */
function sampleOf(keys: Float64Array, scale: number) {
  const sampler = new KeySampler()
  const limit = keyHashValues / scale
  for (const key of keys) sampler.add(Math.floor((hashFraction(key) / keyHashValues) * limit))
  const sample = sampler.finish()
  return { limit: Math.min(sample.limit, Math.ceil(limit)), hashes: sample.hashes }
}

/** A hash of 32 bits (murmur3's finalizer). */
function hashFraction(fraction: number): number {
  const high = Math.floor(fraction * 2 ** 32)
  let mixed = Math.imul(high, 0x9e3779b1) ^ Math.floor((fraction * 2 ** 32 - high) * 2 ** 21)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
