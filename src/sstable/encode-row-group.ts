// Columns to the bytes of a Parquet file with one row group: by the encoder in `encode/`, and what that does not know, decimals,
// unsigned integers and other compressions than snappy, through Arrow's IPC format and parquet-wasm.
//
// parquet-wasm panics on invalid settings and a trapped instance counts as dead, so settings are checked here
// first.

import { Schema as ArrowSchema, RecordBatchStreamWriter } from 'apache-arrow'
import { recordBatch } from '../format/arrow.js'
import type { Vector } from '../format/vector.js'
import { assert } from '../util/assert.js'
import { canEncode, encodeFile } from './encode/row-group.js'
import { withParquetWasm } from './parquet-wasm.js'
import { type FileColumn, storedField } from './stored-columns.js'

/** Compression of pages. All of them are read by DuckDB, ClickHouse, Polars and pyarrow. */
export type Compression = 'uncompressed' | 'snappy' | 'lz4_raw' | 'zstd'

export interface EncodeOptions {
  readonly compression: Compression
  /** Bytes at which a data page ends, before compression. At least 1 KiB. */
  readonly pageBytes: number
}

/** Least `pageBytes`: far below it, pages of a row each take minutes and gigabytes. */
export const pageBytesMin = 1024

/** A dictionary page is read whole for a single row. */
const dictionaryPageBytesMax = 16_384
/** The writer looks at a page's size once per so many values. */
const writeBatchRows = 256

const compressions = {
  uncompressed: 'UNCOMPRESSED',
  snappy: 'SNAPPY',
  lz4_raw: 'LZ4_RAW',
  zstd: 'ZSTD',
} as const satisfies Record<Compression, string>

/** Parquet's number of a compression (CompressionCodec). */
export function codecOfCompression(compression: Compression): number {
  return { uncompressed: 0, snappy: 1, zstd: 6, lz4_raw: 7 }[compression]
}

/**
 * A Parquet file that holds exactly one row group of these columns; `vectors[i]`, in the layout of its type, is
 * `columns[i]`. Synchronous: some 100 ms for 131,072 rows.
 */
export function encodeRowGroup(
  columns: readonly FileColumn[],
  vectors: readonly Vector[],
  rows: number,
  options: EncodeOptions,
): Uint8Array {
  const { compression, pageBytes } = options
  assert(rows > 0 && columns.length > 0, 'a row group has rows and columns')
  assert(vectors.length === columns.length, 'a row group has a vector per column')
  assert(compression in compressions, 'the compression is one of those supported')
  assert(Number.isSafeInteger(pageBytes) && pageBytes >= pageBytesMin, 'pages are not tiny')
  const dictionaryBytes = Math.min(pageBytes * 2, dictionaryPageBytesMax)
  if ((compression === 'snappy' || compression === 'uncompressed') && columns.every(canEncode)) {
    return encodeFile(columns, vectors, rows, {
      isCompressed: compression === 'snappy',
      pageBytes,
      dictionaryBytes,
    })
  }
  return encodeByWasm(columns, vectors, rows, options)
}

/** The same by parquet-wasm, whatever the columns and the compression. */
export function encodeByWasm(
  columns: readonly FileColumn[],
  vectors: readonly Vector[],
  rows: number,
  { compression, pageBytes }: EncodeOptions,
): Uint8Array {
  const schema = new ArrowSchema(columns.map(storedField))
  const batch = recordBatch(schema, rows, vectors)
  const ipc = RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true)
  return withParquetWasm((wasm) => {
    // Every setter consumes the builder and returns the next; `build` and `writeParquet` consume what they are
    // given.
    let builder = new wasm.WriterPropertiesBuilder()
      .setCompression(wasm.Compression[compressions[compression]])
      .setDataPageSizeLimit(pageBytes)
      .setDictionaryPageSizeLimit(Math.min(pageBytes * 2, dictionaryPageBytesMax))
      .setWriteBatchSize(writeBatchRows)
      .setMaxRowGroupSize(rows)
    for (const { name, encoding } of columns) {
      if (encoding === 'dictionary') continue
      builder = builder.setColumnDictionaryEnabled(name, false)
      if (encoding === 'delta') builder = builder.setColumnEncoding(name, wasm.Encoding.DELTA_BINARY_PACKED)
    }
    return wasm.writeParquet(wasm.Table.fromIPCStream(ipc), builder.build())
  })
}
