// The header of a Parquet page: a Thrift struct in the compact protocol.
//
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (PageHeader)
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

import { ByteCursor } from './byte-cursor.js'
import { damaged, unsupported } from './page-damage.js'

/** What a page header says, with v1 and v2 data pages brought to one form. */
export interface PageHeader {
  readonly kind: 'data' | 'dataV2' | 'dictionary'
  /** Bytes of the header itself: where the page's content begins. */
  readonly headerBytes: number
  readonly compressedBytes: number
  readonly uncompressedBytes: number
  /** Values, nulls included. */
  readonly values: number
  /** Parquet's number of the encoding of the values. */
  readonly encoding: number
  /** v2: whether the values are compressed; levels never are. */
  readonly compressed: boolean
  /** v2: bytes of definition levels before the values; v1: 0, the levels carry their own length. */
  readonly levelBytes: number
  /** v1: Parquet's number of the encoding of definition levels. */
  readonly levelEncoding: number
}

const depthMax = 8
const fieldsMax = 16
const pageTypes = { data: 0, dictionary: 2, dataV2: 3 } as const
const rle = 3

/** Numbers (booleans as 0 and 1) and structs by field id; lists, sets, maps, strings and doubles are left out. */
type Fields = (number | Fields | undefined)[]

function skipItems(cursor: ByteCursor, items: number, types: readonly number[], depth: number): void {
  if (items > cursor.left) damaged('a list in the page header is longer than the page')
  for (let i = 0; i < items; i++) {
    for (const type of types) {
      if (type === 1 || type === 2) cursor.byte()
      else readValue(cursor, type, depth)
    }
  }
}

function readValue(cursor: ByteCursor, type: number, depth: number): number | Fields | undefined {
  switch (type) {
    case 1:
      return 1
    case 2:
      return 0
    case 3:
      return cursor.byte()
    case 4:
    case 5:
    case 6:
      cursor.zigzag64()
      return cursor.high === cursor.low >> 31 ? cursor.low : undefined
    case 7:
      cursor.take(8)
      return undefined
    case 8:
      cursor.take(cursor.varint())
      return undefined
    case 9:
    case 10: {
      const head = cursor.byte()
      const items = head >>> 4 === 15 ? cursor.varint() : head >>> 4
      skipItems(cursor, items, [head & 15], depth + 1)
      return undefined
    }
    case 11: {
      const items = cursor.varint()
      const types = items > 0 ? cursor.byte() : 0
      skipItems(cursor, items, [types >>> 4, types & 15], depth + 1)
      return undefined
    }
    case 12:
      return readStruct(cursor, depth + 1)
    default:
      return damaged(`the page header has a field of type ${type}`)
  }
}

function readStruct(cursor: ByteCursor, depth: number): Fields {
  if (depth > depthMax) damaged('the page header is nested too deep')
  const fields: Fields = []
  for (let id = 0; ; ) {
    const head = cursor.byte()
    if (head === 0) return fields
    if (head >>> 4 > 0) id += head >>> 4
    else {
      cursor.zigzag64()
      id = cursor.low
    }
    const value = readValue(cursor, head & 15, depth)
    if (id > 0 && id < fieldsMax) fields[id] = value
  }
}

/** A field that must be there and must not be negative. */
function count(fields: Fields, id: number, what: string): number {
  const value = fields[id]
  if (typeof value !== 'number' || value < 0) damaged(`the page header has no ${what}`)
  return value
}

function struct(fields: Fields, id: number): Fields {
  const value = fields[id]
  return Array.isArray(value) ? value : damaged('the page header lacks the part for its page type')
}

/** Reads the header that `bytes` begin with. Throws PageDamage. */
export function parsePageHeader(bytes: Uint8Array): PageHeader {
  const cursor = new ByteCursor(bytes)
  const fields = readStruct(cursor, 0)
  const type = count(fields, 1, 'page type')
  const sizes = {
    headerBytes: cursor.at,
    uncompressedBytes: count(fields, 2, 'uncompressed size'),
    compressedBytes: count(fields, 3, 'compressed size'),
  }
  if (sizes.compressedBytes > cursor.left) damaged('the page is longer than its place in the file')
  if (type === pageTypes.dataV2) {
    const part = struct(fields, 8)
    if (count(part, 6, 'length of repetition levels') > 0) unsupported('repetition levels')
    return {
      kind: 'dataV2',
      ...sizes,
      values: count(part, 1, 'number of values'),
      encoding: count(part, 4, 'encoding'),
      compressed: part[7] !== 0,
      levelBytes: count(part, 5, 'length of definition levels'),
      levelEncoding: rle,
    }
  }
  if (type !== pageTypes.data && type !== pageTypes.dictionary) unsupported(`pages of type ${type}`)
  const part = struct(fields, type === pageTypes.data ? 5 : 7)
  return {
    kind: type === pageTypes.data ? 'data' : 'dictionary',
    ...sizes,
    values: count(part, 1, 'number of values'),
    encoding: count(part, 2, 'encoding'),
    compressed: true,
    levelBytes: 0,
    levelEncoding: type === pageTypes.data ? count(part, 3, 'encoding of levels') : rle,
  }
}
