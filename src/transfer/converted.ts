// What converters share: a column in pieces, its nulls, and how a value is refused.

import type { Data } from 'apache-arrow'
import type { Vector } from '../format/vector.js'
import { assert } from '../util/assert.js'

/** One column of a row group, in one or more pieces. */
export interface Pieces {
  readonly data: readonly Data[]
  readonly rows: number
  /** One byte a row, 0 = null; undefined: no nulls. */
  readonly valid: Uint8Array | undefined
}

/** Ends the conversion: row `row` of the column holds something that the table cannot: `what`. */
export type Refuse = (row: number, what: string) => never

/** Converts a column; null rows become zero or empty. */
export type Converter = (pieces: Pieces, refuse: Refuse) => Vector

/** A column with its nulls as bytes. */
export function piecesOf(data: readonly Data[]): Pieces {
  const rows = data.reduce((sum, piece) => sum + piece.length, 0)
  for (const piece of data) assert(piece.offset === 0, 'columns read from a stream are not sliced')
  return { data, rows, valid: validityOf(data, rows) }
}

function validityOf(data: readonly Data[], rows: number): Uint8Array | undefined {
  if (data.every((piece) => piece.nullCount === 0)) return undefined
  const valid = new Uint8Array(rows)
  let at = 0
  for (const { length, nullCount, nullBitmap } of data) {
    if (nullCount === 0 || nullBitmap === null || nullBitmap.length === 0) valid.fill(1, at, at + length)
    else for (let i = 0; i < length; i++) valid[at + i] = (nullBitmap[i >> 3]! >> (i & 7)) & 1
    at += length
  }
  return valid
}

/** Calls `each` with every piece and the row at which it begins. */
export function eachPiece(data: readonly Data[], each: (piece: Data, at: number) => void): void {
  let at = 0
  for (const piece of data) {
    each(piece, at)
    at += piece.length
  }
}
