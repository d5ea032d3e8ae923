// Checksums of data.parquet: CRC-32 of each 4 KiB block. Neither Parquet nor parquet-wasm protects bytes, so no
// decoder sees a block that was not checked against them.
//
//   u32 block bytes   u32 count   count x u32 CRC-32, the last one of a block that may be shorter
//
// The digest of an SSTable is the SHA-256 of the file's length (u64) and the CRCs: who holds the digest, which
// the manifest does, can check the checksums themselves, and rebuild them from data that still hashes to it.

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { corruption } from '../errors.js'
import { assert } from '../util/assert.js'
import { decodeSidecar, encodeSidecar, sidecarKinds } from './sidecar.js'

/** Bytes that one CRC covers: a page of the file system's cache. */
export const blockBytes = 4096

/** Checksums of a whole file. */
export interface Checksums {
  /** One CRC-32 per block. */
  readonly crcs: Uint32Array
  /** Length of the file. */
  readonly bytes: number
  /** The file's digest, hexadecimal: `SSTableMeta.digest`. */
  readonly digest: string
}

/** Computes checksums of a file whose bytes come in pieces of any length, in order. */
export class ChecksumBuilder {
  #crcs = new Uint32Array(256)
  #crc = 0
  #bytes = 0

  update(bytes: Uint8Array): void {
    let from = 0
    while (from < bytes.length) {
      const into = this.#bytes % blockBytes
      const to = Math.min(from + blockBytes - into, bytes.length)
      this.#crc = crc32(bytes.subarray(from, to), into === 0 ? 0 : this.#crc)
      this.#store(Math.floor(this.#bytes / blockBytes), this.#crc)
      this.#bytes += to - from
      from = to
    }
  }

  finish(): Checksums {
    const crcs = this.#crcs.slice(0, Math.ceil(this.#bytes / blockBytes))
    return { crcs, bytes: this.#bytes, digest: digestOf(crcs, this.#bytes) }
  }

  #store(block: number, crc: number): void {
    if (block === this.#crcs.length) {
      const grown = new Uint32Array(2 * block)
      grown.set(this.#crcs)
      this.#crcs = grown
    }
    this.#crcs[block] = crc
  }
}

function digestOf(crcs: Uint32Array, bytes: number): string {
  const length = new BigUint64Array([BigInt(bytes)])
  return createHash('sha256').update(length).update(crcs).digest('hex')
}

/** The content of checksums.crc. */
export function encodeChecksums({ crcs, digest }: Checksums): Uint8Array {
  const body = new Uint32Array(2 + crcs.length)
  body[0] = blockBytes
  body[1] = crcs.length
  body.set(crcs, 2)
  return encodeSidecar(sidecarKinds.checksums, digest, new Uint8Array(body.buffer))
}

/**
 * The CRCs in checksums.crc, which stands at `path`. Checks the frame, and that they are those of data with
 * this length and digest. Throws MARQUETRY_CORRUPTION or MARQUETRY_UNSUPPORTED_FORMAT.
 */
export function decodeChecksums(
  path: string,
  digestHex: string,
  fileBytes: number,
  sidecarBytes: Uint8Array,
): Uint32Array {
  const body = decodeSidecar(path, sidecarKinds.checksums, digestHex, sidecarBytes)
  const words = new Uint32Array(body.slice().buffer, 0, body.length >>> 2)
  if (words[0] !== blockBytes) throw corruption(path, undefined, `blocks are not of ${blockBytes} bytes`)
  const count = Math.ceil(fileBytes / blockBytes)
  if (words[1] !== count || words.length !== 2 + count) {
    throw corruption(path, undefined, `it does not have the ${count} checksums of a file of ${fileBytes} bytes`)
  }
  const crcs = words.subarray(2)
  if (digestOf(crcs, fileBytes) !== digestHex) {
    throw corruption(path, undefined, 'the checksums do not match the digest in the manifest')
  }
  return crcs
}

/**
 * Checks bytes read from `from` on of a file of `fileBytes` bytes. Throws MARQUETRY_CORRUPTION with the
 * position of the first damaged block, or of the end of a file that is shorter than it should be.
 * Requires: `from` is a multiple of the block size; `bytes` was asked for up to a block's end or the end of the
 * file.
 */
export function verifyBlocks(
  path: string,
  crcs: Uint32Array,
  fileBytes: number,
  from: number,
  bytes: Uint8Array,
): void {
  assert(from % blockBytes === 0, 'checked reads begin at a block')
  const end = from + bytes.length
  if (end > fileBytes || (end < fileBytes && end % blockBytes !== 0)) {
    throw corruption(path, end, `the file is not ${fileBytes} bytes long`)
  }
  for (let at = 0, block = from / blockBytes; at < bytes.length; at += blockBytes, block++) {
    if (crc32(bytes.subarray(at, at + blockBytes)) !== crcs[block]) {
      throw corruption(path, from + at, `the checksum of block ${block} does not match`)
    }
  }
}
