// Rows in the log and in memtables: the columns that are not in the key.
//
//   [presence: one bit per nullable column, in column order, lowest bit first; 1 = present]
//   [fixed area: per column, in column order: its value, or, for variable length, the u32 end of its bytes,
//    counted from the start of the variable area]
//   [variable area: the bytes of the variable columns, end to end]
//
// Every column's place in the fixed area is known from the schema alone, so one column of many rows is decoded in
// one loop, and a single value without looking at the others. A null column is zero, or empty.

import { MarquetryError } from '../errors.js'
import type { ByteSink } from '../util/byte-sink.js'
import { describeValue } from '../util/describe-value.js'
import { bytesAt } from './codecs/bytes.js'
import type { Schema, SchemaColumn } from './schema.js'
import type { Vector } from './vector.js'

interface Slot {
  /** Index of the column in the schema. */
  readonly index: number
  readonly column: SchemaColumn
  /** Place in the row. */
  readonly at: number
  /** Number of the presence bit; -1: never null. */
  readonly bit: number
  /** Place in the row of the end of the variable column before; -1: there is none. */
  readonly before: number
  /** Only own properties count: a plain row must not answer for this column with what it inherits. */
  readonly guarded: boolean
}

/** Encodes and decodes the rows of one schema. */
export class RowCodec {
  readonly schema: Schema
  readonly #slots: readonly Slot[]
  readonly #slotOf: ReadonlyMap<number, Slot>
  readonly #keyColumns: readonly Pick<Slot, 'column' | 'guarded'>[]
  readonly #presenceBytes: number
  /** Bytes before the variable area. */
  readonly #headBytes: number

  constructor(schema: Schema) {
    this.schema = schema
    this.#keyColumns = schema.key.map((index) => {
      const column = schema.columns[index]!
      return { column, guarded: column.name in Object.prototype }
    })
    const nullable = schema.values.filter((index) => schema.columns[index]!.nullable)
    this.#presenceBytes = Math.ceil(nullable.length / 8)
    let at = this.#presenceBytes
    let before = -1
    this.#slots = schema.values.map((index) => {
      const column = schema.columns[index]!
      const slot = {
        index,
        column,
        at,
        bit: nullable.indexOf(index),
        before,
        guarded: column.name in Object.prototype,
      }
      if (column.codec.rowBytes === 0) before = at
      at += column.codec.rowBytes || 4
      return slot
    })
    this.#headBytes = at
    this.#slotOf = new Map(this.#slots.map((slot) => [slot.index, slot]))
  }

  /**
   * Appends the values of a row object. Throws MARQUETRY_INVALID_ROW, also for properties that are no columns; the
   * sink then holds a part of the row.
   */
  append(sink: ByteSink, row: Readonly<Record<string, unknown>>): void {
    const from = this.#startRow(sink)
    const area = from + this.#headBytes
    let used = this.#keyColumns.length
    for (let i = 0; i < this.#slots.length; i++) {
      const slot = this.#slots[i]!
      const { column, at } = slot
      const value = slot.guarded && !Object.hasOwn(row, column.name) ? undefined : row[column.name]
      if (slot.bit >= 0 && (value === undefined || value === null)) {
        if (value === null) used++
        sink.bytes.fill(0, from + at, from + at + column.codec.rowBytes)
      } else {
        used++
        if (!column.codec.writeRow(sink, from + at, value)) throw invalidValue(column, value)
        if (slot.bit >= 0) sink.bytes[from + (slot.bit >> 3)]! |= 1 << (slot.bit & 7)
      }
      if (column.codec.rowBytes === 0) sink.view.setUint32(from + at, sink.length - area, true)
    }
    // Counting is enough nearly always, and costs a fifth of looking every name up.
    let given = 0
    for (const _ in row) given++
    if (given !== used) this.#checkNames(row)
  }

  /** Makes room for a row's head and clears its presence bits; the columns write the rest of it, null or not. */
  #startRow(sink: ByteSink): number {
    const from = sink.reserve(this.#headBytes)
    for (let i = 0; i < this.#presenceBytes; i++) sink.bytes[from + i] = 0
    sink.length = from + this.#headBytes
    return from
  }

  #checkNames(row: Readonly<Record<string, unknown>>): void {
    for (const name of Object.keys(row)) {
      if (this.schema.indexOf(name) === undefined) {
        const known = this.schema.columns.map((column) => column.name).join(', ')
        const message = `The table has no column ${JSON.stringify(name)}; its columns are ${known}`
        throw new MarquetryError('MARQUETRY_INVALID_ROW', message, { column: name })
      }
    }
  }

  /** Appends the key of a row object. Throws MARQUETRY_INVALID_ROW; the sink then holds a part of the key. */
  appendRowKey(sink: ByteSink, row: Readonly<Record<string, unknown>>): void {
    if (typeof row !== 'object' || row === null) {
      throw new MarquetryError('MARQUETRY_INVALID_ROW', 'A row is an object of values by column name')
    }
    for (let i = 0; i < this.#keyColumns.length; i++) {
      const { column, guarded } = this.#keyColumns[i]!
      const value = guarded && !Object.hasOwn(row, column.name) ? undefined : row[column.name]
      if (!column.codec.writeKey(sink, value)) throw invalidValue(column, value)
    }
  }

  /** Appends row `i` of a batch; `vectors[c]` is schema column c, or undefined where its type is in the key. */
  appendVectors(sink: ByteSink, vectors: readonly Vector[], i: number): void {
    const from = this.#startRow(sink)
    const area = from + this.#headBytes
    for (let s = 0; s < this.#slots.length; s++) {
      const { column, at, bit, index } = this.#slots[s]!
      const vector = vectors[index]!
      if (vector.valid === undefined || vector.valid[i] === 1) {
        if (column.codec.rowBytes === 0) sink.append(bytesAt(vector, i))
        else column.codec.vectorToRow(sink, from + at, vector, i)
        if (bit >= 0) sink.bytes[from + (bit >> 3)]! |= 1 << (bit & 7)
      } else if (bit < 0) throw invalidValue(column, null)
      else sink.bytes.fill(0, from + at, from + at + column.codec.rowBytes)
      if (column.codec.rowBytes === 0) sink.view.setUint32(from + at, sink.length - area, true)
    }
  }

  /**
   * One value column of many rows. `starts[r]` is where row r begins in `bytes`; `present`, one byte a row, is 0 for
   * rows that have no values (tombstones): their value is null whatever the schema says. Requires: the rows fit.
   */
  column(index: number, bytes: Uint8Array, starts: Uint32Array, present: Uint8Array | undefined): Vector {
    const slot = this.#slotOf.get(index)!
    const valid = this.#validity(slot, bytes, starts, present)
    const froms = new Uint32Array(starts.length)
    if (slot.column.codec.rowBytes > 0) {
      for (let row = 0; row < starts.length; row++) froms[row] = starts[row]! + slot.at
      return slot.column.codec.fromRows(bytes, froms, froms, valid)
    }
    const ends = new Uint32Array(starts.length)
    for (let row = 0; row < starts.length; row++) {
      if (valid !== undefined && valid[row] === 0) continue // from 0 to 0
      const start = starts[row]!
      const area = start + this.#headBytes
      froms[row] = area + (slot.before < 0 ? 0 : u32(bytes, start + slot.before))
      ends[row] = area + u32(bytes, start + slot.at)
    }
    return slot.column.codec.fromRows(bytes, froms, ends, valid)
  }

  /** Whether the bytes from `start` to `end` have the form of a row: then every column decodes, from them alone. */
  fits(bytes: Uint8Array, start: number, end: number): boolean {
    const area = start + this.#headBytes
    if (area > end) return false
    let from = area
    for (let s = 0; s < this.#slots.length; s++) {
      const { column, at } = this.#slots[s]!
      if (column.codec.rowBytes > 0) continue
      const to = area + u32(bytes, start + at)
      if (to < from || to > end) return false
      from = to
    }
    return from === end
  }

  #validity(
    slot: Slot,
    bytes: Uint8Array,
    starts: Uint32Array,
    present: Uint8Array | undefined,
  ): Uint8Array | undefined {
    if (slot.bit < 0) return present
    const valid = new Uint8Array(starts.length)
    const at = slot.bit >> 3
    const mask = 1 << (slot.bit & 7)
    let nulls = 0
    for (let row = 0; row < starts.length; row++) {
      if ((present === undefined || present[row] === 1) && (bytes[starts[row]! + at]! & mask) !== 0)
        valid[row] = 1
      else nulls++
    }
    return nulls === 0 ? undefined : valid
  }
}

function u32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

function invalidValue(column: SchemaColumn, value: unknown): MarquetryError {
  const given = value === undefined ? 'nothing' : describeValue(value)
  return new MarquetryError(
    'MARQUETRY_INVALID_ROW',
    `Column ${JSON.stringify(column.name)} expects ${column.codec.expects}; ${given} was given`,
    { column: column.name },
  )
}
