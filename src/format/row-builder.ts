// Row objects out of batches: the last step, for callers who asked for rows.
//
// 1. A row is a copy of a template that has all properties, null, in order: copying shares one hidden class, and
//    storing to a property that is there is an own property whatever its name (`__proto__` and `constructor` too).
// 2. Rows are made in small groups, column by column: one choice of loop per column and group, rows still in cache.
// 3. The strings of a group are cut from one decoded string, since a call into the decoder costs more than a short
//    string. A string that is kept may so keep its group's text alive: at most `groupTextBytes`.

import { asBuffer } from '../util/bytes.js'
import type { Batch, Projection } from './batch.js'
import { textAt } from './codecs/bytes.js'
import { halvesOf } from './codecs/int64.js'
import { type KeptRows, keptRows } from './kept-rows.js'
import type { Schema, SchemaColumn } from './schema.js'
import type { Vector } from './vector.js'

/** A row as callers get it: own properties in the order of the projection, null where there is no value. */
export type RowObject = Record<string, unknown>

const groupRows = 32
const groupTextBytes = 2_048
const twoTo32 = 2 ** 32

/** Stores rows `from` to `to` of a column in `rows`, the first of them at `at`. */
type Fill = (vector: Vector, from: number, to: number, rows: RowObject[], at: number) => void

/** What is made of a row's values, one after the other: `RowBuilder` makes row objects. */
export interface RowShape<R extends object> {
  /** The schema columns that it takes. */
  readonly projection: Projection
  /** Undefined: its rows are not for keeping, since they cannot be copied, or since nobody asks for them often. */
  readonly kept?: KeptRows<R> | undefined
  /** A row without values. */
  empty(): R
  /** Stores what stands at `i` of a vector as the value of column `c` of the projection. */
  set(row: R, c: number, vector: Vector, i: number): void
}

/** Builds the rows of batches that hold the columns of one projection. */
export class RowBuilder implements RowShape<RowObject> {
  readonly projection: Projection
  readonly kept: KeptRows<RowObject> | undefined
  readonly #columns: readonly SchemaColumn[]
  readonly #fills: readonly Fill[]
  readonly #template: RowObject

  /** `keeps`: lookups ask for such rows time and again. */
  constructor(schema: Schema, projection: Projection, keeps = false) {
    this.projection = projection
    this.#columns = projection.map((index) => schema.columns[index]!)
    this.kept = keeps ? keptRows(this.#columns) : undefined
    this.#fills = this.#columns.map(fillOf)
    this.#template = {}
    for (const { name } of this.#columns) {
      Object.defineProperty(this.#template, name, {
        value: null,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
  }

  empty(): RowObject {
    return { ...this.#template }
  }

  set(row: RowObject, c: number, vector: Vector, i: number): void {
    const { name, codec } = this.#columns[c]!
    if (vector.valid === undefined || vector.valid[i] === 1) row[name] = codec.value(vector, i)
  }

  /** Row `i` of a batch. */
  row(batch: Batch, i: number): RowObject {
    const row = this.empty()
    for (let c = 0; c < this.#columns.length; c++) this.set(row, c, batch.columns[c]!, i)
    return row
  }

  /** Rows `from` to `to` of a batch. Much faster than `row` for more than a few. */
  rows(batch: Batch, from = 0, to = batch.rows): RowObject[] {
    const rows: RowObject[] = []
    for (let start = from; start < to; start += groupRows) {
      const end = Math.min(start + groupRows, to)
      for (let i = start; i < end; i++) rows.push(this.empty())
      for (let c = 0; c < this.#fills.length; c++) {
        this.#fills[c]!(batch.columns[c]!, start, end, rows, start - from)
      }
    }
    return rows
  }
}

function fillOf({ name, type, codec }: SchemaColumn): Fill {
  switch (type.kind) {
    case 'int32':
    case 'float64':
    case 'int64':
      return fillPlain(name)
    case 'utf8':
      return fillText(name)
    case 'timestamp':
      return type.unit === 'us' ? fillPlain(name) : fillDates(name)
    default:
      return (vector, from, to, rows, at) => {
        const { valid } = vector
        for (let i = from; i < to; i++, at++) {
          if (valid === undefined || valid[i] === 1) rows[at]![name] = codec.value(vector, i)
        }
      }
  }
}

/** Columns whose values are the typed array's elements. */
function fillPlain(name: string): Fill {
  return (vector, from, to, rows, at) => {
    const values = vector.values as Int32Array | Float64Array | BigInt64Array
    const { valid } = vector
    for (let i = from; i < to; i++, at++) {
      if (valid === undefined || valid[i] === 1) rows[at]![name] = values[i]
    }
  }
}

function fillDates(name: string): Fill {
  return (vector, from, to, rows, at) => {
    const halves = halvesOf(vector.values as BigInt64Array)
    const { valid } = vector
    for (let i = from; i < to; i++, at++) {
      if (valid !== undefined && valid[i] === 0) continue
      rows[at]![name] = new Date(halves[2 * i + 1]! * twoTo32 + (halves[2 * i]! >>> 0))
    }
  }
}

function fillText(name: string): Fill {
  return (vector, from, to, rows, at) => {
    const { valid } = vector
    const offsets = vector.offsets!
    const start = offsets[from]!
    const text = asciiText(vector.values as Uint8Array, start, offsets[to]!)
    for (let i = from; i < to; i++, at++) {
      if (valid !== undefined && valid[i] === 0) continue
      rows[at]![name] =
        text === undefined ? textAt(vector, i) : text.substring(offsets[i]! - start, offsets[i + 1]! - start)
    }
  }
}

/** The bytes as a string; undefined if they are many or not all ASCII, where positions in bytes and string differ. */
function asciiText(bytes: Uint8Array, from: number, to: number): string | undefined {
  if (to - from > groupTextBytes) return undefined
  for (let i = from; i < to; i++) if (bytes[i]! > 0x7f) return undefined
  return asBuffer(bytes).toString('latin1', from, to)
}
