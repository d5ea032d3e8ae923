// Pages of a Parquet file, decoded synchronously in plain JavaScript, straight into vectors.
//
// Requires checked bytes: what is verified against its checksum decodes as it was written. Even so nothing here trusts
// them: damage that a checksum missed, or a file that something else wrote, ends in a MarquetryError with file and
// offset, never in a hang, a stray exception or memory out of proportion to the file.

import { corruption, MarquetryError } from '../../errors.js'
import { type Layout, nullVector, type Vector } from '../../format/vector.js'
import { readFlags, readHybrid } from './bits.js'
import { ByteCursor } from './byte-cursor.js'
import type { CopyTarget } from './copies.js'
import { decompress } from './decompress.js'
import { lookUp, spread, toLayout } from './layouts.js'
import { damaged, PageDamage, unsupported } from './page-damage.js'
import { type PageHeader, parsePageHeader } from './page-header.js'
import { encodings, readValues } from './values.js'

/** How a column is stored, and what it is to become. */
export interface PageColumn {
  /** Parquet's number of the physical type. */
  readonly physicalType: number
  /** Bytes of a FIXED_LEN_BYTE_ARRAY; otherwise unused. */
  readonly typeLength: number
  /** Whether pages have definition levels. */
  readonly optional: boolean
  /** Parquet's number of the compression codec. */
  readonly codec: number
  readonly layout: Layout
  /** Most bytes that a page may take, compressed or not, as a vector or on the way to one. */
  readonly bytesMax: number
  /** Memory that pages are decompressed into, one after the other: saves who reads thousands of them an allocation each. */
  readonly scratch?: CopyTarget
}

/** A page as it lies in a file. */
export interface StoredPage {
  readonly file: string
  /** Where `bytes` begin in the file. */
  readonly offset: number
  /** Header and content. */
  readonly bytes: Uint8Array
  readonly header: PageHeader
}

/** Runs a decoder and says of which page it failed. */
export function located<T>(file: string, offset: number, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof PageDamage)) throw error
    if (!error.unsupported) throw corruption(file, offset, error.message, error)
    const message = `${file} at byte ${offset} uses ${error.message}, which is not supported`
    throw new MarquetryError('MARQUETRY_UNSUPPORTED_FORMAT', message, { file, offset, cause: error })
  }
}

/** Reads the page's header. Throws MARQUETRY_CORRUPTION. */
export function openPage(file: string, offset: number, bytes: Uint8Array): StoredPage {
  return { file, offset, bytes, header: located(file, offset, () => parsePageHeader(bytes)) }
}

/** Whether a data page's values are indexes into its column chunk's dictionary. */
export function needsDictionary({ header: { encoding } }: StoredPage): boolean {
  return encoding === encodings.rleDictionary || encoding === encodings.plainDictionary
}

/** The values of a dictionary page. Throws MARQUETRY_CORRUPTION or MARQUETRY_UNSUPPORTED_FORMAT. */
export function decodeDictionaryPage(page: StoredPage, column: PageColumn): Vector {
  const { header } = page
  return located(page.file, page.offset, () => {
    if (header.kind !== 'dictionary') damaged('a dictionary page was expected')
    if (header.encoding !== encodings.plain && header.encoding !== encodings.plainDictionary) {
      unsupported(`dictionaries in encoding ${header.encoding}`)
    }
    return readLayout(content(page, column, 0), encodings.plain, column, header.values)
  })
}

/**
 * The rows of a data page. `dictionary`: that of its column chunk, if the page needs it.
 * Throws MARQUETRY_CORRUPTION, also where the page does not have `rows` rows, or MARQUETRY_UNSUPPORTED_FORMAT.
 */
export function decodeDataPage(
  page: StoredPage,
  column: PageColumn,
  rows: number,
  dictionary: Vector | undefined,
): Vector {
  const { header } = page
  return located(page.file, page.offset, () => {
    if (header.kind === 'dictionary') damaged('a data page was expected')
    if (header.values !== rows) damaged(`the page has ${header.values} rows, its index says ${rows}`)
    return header.kind === 'data'
      ? decodeV1(page, column, rows, dictionary)
      : decodeV2(page, column, rows, dictionary)
  })
}

/** The page's bytes behind its header and the first `skip`, decompressed. */
function content({ bytes, header }: StoredPage, column: PageColumn, skip: number): Uint8Array {
  const size = header.uncompressedBytes - skip
  const stored = bytes.subarray(header.headerBytes + skip, header.headerBytes + header.compressedBytes)
  if (size < 0 || skip > header.compressedBytes) damaged('the levels are longer than the page')
  if (size > column.bytesMax) damaged('the page is larger than its row group')
  if (stored.length === 0 && size === 0) return stored // v2 pages of nulls: nothing was compressed
  return decompress(header.compressed ? column.codec : 0, stored, size, column.scratch)
}

/** The page's bytes behind its header, decompressed: into the column's scratch memory, if it has one. Throws PageDamage. */
export function contentOf(page: StoredPage, column: PageColumn): Uint8Array {
  return content(page, column, 0)
}

function decodeV1(page: StoredPage, column: PageColumn, rows: number, dictionary: Vector | undefined): Vector {
  const bytes = content(page, column, 0)
  if (!column.optional) return decodeRows(bytes, page.header, column, rows, rows, undefined, dictionary)
  if (page.header.levelEncoding !== encodings.rle)
    unsupported(`levels in encoding ${page.header.levelEncoding}`)
  const cursor = new ByteCursor(bytes)
  const length = cursor.u32()
  const from = cursor.take(length)
  const valid = new Uint8Array(rows)
  const present = readFlags(new ByteCursor(bytes.subarray(from, from + length)), rows, valid)
  return decodeRows(bytes.subarray(from + length), page.header, column, rows, present, valid, dictionary)
}

function decodeV2(page: StoredPage, column: PageColumn, rows: number, dictionary: Vector | undefined): Vector {
  const { header, bytes } = page
  const values = content(page, column, header.levelBytes)
  if (!column.optional) return decodeRows(values, header, column, rows, rows, undefined, dictionary)
  const levels = bytes.subarray(header.headerBytes, header.headerBytes + header.levelBytes)
  const valid = new Uint8Array(rows)
  const present = readFlags(new ByteCursor(levels), rows, valid)
  return decodeRows(values, header, column, rows, present, valid, dictionary)
}

/** The values of a page, `present` of them, brought to rows. */
function decodeRows(
  bytes: Uint8Array,
  header: PageHeader,
  column: PageColumn,
  rows: number,
  present: number,
  valid: Uint8Array | undefined,
  dictionary: Vector | undefined,
): Vector {
  if (present === 0) return nullVector(column.layout, rows)
  let values: Vector
  if (header.encoding === encodings.rleDictionary || header.encoding === encodings.plainDictionary) {
    if (dictionary === undefined) damaged('the column chunk has no dictionary')
    const cursor = new ByteCursor(bytes)
    values = lookUp(dictionary, readHybrid(cursor, cursor.byte(), present), column.bytesMax)
  } else values = readLayout(bytes, header.encoding, column, present)
  return valid === undefined || present === rows ? values : spread(values, valid)
}

function readLayout(bytes: Uint8Array, encoding: number, column: PageColumn, count: number): Vector {
  const { physicalType, typeLength, layout, bytesMax } = column
  return toLayout(readValues(bytes, encoding, physicalType, typeLength, count, bytesMax), layout)
}
