// A sorted run as a stream of batches: the rows of a key range, table after table, a few pages at a time.

import type { Batch, Projection } from '../format/batch.js'
import type { KeyRange } from '../format/key-codec.js'
import { vectorKey } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import { type Reading, readAsync } from '../fs/reading.js'
import { gather, SliceList } from '../scan/gather.js'
import { visibleVersions } from '../scan/visible.js'
import type { SSTableReader } from '../sstable/reader.js'

/** The first batches are small, for scans that end early; then they grow. */
const rowsFirst = 256
const rowsMost = 8192

/** The read that a source belongs to. */
export interface RunRead {
  readonly schema: Schema
  readonly range: KeyRange
  /** Schema columns of the batches; holds all key columns. */
  readonly projection: Projection
  readonly keyPositions: readonly number[]
  readonly seq: number
  readonly reverse: boolean
}

/** The rows of a run that a read sees, one per key, tombstones included. `readers` are its tables in key order. */
export function runSource(readers: readonly SSTableReader[], read: RunRead): BatchSource {
  const ordered = read.reverse ? [...readers].reverse() : readers
  const sources = ordered.map((reader) => tableSource(reader, read))
  let at = 0
  const next = async (): Promise<Batch | undefined> => {
    for (; at < sources.length; at++) {
      const batch = await sources[at]!.next()
      if (batch !== undefined) return batch
      sources[at]!.close()
    }
    return undefined
  }
  return {
    next,
    close() {
      at = sources.length
      for (const source of sources) source.close()
    },
  }
}

function tableSource(reader: SSTableReader, read: RunRead): BatchSource {
  const { meta } = reader
  const facts = { oneVersionPerKey: meta.rows === meta.keys, maxSeq: meta.maxSeq }
  const rows = rowsSource(reader, read, facts.oneVersionPerKey)
  const visible = visibleVersions(rows, read.keyPositions, read.seq, facts)
  return read.reverse ? reversed(visible) : visible
}

/** The range's rows with all their versions, each batch ascending; in reverse the last batch comes first. */
function rowsSource(reader: SSTableReader, read: RunRead, oneVersionPerKey: boolean): BatchSource {
  let span: { from: number; to: number } | undefined
  let size = rowsFirst
  let closed = false
  const wants = { seq: !oneVersionPerKey || reader.meta.maxSeq > read.seq, deleted: reader.meta.tombstones > 0 }

  function* nextChunk(): Reading<Batch | undefined> {
    span ??= { from: yield* reader.seek(read.range.gte), to: yield* endOf(reader, read.range) }
    if (span.from >= span.to) return undefined
    const rows = Math.min(size, span.to - span.from)
    size = Math.min(size * 4, rowsMost)
    let from = span.from
    let to = from + rows
    if (read.reverse) {
      from = span.to - rows
      to = span.to
      // All versions of a key have to be in one batch, since batches are turned round one by one.
      if (!oneVersionPerKey && from > span.from)
        from = Math.max(span.from, yield* firstVersion(reader, read, from))
      span.to = from
    } else span.from = to
    return yield* reader.rows(read.projection, from, to, wants)
  }

  return {
    next: () => (closed ? undefined : readAsync(nextChunk())),
    close() {
      closed = true
    },
  }
}

function* endOf(reader: SSTableReader, range: KeyRange): Reading<number> {
  return range.lt === undefined ? reader.meta.rows : yield* reader.seek(range.lt)
}

/** The first row with the key of this row. */
function* firstVersion(reader: SSTableReader, read: RunRead, row: number): Reading<number> {
  const batch = yield* reader.rows(read.projection, row, row + 1, { seq: false, deleted: false })
  const keys = read.keyPositions.map((position) => batch.columns[position]!)
  return yield* reader.seek(vectorKey(read.schema, keys, 0))
}

function reversed(source: BatchSource): BatchSource {
  return {
    async next() {
      const batch = await source.next()
      if (batch === undefined || batch.rows === 1) return batch
      const slices = new SliceList(batch.rows)
      const place = slices.use(batch)
      for (let row = batch.rows - 1; row >= 0; row--) slices.add(place, row, 1)
      return gather(slices)
    },
    close: () => source.close(),
  }
}
