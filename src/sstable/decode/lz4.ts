// LZ4's block format, without a frame: Parquet's LZ4_RAW. https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

import { CopyTarget, copyBack, copyLiteral } from './copies.js'
import { damaged } from './page-damage.js'

/** One byte of input lengthens a run by at most 255 bytes. */
const expansionMax = 256

/** Decompresses into memory of its own. Throws PageDamage where the result would not be `size` bytes. */
export function decompressLz4(input: Uint8Array, size: number): Uint8Array {
  if (size > input.length * expansionMax) damaged('the compressed page is too short for its content')
  const end = input.length
  const view = new DataView(input.buffer, input.byteOffset, end)
  const target = new CopyTarget(size)
  let at = 0
  let to = 0
  while (at < end) {
    const token = input[at++]!
    let length = token >>> 4
    if (length === 15) {
      let more: number
      do {
        if (at >= end) damaged('the compressed page ends within a length')
        more = input[at++]!
        length += more
      } while (more === 255)
    }
    if (length > end - at || length > size - to) damaged('a literal runs beyond the compressed page')
    copyLiteral(input, view, at, target, to, length)
    at += length
    to += length
    if (at === end) break // the last sequence is a literal only
    if (end - at < 2) damaged('the compressed page ends within a copy')
    const offset = input[at]! | (input[at + 1]! << 8)
    at += 2
    length = (token & 15) + 4
    if (length === 19) {
      let more: number
      do {
        if (at >= end) damaged('the compressed page ends within a length')
        more = input[at++]!
        length += more
      } while (more === 255)
    }
    if (offset === 0 || offset > to || length > size - to) damaged('a copy in the compressed page is wrong')
    copyBack(target, to, offset, length)
    to += length
  }
  if (to !== size) damaged('the compressed page is too short for its content')
  return target.bytes.subarray(0, size)
}
