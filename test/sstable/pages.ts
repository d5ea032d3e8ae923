// Parquet files of one column, made by parquet-wasm with chosen encodings, and their pages read without any sidecar.

import { Schema as ArrowSchema, Field, RecordBatchStreamWriter } from 'apache-arrow'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { arrowType, recordBatch } from '#src/format/arrow.js'
import { int128At } from '#src/format/codecs/decimal.js'
import type { ColumnType } from '#src/format/column.js'
import { concatVectors } from '#src/format/concat.js'
import type { Layout, Vector } from '#src/format/vector.js'
import {
  decodeDataPage,
  decodeDictionaryPage,
  needsDictionary,
  openPage,
  type PageColumn,
} from '#src/sstable/decode/page.js'
import { parquetWasm } from '#src/sstable/parquet-wasm.js'

export interface ColumnSettings {
  readonly encoding?:
    | 'PLAIN'
    | 'RLE'
    | 'DELTA_BINARY_PACKED'
    | 'DELTA_LENGTH_BYTE_ARRAY'
    | 'DELTA_BYTE_ARRAY'
    | 'dictionary'
  readonly compression?: 'UNCOMPRESSED' | 'SNAPPY' | 'LZ4_RAW' | 'ZSTD'
  readonly version?: 'V1' | 'V2'
  readonly pageBytes?: number
  readonly nullable?: boolean
}

/** A Parquet file with the column `c`. */
export function writeColumn(type: ColumnType, vector: Vector, settings: ColumnSettings = {}): Uint8Array {
  const { encoding = 'PLAIN', compression = 'UNCOMPRESSED', version = 'V1', pageBytes = 8192 } = settings
  const wasm = parquetWasm()
  const schema = new ArrowSchema([
    new Field('c', arrowType(type), settings.nullable ?? vector.valid !== undefined),
  ])
  const batch = recordBatch(schema, vector.length, [vector])
  const ipc = RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true)
  let builder = new wasm.WriterPropertiesBuilder()
    .setCompression(wasm.Compression[compression])
    .setDataPageSizeLimit(pageBytes)
    .setDictionaryPageSizeLimit(1 << 20)
    .setWriteBatchSize(64)
    .setWriterVersion(wasm.WriterVersion[version])
    .setDictionaryEnabled(encoding === 'dictionary')
  if (encoding !== 'dictionary') builder = builder.setEncoding(wasm.Encoding[encoding])
  return wasm.writeParquet(wasm.Table.fromIPCStream(ipc), builder.build())
}

/** The pages of the file's only column. */
export interface ColumnPages {
  readonly column: PageColumn
  /** With their headers, dictionary first if there is one, and where they lie in the file. */
  readonly pages: readonly { readonly offset: number; readonly bytes: Uint8Array }[]
}

const typeNumbers = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
]
const codecNumbers = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'LZO', 'BROTLI', 'LZ4', 'ZSTD', 'LZ4_RAW']

/** Cuts the chunks of the first column of a file into pages; `layout` is what they are to become. */
export function cutPages(file: Uint8Array, layout: Layout): ColumnPages {
  const metadata = parquetMetadata(exactBuffer(file))
  const element = metadata.schema[1]
  const pages: { offset: number; bytes: Uint8Array }[] = []
  let codec = 0
  for (const group of metadata.row_groups) {
    const chunk = group.columns[0]?.meta_data
    if (element === undefined || chunk === undefined) throw new Error('no column')
    codec = codecNumbers.indexOf(chunk.codec)
    let offset = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset)
    const end = offset + Number(chunk.total_compressed_size)
    while (offset < end) {
      const { header } = openPage('test', offset, file.subarray(offset, end))
      const length = header.headerBytes + header.compressedBytes
      pages.push({ offset, bytes: file.subarray(offset, offset + length) })
      offset += length
    }
  }
  const column: PageColumn = {
    physicalType: typeNumbers.indexOf(element?.type ?? ''),
    typeLength: element?.type_length ?? 0,
    optional: element?.repetition_type === 'OPTIONAL',
    codec,
    layout,
    bytesMax: 1 << 26,
  }
  return { column, pages }
}

/** Decodes all pages. */
export function decodePages({ column, pages }: ColumnPages): Vector {
  const parts: Vector[] = []
  let dictionary: Vector | undefined
  for (const { offset, bytes } of pages) {
    const page = openPage('test', offset, bytes)
    if (page.header.kind === 'dictionary') dictionary = decodeDictionaryPage(page, column)
    else {
      parts.push(
        decodeDataPage(page, column, page.header.values, needsDictionary(page) ? dictionary : undefined),
      )
    }
  }
  return concatVectors(column.layout, parts)
}

/** Encodings of the data pages of a column. */
export function encodingsOf({ pages }: ColumnPages): ReadonlySet<number> {
  const headers = pages.map(({ offset, bytes }) => openPage('test', offset, bytes).header)
  return new Set(headers.filter(({ kind }) => kind !== 'dictionary').map(({ encoding }) => encoding))
}

/** What hyparquet reads from the file's column. */
export async function oracleValues(file: Uint8Array): Promise<unknown[]> {
  const rows = await parquetReadObjects({ file: exactBuffer(file), utf8: false })
  return rows.map((row) => plain(row.c))
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value === 'string') return Buffer.from(value).toString('hex')
  return value ?? null
}

/** Rows of a vector as values that can be compared: bytes as hexadecimal digits, int128 as bigint. */
export function plainValues(vector: Vector): unknown[] {
  const { layout, length, values, offsets, valid } = vector
  return Array.from({ length }, (_, row) => {
    if (valid !== undefined && valid[row] === 0) return null
    if (offsets !== undefined) {
      return Buffer.from((values as Uint8Array).subarray(offsets[row], offsets[row + 1])).toString('hex')
    }
    if (layout === 'bool') return values[row] === 1
    return layout === 'int128' ? int128At(vector, row) : values[row]
  })
}

function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer
}
