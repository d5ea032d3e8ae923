// A Parquet file without rows. The encoder makes files of one row group; so one row is encoded, for its schema, and
// the file is made of that alone.

import { allocateValues, bytesVector, fixedVector, type Layout, type Vector } from '../format/vector.js'
import { decodeFooter, fileMetaData, parquetMagic } from '../sstable/parquet-footer.js'
import { encodeThrift, structList, thriftTypes, withField } from '../sstable/thrift.js'

/** One row of zeros, for columns of these layouts. */
export function oneRow(layouts: readonly Layout[]): readonly Vector[] {
  return layouts.map((layout) =>
    layout === 'bytes'
      ? bytesVector(new Uint8Array(0), new Int32Array(2))
      : fixedVector(layout, allocateValues(layout, 1)),
  )
}

/** A file of no row groups with the schema of `part`. */
export function emptyFile(part: Uint8Array, createdBy: string): Uint8Array {
  const { i64, list, binary } = thriftTypes
  let footer = withField(decodeFooter(part), fileMetaData.rows, i64, 0)
  footer = withField(footer, fileMetaData.rowGroups, list, structList([]))
  footer = withField(footer, fileMetaData.keyValues, list, undefined)
  footer = withField(footer, fileMetaData.createdBy, binary, new TextEncoder().encode(createdBy))
  const encoded = encodeThrift(footer)
  const file = new Uint8Array(encoded.length + 12)
  file.set(parquetMagic)
  file.set(encoded, 4)
  new DataView(file.buffer).setUint32(encoded.length + 4, encoded.length, true)
  file.set(parquetMagic, encoded.length + 8)
  return file
}
