// Row objects that a cache keeps: how they are copied, and what they take.

import type { ColumnType } from './column.js'
import type { SchemaColumn } from './schema.js'

/** Rows of one shape that a cache may keep, and hand out copies of. */
export interface KeptRows<R extends object> {
  /** No other shape's: an integer above 0. */
  readonly id: number
  /** A row with the same values, that a caller may change while the first one stays as it is. */
  copy(row: R): R
  /** Memory that it takes, about. */
  bytes(row: R): number
}

/** An object, and a slot for each of its properties. */
const objectBytes = 24
const slotBytes = 8
/** A number in a box; a string's head, of which most have a byte per letter. */
const headBytes = 16
const dateBytes = 88

let lastId = 0

/** An id for `KeptRows`. */
export function newShapeId(): number {
  return ++lastId
}

/** Rows of these columns; undefined: a value may be an object that a copy would share with the row, such as bytes or json. */
export function keptRows(columns: readonly SchemaColumn[]): KeptRows<Record<string, unknown>> | undefined {
  if (columns.some(({ type: { kind } }) => kind === 'binary' || kind === 'json')) return undefined
  const dates = columns.flatMap(({ name, type }) => (hasDates(type) ? [name] : []))
  const names = columns.map(({ name }) => name)
  return {
    id: newShapeId(),
    copy(row) {
      const copy = { ...row }
      for (let i = 0; i < dates.length; i++) {
        const date = row[dates[i]!] as Date | null
        if (date !== null) copy[dates[i]!] = new Date(date.getTime())
      }
      return copy
    },
    bytes(row) {
      let bytes = objectBytes + slotBytes * names.length
      for (let i = 0; i < names.length; i++) bytes += valueBytes(row[names[i]!])
      return bytes
    },
  }
}

function hasDates(type: ColumnType): boolean {
  return type.kind === 'date' || (type.kind === 'timestamp' && type.unit === 'ms')
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return headBytes + value.length
  if (typeof value === 'number') return headBytes
  if (typeof value === 'bigint') return 2 * headBytes
  return value instanceof Date ? dateBytes : 0
}
