// index.sparse made anew from data.parquet: where the pages lie says the file's own footer and offset indexes; the keys
// are read from the key columns. What was read is verified by block checksums, so it is what the writer wrote.

import { corruption } from '../errors.js'
import type { KeyBytes } from '../format/key-codec.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { Reading } from '../fs/reading.js'
import { equalBytes } from '../util/bytes.js'
import {
  chunkPages,
  codecOf,
  columnChunk,
  fileMetaData,
  parquetMagic,
  rowGroup,
  storedColumns,
} from './parquet-footer.js'
import { type ChunkPages, SparseIndexBuilder, type StoredColumn } from './sparse-index-builder.js'
import { decodeThrift, numberOf, structsOf, type ThriftStruct } from './thrift.js'
import type { VerifiedFile } from './verified-file.js'

/** What Parquet's metadata says of columns and pages. */
export interface FilePages {
  readonly columns: readonly StoredColumn[]
  readonly codec: number
  readonly groups: readonly { readonly rows: number; readonly chunks: readonly ChunkPages[] }[]
}

/** Bytes behind the footer: its length and the magic. */
const tailBytes = 8

/** Reads footer and offset indexes. Throws MARQUETRY_CORRUPTION. */
export function* readFilePages(file: VerifiedFile, { bytes, rows }: SSTableMeta): Reading<FilePages> {
  const tail = yield* file.read(bytes - tailBytes, bytes)
  const footerBytes = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true)
  const footerAt = bytes - tailBytes - footerBytes
  if (!equalBytes(tail.subarray(4), parquetMagic) || footerAt < parquetMagic.length) {
    throw corruption(file.path, bytes - tailBytes, 'no Parquet file ends here')
  }
  const footer = decodeThrift(yield* file.read(footerAt, footerAt + footerBytes)).value
  const groups = structsOf(footer, fileMetaData.rowGroups)
  const [first] = groups
  if (first === undefined || numberOf(footer, fileMetaData.rows) !== rows) {
    throw corruption(file.path, footerAt, `its footer does not tell of ${rows} rows`)
  }
  const places = groups.flatMap((group) => structsOf(group, rowGroup.columns).map(offsetIndexPlace))
  // They lie side by side: read in one piece.
  const from = Math.min(...places.map((place) => place.from))
  const indexes = yield* file.read(from, Math.max(...places.map((place) => place.to)))
  return {
    columns: storedColumns(footer),
    codec: codecOf(first),
    groups: groups.map((group) => ({
      rows: numberOf(group, rowGroup.rows) ?? 0,
      chunks: structsOf(group, rowGroup.columns).map((chunk) => {
        const place = offsetIndexPlace(chunk)
        return chunkPages(chunk, decodeThrift(indexes.subarray(place.from - from, place.to - from)).value, 0)
      }),
    })),
  }
}

function offsetIndexPlace(chunk: ThriftStruct): { readonly from: number; readonly to: number } {
  const from = numberOf(chunk, columnChunk.offsetIndexOffset) ?? 0
  return { from, to: from + (numberOf(chunk, columnChunk.offsetIndexLength) ?? 0) }
}

/** The body of index.sparse. `keys`: of every row that is a multiple of `interval`. */
export function indexBody(pages: FilePages, interval: number, keys: readonly KeyBytes[]): Uint8Array {
  const builder = new SparseIndexBuilder(interval, pages.columns, pages.codec)
  for (const key of keys) builder.addKey(key)
  for (const { rows, chunks } of pages.groups) builder.addRowGroup(rows, chunks)
  return builder.finish()
}
