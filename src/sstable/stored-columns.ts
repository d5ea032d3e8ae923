// Columns as files store them: native types, but signed physical types only, so that every reader of Parquet
// takes them. A uint8 is stored as int16, a uint16 as int32, a uint32 as int64; the schema says what they
// really are.

import { Field } from 'apache-arrow'
import { arrowType } from '../format/arrow.js'
import { type Batch, isNoSeq } from '../format/batch.js'
import { halvesOf } from '../format/codecs/int64.js'
import type { ColumnType, Kind } from '../format/column.js'
import type { Schema } from '../format/schema.js'
import { fixedVector, type Vector } from '../format/vector.js'
import { assert } from '../util/assert.js'

/** Field ids of `_seq` and `_deleted`: far above those of user columns, and the same in every table. */
export const seqFieldId = 2_147_483_000
export const deletedFieldId = 2_147_483_001

/**
 * How a column's pages are encoded. `delta` is for integers, dates and timestamps only. `dictionary` falls back
 * to plain values where the dictionary grows too large.
 */
export type ColumnEncoding = 'delta' | 'dictionary' | 'plain'

/** A column of a Parquet file to be written. */
export interface FileColumn {
  readonly name: string
  /** Undefined: none in the file. */
  readonly fieldId: number | undefined
  readonly type: ColumnType
  readonly nullable: boolean
  readonly encoding: ColumnEncoding
  /** Its values ascend from row to row. Default: who knows. */
  readonly isAscending?: boolean
}

/** What the footer of a file says about who wrote it. */
export function creator(engineVersion: string): string {
  return `marquetry version ${engineVersion}`
}

const widened: Partial<Record<Kind, Kind>> = { uint8: 'int16', uint16: 'int32', uint32: 'int64' }

/** Neighbouring values of sorted columns of these kinds differ by little. */
const deltaKinds: ReadonlySet<Kind> = new Set<Kind>(['int8', 'int16', 'int32', 'int64', 'date', 'timestamp'])

/** The type that a file stores a column as. */
export function storedType(type: ColumnType): ColumnType {
  const kind = widened[type.kind]
  return kind === undefined ? type : { kind }
}

/** The values of a key's only column hardly repeat: a dictionary would only be one more page to read. */
function keyEncoding(kind: Kind, keyColumns: number): ColumnEncoding {
  if (deltaKinds.has(kind)) return 'delta'
  return keyColumns === 1 ? 'plain' : 'dictionary'
}

/**
 * The columns of an SSTable: the user's in schema order, then `_seq` and `_deleted`. In a file with tombstones
 * the value columns are nullable whatever the schema says.
 */
export function sstableColumns(schema: Schema, hasTombstones: boolean): readonly FileColumn[] {
  const keys = new Set(schema.key)
  const columns = schema.columns.map((column, index): FileColumn => {
    const type = storedType(column.type)
    const isKey = keys.has(index)
    return {
      name: column.name,
      fieldId: column.id,
      type,
      nullable: !isKey && (column.nullable || hasTombstones),
      encoding: isKey ? keyEncoding(type.kind, schema.key.length) : 'dictionary',
      isAscending: index === schema.key[0],
    }
  })
  return [
    ...columns,
    { name: '_seq', fieldId: seqFieldId, type: { kind: 'int64' }, nullable: false, encoding: 'delta' },
    {
      name: '_deleted',
      fieldId: deletedFieldId,
      type: { kind: 'bool' },
      nullable: false,
      encoding: 'dictionary',
    },
  ]
}

/** The Arrow field from which the encoder makes a file's column. */
export function storedField({ name, fieldId, type, nullable }: FileColumn): Field {
  const metadata = fieldId === undefined ? undefined : new Map([['PARQUET:field_id', String(fieldId)]])
  return new Field(name, arrowType(type), nullable, metadata)
}

/** A vector of an unsigned type in the layout of the next signed one that holds it; others as they are. */
export function widenVector(vector: Vector): Vector {
  const { layout, values, valid } = vector
  if (layout === 'uint8') return fixedVector('int16', Int16Array.from(values as Uint8Array), valid)
  if (layout === 'uint16') return fixedVector('int32', Int32Array.from(values as Uint16Array), valid)
  if (layout !== 'uint32') return vector
  const wide = new BigInt64Array(values.length)
  const halves = halvesOf(wide)
  for (let row = 0; row < values.length; row++) halves[2 * row] = values[row] as number
  return fixedVector('int64', wide, valid)
}

/** Sequence numbers as an int64 vector. */
export function seqVector(seq: Float64Array): Vector {
  // Zeros are zeros in either.
  if (isNoSeq(seq)) return fixedVector('int64', new BigInt64Array(seq.buffer, seq.byteOffset, seq.length))
  const values = new BigInt64Array(seq.length)
  const halves = halvesOf(values)
  for (let row = 0; row < seq.length; row++) {
    const value = seq[row]!
    halves[2 * row] = value
    halves[2 * row + 1] = value / 2 ** 32
  }
  return fixedVector('int64', values)
}

/** Validity of a value column: tombstones have no values, whatever the vector holds in their place. */
function withoutTombstones(vector: Vector, deleted: Uint8Array): Vector {
  const { valid } = vector
  const present = new Uint8Array(deleted.length)
  for (let row = 0; row < present.length; row++) present[row] = valid === undefined ? 1 : valid[row]!
  for (let row = 0; row < present.length; row++) present[row]! &= deleted[row]! ^ 1
  return { ...vector, valid: present }
}

/**
 * A batch as the columns of an SSTable, in the order of `sstableColumns`.
 * Requires: all columns of the schema, in schema order; no nulls in columns that are not nullable.
 */
export function storedVectors(schema: Schema, columns: readonly FileColumn[], batch: Batch): readonly Vector[] {
  const { deleted, rows } = batch
  const keys = new Set(schema.key)
  const vectors = batch.columns.map((vector, index) => {
    const wide = widenVector(vector)
    assert(wide.length === rows, 'columns of a batch have one length')
    if (columns[index]!.nullable) return deleted === undefined ? wide : withoutTombstones(wide, deleted)
    assert(keys.has(index) || deleted === undefined, 'a file with tombstones has nullable value columns')
    assert(wide.valid === undefined || !wide.valid.includes(0), 'no nulls in columns that are not nullable')
    return wide
  })
  return [...vectors, seqVector(batch.seq), fixedVector('bool', deleted ?? new Uint8Array(rows))]
}
