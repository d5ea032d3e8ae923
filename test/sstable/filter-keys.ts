// Keys as users have them, for tests of hashes and filters: the i-th key of a kind is a function of i.

import { t } from '#src/format/column.js'
import { encodeKey } from '#src/format/key-codec.js'
import { defineSchema, type Schema } from '#src/format/schema.js'
import { bytesVector, fixedVector, type Vector } from '#src/format/vector.js'
import { KeyFilter } from '#src/sstable/filter.js'
import { KeyFilterBuilder } from '#src/sstable/filter-builder.js'
import { hashKey, type KeyHash } from '#src/sstable/key-hash.js'

export interface KeySeries {
  readonly schema: Schema
  readonly at: (i: number) => unknown
  /** Key columns of keys `from` up to but not with `to`. */
  readonly vectors: (from: number, to: number) => readonly Vector[]
}

const integers = (from: number, to: number, value: (i: number) => number) =>
  Float64Array.from({ length: to - from }, (_, i) => value(from + i))
const int64 = (values: Float64Array) => fixedVector('int64', BigInt64Array.from(values, BigInt))

function texts(from: number, to: number, value: (i: number) => string): Vector {
  const offsets = new Int32Array(to - from + 1)
  const parts: string[] = []
  for (let i = from; i < to; i++) {
    const text = value(i)
    parts.push(text)
    offsets[i - from + 1] = offsets[i - from]! + text.length
  }
  return bytesVector(new Uint8Array(Buffer.from(parts.join(''), 'latin1')), offsets)
}

const user = (i: number) => `user:${String(i).padStart(10, '0')}`
const day = (i: number) => Date.UTC(2001, 0, 1) + Math.floor(i / 2000) * 60_000
const airport = (i: number) => `A${String.fromCharCode(65 + (i % 25))}L`

export const keySeries: { readonly [name: string]: KeySeries } = {
  'user:0000000001': {
    schema: defineSchema({ columns: { key: t.utf8() }, key: ['key'] }),
    at: user,
    vectors: (from, to) => [texts(from, to, user)],
  },
  'a 64-bit integer': {
    schema: defineSchema({ columns: { key: t.int64() }, key: ['key'] }),
    at: BigInt,
    vectors: (from, to) => [int64(integers(from, to, (i) => i))],
  },
  'time, two airports, number': {
    schema: defineSchema({
      columns: { at: t.timestamp(), from: t.utf8(), to: t.utf8(), number: t.int32() },
      key: ['at', 'from', 'to', 'number'],
    }),
    at: (i) => [new Date(day(i)), airport(Math.floor(i / 100)), airport(Math.floor(i / 10)), i % 10],
    vectors: (from, to) => [
      int64(integers(from, to, day)),
      texts(from, to, (i) => airport(Math.floor(i / 100))),
      texts(from, to, (i) => airport(Math.floor(i / 10))),
      fixedVector('int32', Int32Array.from(integers(from, to, (i) => i % 10))),
    ],
  },
}

export function hashAt({ schema, at }: KeySeries, i: number): KeyHash {
  return hashKey(encodeKey(schema, at(i)))
}

/** The filter of the first `count` keys of a series, which come in batches of different lengths. */
export function filterOf(series: KeySeries, count: number, errorRate: number): KeyFilter {
  const builder = new KeyFilterBuilder(errorRate)
  for (let from = 0, rows = 1; from < count; from += rows, rows = Math.min(3 * rows + 1, 131_072)) {
    const to = Math.min(from + rows, count)
    builder.add(series.vectors(from, to), to - from)
  }
  const body = builder.finish()
  if (body === undefined) throw new Error('there are too few keys')
  return new KeyFilter('filter.bloom', body)
}
