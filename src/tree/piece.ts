// A piece of a table: rows of one row group as a scan wants them. Read on this thread, or as a task by a worker.

import type { Batch, Projection } from '../format/batch.js'
import { conjuncts } from '../format/conjuncts.js'
import { type Condition, predicateOf } from '../format/predicate.js'
import type { Schema, SchemaJson } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { Vector } from '../format/vector.js'
import type { Reading } from '../fs/reading.js'
import type { PageTally } from '../sstable/column-pages.js'
import type { HiddenColumns, RowsRead, SSTableReader } from '../sstable/reader.js'
import { readMatches } from './late-columns.js'

/** Which rows of a table to read, and what of them. Plain data. */
export interface Piece {
  /** Schema columns of the batch. */
  readonly projection: Projection
  readonly needs: HiddenColumns
  /** Leaves out rows for which it does not hold; only without `needs`. */
  readonly condition: Condition | undefined
  readonly from: number
  readonly to: number
}

/** Asks a worker for a piece. */
export interface PieceTask {
  /** Where the SSTable lies. */
  readonly folder: string
  readonly meta: SSTableMeta
  readonly schema: SchemaJson
  readonly piece: Piece
}

/** What a worker answers: a batch, in memory that it has given away, and what it took. */
export interface PieceAnswer {
  readonly rows: number
  readonly columns: readonly Vector[]
  /** Undefined: not asked for. */
  readonly seq: Float64Array | undefined
  readonly deleted: Uint8Array | undefined
  readonly tally: PageTally
  /** Bytes read from files. */
  readonly bytes: number
}

/** The schema columns that have to be decoded for a piece, hidden ones aside. */
export function columnsOfPiece({ projection, condition }: Piece): Projection {
  if (condition === undefined) return projection
  return [...new Set([...predicateOf(condition).columns, ...projection])]
}

/** The rows of a piece. Requires: `reader` reads the table by this schema. */
export function readPiece(reader: SSTableReader, schema: Schema, piece: Piece, how: RowsRead): Reading<Batch> {
  const { projection, needs, condition, from, to } = piece
  if (condition === undefined) return reader.rows(projection, from, to, needs, how)
  return readMatches(reader, conjuncts(schema, predicateOf(condition)), projection, from, to, how)
}
