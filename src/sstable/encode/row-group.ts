// A Parquet file of one row group, encoded here: what `encode-row-group.ts` makes of most tables.
//
//   "PAR1"  column chunks  column indexes  offset indexes  footer  length  "PAR1"
//
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift

import type { Vector } from '../../format/vector.js'
import { ByteSink } from '../../util/byte-sink.js'
import { encodings } from '../decode/values.js'
import { parquetMagic } from '../parquet-footer.js'
import type { FileColumn } from '../stored-columns.js'
import {
  encodeThrift,
  structList,
  type ThriftStruct,
  type ThriftValue,
  thriftStruct,
  thriftTypes,
} from '../thrift.js'
import { appendColumnChunk, type Bounds, type ChunkOptions, type ColumnChunk } from './column-chunk.js'
import { pageTypes } from './page-writer.js'
import { physicalTypeOf } from './physical.js'
import { schemaElements } from './schema-elements.js'

const { i16, i32, i64, binary, list, struct } = thriftTypes
const encoder = new TextEncoder()
const snappyCodec = 1

/** Memory for the file that is kept for the next one. */
const keptBytes = 8 << 20
let kept = new ByteSink(1 << 20)

/** Whether a column of this kind and encoding is encoded here. */
export function canEncode({ type, encoding, nullable }: FileColumn): boolean {
  return physicalTypeOf[type.kind] !== undefined && !(encoding === 'delta' && nullable)
}

/** The file. Requires: at least a row and a column; `canEncode` of each; `vectors[i]`, in the layout of its type, is `columns[i]`. */
export function encodeFile(
  columns: readonly FileColumn[],
  vectors: readonly Vector[],
  rows: number,
  options: ChunkOptions,
): Uint8Array {
  const file = kept
  file.length = 0
  file.append(parquetMagic)
  const chunks = columns.map((column, i) => appendColumnChunk(file, column, vectors[i]!, options))
  const places = appendIndexes(file, chunks)
  const groups = structList([rowGroupStruct(chunks, places, rows, options.isCompressed)])
  const orders = structList(columns.map(() => thriftStruct([1, struct, thriftStruct()]))) // as their types say
  const footer = encodeThrift(
    thriftStruct(
      [1, i32, 1],
      [2, list, structList(schemaElements(columns))],
      [3, i64, rows],
      [4, list, groups],
      [7, list, orders],
    ),
  )
  file.append(footer)
  file.view.setUint32(file.reserve(8), footer.length, true)
  file.length += 4
  file.append(parquetMagic)
  const bytes = file.copy()
  if (file.bytes.length > keptBytes) kept = new ByteSink(1 << 20)
  return bytes
}

interface IndexPlace {
  readonly columnAt: number | undefined
  readonly columnBytes: number | undefined
  readonly offsetAt: number
  readonly offsetBytes: number
}

/** Appends the page indexes: first those of all columns' values, then those of all pages' places. */
function appendIndexes(file: ByteSink, chunks: readonly ColumnChunk[]): readonly IndexPlace[] {
  const append = (index: ThriftStruct) => {
    const bytes = encodeThrift(index)
    file.append(bytes)
    return { at: file.length - bytes.length, bytes: bytes.length }
  }
  const columns = chunks.map((chunk) => {
    const index = columnIndex(chunk)
    return index && append(index)
  })
  return chunks.map((chunk, i) => {
    const offset = append(offsetIndex(chunk))
    return {
      columnAt: columns[i]?.at,
      columnBytes: columns[i]?.bytes,
      offsetAt: offset.at,
      offsetBytes: offset.bytes,
    }
  })
}

/** Undefined where a page has values but no bounds: then nothing can be said of any. */
function columnIndex({ pages, rows, boundaryOrder }: ColumnChunk): ThriftStruct | undefined {
  const isNull = pages.map(({ nulls, firstRow }, i) => nulls === (pages[i + 1]?.firstRow ?? rows) - firstRow)
  if (pages.some(({ bounds }, i) => bounds === undefined && !isNull[i])) return undefined
  const sideOf = (side: keyof Bounds): ThriftValue => ({
    elementType: binary,
    items: pages.map(({ bounds }) => bounds?.[side].bytes ?? new Uint8Array(0)),
  })
  return thriftStruct(
    [1, list, { elementType: thriftTypes.false, items: isNull }],
    [2, list, sideOf('least')],
    [3, list, sideOf('greatest')],
    [4, i32, boundaryOrder],
    [5, list, { elementType: i64, items: pages.map(({ nulls }) => nulls) }],
  )
}

function offsetIndex({ pages }: ColumnChunk): ThriftStruct {
  const places = pages.map(({ offset, bytes, firstRow }) =>
    thriftStruct([1, i64, offset], [2, i32, bytes], [3, i64, firstRow]),
  )
  return thriftStruct([1, list, structList(places)])
}

function rowGroupStruct(
  chunks: readonly ColumnChunk[],
  places: readonly IndexPlace[],
  rows: number,
  isCompressed: boolean,
): ThriftStruct {
  const described = chunks.map((chunk, i) => {
    const { columnAt, columnBytes, offsetAt, offsetBytes } = places[i]!
    return thriftStruct(
      [2, i64, 0],
      [3, struct, chunkStruct(chunk, isCompressed)],
      [4, i64, offsetAt],
      [5, i32, offsetBytes],
      [6, i64, columnAt],
      [7, i32, columnBytes],
    )
  })
  const sum = (bytesOf: (chunk: ColumnChunk) => number) =>
    chunks.reduce((total, chunk) => total + bytesOf(chunk), 0)
  return thriftStruct(
    [1, list, structList(described)],
    [2, i64, sum((chunk) => chunk.uncompressedBytes)],
    [3, i64, rows],
    [5, i64, parquetMagic.length],
    [6, i64, sum((chunk) => chunk.bytes)],
    [7, i16, 0],
  )
}

/** ColumnMetaData. */
function chunkStruct(chunk: ColumnChunk, isCompressed: boolean): ThriftStruct {
  const { column, hasDictionary, encoding, pages } = chunk
  const used = new Set([encodings.rle, encoding, ...(hasDictionary ? [encodings.plain] : [])])
  const counted = (type: number, of: number, count: number) =>
    thriftStruct([1, i32, type], [2, i32, of], [3, i32, count])
  const counts = hasDictionary ? [counted(pageTypes.dictionary, encodings.plain, 1)] : []
  counts.push(counted(pageTypes.data, encoding, pages.length))
  return thriftStruct(
    [1, i32, physicalTypeOf[column.type.kind]],
    [2, list, { elementType: i32, items: [...used].sort((a, b) => a - b) }],
    [3, list, { elementType: binary, items: [encoder.encode(column.name)] }],
    [4, i32, isCompressed ? snappyCodec : 0],
    [5, i64, chunk.rows],
    [6, i64, chunk.uncompressedBytes],
    [7, i64, chunk.bytes],
    [9, i64, pages[0]!.offset],
    [11, i64, hasDictionary ? chunk.offset : undefined],
    [12, struct, statisticsStruct(chunk)],
    [13, list, structList(counts)],
  )
}

/** Statistics, without the two oldest fields, of which it was never said in which order they are bounds. */
function statisticsStruct({ nulls, bounds }: ColumnChunk): ThriftStruct {
  return thriftStruct(
    [3, i64, nulls],
    [5, binary, bounds?.greatest.bytes],
    [6, binary, bounds?.least.bytes],
    [7, bounds?.greatest.isExact ? thriftTypes.true : thriftTypes.false, bounds?.greatest.isExact],
    [8, bounds?.least.isExact ? thriftTypes.true : thriftTypes.false, bounds?.least.isExact],
  )
}
