// Entries to columns: how the rows of a memtable or a log become batches.

import type { Batch, Projection } from './batch.js'
import { entryHeadBytes, entryKinds, kindAt, rowStartAt, seqOffsetAt } from './entry.js'
import { decodeKeys } from './key-codec.js'
import type { RowCodec } from './row-codec.js'
import type { Schema } from './schema.js'
import { nullVector } from './vector.js'

/**
 * The entries at `entries`, in that order, as a batch of the projected columns. `bytes` is the log or the arena,
 * `baseSeq` what their sequence offsets count from. `reader` is the schema that the projection is of: columns that it
 * has beyond those of the entries were added later, and are null.
 */
export function entriesToBatch(
  codec: RowCodec,
  bytes: Uint8Array,
  entries: Uint32Array,
  baseSeq: number,
  projection: Projection,
  reader: Schema = codec.schema,
): Batch {
  const { schema } = codec
  const rows = entries.length
  const seq = new Float64Array(rows)
  const starts = new Uint32Array(rows)
  const keyPositions = new Uint32Array(rows)
  let present: Uint8Array | undefined
  for (let row = 0; row < rows; row++) {
    const entry = entries[row]!
    seq[row] = baseSeq + seqOffsetAt(bytes, entry)
    starts[row] = rowStartAt(bytes, entry)
    keyPositions[row] = entry + entryHeadBytes
    if (kindAt(bytes, entry) === entryKinds.delete) {
      present ??= new Uint8Array(rows).fill(1)
      present[row] = 0
    }
  }
  const needsKey = projection.some((index) => schema.key.includes(index))
  const keys = needsKey ? decodeKeys(schema, bytes, keyPositions) : []
  const columns = projection.map((index) => {
    if (index >= schema.columns.length) return nullVector(reader.columns[index]!.codec.layout, rows)
    const position = schema.key.indexOf(index)
    return position >= 0 ? keys[position]! : codec.column(index, bytes, starts, present)
  })
  return { rows, columns, seq, deleted: present === undefined ? undefined : invert(present) }
}

function invert(flags: Uint8Array): Uint8Array {
  const inverted = new Uint8Array(flags.length)
  for (let i = 0; i < flags.length; i++) inverted[i] = 1 - flags[i]!
  return inverted
}
