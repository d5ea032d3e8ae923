// What a Parquet file to import says of itself, held against the limits of the import and against what is possible, before
// the decoder allocates anything for it. Field numbers:
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift

import { parquetMagic } from '../sstable/parquet-footer.js'
import { decodeThrift, fieldOf, numberOf, structOf, structsOf, type ThriftStruct } from '../sstable/thrift.js'
import { asBuffer, equalBytes } from '../util/bytes.js'
import type { FileBytes } from './import-bytes.js'
import { checkLimit, type ImportLimits } from './import-limits.js'
import { invalidInput } from './import-task.js'
import { type ChunkPlace, claimedBytes } from './parquet-pages.js'

const fileMetaData = { schema: 2, rowGroups: 4 } as const
const schemaElement = { typeLength: 2, children: 5 } as const
const rowGroupFields = { columns: 1, rows: 3 } as const
const chunkFields = { metadata: 3 } as const
const chunkMetadata = {
  type: 1,
  path: 3,
  codec: 4,
  compressedBytes: 7,
  dataPage: 9,
  dictionaryPage: 11,
} as const

/** Length of the footer, magic. */
const tailBytes = 8

/** Bytes of one value in memory, by Parquet's physical type; of byte arrays their offset, of fixed ones what the schema says. */
const valueBytes = [1, 4, 8, 12, 4, 8, 4] as const
const byteArray = 6
const fixedLength = 7

let last: { readonly bytes: Uint8Array; readonly footer: ThriftStruct } | undefined

/** The footer, decoded. One is remembered, since each row group asks for it. Undefined: the decoder shall say what it thinks. */
function readFooter(file: FileBytes): ThriftStruct | undefined {
  const tail = file.read(file.size - tailBytes, file.size)
  if (!equalBytes(tail.subarray(4), parquetMagic)) return undefined
  const length = new DataView(tail.buffer).getUint32(0, true)
  if (length + tailBytes + parquetMagic.length > file.size)
    throw invalidInput(file.path, `its footer claims ${length} bytes, more than the file has`)
  const bytes = file.read(file.size - tailBytes - length, file.size - tailBytes)
  if (last === undefined || !equalBytes(last.bytes, bytes)) last = { bytes, footer: decodeThrift(bytes).value }
  return last.footer
}

/** Runs a look at the file's metadata; what cannot be understood is MARQUETRY_INVALID_INPUT. */
function understood<T>(file: FileBytes, look: () => T): T {
  try {
    return look()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw invalidInput(file.path, `its metadata cannot be read: ${error.message}`, { cause: error })
  }
}

/** Checks what the footer claims of the whole file. Throws MARQUETRY_LIMIT or MARQUETRY_INVALID_INPUT. */
export function checkFile(file: FileBytes, limits: ImportLimits): void {
  understood(file, () => {
    const footer = readFooter(file)
    if (footer === undefined) return
    const columns = leavesOf(footer).length
    checkLimit(file.path, limits, 'columns', columns, `it has ${columns} columns`)
    let rows = 0
    for (const [index, group] of structsOf(footer, fileMetaData.rowGroups).entries()) {
      const claimed = numberOf(group, rowGroupFields.rows) ?? 0
      if (claimed < 0) throw invalidInput(file.path, `row group ${index} claims to have ${claimed} rows`)
      const chunks = structsOf(group, rowGroupFields.columns).length
      if (chunks !== columns)
        throw invalidInput(file.path, `row group ${index} has ${chunks} columns instead of ${columns}`)
      rows += claimed
    }
    checkLimit(file.path, limits, 'rows', rows, `it has ${rows} rows`)
  })
}

/** Checks what the pages of a row group's columns claim. Throws MARQUETRY_LIMIT or MARQUETRY_INVALID_INPUT. */
export function checkRowGroup(
  file: FileBytes,
  limits: ImportLimits,
  rowGroup: number,
  columns: readonly string[],
): void {
  understood(file, () => {
    const footer = readFooter(file)
    const group = footer && structsOf(footer, fileMetaData.rowGroups)[rowGroup]
    if (footer === undefined || group === undefined) return
    const leaves = leavesOf(footer)
    const rows = numberOf(group, rowGroupFields.rows) ?? 0
    const claims = { pages: 0, bytes: 0 }
    for (const [index, chunk] of structsOf(group, rowGroupFields.columns).entries()) {
      const metadata = structOf(chunk, chunkFields.metadata)
      if (!columns.includes(topName(metadata))) continue
      const place = placeOf(metadata, leaves[index])
      const end = place.start + place.bytes
      if (!(place.start >= 0 && place.bytes >= 0 && end <= file.size))
        throw invalidInput(file.path, `row group ${rowGroup} claims to lie outside of the file`)
      claimedBytes(file, place, rows, limits, claims)
    }
  })
}

/** Columns as they are stored: elements of the schema without children. */
function leavesOf(footer: ThriftStruct): readonly ThriftStruct[] {
  return structsOf(footer, fileMetaData.schema).filter((element) => !numberOf(element, schemaElement.children))
}

function topName(metadata: ThriftStruct): string {
  const path = fieldOf(metadata, chunkMetadata.path)
  const first = typeof path === 'object' && 'items' in path ? path.items[0] : undefined
  return first instanceof Uint8Array ? asBuffer(first).toString('utf8') : ''
}

function placeOf(metadata: ThriftStruct, leaf: ThriftStruct | undefined): ChunkPlace {
  const type = numberOf(metadata, chunkMetadata.type) ?? byteArray
  const data = numberOf(metadata, chunkMetadata.dataPage) ?? 0
  const dictionary = numberOf(metadata, chunkMetadata.dictionaryPage) ?? 0
  return {
    start: dictionary > 0 ? Math.min(dictionary, data) : data,
    bytes: numberOf(metadata, chunkMetadata.compressedBytes) ?? 0,
    codec: numberOf(metadata, chunkMetadata.codec) ?? 0,
    isByteArray: type === byteArray,
    valueBytes:
      type === fixedLength
        ? Math.max(0, numberOf(leaf ?? { fields: [] }, schemaElement.typeLength) ?? 0)
        : (valueBytes[type] ?? 8),
  }
}
