// What callers give to be written: rows and batches, as far as it must be looked at before it is encoded.

import { MarquetryError } from './errors.js'
import type { Memtable } from './memtable/memtable.js'

/** A row as it comes, not yet checked against a schema. */
export type AnyRow = Readonly<Record<string, unknown>>

/** Throws MARQUETRY_INVALID_ROW for what is no object. */
export function checkRow(row: unknown): AnyRow {
  if (typeof row === 'object' && row !== null) return row as AnyRow
  throw new MarquetryError(
    'MARQUETRY_INVALID_ROW',
    `A row is an object; ${row === null ? 'null' : typeof row} was given`,
  )
}

/** Encodes one operation of a batch. */
export function addOperation(memtable: Memtable, operation: unknown, seq: number): void {
  const { type, row, key } = (operation ?? {}) as { type?: unknown; row?: unknown; key?: unknown }
  if (type === 'put') memtable.addPut(checkRow(row), seq)
  else if (type === 'delete') memtable.addDelete(key, seq)
  else {
    throw new MarquetryError(
      'MARQUETRY_INVALID_OPTION',
      `A batch operation's type is 'put' or 'delete', not ${String(type)}`,
      {
        option: 'type',
      },
    )
  }
}
