// Small integers in Parquet's hybrid of runs and bit-packed groups: indexes into dictionaries and definition levels.
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE

import type { ByteSink } from '../../util/byte-sink.js'

/** Values of a bit-packed group. */
const groupValues = 8

/** Bits that the values 0 to `count - 1` need. */
export function bitWidth(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1)
}

export function appendVarint(sink: ByteSink, value: number): void {
  sink.reserve(5)
  for (; value > 127; value >>>= 7) sink.bytes[sink.length++] = (value & 127) | 128
  sink.bytes[sink.length++] = value
}

/** Appends values `from` up to but not with `to`, none wider than `width` bits, 0 to 24. */
export function appendHybrid(
  values: Int32Array | Uint8Array,
  from: number,
  to: number,
  width: number,
  sink: ByteSink,
): void {
  let packed = from // values from here on wait to be bit-packed, in whole groups
  let at = from
  while (at < to) {
    const value = values[at]!
    let end = at + 1
    while (end < to && values[end] === value) end++
    if (end - at >= groupValues) {
      if (packed < at) appendGroups(values, packed, at, width, sink)
      appendVarint(sink, (end - at) << 1)
      sink.reserve(3)
      for (let shift = 0; shift < width; shift += 8) sink.bytes[sink.length++] = value >>> shift
      packed = end
      at = end
    } else {
      // On to the end of a group: only there can a run begin.
      at = packed + Math.ceil((end - packed) / groupValues) * groupValues
    }
  }
  if (packed < to) appendGroups(values, packed, to, width, sink)
}

/** Bit-packs values; those that the last group lacks are zeros. */
function appendGroups(
  values: Int32Array | Uint8Array,
  from: number,
  to: number,
  width: number,
  sink: ByteSink,
): void {
  const groups = Math.ceil((to - from) / groupValues)
  appendVarint(sink, (groups << 1) | 1)
  const start = sink.reserve(groups * width + 4)
  packBits(values, from, to, width, sink, start)
  sink.length = start + groups * width
}

/** Writes values of `width` bits, at most 24, from byte `at` on, and zeros up to the next multiple of eight values. Requires: room. */
function packBits(
  values: Int32Array | Uint8Array,
  from: number,
  to: number,
  width: number,
  { bytes }: ByteSink,
  at: number,
): void {
  const end = at + Math.ceil((to - from) / groupValues) * width
  let word = 0
  let have = 0
  for (let i = from; i < to; i++) {
    word |= values[i]! << have
    have += width
    for (; have >= 8; have -= 8, word >>>= 8) bytes[at++] = word
  }
  while (at < end) {
    bytes[at++] = word
    word = 0
  }
}
