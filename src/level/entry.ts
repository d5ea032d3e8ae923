// An entry of Level as a row of a table: a binary key, a binary value. Level hands over strings as well as bytes, and says
// for each read in which of the two it wants the answer.

import type { Projection } from '../format/batch.js'
import { textAt } from '../format/codecs/bytes.js'
import { t } from '../format/column.js'
import { newShapeId } from '../format/kept-rows.js'
import type { RowShape } from '../format/row-builder.js'
import { copyBytes, type Vector } from '../format/vector.js'

/** Keys and values as Level's encodings hand them to a database. */
export type Data = string | Uint8Array

/** Level's formats. */
export type Format = 'utf8' | 'buffer' | 'view'

/** Name of the table that holds a database's entries. */
export const entriesTable = 'entries'

/** Schema of that table. Unsigned byte order of binary keys is the order of LevelDB's comparator. */
export const entrySchema = { columns: { key: t.binary(), value: t.binary() }, key: ['key'] } as const

/** The table's columns, as projections. */
export const columns = { none: [], key: [0], value: [1], both: [0, 1] } as const satisfies {
  readonly [name: string]: Projection
}

/** The bytes of a key or a value. Requires: what is not a string is bytes, as Level's encodings promise. */
export function bytesOf(data: Data): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data
}

/** As `bytesOf`, in memory that the caller does not share. */
export function copyOf(data: Data): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : Uint8Array.prototype.slice.call(data) // a Buffer's own is a view
}

/** What a value that is kept takes besides its bytes: Buffers take more than strings. */
const keptHeadBytes = 128

/** A value that was looked up. */
export interface FoundValue {
  value: Data | undefined
}

/** What lookups make of an entry: its value in a format, or, without one, only that it is there. */
export function valueShape(format?: Format): RowShape<FoundValue> {
  const read = format && readerOf(format)
  return {
    projection: read === undefined ? columns.none : columns.value,
    kept: read && {
      id: newShapeId(),
      copy: ({ value }) => ({ value: typeof value === 'string' ? value : value && Buffer.from(value) }),
      bytes: ({ value }) => keptHeadBytes + (value?.length ?? 0),
    },
    empty: () => ({ value: undefined }),
    set(found, _c, vector, i) {
      found.value = read?.(vector, i)
    },
  }
}

/** How rows of a bytes column are handed out in a format: as strings, or as Buffers of their own. */
export function readerOf(format: Format): (vector: Vector, row: number) => Data {
  return format === 'utf8' ? textAt : bufferAt
}

function bufferAt(vector: Vector, row: number): Buffer {
  const from = vector.offsets![row]!
  const length = vector.offsets![row + 1]! - from
  const buffer = Buffer.allocUnsafe(length)
  copyBytes(vector.values as Uint8Array, from, buffer, 0, length)
  return buffer
}
