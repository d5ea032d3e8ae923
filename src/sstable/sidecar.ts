// The frame of the small files beside an SSTable's data: filter, sparse index, checksums.
//
//   "MQTY"   u16 format version   u16 kind   u32 body length   32 bytes: digest of the data they belong to
//   4 zero bytes   body   u32 CRC-32 of everything before it
//
// All little-endian. The body begins at byte 48, so that typed arrays can be laid over it. Every version of the
// format keeps the magic, the version and the closing CRC where they are: a flipped version is damage, not a
// newer file.

import { crc32 } from 'node:zlib'
import { corruption, MarquetryError } from '../errors.js'
import { assert } from '../util/assert.js'
import { asBuffer } from '../util/bytes.js'

/** What a sidecar holds, as its header says it. */
export const sidecarKinds = { filter: 1, index: 2, checksums: 3 } as const
export type SidecarName = keyof typeof sidecarKinds
export type SidecarKind = (typeof sidecarKinds)[SidecarName]

const magic = 0x5954514d // "MQTY"
const formatVersion = 1
const headerBytes = 48
const digestAt = 12
const digestBytes = 32

/** A body in its frame. `digestHex` is the digest of the SSTable: 64 hexadecimal digits. */
export function encodeSidecar(kind: SidecarKind, digestHex: string, body: Uint8Array): Uint8Array {
  const digest = Buffer.from(digestHex, 'hex')
  assert(digest.length === digestBytes, 'a digest has 32 bytes')
  const framed = new Uint8Array(headerBytes + body.length + 4)
  const view = new DataView(framed.buffer)
  view.setUint32(0, magic, true)
  view.setUint16(4, formatVersion, true)
  view.setUint16(6, kind, true)
  view.setUint32(8, body.length, true)
  framed.set(digest, digestAt)
  framed.set(body, headerBytes)
  const end = headerBytes + body.length
  view.setUint32(end, crc32(framed.subarray(0, end)), true)
  return framed
}

/**
 * The body of a sidecar, as a view over `bytes`. Throws MARQUETRY_CORRUPTION where the frame is damaged or
 * belongs to other data than `digestHex`, MARQUETRY_UNSUPPORTED_FORMAT where a newer marquetry wrote it.
 */
export function decodeSidecar(
  path: string,
  kind: SidecarKind,
  digestHex: string,
  bytes: Uint8Array,
): Uint8Array {
  const end = bytes.length - 4
  if (end < headerBytes) throw corruption(path, bytes.length, 'the file ends within its header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== magic) throw corruption(path, 0, 'not a marquetry sidecar')
  if (view.getUint32(end, true) !== crc32(bytes.subarray(0, end))) {
    throw corruption(path, end, 'the checksum does not match')
  }
  const version = view.getUint16(4, true)
  if (version > formatVersion) {
    throw new MarquetryError(
      'MARQUETRY_UNSUPPORTED_FORMAT',
      `${path} has format version ${version}; this marquetry reads up to ${formatVersion}`,
      { file: path },
    )
  }
  if (view.getUint16(6, true) !== kind) throw corruption(path, 6, `not a sidecar of kind ${kind}`)
  if (view.getUint32(8, true) !== end - headerBytes) {
    throw corruption(path, 8, `the body is not ${end - headerBytes} bytes long`)
  }
  if (asBuffer(bytes).toString('hex', digestAt, digestAt + digestBytes) !== digestHex) {
    throw corruption(path, digestAt, 'it belongs to other data')
  }
  return bytes.subarray(headerBytes, end)
}
