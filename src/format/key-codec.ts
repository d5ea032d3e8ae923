// Keys as byte strings: the key columns' memcomparable forms, one after the other.
//
// No key is a proper prefix of another, and all keys whose leading columns equal a prefix lie in
// [encoding of the prefix, its successor): so every bound of a scan becomes a half-open range of byte strings.

import { isUint8Array } from 'node:util/types'
import { MarquetryError } from '../errors.js'
import { ByteSink } from '../util/byte-sink.js'
import { compareBytes, prefixSuccessor } from '../util/bytes.js'
import { describeValue } from '../util/describe-value.js'
import { appendKeyPrefix } from './codecs/bytes.js'
import type { Schema } from './schema.js'
import type { Vector } from './vector.js'

/** A key, or the encoding of leading key columns: compared as unsigned bytes. */
export type KeyBytes = Uint8Array

/** A half-open range of keys. Undefined: open at that end. `gte >= lt` is an empty range. */
export interface KeyRange {
  readonly gte: KeyBytes | undefined
  readonly lt: KeyBytes | undefined
}

/** Longest encoded key. */
export const keyBytesMax = 65_535

/** The bounds of a scan as a user gives them: scalars for a one-column key, arrays (also shorter) otherwise. */
export interface Bounds {
  readonly gt?: unknown
  readonly gte?: unknown
  readonly lt?: unknown
  readonly lte?: unknown
  readonly prefix?: unknown
}

function invalidKey(message: string, column?: string): MarquetryError {
  return new MarquetryError('MARQUETRY_INVALID_KEY', message, column === undefined ? {} : { column })
}

/** The parts of a key given by a user, least `least` of them; a one-column key is given as a scalar. */
function partsOf(schema: Schema, key: unknown, least: number, what: string): readonly unknown[] {
  const names = schema.key.map((index) => schema.columns[index]!.name).join(', ')
  if (schema.key.length === 1) {
    if (Array.isArray(key))
      throw invalidKey(`The ${what} of a one-column key (${names}) is given as a plain value`)
    return [key]
  }
  if (!Array.isArray(key)) throw invalidKey(`The ${what} of the key (${names}) is given as an array`)
  if (key.length < least || key.length > schema.key.length || key.length === 0) {
    const wanted = least === schema.key.length ? `${least}` : `1 to ${schema.key.length}`
    throw invalidKey(`The ${what} has ${key.length} parts; the key (${names}) takes ${wanted}`)
  }
  return key
}

function appendPart(schema: Schema, sink: ByteSink, position: number, part: unknown): void {
  const column = schema.columns[schema.key[position]!]!
  if (!column.codec.writeKey(sink, part)) {
    throw invalidKey(
      `Key column ${JSON.stringify(column.name)} expects ${column.codec.expects}, not ${describeValue(part)}`,
      column.name,
    )
  }
}

/** Throws MARQUETRY_LIMIT if an encoded key is longer than keys may be. */
export function checkKeyLength(length: number): void {
  if (length > keyBytesMax) {
    throw new MarquetryError(
      'MARQUETRY_LIMIT',
      `A key is at most ${keyBytesMax} bytes encoded; this one is ${length}`,
    )
  }
}

/** Lent to one encoding at a time: a key may be an array with getters that encode keys themselves. */
let spareSink: ByteSink | undefined

/** Appends the encoding of a whole key that a user gave. Throws MARQUETRY_INVALID_KEY or MARQUETRY_LIMIT. */
export function appendKey(schema: Schema, sink: ByteSink, key: unknown): void {
  const from = sink.length
  if (schema.key.length === 1 && !Array.isArray(key)) appendPart(schema, sink, 0, key)
  else {
    const parts = partsOf(schema, key, schema.key.length, 'key')
    for (let i = 0; i < parts.length; i++) appendPart(schema, sink, i, parts[i])
  }
  checkKeyLength(sink.length - from)
}

/** The encoding of a whole key that a user gave, in memory of its own. */
export function encodeKey(schema: Schema, key: unknown): KeyBytes {
  const sink = spareSink ?? new ByteSink(256)
  spareSink = undefined
  sink.length = 0
  appendKey(schema, sink, key)
  spareSink = sink
  return sink.copy()
}

/** Appends the key of row `i` of a batch; `vectors` are the key columns in key order. */
export function appendVectorKey(schema: Schema, sink: ByteSink, vectors: readonly Vector[], i: number): void {
  for (let position = 0; position < schema.key.length; position++) {
    schema.columns[schema.key[position]!]!.codec.vectorToKey(sink, vectors[position]!, i)
  }
}

/** The encoded key of row `i` of a batch; `vectors` are the key columns in key order. */
export function vectorKey(schema: Schema, vectors: readonly Vector[], i: number): KeyBytes {
  const sink = new ByteSink(64)
  appendVectorKey(schema, sink, vectors, i)
  return sink.copy()
}

/**
 * The key columns, in key order, of the encoded keys that start at `positions`.
 * Moves each position to the end of its key.
 */
export function decodeKeys(schema: Schema, bytes: Uint8Array, positions: Uint32Array): Vector[] {
  return schema.key.map((index) => schema.columns[index]!.codec.fromKeys(bytes, positions))
}

function encodeBound(schema: Schema, bound: unknown, what: string): KeyBytes {
  const sink = new ByteSink(64)
  const parts = partsOf(schema, bound, 1, what)
  for (let i = 0; i < parts.length; i++) appendPart(schema, sink, i, parts[i])
  checkKeyLength(sink.length)
  return sink.copy()
}

function encodePrefix(schema: Schema, prefix: unknown): KeyBytes {
  const sink = new ByteSink(64)
  const isOpen = (part: unknown): part is { readonly startsWith: unknown } =>
    typeof part === 'object' && part !== null && Object.hasOwn(part, 'startsWith')
  const parts = partsOf(schema, prefix, 1, 'prefix')
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]
    if (!isOpen(part)) {
      appendPart(schema, sink, i, part)
      continue
    }
    const column = schema.columns[schema.key[i]!]!
    const { startsWith } = part
    const fits =
      (column.type.kind === 'utf8' && typeof startsWith === 'string' && startsWith.isWellFormed()) ||
      (column.type.kind === 'binary' && isUint8Array(startsWith))
    if (!fits || i < parts.length - 1) {
      throw invalidKey(
        `Key column ${JSON.stringify(column.name)}: startsWith takes a string for utf8 or bytes for binary, as the last part of a prefix`,
        column.name,
      )
    }
    appendKeyPrefix(sink, startsWith as string | Uint8Array)
  }
  checkKeyLength(sink.length)
  return sink.copy()
}

function tighter(a: KeyBytes | undefined, b: KeyBytes | undefined, sign: 1 | -1): KeyBytes | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return compareBytes(a, b) * sign > 0 ? a : b
}

/** A range that holds no key: its end is the empty string, below which nothing lies. */
const nothing = new Uint8Array(0)

/**
 * The byte range of a scan's bounds. A bound may be a prefix of the key: `gt` then starts after, and `lte` ends
 * after, the last key with that prefix. Throws MARQUETRY_INVALID_KEY for values of the wrong type or number,
 * MARQUETRY_INVALID_OPTION for `gt` with `gte` or `lt` with `lte`.
 */
export function encodeRange(schema: Schema, bounds: Bounds): KeyRange {
  const { gt, gte, lt, lte, prefix } = bounds
  for (const [open, closed] of [
    ['gt', 'gte'],
    ['lt', 'lte'],
  ] as const) {
    if (bounds[open] !== undefined && bounds[closed] !== undefined) {
      throw new MarquetryError('MARQUETRY_INVALID_OPTION', `\`${open}\` and \`${closed}\` exclude each other`, {
        option: open,
      })
    }
  }
  let lower: KeyBytes | undefined
  let upper: KeyBytes | undefined
  let empty = false
  if (gte !== undefined) lower = encodeBound(schema, gte, 'bound gte')
  if (gt !== undefined) {
    lower = prefixSuccessor(encodeBound(schema, gt, 'bound gt'))
    if (lower === undefined) empty = true // nothing sorts after the greatest possible prefix
  }
  if (lt !== undefined) upper = encodeBound(schema, lt, 'bound lt')
  if (lte !== undefined) upper = prefixSuccessor(encodeBound(schema, lte, 'bound lte'))
  if (prefix !== undefined) {
    const start = encodePrefix(schema, prefix)
    lower = tighter(lower, start, 1)
    upper = tighter(upper, prefixSuccessor(start), -1)
  }
  return empty ? { gte: undefined, lt: nothing } : { gte: lower, lt: upper }
}

/** Whether no key can lie in the range. */
export function isEmptyRange({ gte, lt }: KeyRange): boolean {
  return lt !== undefined && (lt.length === 0 || (gte !== undefined && compareBytes(gte, lt) >= 0))
}
