// Snappy's raw format. https://github.com/google/snappy/blob/main/format_description.txt

import { CopyTarget, copyBack, copyLiteral } from './copies.js'
import { damaged } from './page-damage.js'

/** No element makes more than 64 bytes out of fewer than three. */
const expansionMax = 32

/**
 * Decompresses, into `scratch` if it is given and large enough, else into memory of its own. Throws PageDamage where the result
 * would not be `size` bytes.
 */
export function decompressSnappy(input: Uint8Array, size: number, scratch?: CopyTarget): Uint8Array {
  if (size > input.length * expansionMax) damaged('the compressed page is too short for its content')
  const end = input.length
  const view = new DataView(input.buffer, input.byteOffset, end)
  const target = scratch !== undefined && scratch.size >= size ? scratch : new CopyTarget(size)
  let at = 0
  while (at < end && input[at]! >= 0x80) at++ // the size again, as a varint
  at++
  let to = 0
  while (at < end) {
    const tag = input[at++]!
    let length = (tag >>> 2) + 1
    if ((tag & 3) === 0) {
      if (length > 60) {
        const bytes = length - 60
        if (bytes > end - at) damaged('the compressed page ends within a literal')
        length = 0
        for (let i = bytes - 1; i >= 0; i--) length = length * 256 + input[at + i]!
        length++
        at += bytes
      }
      if (length > end - at || length > size - to) damaged('a literal runs beyond the compressed page')
      copyLiteral(input, view, at, target, to, length)
      at += length
      to += length
      continue
    }
    let offset: number
    if ((tag & 3) === 1) {
      length = ((tag >>> 2) & 7) + 4
      offset = ((tag >>> 5) << 8) | input[at]!
      at++
    } else if ((tag & 3) === 2) {
      offset = input[at]! | (input[at + 1]! << 8)
      at += 2
    } else {
      offset = (input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24)) >>> 0
      at += 4
    }
    // `at > end`: the offset was made of bytes that are not there.
    if (at > end || offset === 0 || offset > to || length > size - to)
      damaged('a copy in the compressed page is wrong')
    copyBack(target, to, offset, length)
    to += length
  }
  if (to !== size) damaged('the compressed page is too short for its content')
  return target.bytes.subarray(0, size)
}
