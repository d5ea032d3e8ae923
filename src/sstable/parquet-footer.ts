// Parquet's metadata as Thrift trees: the numbers of its fields, and what it takes to move a column chunk to
// another place. Field numbers: https://github.com/apache/parquet-format (src/main/thrift/parquet.thrift).

import { assert } from '../util/assert.js'
import { equalBytes } from '../util/bytes.js'
import type { ChunkPages, StoredColumn } from './sparse-index-builder.js'
import {
  decodeThrift,
  encodeThrift,
  fieldOf,
  numberOf,
  structList,
  structOf,
  structsOf,
  type ThriftList,
  type ThriftStruct,
  thriftStruct,
  thriftTypes,
  withField,
} from './thrift.js'

const { i32, i64, list, struct } = thriftTypes

/** What Parquet files begin and end with: "PAR1". */
export const parquetMagic = new Uint8Array([0x50, 0x41, 0x52, 0x31])

/** Fields of Parquet's structs, by their numbers. */
export const fileMetaData = {
  schema: 2,
  rows: 3,
  rowGroups: 4,
  keyValues: 5,
  createdBy: 6,
  columnOrders: 7,
} as const
export const schemaElement = { type: 1, typeLength: 2, repetition: 3, children: 5, fieldId: 9 } as const
export const rowGroup = {
  columns: 1,
  bytes: 2,
  rows: 3,
  sorting: 4,
  fileOffset: 5,
  compressedBytes: 6,
  ordinal: 7,
} as const
export const columnChunk = {
  fileOffset: 2,
  metadata: 3,
  offsetIndexOffset: 4,
  offsetIndexLength: 5,
  columnIndexOffset: 6,
  columnIndexLength: 7,
} as const
export const chunkMetadata = {
  codec: 4,
  bytes: 6,
  compressedBytes: 7,
  dataPage: 9,
  indexPage: 10,
  dictionaryPage: 11,
  bloomFilter: 14,
  bloomFilterLength: 15,
  statistics: 12,
} as const
export const pageLocation = { offset: 1, bytes: 2, firstRow: 3 } as const

/** `repetition` of a column that may be null. */
const optional = 1

/** A column by which a file is sorted, as its footer says it: nulls last. */
export interface SortingColumn {
  /** Index among the file's columns. */
  readonly column: number
  readonly descending: boolean
}

/** Encoded page indexes of a column chunk. */
export interface PageIndexes {
  readonly column: Uint8Array | undefined
  readonly offset: Uint8Array
}

/** The footer of a Parquet file in memory, decoded; its last bytes do, if the footer is among them. */
export function decodeFooter(file: Uint8Array): ThriftStruct {
  const end = file.length - 8
  assert(end > 4 && equalBytes(file.subarray(end + 4), parquetMagic), 'a part ends as Parquet files do')
  const length = new DataView(file.buffer, file.byteOffset, file.byteLength).getUint32(end, true)
  return decodeThrift(file.subarray(end - length, end)).value
}

/** A footer as if its file had only these columns of a flat schema. */
export function projectFooter(footer: ThriftStruct, columns: readonly number[]): ThriftStruct {
  const [root, ...elements] = structsOf(footer, fileMetaData.schema)
  assert(root !== undefined, 'a schema has a root')
  const schema = [
    withField(root, schemaElement.children, i32, columns.length),
    ...columns.map((column) => elements[column]!),
  ]
  const groups = structsOf(footer, fileMetaData.rowGroups).map((group) => {
    const all = structsOf(group, rowGroup.columns)
    const chunks = columns.map((column) => all[column]!)
    const metadata = chunks.map((chunk) => structOf(chunk, columnChunk.metadata))
    const sum = (field: number) => metadata.reduce((total, chunk) => total + (numberOf(chunk, field) ?? 0), 0)
    let projected = withField(group, rowGroup.columns, list, structList(chunks))
    projected = withField(projected, rowGroup.bytes, i64, sum(chunkMetadata.bytes))
    projected = withField(projected, rowGroup.compressedBytes, i64, sum(chunkMetadata.compressedBytes))
    return withField(projected, rowGroup.fileOffset, i64, Math.min(...metadata.map(chunkStart)))
  })
  const orders = structsOf(footer, fileMetaData.columnOrders)
  const ordered = orders.length === 0 ? undefined : structList(columns.map((column) => orders[column]!))
  let projected = withField(footer, fileMetaData.schema, list, structList(schema))
  projected = withField(projected, fileMetaData.columnOrders, list, ordered)
  return withField(projected, fileMetaData.rowGroups, list, structList(groups))
}

/** Where the bytes of a column chunk begin: its pages, dictionary first. */
function chunkStart(metadata: ThriftStruct): number {
  const dataPage = numberOf(metadata, chunkMetadata.dataPage) ?? 0
  return numberOf(metadata, chunkMetadata.dictionaryPage) ?? dataPage
}

/** Where its pages end. */
function chunkEnd(metadata: ThriftStruct): number {
  return chunkStart(metadata) + (numberOf(metadata, chunkMetadata.compressedBytes) ?? 0)
}

/** Adds to a position where the struct has one. 0 stands for "none" in some fields. */
function shifted(from: ThriftStruct, id: number, by: number): ThriftStruct {
  const at = numberOf(from, id)
  return at === undefined || at === 0 ? from : withField(from, id, i64, at + by)
}

/** Says of a column chunk where its Bloom filter lies, or that it has none. */
export function withBloomFilter(
  metadata: ThriftStruct,
  place: { readonly at: number; readonly length: number } | undefined,
): ThriftStruct {
  const { bloomFilter, bloomFilterLength } = chunkMetadata
  return withField(withField(metadata, bloomFilter, i64, place?.at), bloomFilterLength, i32, place?.length)
}

function shiftChunk(chunk: ThriftStruct, by: number): ThriftStruct {
  let metadata = structOf(chunk, columnChunk.metadata)
  for (const id of [chunkMetadata.dataPage, chunkMetadata.indexPage, chunkMetadata.dictionaryPage]) {
    metadata = shifted(metadata, id, by)
  }
  metadata = withBloomFilter(metadata, undefined)
  return withField(shifted(chunk, columnChunk.fileOffset, by), columnChunk.metadata, struct, metadata)
}

/** Bytes `from` to `to` of a file. */
export type FileSlice = (from: number, to: number) => Uint8Array

function indexBytes(
  part: FileSlice,
  chunk: ThriftStruct,
  offset: number,
  length: number,
): Uint8Array | undefined {
  const at = numberOf(chunk, offset)
  if (at === undefined) return undefined
  return part(at, at + (numberOf(chunk, length) ?? 0)).slice() // a copy: it outlives the part
}

/** Where the pages of a column chunk lie, by its offset index, their positions shifted. */
export function chunkPages(chunk: ThriftStruct, offsetIndex: ThriftStruct, by: number): ChunkPages {
  const locations = structsOf(offsetIndex, 1)
  const offsets = locations.map((page) => (numberOf(page, pageLocation.offset) ?? 0) + by)
  const dictionary = numberOf(structOf(chunk, columnChunk.metadata), chunkMetadata.dictionaryPage)
  return {
    dictionaryOffset: dictionary === undefined ? 0 : dictionary + by,
    dictionaryBytes: dictionary === undefined ? 0 : (offsets[0] ?? 0) - by - dictionary,
    offsets,
    bytes: locations.map((page) => numberOf(page, pageLocation.bytes) ?? 0),
    firstRows: locations.map((page) => numberOf(page, pageLocation.firstRow) ?? 0),
  }
}

/** The column chunk's pages, their positions shifted, as both the page index and the sparse index want them. */
function shiftPages(
  part: FileSlice,
  chunk: ThriftStruct,
  by: number,
): { readonly pages: ChunkPages; readonly indexes: PageIndexes } {
  const { offsetIndexOffset, offsetIndexLength, columnIndexOffset, columnIndexLength } = columnChunk
  const bytes = indexBytes(part, chunk, offsetIndexOffset, offsetIndexLength)
  assert(bytes !== undefined, 'a part has an offset index per column')
  const index = decodeThrift(bytes).value
  const pages = chunkPages(chunk, index, by)
  const moved = structsOf(index, 1).map((page, i) =>
    withField(page, pageLocation.offset, i64, pages.offsets[i]!),
  )
  return {
    pages,
    indexes: {
      column: indexBytes(part, chunk, columnIndexOffset, columnIndexLength),
      offset: encodeThrift(withField(index, 1, list, structList(moved))),
    },
  }
}

/** A row group copied to another place of another file. */
export interface MovedRowGroup {
  readonly metadata: ThriftStruct
  /** Per column. */
  readonly pages: readonly ChunkPages[]
  readonly indexes: readonly PageIndexes[]
  /** The bytes to be copied: all pages of the row group. */
  readonly bytes: Uint8Array
  readonly rows: number
}

/**
 * What becomes of a row group when its pages are copied to the position `to` of another file. `file` is asked for those and for
 * the page indexes. Its Bloom filters stay behind.
 */
export function moveRowGroup(file: FileSlice, group: ThriftStruct, to: number): MovedRowGroup {
  const chunks = structsOf(group, rowGroup.columns)
  const metadata = chunks.map((chunk) => structOf(chunk, columnChunk.metadata))
  const start = Math.min(...metadata.map(chunkStart))
  const end = Math.max(...metadata.map(chunkEnd))
  const by = to - start
  const moved = structList(chunks.map((chunk) => shiftChunk(chunk, by)))
  const shiftedPages = chunks.map((chunk) => shiftPages(file, chunk, by))
  return {
    metadata: shifted(withField(group, rowGroup.columns, list, moved), rowGroup.fileOffset, by),
    pages: shiftedPages.map(({ pages }) => pages),
    indexes: shiftedPages.map(({ indexes }) => indexes),
    bytes: file(start, end),
    rows: numberOf(group, rowGroup.rows) ?? 0,
  }
}

/** The columns of a flat schema as its footer describes them. */
export function storedColumns(footer: ThriftStruct): readonly StoredColumn[] {
  const [, ...elements] = structsOf(footer, fileMetaData.schema) // the first is the root
  return elements.map((element) => {
    assert(fieldOf(element, schemaElement.children) === undefined, 'columns are not nested')
    return {
      fieldId: numberOf(element, schemaElement.fieldId) ?? -1,
      physicalType: numberOf(element, schemaElement.type) ?? -1,
      optional: numberOf(element, schemaElement.repetition) === optional,
      typeLength: numberOf(element, schemaElement.typeLength) ?? 0,
    }
  })
}

/** The program that wrote a file, as its footer says it. */
export function createdBy(footer: ThriftStruct): string {
  const text = fieldOf(footer, fileMetaData.createdBy)
  return text instanceof Uint8Array ? new TextDecoder().decode(text) : ''
}

/** The compression of a row group, that of its first column. */
export function codecOf(group: ThriftStruct): number {
  const [chunk] = structsOf(group, rowGroup.columns)
  assert(chunk !== undefined, 'a row group has columns')
  return numberOf(structOf(chunk, columnChunk.metadata), chunkMetadata.codec) ?? 0
}

/** The value of a row group's field `sorting`. */
export function sortingList(sorting: readonly SortingColumn[]): ThriftList {
  return structList(
    sorting.map(({ column, descending }) =>
      thriftStruct(
        [1, i32, column],
        [2, descending ? thriftTypes.true : thriftTypes.false, descending],
        [3, thriftTypes.false, false],
      ),
    ),
  )
}
