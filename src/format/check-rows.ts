// The entries of a log that is opened, held against its schema. Checksums say that the bytes are those that were
// written, not that whoever wrote them was right: a foreign program, a bug, an adversary. Checked once, where bytes of
// a file become a memtable, so that the decoders, which run for every read and every flush, need not.
//
// 1. A key decodes within its length, and fills it.
// 2. A row has its fixed area, and its variable values follow each other and fill the rest. A delete has no row.

import { corruption } from '../errors.js'
import { entryEndAt, entryHeadBytes, entryKinds, keyLengthAt, kindAt, rowLengthAt } from './entry.js'
import { firstEntry, type LogContents, recordEnd } from './log-record.js'
import { RowCodec } from './row-codec.js'
import type { Schema } from './schema.js'

/**
 * Checks all entries of a log that `readLog` has found whole. Throws MARQUETRY_CORRUPTION with the position of an entry
 * that is none of this schema.
 */
export function checkRows(path: string, bytes: Uint8Array, contents: LogContents, schema: Schema): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const rows = new RowCodec(schema)
  // Fixed widths are those of the row's face; 0: variable.
  const widths = schema.key.map((index) => schema.columns[index]!.codec.rowBytes)
  for (const record of contents.records) {
    const end = recordEnd(view, record)
    for (let entry = firstEntry(view, record); entry < end; entry = entryEndAt(bytes, entry)) {
      const key = entry + entryHeadBytes
      const row = key + keyLengthAt(bytes, entry)
      if (keyEnd(bytes, key, row, widths) !== row) {
        throw corruption(path, entry, "an entry's key is none of this table")
      }
      const length = rowLengthAt(bytes, entry)
      const fits = kindAt(bytes, entry) === entryKinds.put ? rows.fits(bytes, row, row + length) : length === 0
      if (!fits) throw corruption(path, entry, "an entry's row is none of this table")
    }
  }
}

/** Where the key that begins at `at` ends by its columns; −1: not before `limit`. */
function keyEnd(bytes: Uint8Array, at: number, limit: number, widths: readonly number[]): number {
  let end = at
  for (let i = 0; i < widths.length; i++) {
    if (widths[i]! > 0) end += widths[i]!
    else {
      // A value's zero is followed by 0xFF, its end by a second zero: see codecs/bytes.ts.
      for (;;) {
        while (end < limit && bytes[end] !== 0) end++
        if (end + 2 > limit) return -1
        end += 2
        if (bytes[end - 1] === 0) break
        if (bytes[end - 1] !== 0xff) return -1
      }
    }
    if (end > limit) return -1
  }
  return end
}
