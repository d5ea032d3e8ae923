// The rows of one SSTable that a section of a scan needs, as batches: a few pages at a time, then in large pieces.
//
//   key range ─► rows ─► row groups ─► [pruned by statistics] ─► pieces ─► columns ─► newest visible versions
//
// How much may be left out by value was decided by the section's plan; here it is only carried out.

import { type Batch, noSeq, type Projection } from '../format/batch.js'
import { type KeyRange, vectorKey } from '../format/key-codec.js'
import type { Predicate } from '../format/predicate.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import { type Reading, readAsync } from '../fs/reading.js'
import { gather, SliceList } from '../scan/gather.js'
import type { PartPlan } from '../scan/section-plan.js'
import { visibleVersions } from '../scan/visible.js'
import type { PageTally } from '../sstable/column-pages.js'
import type { SSTableReader } from '../sstable/reader.js'
import type { RowRange } from '../sstable/sparse-index.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import { columnsOfPiece, type Piece, type PieceAnswer, readPiece } from './piece.js'
import type { PieceAhead, ReadAhead } from './read-ahead.js'

/** The first pieces are small, for scans that end early; then they grow. */
const rowsFirst = 256
const rowsMost = 4096
/** Then come whole row groups, or as much of them as there is memory for; in reverse, where rows are turned round, pieces. */
const reverseRowsMost = 16_384
/** Rows of a piece of which nothing is read. */
const rowsUnread = 1 << 20
/** Values that are worth a worker's time: rows and columns that are in no cache. */
const aheadValuesMin = 1 << 16
/** Long pieces that are planned, and mostly read, behind the one that is asked for. */
const piecesAhead = 2

/** What a scan wants of one table in one section. */
export interface TableRead {
  readonly schema: Schema
  readonly range: KeyRange
  /** Schema columns of the batches; holds all key columns unless the section is streamed. */
  readonly projection: Projection
  readonly keyPositions: readonly number[]
  readonly seq: number
  readonly reverse: boolean
  readonly plan: PartPlan
  /** By which row groups and pages are left out as far as the plan allows. */
  readonly predicate: Predicate | undefined
  /** Rows to yield at most, where the reader of the source knows; it may ask for fewer. */
  readonly rowsWanted: number
  /** Memory that a batch may take, about. */
  readonly bytesMost: number
  /** The scan would fill the page cache and push out what lookups come back to. */
  readonly pastCache: boolean
  /** Has large pieces read by workers, beforehand. */
  readonly ahead: ReadAhead | undefined
  readonly tally: ScanTally | undefined
}

/** What a scan counts as it goes. */
export interface ScanTally extends PageTally {
  bytes: number
  /** Number of the table and of the row group. */
  readonly rowGroups: Set<string>
}

/** Rows that are to be read, in as many pieces as it takes. */
interface Stretch extends RowRange {
  /** Every row is known to pass the predicate. */
  readonly passes: boolean
}

/** A piece that comes next. */
interface Planned {
  readonly piece: Piece
  /** Whether it is worth a worker's time. */
  readonly isLong: boolean
  /** A worker reads it. */
  underWay: PieceAhead | undefined
  /** This thread has read it before its turn: the batch, or what was thrown. */
  here: (() => Batch) | undefined
}

const isUnread = ({ underWay, here }: Planned) => underWay === undefined && here === undefined

/** A row group and some rows of it. */
interface GroupRows {
  readonly group: number
  readonly rows: RowRange
}

/**
 * The rows of a table that a read sees, one per key, tombstones included. Where all rows count as they are, and the plan allows
 * to leave out rows, only those that pass the predicate.
 */
export function tableSource(reader: SSTableReader, read: TableRead): BatchSource {
  const { rows, keys, maxSeq } = reader.meta
  const source = new TableRows(reader, read)
  const facts = { oneVersionPerKey: rows === keys, maxSeq }
  const visible = visibleVersions(source, read.keyPositions, read.seq, facts)
  return read.reverse ? reversed(visible) : visible
}

/** The rows with all their versions, each batch ascending; in reverse the last batch comes first. */
class TableRows implements BatchSource {
  readonly #reader: SSTableReader
  readonly #given: TableRead
  readonly #judges: boolean
  readonly #oneVersionPerKey: boolean
  /** Rows that nobody has looked at. */
  #span: RowRange | undefined
  /** What is left to read of those that were looked at, in scan order. */
  #stretches: Stretch[] = []
  /** The next pieces, in scan order. */
  readonly #planned: Planned[] = []
  #size: number
  #closed = false

  constructor(reader: SSTableReader, read: TableRead) {
    this.#reader = reader
    this.#given = read
    const { prunable, needs } = read.plan
    this.#judges = read.predicate !== undefined && prunable === 'rows' && !needs.seq && !needs.deleted
    this.#oneVersionPerKey = reader.meta.rows === reader.meta.keys
    this.#size = Math.min(rowsFirst, Math.max(1, read.rowsWanted))
  }

  next(): Batch | undefined | Promise<Batch | undefined> {
    if (this.#closed) return undefined
    const { tally } = this.#given
    if (tally === undefined) return readAsync(this.#nextBatch())
    return readAsync(this.#nextBatch(), (bytes) => {
      tally.bytes += bytes
    })
  }

  close(): void {
    this.#closed = true
  }

  *#nextBatch(): Reading<Batch | undefined> {
    while (!this.#closed) {
      yield* this.#plan()
      const planned = this.#planned.shift()
      if (planned === undefined) return undefined
      const batch = yield* this.#read(planned)
      if (batch.rows > 0) return batch
      if (turnIsDue()) yield { until: takeTurn() }
    }
    return undefined
  }

  /** Plans the next piece, and those behind it as long as they are long: of these, workers that are free get some. */
  *#plan(): Reading<void> {
    const planned = this.#planned
    while (planned.length <= piecesAhead && planned.every(({ isLong }) => isLong)) {
      const piece = yield* this.#nextPiece()
      if (piece === undefined || this.#closed) break
      planned.push({ piece, isLong: yield* this.#isForWorkers(piece), underWay: undefined, here: undefined })
    }
    const { ahead } = this.#given
    // The first one is wanted now: this thread reads it, if nobody does.
    for (const next of planned.slice(1)) {
      if (next.isLong && isUnread(next) && ahead?.hasRoom)
        next.underWay = ahead.read(this.#reader.meta, next.piece)
    }
  }

  *#isForWorkers(piece: Piece): Reading<boolean> {
    const { ahead, pastCache } = this.#given
    const rows = piece.to - piece.from
    if (ahead === undefined || !pastCache || rows <= rowsMost) return false
    const columns = yield* this.#reader.uncachedColumns(columnsOfPiece(piece), piece.from, piece.to)
    return rows * columns >= aheadValuesMin
  }

  /** A piece, which is the next; while a worker is still reading it, this thread reads one behind it that nobody does. */
  *#read({ piece, underWay, here }: Planned): Reading<Batch> {
    if (here !== undefined) return here()
    if (underWay !== undefined) {
      const other = underWay.isOver() ? undefined : this.#planned.find((next) => next.isLong && isUnread(next))
      if (other !== undefined) other.here = yield* this.#outcome(other.piece)
      yield { until: underWay.over }
      const answer = underWay.answer()
      if (answer !== undefined) return yield* this.#taken(piece, answer)
    }
    return yield* this.#readHere(piece)
  }

  /** A piece read on this thread; if that fails, it does so only when the piece's turn has come. */
  *#outcome(piece: Piece): Reading<() => Batch> {
    try {
      const batch = yield* this.#readHere(piece)
      return () => batch
    } catch (error) {
      return () => {
        throw error
      }
    }
  }

  *#readHere(piece: Piece): Reading<Batch> {
    const { schema, tally, pastCache } = this.#given
    if (tally !== undefined) yield* this.#count(piece.from, piece.to, tally)
    return yield* readPiece(this.#reader, schema, piece, { tally, pastCache })
  }

  *#taken({ from, to }: Piece, { rows, columns, seq, deleted, ...counted }: PieceAnswer): Reading<Batch> {
    const { tally } = this.#given
    if (tally !== undefined) {
      yield* this.#count(from, to, tally)
      tally.bytes += counted.bytes
      tally.pagesRead += counted.tally.pagesRead
      tally.pagesCached += counted.tally.pagesCached
    }
    return { rows, columns, seq: seq ?? noSeq(rows), deleted }
  }

  *#nextPiece(): Reading<Piece | undefined> {
    const { projection, plan, predicate } = this.#given
    const stretch = this.#stretches.shift() ?? (yield* this.#nextStretch())
    if (stretch === undefined) return undefined
    const { from, to } = yield* this.#cut(stretch)
    const condition = this.#judges && !stretch.passes ? predicate?.condition : undefined
    return { projection, needs: plan.needs, condition, from, to }
  }

  /** How many rows of a piece are read where no end is in sight: none of another row group. */
  *#manyRows({ from, to }: Stretch): Reading<number> {
    const { reverse, bytesMost } = this.#given
    const { group, rows } = yield* nextGroup(this.#reader, { from, to }, reverse)
    const firstRows = yield* this.#reader.rowGroupFirstRow()
    const bytesPerRow = this.#reader.meta.rowGroupBytesMax / (firstRows[group + 1]! - firstRows[group]!)
    const fit = Math.max(rowsMost, Math.floor(bytesMost / bytesPerRow))
    return Math.min(rows.to - rows.from, reverse ? Math.min(fit, reverseRowsMost) : fit)
  }

  *#count(from: number, to: number, tally: ScanTally): Reading<void> {
    const firstRows = yield* this.#reader.rowGroupFirstRow()
    const last = groupOf(firstRows, to - 1)
    for (let group = groupOf(firstRows, from); group <= last; group++) {
      tally.rowGroups.add(`${this.#reader.meta.number} ${group}`)
    }
  }

  /** Looks at the next row group, or at all that is left, if it does not matter where row groups end. */
  *#nextStretch(): Reading<Stretch | undefined> {
    const { range, predicate, plan, reverse } = this.#given
    this.#span ??= yield* rowsOf(this.#reader, range)
    if (predicate === undefined || plan.prunable === 'nothing') {
      const { from, to } = this.#span
      this.#span = { from: to, to }
      return from < to ? { from, to, passes: false } : undefined
    }
    const depth = plan.prunable === 'rows' ? 'pages' : 'row groups'
    while (this.#span.from < this.#span.to && !this.#closed) {
      const next: GroupRows = yield* nextGroup(this.#reader, this.#span, reverse)
      const { group, rows } = next
      this.#span = reverse ? { from: this.#span.from, to: rows.from } : { from: rows.to, to: this.#span.to }
      const { kept, outlook } = yield* this.#reader.prune(predicate, group, rows, depth)
      const stretches = kept.map((range) => ({ ...range, passes: outlook === 'all' }))
      this.#stretches = reverse ? stretches.reverse() : stretches
      const stretch = this.#stretches.shift()
      if (stretch !== undefined) return stretch
      if (turnIsDue()) yield { until: takeTurn() }
    }
    return undefined
  }

  /** The part of a piece that is read next; the rest is put back. */
  *#cut(stretch: Stretch): Reading<RowRange> {
    const { projection, plan, reverse } = this.#given
    const readsNothing = projection.length === 0 && !plan.needs.seq && !plan.needs.deleted
    const isFree = readsNothing && (!this.#judges || stretch.passes)
    let rows = Math.min(stretch.to - stretch.from, isFree ? rowsUnread : this.#size)
    if (!isFree && this.#size > rowsMost) rows = yield* this.#manyRows(stretch)
    else this.#size *= 4
    if (!reverse) {
      const to = stretch.from + rows
      if (to < stretch.to) this.#stretches.unshift({ ...stretch, from: to })
      return { from: stretch.from, to }
    }
    let from = stretch.to - rows
    // All versions of a key have to be in one batch, since batches are turned round one by one.
    if (!this.#oneVersionPerKey && from > stretch.from) {
      from = Math.max(stretch.from, yield* firstVersion(this.#reader, this.#given, from))
    }
    if (from > stretch.from) this.#stretches.unshift({ ...stretch, to: from })
    return { from, to: stretch.to }
  }
}

/** The rows whose keys lie in a range. */
export function* rowsOf(reader: SSTableReader, { gte, lt }: KeyRange): Reading<RowRange> {
  const from = yield* reader.seek(gte)
  const to = lt === undefined ? reader.meta.rows : yield* reader.seek(lt)
  return { from, to: Math.max(from, to) }
}

/** The first (in reverse: the last) row group of a span, and its rows in there. Requires: the span is not empty. */
function* nextGroup(reader: SSTableReader, { from, to }: RowRange, reverse: boolean): Reading<GroupRows> {
  const firstRows = yield* reader.rowGroupFirstRow()
  const row = reverse ? to - 1 : from
  const group = groupOf(firstRows, row)
  return { group, rows: { from: Math.max(from, firstRows[group]!), to: Math.min(to, firstRows[group + 1]!) } }
}

/** The row group of a row, by the rows at which row groups begin. */
export function groupOf(firstRows: Uint32Array, row: number): number {
  let low = 0
  let high = firstRows.length - 1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (firstRows[middle]! <= row) low = middle
    else high = middle
  }
  return low
}

/** The first row with the key of this row. */
function* firstVersion(reader: SSTableReader, read: TableRead, row: number): Reading<number> {
  const batch = yield* reader.rows(read.projection, row, row + 1, { seq: false, deleted: false })
  const keys = read.keyPositions.map((position) => batch.columns[position]!)
  return yield* reader.seek(vectorKey(read.schema, keys, 0))
}

function reversed(source: BatchSource): BatchSource {
  return {
    async next() {
      const batch = await source.next()
      if (batch === undefined || batch.rows === 1) return batch
      // Rows without columns are alike: there is nothing to turn round.
      if (batch.columns.length === 0 && batch.deleted === undefined) return { ...batch, seq: noSeq(batch.rows) }
      const slices = new SliceList(batch.rows)
      const place = slices.use(batch)
      for (let row = batch.rows - 1; row >= 0; row--) slices.add(place, row, 1)
      return gather(slices)
    },
    close: () => source.close(),
  }
}
