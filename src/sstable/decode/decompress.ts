// Codecs by Parquet's number (CompressionCodec).

import * as zlib from 'node:zlib'
import { decompress as fzstd } from 'fzstd'
import type { CopyTarget } from './copies.js'
import { decompressLz4 } from './lz4.js'
import { damaged, unsupported } from './page-damage.js'
import { decompressSnappy } from './snappy.js'

const names = ['uncompressed', 'snappy', 'gzip', 'lzo', 'brotli', 'lz4', 'zstd', 'lz4_raw']

type Decompressor = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array

/** Node has it from 22.15 on, twenty times as fast as what JavaScript can do. */
const nativeZstd = (zlib as unknown as { readonly zstdDecompressSync?: Decompressor }).zstdDecompressSync

function decompressZstd(bytes: Uint8Array, size: number): Uint8Array {
  let output: Uint8Array
  try {
    // `size` is checked against the row group's before, so it is safe to allocate.
    output = nativeZstd?.(bytes, { maxOutputLength: Math.max(size, 1) }) ?? fzstd(bytes, new Uint8Array(size))
  } catch (error) {
    damaged(`zstd: ${error instanceof Error ? error.message : error}`)
  }
  if (output.length !== size) damaged('the compressed page is too short for its content')
  return output
}

/**
 * The `size` bytes that `bytes` hold; uncompressed ones as they are, as a view. With `scratch` they may lie in there, until it is
 * used again. Throws PageDamage.
 */
export function decompress(codec: number, bytes: Uint8Array, size: number, scratch?: CopyTarget): Uint8Array {
  switch (names[codec]) {
    case 'uncompressed':
      if (bytes.length !== size) damaged('an uncompressed page has two sizes')
      return bytes
    case 'snappy':
      return decompressSnappy(bytes, size, scratch)
    case 'lz4_raw':
      return decompressLz4(bytes, size)
    case 'zstd':
      return decompressZstd(bytes, size)
    default:
      return unsupported(`compression with ${names[codec] ?? `codec ${codec}`}`)
  }
}
