import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isMarquetryError, MarquetryError } from '#src/errors.js'
import {
  blockBytes,
  ChecksumBuilder,
  decodeChecksums,
  encodeChecksums,
  verifyBlocks,
} from '#src/sstable/checksums.js'
import { decodeSidecar, encodeSidecar, sidecarKinds } from '#src/sstable/sidecar.js'

const digest = 'ab'.repeat(32)

function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0, state = length + 1; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

function checksumsOf(...pieces: readonly Uint8Array[]) {
  const builder = new ChecksumBuilder()
  for (const piece of pieces) builder.update(piece)
  return builder.finish()
}

function caught(action: () => unknown): MarquetryError {
  try {
    action()
  } catch (error) {
    if (error instanceof MarquetryError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('sidecar', () => {
  test('a body comes back, as a view that typed arrays can be laid over', () => {
    const framed = encodeSidecar(sidecarKinds.index, digest, noise(100))
    const body = decodeSidecar('x', sidecarKinds.index, digest, framed)
    expect(body).toEqual(noise(100))
    expect(body.buffer).toBe(framed.buffer)
    expect(body.byteOffset % 8).toBe(0)
  })

  test('a flip of any bit is refused', () => {
    const framed = encodeSidecar(sidecarKinds.index, digest, noise(77))
    for (let bit = 0; bit < framed.length * 8; bit++) {
      const damaged = framed.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      const error = caught(() => decodeSidecar('f', sidecarKinds.index, digest, damaged))
      expect(error.code, `bit ${bit}`).toBe('MARQUETRY_CORRUPTION')
      expect(error.file).toBe('f')
    }
  })

  test('every other length is refused', () => {
    const framed = encodeSidecar(sidecarKinds.filter, digest, noise(20))
    for (let length = 0; length < framed.length; length++) {
      const error = caught(() => decodeSidecar('f', sidecarKinds.filter, digest, framed.subarray(0, length)))
      expect(error.code).toBe('MARQUETRY_CORRUPTION')
    }
    const longer = new Uint8Array(framed.length + 4)
    longer.set(framed)
    expect(() => decodeSidecar('f', sidecarKinds.filter, digest, longer)).toThrow('checksum')
  })

  test('that of other data or of another kind is refused', () => {
    const framed = encodeSidecar(sidecarKinds.index, digest, noise(8))
    expect(() => decodeSidecar('f', sidecarKinds.index, 'cd'.repeat(32), framed)).toThrow('other data')
    expect(() => decodeSidecar('f', sidecarKinds.filter, digest, framed)).toThrow('kind')
  })

  test('a whole one of a newer format is told from a damaged one', () => {
    const framed = encodeSidecar(sidecarKinds.index, digest, noise(8))
    const view = new DataView(framed.buffer)
    view.setUint16(4, 2, true)
    view.setUint32(framed.length - 4, crc32(framed.subarray(0, -4)), true)
    const error = caught(() => decodeSidecar('f', sidecarKinds.index, digest, framed))
    expect(isMarquetryError(error, 'MARQUETRY_UNSUPPORTED_FORMAT')).toBe(true)
  })
})

describe('checksums', () => {
  test('are the same however the file came in pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 8 }), (lengths) => {
        const file = noise(lengths.reduce((sum, length) => sum + length, 0))
        let at = 0
        const pieces = lengths.map((length) => {
          at += length
          return file.subarray(at - length, at)
        })
        const { crcs, bytes, digest } = checksumsOf(...pieces)
        expect(bytes).toBe(file.length)
        const expected: number[] = []
        for (let from = 0; from < file.length; from += blockBytes) {
          expected.push(crc32(file.subarray(from, from + blockBytes)))
        }
        expect([...crcs]).toEqual(expected)
        const hash = createHash('sha256').update(new BigUint64Array([BigInt(file.length)]))
        expect(digest).toBe(hash.update(Uint32Array.from(expected)).digest('hex'))
      }),
    )
  })

  test('of a file of more blocks than the builder starts with', () => {
    const file = noise(300 * blockBytes + 1)
    expect(checksumsOf(file).crcs).toHaveLength(301)
    expect(() => verifyBlocks('f', checksumsOf(file).crcs, file.length, 0, file)).not.toThrow()
  })

  test('come back from their sidecar', () => {
    const written = checksumsOf(noise(10_000))
    expect(decodeChecksums('f', written.digest, 10_000, encodeChecksums(written))).toEqual(written.crcs)
  })

  test('a flip of any bit of the sidecar is refused', () => {
    const written = checksumsOf(noise(10_000))
    const sidecar = encodeChecksums(written)
    for (let bit = 0; bit < sidecar.length * 8; bit++) {
      const damaged = sidecar.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      const error = caught(() => decodeChecksums('f', written.digest, 10_000, damaged))
      expect(error.code, `bit ${bit}`).toBe('MARQUETRY_CORRUPTION')
    }
  })

  test('that are whole but not those the digest was made of are refused', () => {
    const written = checksumsOf(noise(10_000))
    const crcs = written.crcs.slice()
    crcs[1]! ^= 1
    const forged = encodeChecksums({ ...written, crcs })
    expect(() => decodeChecksums('f', written.digest, 10_000, forged)).toThrow('digest')
    expect(() => decodeChecksums('f', written.digest, 10_001, encodeChecksums(written))).toThrow('digest')
    expect(() => decodeChecksums('f', written.digest, 20_000, encodeChecksums(written))).toThrow('5 checksums')
  })

  test('find the block of every flipped byte', () => {
    const file = noise(3 * blockBytes + 100)
    const { crcs } = checksumsOf(file)
    for (let at = 0; at < file.length; at += 61) {
      const damaged = file.slice()
      damaged[at]! ^= 0x10
      const error = caught(() => verifyBlocks('f', crcs, file.length, 0, damaged))
      expect(error.code).toBe('MARQUETRY_CORRUPTION')
      expect(error.offset).toBe(Math.floor(at / blockBytes) * blockBytes)
    }
  })

  test('check a part of a file', () => {
    const file = noise(3 * blockBytes + 100)
    const { crcs } = checksumsOf(file)
    verifyBlocks('f', crcs, file.length, blockBytes, file.subarray(blockBytes, 3 * blockBytes))
    verifyBlocks('f', crcs, file.length, 3 * blockBytes, file.subarray(3 * blockBytes))
    const moved = file.subarray(0, blockBytes)
    expect(() => verifyBlocks('f', crcs, file.length, blockBytes, moved)).toThrow('block 1')
  })

  test('tell a file that is too short', () => {
    const file = noise(2 * blockBytes + 100)
    const { crcs } = checksumsOf(file)
    const error = caught(() => verifyBlocks('f', crcs, file.length, blockBytes, file.subarray(blockBytes, -1)))
    expect(error.code).toBe('MARQUETRY_CORRUPTION')
    expect(error.offset).toBe(file.length - 1)
  })
})
