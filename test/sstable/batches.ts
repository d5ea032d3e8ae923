// Batches from plain rows, for tests.

import type { Batch } from '#src/format/batch.js'
import { encodeKey } from '#src/format/key-codec.js'
import type { Schema, SchemaColumn } from '#src/format/schema.js'
import type { Vector } from '#src/format/vector.js'
import { ByteSink } from '#src/util/byte-sink.js'
import { compareBytes } from '#src/util/bytes.js'

/** Values by column name, with the version's sequence number and whether it is a tombstone. */
export interface Version {
  readonly row: Readonly<Record<string, unknown>>
  readonly seq: number
  readonly deleted?: boolean
}

/** One column of many values; null and undefined are null. */
export function vectorOf(column: SchemaColumn, values: readonly unknown[]): Vector {
  const sink = new ByteSink(1024)
  const starts = new Uint32Array(values.length)
  const ends = new Uint32Array(values.length)
  const valid = new Uint8Array(values.length)
  values.forEach((value, row) => {
    const at = sink.reserve(column.codec.rowBytes)
    starts[row] = at
    if (value !== null && value !== undefined) {
      if (!column.codec.writeRow(sink, at, value)) throw new TypeError(`${column.name}: ${String(value)}`)
      sink.length += column.codec.rowBytes
      valid[row] = 1
    }
    ends[row] = sink.length
  })
  return column.codec.fromRows(sink.bytes, starts, ends, valid.includes(0) ? valid : undefined)
}

function keyOf(schema: Schema, row: Version['row']): Uint8Array {
  const parts = schema.key.map((index) => row[schema.columns[index]!.name])
  return encodeKey(schema, parts.length === 1 ? parts[0] : parts)
}

/** Versions in the order of SSTables: key ascending, newest first. */
export function sortVersions(schema: Schema, versions: readonly Version[]): Version[] {
  return versions
    .map((version) => ({ version, key: keyOf(schema, version.row) }))
    .sort((a, b) => compareBytes(a.key, b.key) || b.version.seq - a.version.seq)
    .map(({ version }) => version)
}

/** All columns of these versions, in the given order. */
export function batchOf(schema: Schema, versions: readonly Version[]): Batch {
  const deleted = versions.some((version) => version.deleted)
    ? Uint8Array.from(versions, (version) => Number(version.deleted ?? false))
    : undefined
  return {
    rows: versions.length,
    columns: schema.columns.map((column) =>
      vectorOf(
        column,
        versions.map(({ row }) => row[column.name]),
      ),
    ),
    seq: Float64Array.from(versions, ({ seq }) => seq),
    deleted,
  }
}
