// The way of a point read: memtables, newest first, then in each run, newest first, the one SSTable that can hold the
// key. The first hit wins; a tombstone is a miss.

import type { Batch, Projection } from '../format/batch.js'
import type { KeyBytes } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { Reading } from '../fs/reading.js'
import { noEntry } from '../memtable/rep.js'
import { hashKey, type KeyHash } from '../sstable/key-hash.js'
import type { SSTableReader } from '../sstable/reader.js'
import { tableFor } from '../version/version.js'
import type { SuperVersion } from './super-version.js'

/** What a memtable knows of the key: its row as a batch of one, `deleted`, or undefined where it knows nothing. */
export function findInMemory(
  schema: Schema,
  view: SuperVersion,
  key: KeyBytes,
  seq: number,
  projection: Projection,
): Batch | 'deleted' | undefined {
  for (const memtable of view.memtables) {
    const entry = memtable.find(key, seq)
    if (entry === noEntry) continue
    return memtable.isDelete(entry) ? 'deleted' : memtable.batch(Uint32Array.of(entry), projection, schema)
  }
  return undefined
}

/** The key's row in the runs, as a batch of one row; undefined: there is none. */
export function* findInRuns(
  view: SuperVersion,
  key: KeyBytes,
  seq: number,
  projection: Projection,
  readerOf: (table: SSTableMeta) => SSTableReader,
): Reading<Batch | undefined> {
  let hash: KeyHash | undefined
  for (const run of view.version.runs) {
    const table = tableFor(run, key)
    if (table === undefined || table.minSeq > seq) continue
    const reader = readerOf(table)
    hash ??= hashKey(key)
    const found = yield* reader.find(key, seq, hash)
    if (found === undefined) continue
    if (found.deleted) return undefined
    return yield* reader.rows(projection, found.row, found.row + 1, { seq: false, deleted: false })
  }
  return undefined
}
