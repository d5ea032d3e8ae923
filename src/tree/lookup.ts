// The way of a point read: memtables, newest first, then in each run, newest first, the one SSTable that can hold the
// key. The first hit wins; a tombstone is a miss.

import type { Batch, Projection } from '../format/batch.js'
import type { KeptRows } from '../format/kept-rows.js'
import type { KeyBytes } from '../format/key-codec.js'
import type { KeySearch } from '../format/key-search.js'
import type { RowShape } from '../format/row-builder.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { Reading } from '../fs/reading.js'
import type { Memtable } from '../memtable/memtable.js'
import { noEntry } from '../memtable/rep.js'
import { absentRow, unreadRow } from '../sstable/cached-lookup.js'
import type { FilterBlock } from '../sstable/filter-block.js'
import type { KeyHash } from '../sstable/key-hash.js'
import type { SSTableReader } from '../sstable/reader.js'
import { tableFor, type Version } from '../version/version.js'

/** What a memtable knows of the key: its row as a batch of one, `deleted`, or undefined where it knows nothing. */
export function findInMemory(
  schema: Schema,
  memtables: readonly Memtable[],
  key: KeyBytes,
  seq: number,
  projection: Projection,
): Batch | 'deleted' | undefined {
  for (const memtable of memtables) {
    const entry = memtable.find(key, seq)
    if (entry === noEntry) continue
    return memtable.isDelete(entry) ? 'deleted' : memtable.batch(Uint32Array.of(entry), projection, schema)
  }
  return undefined
}

/** The runs of a version as lookups want them. */
export interface RunTables {
  /** Per run, newest first, the reader of its only table; undefined where it has several. */
  readonly lone: readonly (SSTableReader | undefined)[]
  /** The filters of those readers, block by block, newest first. */
  readonly blocks: readonly FilterBlock[]
}

/** The readers of a tree's tables, as lookups want them. */
export interface RunReaders {
  of(table: SSTableMeta): SSTableReader
  ofRuns(version: Version): RunTables
  /** For lookups that do not wait. */
  readonly search: KeySearch
}

const noHidden = { seq: false, deleted: false }
const lookup = { isLookup: true }

/** What is looked up. */
export interface Wanted {
  readonly key: KeyBytes
  readonly hash: KeyHash
  /** The newest sequence number that counts. */
  readonly seq: number
}

/**
 * The key's row in the runs as far as that is in memory; undefined: there is none; a number: the run with which
 * `findInRuns` has to go on. Nearly every lookup of a warm table ends here.
 */
export function findCached<R extends object>(
  version: Version,
  wanted: Wanted,
  shape: RowShape<R>,
  readers: RunReaders,
): R | undefined | number {
  const { key, hash, seq } = wanted
  const { kept } = shape
  let isTold = false
  for (let run = 0; ; run++) {
    run = nextCandidate(version, run, wanted, readers, kept)
    const reader = readerIn(version, run, key, readers)
    if (reader === undefined) return undefined
    const known = kept && reader.keptRow(key, hash, seq, kept)
    if (known !== undefined) return known
    if (!isTold) readers.search.use(key)
    isTold = true
    const row = reader.findCached(key, hash, seq, readers.search)
    if (row === unreadRow) return run
    const built = row >= 0 ? reader.rowCached(row, shape) : undefined
    if (row >= 0 && built === undefined) return run
    reader.learnCached(row !== absentRow)
    if (row === absentRow) continue
    if (built !== undefined && kept !== undefined) reader.keepRow(key, hash, kept, built)
    return built
  }
}

/** The key's row in the runs from `from` on, as a batch of one row; undefined: there is none. */
export function* findInRuns(
  version: Version,
  wanted: Wanted,
  projection: Projection,
  readers: RunReaders,
  from: number,
): Reading<Batch | undefined> {
  const { key, hash, seq } = wanted
  for (let run = from; ; run++) {
    run = nextCandidate(version, run, wanted, readers)
    const reader = readerIn(version, run, key, readers)
    if (reader === undefined) return undefined
    const found = yield* reader.find(key, seq, hash)
    if (found === undefined) continue
    if (found.deleted) return undefined
    return yield* reader.rows(projection, found.row, found.row + 1, noHidden, lookup)
  }
}

/**
 * The first run from `from` on whose table may have the key, or the number of runs. Most tables are excluded, by filters
 * in memory: a plain loop, for a step of a generator takes longer than to ask a filter. A row that is kept as `kept` has made it
 * says more than the filter, in less time.
 */
function nextCandidate(
  version: Version,
  from: number,
  { key, hash }: Wanted,
  readers: RunReaders,
  kept?: KeptRows<object>,
): number {
  const { lone, blocks } = readers.ofRuns(version)
  let first = 0
  for (const block of blocks) {
    const next = first + block.filters.length
    // A lookup that goes on has had the answers for the runs of a block before `from`.
    const done = Math.max(0, from - first)
    let left = from < next ? block.candidates(hash, done > 0) & (-1 << done) : 0
    for (; left !== 0; left &= left - 1) {
      const run = first + 31 - Math.clz32(left & -left)
      const reader = lone[run] ?? readerIn(version, run, key, readers)
      if (reader === undefined) continue
      if (kept !== undefined && reader.keepsRow(key, hash, kept)) return run
      if (!reader.excludes(key, hash)) return run
    }
    first = next
  }
  return lone.length
}

/** The reader of the run's table that may have the key; undefined: there is no such table, or no such run. */
function readerIn(version: Version, at: number, key: KeyBytes, readers: RunReaders): SSTableReader | undefined {
  const run = version.runs[at]
  if (run === undefined) return undefined
  const table = run.tables.length === 1 ? run.tables[0] : tableFor(run, key)
  return table && readers.of(table)
}
