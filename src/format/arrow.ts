// Vectors and batches as Apache Arrow's own objects: what a caller of `batches()` gets, and what the Parquet
// encoder takes. Values are not copied: Arrow lies over the vectors' arrays. Only flags are, from a byte a row
// to a bit a row.

import {
  Schema as ArrowSchema,
  Binary,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  Struct,
  TimestampMicrosecond,
  TimestampMillisecond,
  Uint8,
  Uint16,
  Uint32,
  Utf8,
} from 'apache-arrow'
import type { Batch, Projection } from './batch.js'
import type { ColumnType } from './column.js'
import type { Schema, SchemaColumn } from './schema.js'
import type { Vector } from './vector.js'

/** The Arrow type of a column type. json is Utf8; timestamps carry the time zone UTC. */
export function arrowType(type: ColumnType): DataType {
  switch (type.kind) {
    case 'bool':
      return new Bool()
    case 'int8':
      return new Int8()
    case 'int16':
      return new Int16()
    case 'int32':
      return new Int32()
    case 'int64':
      return new Int64()
    case 'uint8':
      return new Uint8()
    case 'uint16':
      return new Uint16()
    case 'uint32':
      return new Uint32()
    case 'float32':
      return new Float32()
    case 'float64':
      return new Float64()
    case 'utf8':
    case 'json':
      return new Utf8()
    case 'binary':
      return new Binary()
    case 'date':
      return new DateDay()
    case 'timestamp':
      return type.unit === 'us' ? new TimestampMicrosecond('UTC') : new TimestampMillisecond('UTC')
    case 'decimal128':
      return new Decimal(type.scale ?? 0, type.precision ?? 38, 128)
  }
}

/** The Arrow field of a column, as callers see it. */
export function arrowField({ name, type, nullable }: SchemaColumn): Field {
  return new Field(name, arrowType(type), nullable)
}

/** The Arrow schema of the columns of a projection. */
export function arrowSchema(schema: Schema, projection: Projection): ArrowSchema {
  return new ArrowSchema(projection.map((index) => arrowField(schema.columns[index]!)))
}

/** Bits from a byte a row, lowest bit first, and how many of them are 0. */
export function packBits(flags: Uint8Array): { readonly bits: Uint8Array; readonly zeros: number } {
  const rows = flags.length
  const bits = new Uint8Array((rows + 7) >> 3)
  let ones = 0
  for (let row = 0; row < rows; row++) {
    const flag = flags[row]! & 1
    bits[row >> 3]! |= flag << (row & 7)
    ones += flag
  }
  return { bits, zeros: rows - ones }
}

/** A vector as Arrow data of a type that has the vector's layout. */
export function arrowData<T extends DataType>(type: T, vector: Vector): Data<T> {
  const { layout, length, values, offsets, valid } = vector
  const validity = valid === undefined ? undefined : packBits(valid)
  const nullCount = validity?.zeros ?? 0
  const props = {
    type,
    length,
    nullCount,
    nullBitmap: nullCount === 0 ? undefined : validity?.bits,
    data: layout === 'bool' ? packBits(values as Uint8Array).bits : values,
    ...(offsets === undefined ? {} : { valueOffsets: offsets }),
  }
  return makeData(props)
}

/** Columns of one length as a record batch. */
export function recordBatch(schema: ArrowSchema, rows: number, vectors: readonly Vector[]): RecordBatch {
  const children = schema.fields.map((field, index) => arrowData(field.type, vectors[index]!))
  const type = new Struct(schema.fields)
  return new RecordBatch(schema, makeData({ type, length: rows, nullCount: 0, children }))
}

/**
 * A batch whose columns follow `projection` as callers get it: without sequence numbers and tombstone flags.
 * Give the same `arrow` schema to all batches of one table.
 */
export function toRecordBatch(
  schema: Schema,
  projection: Projection,
  batch: Batch,
  arrow: ArrowSchema = arrowSchema(schema, projection),
): RecordBatch {
  return recordBatch(arrow, batch.rows, batch.columns)
}
