// Late materialisation: the columns of a predicate first, all others only where rows passed.
//
//   rows ─► cheapest column ─► rows that pass ─► next column, of those ─► … ─► the columns asked for, of what is left

import { type Batch, noSeq, type Projection } from '../format/batch.js'
import type { Predicate } from '../format/predicate.js'
import type { Vector } from '../format/vector.js'
import type { Reading } from '../fs/reading.js'
import { gather, SliceList, selectRows } from '../scan/gather.js'
import type { RowsRead, SSTableReader } from '../sstable/reader.js'

const noHidden = { seq: false, deleted: false }

/** Rows between two matches from which on they are read apart: about what a page of numbers holds. */
const gapRows = 512
/** Where one row in so many passes, all rows between the first and the last are read at once. */
const denseShare = 256

/**
 * The rows from `from` up to `to` that pass all `steps`, in order: columns of `projection`. Requires: every row is a version that
 * the caller sees, none a tombstone.
 */
export function* readMatches(
  reader: SSTableReader,
  steps: readonly Predicate[],
  projection: Projection,
  from: number,
  to: number,
  how?: RowsRead,
): Reading<Batch> {
  const read = (columns: Projection, wanted: Uint32Array | undefined) =>
    readRows(reader, columns, from, to, wanted, how)
  /** Rows that passed so far; undefined: all. */
  let matches: Uint32Array | undefined
  let held = new Map<number, Vector>()
  for (const { columns, evaluate } of steps) {
    const missing = columns.filter((column) => !held.has(column))
    held = withColumns(held, missing, yield* read(missing, matches))
    const rows = matches?.length ?? to - from
    const passed = evaluate(batchOf(held, columns, rows), columns)
    if (passed.length === rows) continue
    const kept = [...held.keys()]
    const selected = selectRows(batchOf(held, kept, rows), passed)
    held = new Map(kept.map((column, i) => [column, selected.columns[i]!]))
    const before = matches
    matches = before === undefined ? passed.map((row) => from + row) : passed.map((row) => before[row]!)
    if (matches.length === 0) return { rows: 0, columns: [], seq: noSeq(0), deleted: undefined }
  }
  const missing = projection.filter((column) => !held.has(column))
  held = withColumns(held, missing, yield* read(missing, matches))
  return batchOf(held, projection, matches?.length ?? to - from)
}

function withColumns(
  held: ReadonlyMap<number, Vector>,
  columns: Projection,
  batch: Batch,
): Map<number, Vector> {
  const more = new Map(held)
  for (const [i, column] of columns.entries()) more.set(column, batch.columns[i]!)
  return more
}

function batchOf(held: ReadonlyMap<number, Vector>, columns: Projection, rows: number): Batch {
  return { rows, columns: columns.map((column) => held.get(column)!), seq: noSeq(rows), deleted: undefined }
}

/** Columns of the rows `wanted` (undefined: all of `from` to `to`), reading only pages that hold some of them. */
function* readRows(
  reader: SSTableReader,
  columns: Projection,
  from: number,
  to: number,
  wanted: Uint32Array | undefined,
  how: RowsRead | undefined,
): Reading<Batch> {
  if (columns.length === 0)
    return { rows: wanted?.length ?? to - from, columns: [], seq: noSeq(0), deleted: undefined }
  if (wanted === undefined) return yield* reader.rows(columns, from, to, noHidden, how)
  const extent = wanted.at(-1)! - wanted[0]!
  const gap = wanted.length * denseShare > extent ? extent : gapRows
  const slices = new SliceList(wanted.length)
  for (let i = 0; i < wanted.length; ) {
    const start = i
    while (++i < wanted.length && wanted[i]! - wanted[i - 1]! <= gap);
    const first = wanted[start]!
    const place = slices.use(yield* reader.rows(columns, first, wanted[i - 1]! + 1, noHidden, how))
    for (let row = start; row < i; row++) slices.add(place, wanted[row]! - first, 1)
  }
  return gather(slices)
}
