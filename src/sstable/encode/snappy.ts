// Compression in snappy's raw format. https://github.com/google/snappy/blob/main/format_description.txt
//
// The reference implementation's greedy search: the last place of each hash of four bytes is remembered; where it holds the same
// four bytes, the match is as long as it goes. Where nothing matches for long, more and more places are skipped.

import type { ByteSink } from '../../util/byte-sink.js'

/** Matches are searched within fragments of so many bytes, so that positions fit 16 bits. */
const fragmentBytes = 65_536
/** At its end a fragment is not searched any more. */
const marginBytes = 15

const tableBits = 14
/** Positions in the current fragment. */
const table = new Uint16Array(1 << tableBits)

/** Appends the compressed form of bytes `from` up to but not with `to`; `view` shows the same bytes. */
export function compressSnappy(
  input: Uint8Array,
  view: DataView,
  from: number,
  to: number,
  sink: ByteSink,
): void {
  const size = to - from
  let out = sink.reserve(size + Math.ceil(size / 6) + 40) // the format's bound, and slack for whole words
  let length = size
  for (; length > 127; length >>>= 7) sink.bytes[out++] = (length & 127) | 128
  sink.bytes[out++] = length
  for (let start = from; start < to; start += fragmentBytes) {
    out = compressFragment(input, view, start, Math.min(start + fragmentBytes, to), sink, out)
  }
  sink.length = out
}

/** The least table for a fragment: it has to be cleared. */
function tableShift(size: number): number {
  let bits = 8
  while (bits < tableBits && 1 << bits < size) bits++
  table.fill(0, 0, 1 << bits)
  return 32 - bits
}

/** Writes bytes `base` up to but not with `end` from `out` on; returns where it ended. Requires: room for the result. */
function compressFragment(
  input: Uint8Array,
  view: DataView,
  base: number,
  end: number,
  { bytes, view: output }: ByteSink,
  out: number,
): number {
  const shift = tableShift(end - base)
  const limit = end - marginBytes
  let written = base // all before it is in the output
  let at = base + 1
  let skip = 32
  while (at <= limit) {
    const word = view.getInt32(at, true)
    const slot = Math.imul(word, 0x1e35_a7bd) >>> shift
    const candidate = base + table[slot]!
    table[slot] = at - base
    if (view.getInt32(candidate, true) !== word) {
      at += skip++ >>> 5
      continue
    }
    if (written < at) out = putLiteral(input, view, written, at, bytes, output, out)
    let from = candidate + 4
    written = at + 4
    for (; ; from += 4, written += 4) {
      if (written + 4 > end) {
        while (written < end && input[from] === input[written]) {
          from++
          written++
        }
        break
      }
      const difference = view.getInt32(from, true) ^ view.getInt32(written, true)
      if (difference !== 0) {
        written += (31 - Math.clz32(difference & -difference)) >>> 3
        break
      }
    }
    out = putCopy(at - candidate, written - at, bytes, out)
    at = written
    skip = 32
    if (at <= limit) table[Math.imul(view.getInt32(at - 1, true), 0x1e35_a7bd) >>> shift] = at - 1 - base
  }
  return written < end ? putLiteral(input, view, written, end, bytes, output, out) : out
}

function putLiteral(
  input: Uint8Array,
  view: DataView,
  from: number,
  to: number,
  bytes: Uint8Array,
  output: DataView,
  out: number,
): number {
  const count = to - from
  if (count <= 60) bytes[out++] = (count - 1) << 2
  else if (count <= 256) {
    bytes[out++] = 60 << 2
    bytes[out++] = count - 1
  } else {
    bytes[out++] = 61 << 2 // a fragment has at most 2^16 bytes
    bytes[out++] = (count - 1) & 255
    bytes[out++] = (count - 1) >>> 8
  }
  if (count > 64 || to + 3 > input.length) bytes.set(input.subarray(from, to), out)
  else for (let at = out; from < to; from += 4, at += 4) output.setInt32(at, view.getInt32(from, true), true)
  return out + count
}

function putCopy(offset: number, length: number, bytes: Uint8Array, out: number): number {
  while (length > 0) {
    // None of less than 4 bytes is left over: only the long form takes those.
    const count = length > 64 ? (length < 68 ? 60 : 64) : length
    if (count < 12 && offset < 2048) {
      bytes[out++] = 1 | ((count - 4) << 2) | ((offset >>> 8) << 5)
      bytes[out++] = offset & 255
    } else {
      bytes[out++] = 2 | ((count - 1) << 2)
      bytes[out++] = offset & 255
      bytes[out++] = offset >>> 8
    }
    length -= count
  }
  return out
}
