// Ranges and targets of Level as ranges of encoded keys.

import { encodeKey, encodeRange, type KeyBytes, type KeyRange } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import { compareBytes, prefixSuccessor } from '../util/bytes.js'
import { bytesOf, type Data } from './entry.js'

/** The bounds of an iterator or of `clear`, encoded by Level. */
export interface LevelRange {
  readonly gt?: Data
  readonly gte?: Data
  readonly lt?: Data
  readonly lte?: Data
}

/** Contains no key. */
const nothing: KeyRange = { gte: undefined, lt: new Uint8Array(0) }

/** The keys in a range. Where both are given, Level takes `gte` before `gt` and `lte` before `lt`. */
export function rangeOf(schema: Schema, { gt, gte, lt, lte }: LevelRange): KeyRange {
  return encodeRange(schema, {
    ...(gte !== undefined ? { gte: bytesOf(gte) } : gt !== undefined ? { gt: bytesOf(gt) } : {}),
    ...(lte !== undefined ? { lte: bytesOf(lte) } : lt !== undefined ? { lt: bytesOf(lt) } : {}),
  })
}

/** What is left of a range from a target on, in the direction of reading. A target outside the range leaves nothing. */
export function rangeFrom(schema: Schema, range: KeyRange, target: Data, reverse: boolean): KeyRange {
  const key = encodeKey(schema, bytesOf(target))
  if (!contains(range, key)) return nothing
  return reverse ? { gte: range.gte, lt: prefixSuccessor(key) } : { gte: key, lt: range.lt }
}

function contains({ gte, lt }: KeyRange, key: KeyBytes): boolean {
  return (gte === undefined || compareBytes(gte, key) <= 0) && (lt === undefined || compareBytes(key, lt) < 0)
}
