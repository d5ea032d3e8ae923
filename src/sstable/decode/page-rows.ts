// A few rows of a data page, for lookups: decoded no further than it takes to find and read them. `page.ts` decodes whole
// pages, and is, beside hyparquet, what the tests hold this against.

import { fixedVector, nullVector, sliceVector, type Vector } from '../../format/vector.js'
import { ByteCursor } from './byte-cursor.js'
import { readDeltaRange32, readDeltaRange64 } from './delta-range.js'
import { readFlagRange, readHybridRange } from './hybrid-range.js'
import { lookUp, spread, toLayout } from './layouts.js'
import { contentOf, decodeDataPage, located, type PageColumn, type StoredPage } from './page.js'
import { damaged } from './page-damage.js'
import { encodings, isDictionaryEncoding, physicalTypes, readValues } from './values.js'

/**
 * As rows `from` up to but not with `to` of `decodeDataPage`, in memory of their own. The encodings that our writer uses are
 * read by place, any other as a whole. Damage behind these rows is not found, and not all of it before them.
 * Throws as `decodeDataPage` does. Requires: `0 <= from < to <= rows`.
 */
export function decodePageRows(
  page: StoredPage,
  column: PageColumn,
  rows: number,
  from: number,
  to: number,
  dictionary: Vector | undefined,
): Vector {
  const { encoding } = page.header
  if (encoding === encodings.deltaByteArray || encoding === encodings.deltaLengthByteArray) {
    return sliceVector(decodeDataPage(page, column, rows, dictionary), from, to)
  }
  return located(page.file, page.offset, () => {
    const { values, levels } = contentOf(page, column, rows)
    if (levels === undefined) return readRange(values, encoding, column, from, to, dictionary)
    const valid = new Uint8Array(to - from)
    const { before, within } = readFlagRange(new ByteCursor(levels), from, to, valid)
    if (within === 0) return nullVector(column.layout, to - from)
    const vector = readRange(values, encoding, column, before, before + within, dictionary)
    return within === to - from ? vector : spread(vector, valid)
  })
}

/** Values `from` up to but not with `to`, nulls not counted. */
function readRange(
  bytes: Uint8Array,
  encoding: number,
  column: PageColumn,
  from: number,
  to: number,
  dictionary: Vector | undefined,
): Vector {
  const { physicalType: type, typeLength, layout, bytesMax } = column
  if (isDictionaryEncoding(encoding)) {
    if (dictionary === undefined) damaged('the column chunk has no dictionary')
    const cursor = new ByteCursor(bytes)
    return lookUp(dictionary, readHybridRange(cursor, cursor.byte(), from, to), bytesMax)
  }
  if (encoding === encodings.deltaBinaryPacked && type === physicalTypes.int32) {
    return toLayout(fixedVector('int32', readDeltaRange32(new ByteCursor(bytes), from, to)), layout)
  }
  if (encoding === encodings.deltaBinaryPacked && type === physicalTypes.int64) {
    return toLayout(fixedVector('int64', readDeltaRange64(new ByteCursor(bytes), from, to)), layout)
  }
  if (encoding === encodings.rle && type === physicalTypes.boolean) {
    const cursor = new ByteCursor(bytes)
    const at = cursor.take(cursor.u32())
    const flags = new Uint8Array(to - from)
    readFlagRange(new ByteCursor(bytes.subarray(at, cursor.at)), from, to, flags)
    return toLayout(fixedVector('bool', flags), layout)
  }
  // PLAIN without the values in front is PLAIN. What has no positional decoder is refused by `readValues`.
  const skipped = type === physicalTypes.boolean ? from - (from % 8) : from
  const start = encoding === encodings.plain ? plainBytes(bytes, type, typeLength, skipped) : 0
  const vector = readValues(bytes.subarray(start), encoding, type, typeLength, to - skipped, bytesMax)
  return toLayout(sliceVector(vector, from - skipped, to - skipped), layout)
}

/** Bytes of the values of a fixed-width type. */
const widths: Partial<Record<number, number>> = {
  [physicalTypes.boolean]: 1 / 8,
  [physicalTypes.int32]: 4,
  [physicalTypes.int64]: 8,
  [physicalTypes.float]: 4,
  [physicalTypes.double]: 8,
}

/** Bytes that the first `count` values of a PLAIN page take. Throws PageDamage. */
function plainBytes(bytes: Uint8Array, type: number, typeLength: number, count: number): number {
  const cursor = new ByteCursor(bytes)
  if (type !== physicalTypes.byteArray) cursor.take(count * (widths[type] ?? Math.max(typeLength, 0)))
  else for (let i = 0; i < count; i++) cursor.take(cursor.u32())
  return cursor.at
}
