// XXH64 against the spec written down with bigints.

import { expect, test } from 'vitest'
import { seededRandom } from '#src/util/seeded-random.js'
import { hashBytes, hashHigh, hashInt32, hashInt64, hashLow } from '#src/util/xxhash64.js'
import { testSeed } from '../test-seed.js'

const [p1, p2, p3, p4, p5]: readonly [bigint, bigint, bigint, bigint, bigint] = [
  0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n, 0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n,
] // biome-ignore format: a list
const cut = (n: bigint) => BigInt.asUintN(64, n)
const turn = (n: bigint, by: bigint) => cut(n << by) | (n >> (64n - by))
const round = (acc: bigint, lane: bigint) => cut(turn(cut(acc + lane * p2), 31n) * p1)

function reference(bytes: Buffer): bigint {
  let at = 0
  let hash = p5
  if (bytes.length >= 32) {
    const acc = [cut(p1 + p2), p2, 0n, cut(-p1)]
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) acc[i] = round(acc[i]!, bytes.readBigUInt64LE(at + 8 * i))
    }
    hash = cut(turn(acc[0]!, 1n) + turn(acc[1]!, 7n) + turn(acc[2]!, 12n) + turn(acc[3]!, 18n))
    for (const lane of acc) hash = cut((hash ^ round(0n, lane)) * p1 + p4)
  }
  hash = cut(hash + BigInt(bytes.length))
  for (; at + 8 <= bytes.length; at += 8) {
    hash = cut(turn(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * p1 + p4)
  }
  if (at + 4 <= bytes.length) {
    hash = cut(turn(hash ^ cut(BigInt(bytes.readUInt32LE(at)) * p1), 23n) * p2 + p3)
    at += 4
  }
  for (; at < bytes.length; at++) hash = cut(turn(hash ^ cut(BigInt(bytes[at]!) * p5), 11n) * p1)
  hash = cut((hash ^ (hash >> 33n)) * p2)
  hash = cut((hash ^ (hash >> 29n)) * p3)
  return hash ^ (hash >> 32n)
}

const last = () => (BigInt(hashHigh >>> 0) << 32n) | BigInt(hashLow >>> 0)
const view = ({ buffer, byteOffset, byteLength }: Buffer) => new DataView(buffer, byteOffset, byteLength)

test('the hashes that xxHash itself gives', () => {
  const known = { '': 0xef46db3751d8e999n, a: 0xd24ec4f1a98c6e5bn, abc: 0x44bc2cf5ad770999n }
  for (const [text, hash] of Object.entries(known)) {
    expect(reference(Buffer.from(text))).toBe(hash)
  }
})

test(`bytes of every length, and integers, as the spec has it, seed ${testSeed}`, () => {
  const random = seededRandom(testSeed)
  for (let i = 0; i < 2000; i++) {
    const bytes = Buffer.from(Array.from({ length: 3 + (i % 140) }, () => Math.floor(random() * 256)))
    hashBytes(bytes, view(bytes), 3, bytes.length)
    expect(last(), bytes.toString('hex')).toBe(reference(bytes.subarray(3)))
    const wide = Buffer.concat([bytes, Buffer.alloc(8, i % 3 === 0 ? 0xff : 0)])
    hashInt32(wide.readInt32LE(0))
    expect(last()).toBe(reference(wide.subarray(0, 4)))
    hashInt64(wide.readInt32LE(4), wide.readInt32LE(0))
    expect(last()).toBe(reference(wide.subarray(0, 8)))
  }
})
