// What a Parquet file says of itself: footer and page index, no data. The footer's layout:
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift

import {
  type ColumnChunk,
  type FileMetaData,
  parquetMetadataAsync,
  type RowGroup,
  type SchemaElement,
} from 'hyparquet'
import { isMarquetryError, MarquetryError } from '../../errors.js'
import type { FileHandle, FileSystem } from '../../fs/file-system.js'
import { decodeThrift, structsOf } from '../../sstable/thrift.js'
import type { ChunkFacts, ParquetFacts, RowGroupFacts } from './facts.js'

/** Reads a file's facts. Throws MARQUETRY_INVALID_INPUT for what is no Parquet file. */
export async function readParquetFacts(fs: FileSystem, path: string): Promise<ParquetFacts> {
  const file = await fs.open(path, 'read')
  try {
    const bytes = await file.size()
    const metadata = await readMetadata(file, path, bytes)
    const leaves = metadata.schema.filter(({ num_children }) => num_children === undefined)
    const rowGroups: RowGroupFacts[] = []
    for (const group of metadata.row_groups) rowGroups.push(await rowGroupFacts(file, group, leaves))
    return {
      path,
      bytes,
      rows: Number(metadata.num_rows),
      createdBy: metadata.created_by,
      columns: leaves.map((leaf) => ({
        name: leaf.name,
        type: typeOf(leaf),
        nullable: leaf.repetition_type !== 'REQUIRED',
      })),
      rowGroups,
    }
  } finally {
    await file.close()
  }
}

async function readRange(file: FileHandle, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(to - from)
  return bytes.subarray(0, await file.read(bytes, from))
}

async function readMetadata(file: FileHandle, path: string, bytes: number): Promise<FileMetaData> {
  const slice = async (from: number, to: number = bytes) => (await readRange(file, from, to)).slice().buffer
  try {
    return await parquetMetadataAsync({ byteLength: bytes, slice }, { initialFetchSize: 64 * 1024 })
  } catch (cause) {
    if (isMarquetryError(cause)) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MarquetryError('MARQUETRY_INVALID_INPUT', `${path} is no Parquet file: ${why}`, {
      file: path,
      cause,
    })
  }
}

async function rowGroupFacts(
  file: FileHandle,
  group: RowGroup,
  leaves: readonly SchemaElement[],
): Promise<RowGroupFacts> {
  const chunks: ChunkFacts[] = []
  for (const chunk of group.columns) chunks.push(await chunkFacts(file, chunk))
  return {
    rows: Number(group.num_rows),
    bytes: chunks.reduce((sum, chunk) => sum + chunk.bytes, 0),
    sortedBy: (group.sorting_columns ?? []).map(({ column_idx }) => leaves[column_idx]?.name ?? '?'),
    chunks,
  }
}

async function chunkFacts(file: FileHandle, chunk: ColumnChunk): Promise<ChunkFacts> {
  const { meta_data: data } = chunk
  if (data === undefined)
    throw new MarquetryError('MARQUETRY_INVALID_INPUT', `${file.path}: a column chunk without metadata`)
  const { statistics } = data
  const dictionary = Number(data.dictionary_page_offset ?? 0)
  return {
    column: data.path_in_schema.join('.'),
    codec: data.codec,
    encodings: data.encodings,
    bytes: Number(data.total_compressed_size),
    rawBytes: Number(data.total_uncompressed_size),
    pages: await pagesOf(file, chunk),
    dictionaryBytes: dictionary === 0 ? 0 : Number(data.data_page_offset) - dictionary,
    bloomFilterBytes: data.bloom_filter_length ?? 0,
    min: wordOf(statistics?.min_value ?? statistics?.min),
    max: wordOf(statistics?.max_value ?? statistics?.max),
    nulls: statistics?.null_count === undefined ? undefined : Number(statistics.null_count),
  }
}

async function pagesOf(file: FileHandle, chunk: ColumnChunk): Promise<number | undefined> {
  const { offset_index_offset: offset, offset_index_length: length } = chunk
  if (offset === undefined || length === undefined) return undefined
  const index = await readRange(file, Number(offset), Number(offset) + length)
  return structsOf(decodeThrift(index).value, 1).length
}

/** As much of a bound as one wants to read. */
const wordCharactersMax = 40

function wordOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  const word =
    value instanceof Date
      ? value.toISOString()
      : value instanceof Uint8Array
        ? `x'${Buffer.from(value).toString('hex')}'`
        : String(value)
  return word.length > wordCharactersMax ? `${word.slice(0, wordCharactersMax - 1)}…` : word
}

function typeOf({ type, logical_type, converted_type, type_length }: SchemaElement): string {
  const physical = type === 'FIXED_LEN_BYTE_ARRAY' ? `${type}(${type_length})` : String(type)
  const logical = logical_type?.type ?? converted_type
  return logical === undefined ? physical : `${physical} ${logical}`
}
