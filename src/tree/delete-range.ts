// The deletion of a key range. Tables that lie wholly inside leave by one manifest edit; for every other live key a
// tombstone is written, as `delete` would.
//
// Not atomic: readers and a crash may see a part of it done, and doing it again completes it. In the order of calls it
// stands where it was called: what was written before goes, what is written afterwards stays, also while it runs.
//
//   1. from now on, remember the keys that are written          (later than this call: they stay)
//   2. wait until sorted loads that began before are over, and all earlier writes are visible
//   3. claim the tables wholly inside that no snapshot needs     (no merge takes them)
//   4. tombstones for the keys that are live without those tables
//   5. one edit: the claimed tables leave; if a snapshot was opened meanwhile, they stay and get tombstones too
//
// Tombstones come before the edit, on the disk too: a table that leaves would otherwise bring back older versions that it
// hides. A later write that is refused in the end has kept its key from step 4, which is then repeated.

import { type KeyRange, vectorKey } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { Vector } from '../format/vector.js'
import type { Memtable } from '../memtable/memtable.js'
import { compareBytes } from '../util/bytes.js'
import { overlapping, type Version } from '../version/version.js'
import { WrittenKeys } from './written-keys.js'

/** Tombstones of one record of the log. */
const recordRows = 1024

/** The tree, as a deletion sees it. */
export interface RangeDeletionHost {
  readonly schema: Schema
  readonly version: Version
  /** Greatest sequence number that was given to a write. */
  readonly lastSeq: number
  watch(keys: WrittenKeys): () => void
  /** Resolves when no sorted load is under way; none begins until the returned function is called. */
  keepLoadsOut(): Promise<() => void>
  /** Resolves when every write that was called before is visible. */
  barrier(): Promise<void>
  hasSnapshots(): boolean
  /** Keeps merges from these tables; undefined: one of them is in a merge already. */
  claim(tables: readonly SSTableMeta[]): (() => void) | undefined
  /** The live keys of a range now, as their columns; without what is in the tables `except`. */
  keys(range: KeyRange, except: ReadonlySet<number>): BatchSource
  write(encode: (memtable: Memtable, firstSeq: number) => number): Promise<void>
  /**
   * Makes all writes before durable; then removes tables, if `isAllowed` still says so when the edit has its turn.
   * Resolves with whether it was done.
   */
  remove(tables: readonly SSTableMeta[], isAllowed: () => boolean): Promise<boolean>
}

/** Deletes all keys of a range that were written before this call. */
export async function deleteRange(host: RangeDeletionHost, range: KeyRange): Promise<void> {
  const asOf = host.lastSeq
  const later = new WrittenKeys(range)
  const unwatch = host.watch(later)
  let letLoadsIn = () => {}
  try {
    letLoadsIn = await host.keepLoadsOut()
    await host.barrier()
    const { tables, release } = claimInside(host, range, asOf)
    try {
      await bury(host, range, new Set(tables.map(({ number }) => number)), later)
      if (tables.length === 0) return
      if (await host.remove(tables, () => !host.hasSnapshots())) return
    } finally {
      release()
    }
    await bury(host, range, new Set(), later)
  } finally {
    letLoadsIn()
    unwatch()
  }
}

/** The tables that lie wholly in the range, are older than the call, and neither needed by a snapshot nor in a merge. */
function claimInside(host: RangeDeletionHost, range: KeyRange, asOf: number) {
  const nothing = { tables: [] as readonly SSTableMeta[], release: () => {} }
  if (host.hasSnapshots()) return nothing
  const inside = host.version.runs
    .flatMap((run) => overlapping(run, range))
    .filter((table) => isInside(table, range) && table.maxSeq <= asOf)
  const claimed: { readonly table: SSTableMeta; readonly release: () => void }[] = []
  for (const table of inside) {
    const release = host.claim([table])
    if (release !== undefined) claimed.push({ table, release })
  }
  return {
    tables: claimed.map(({ table }) => table),
    release: () => {
      for (const { release } of claimed) release()
    },
  }
}

function isInside({ minKey, maxKey }: SSTableMeta, { gte, lt }: KeyRange): boolean {
  return (
    (gte === undefined || compareBytes(gte, minKey) <= 0) && (lt === undefined || compareBytes(maxKey, lt) < 0)
  )
}

/** Writes tombstones for the live keys of the range, but for those that were written later. */
async function bury(
  host: RangeDeletionHost,
  range: KeyRange,
  except: ReadonlySet<number>,
  later: WrittenKeys,
): Promise<void> {
  for (;;) {
    const { takenBack } = later
    if ((await buryOnce(host, range, except, later)) === 0) return
    await host.barrier()
    if (later.takenBack === takenBack) return
  }
}

/** Returns how many keys were left alone, since they were written later. */
async function buryOnce(
  host: RangeDeletionHost,
  range: KeyRange,
  except: ReadonlySet<number>,
  later: WrittenKeys,
): Promise<number> {
  let left = 0
  const source = host.keys(range, except)
  try {
    for (;;) {
      const batch = await source.next()
      if (batch === undefined) return left
      for (let from = 0; from < batch.rows; from += recordRows) {
        const to = Math.min(from + recordRows, batch.rows)
        await host.write((memtable, firstSeq) => addTombstones(memtable, firstSeq, batch.columns, from, to))
      }
    }
  } finally {
    source.close()
  }

  function addTombstones(
    memtable: Memtable,
    firstSeq: number,
    keys: readonly Vector[],
    from: number,
    to: number,
  ): number {
    let seq = firstSeq
    for (let row = from; row < to; row++) {
      if (later.size > 0 && later.has(vectorKey(host.schema, keys, row))) {
        left++
        continue
      }
      memtable.addVectorDelete(keys, row, seq)
      seq++
    }
    return seq - firstSeq
  }
}
