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
import { encodings, isDictionaryEncoding, readValues } from './values.js'

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
  return isDictionaryEncoding(encoding)
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
  return located(page.file, page.offset, () => {
    const { values, levels } = contentOf(page, column, rows)
    if (levels === undefined) return decodeValues(values, page.header, column, rows, dictionary)
    const valid = new Uint8Array(rows)
    const present = readFlags(new ByteCursor(levels), rows, valid)
    if (present === 0) return nullVector(column.layout, rows)
    const vector = decodeValues(values, page.header, column, present, dictionary)
    return present === rows ? vector : spread(vector, valid)
  })
}

/** What a data page consists of, decompressed. */
export interface PageContent {
  readonly values: Uint8Array
  /** Definition levels in hybrid encoding; undefined: the column has no nulls. */
  readonly levels: Uint8Array | undefined
}

/** The content of a data page of `rows` rows, in the column's scratch memory, if it has one. Throws PageDamage. */
export function contentOf(page: StoredPage, column: PageColumn, rows: number): PageContent {
  const { header, bytes } = page
  if (header.kind === 'dictionary') damaged('a data page was expected')
  if (header.values !== rows) damaged(`the page has ${header.values} rows, its index says ${rows}`)
  if (header.kind === 'dataV2') {
    const values = content(page, column, header.levelBytes)
    if (!column.optional) return { values, levels: undefined }
    return { values, levels: bytes.subarray(header.headerBytes, header.headerBytes + header.levelBytes) }
  }
  const values = content(page, column, 0)
  if (!column.optional) return { values, levels: undefined }
  if (header.levelEncoding !== encodings.rle) unsupported(`levels in encoding ${header.levelEncoding}`)
  const cursor = new ByteCursor(values)
  const from = cursor.take(cursor.u32())
  return { values: values.subarray(cursor.at), levels: values.subarray(from, cursor.at) }
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

/** All `count` values of a page. */
function decodeValues(
  bytes: Uint8Array,
  { encoding }: PageHeader,
  column: PageColumn,
  count: number,
  dictionary: Vector | undefined,
): Vector {
  if (!isDictionaryEncoding(encoding)) return readLayout(bytes, encoding, column, count)
  if (dictionary === undefined) damaged('the column chunk has no dictionary')
  const cursor = new ByteCursor(bytes)
  return lookUp(dictionary, readHybrid(cursor, cursor.byte(), count), column.bytesMax)
}

function readLayout(bytes: Uint8Array, encoding: number, column: PageColumn, count: number): Vector {
  const { physicalType, typeLength, layout, bytesMax } = column
  return toLayout(readValues(bytes, encoding, physicalType, typeLength, count, bytesMax), layout)
}
