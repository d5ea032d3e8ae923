// Point reads of a tree: from encoded keys to what a caller wants of their rows, in memory first, then in files.

import type { Batch } from '../format/batch.js'
import type { KeyBytes } from '../format/key-codec.js'
import type { RowShape } from '../format/row-builder.js'
import { readAsync, readSync } from '../fs/reading.js'
import { hashKey } from '../sstable/key-hash.js'
import { compareBytes } from '../util/bytes.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import { findCached, findInMemory, findInRuns, type Wanted } from './lookup.js'
import type { LsmTree } from './lsm-tree.js'
import type { View } from './super-version.js'

/** One key to look up; `seq`: as of a snapshot. */
interface Lookup<R extends object> {
  readonly key: KeyBytes
  readonly shape: RowShape<R>
  readonly seq: number | undefined
}

/** Finds the row with a key, as `shape` makes it; undefined: there is none. Waits only where files have to be read. */
export async function findRow<R extends object>(
  tree: LsmTree,
  key: KeyBytes,
  shape: RowShape<R>,
  seq?: number,
): Promise<R | undefined> {
  const { metrics } = tree
  const beganMs = metrics.getBegins()
  const lookup = { key, shape, seq }
  let row = findNear(tree, tree.current(seq), lookup)
  if (typeof row === 'number') {
    const view = tree.pin(seq)
    try {
      row = await findFar(tree, view, lookup, row)
    } finally {
      view.release()
    }
  }
  metrics.getEnds(beganMs, row !== undefined)
  return row
}

/** As `findRow`, but reads files on the calling thread. */
export function findRowSync<R extends object>(
  tree: LsmTree,
  key: KeyBytes,
  shape: RowShape<R>,
  seq?: number,
): R | undefined {
  const { metrics } = tree
  const beganMs = metrics.getBegins()
  const lookup = { key, shape, seq }
  const view = tree.current(seq)
  let row = findNear(tree, view, lookup)
  if (typeof row === 'number') row = shaped(shape, readSync(farReading(tree, view, lookup, row)))
  metrics.getEnds(beganMs, row !== undefined)
  return row
}

/**
 * The rows with these keys, in their order; undefined where there is none. All as of one moment, and looked up in key order,
 * so that rows that lie together are read together.
 */
export async function findRows<R extends object>(
  tree: LsmTree,
  keys: readonly KeyBytes[],
  shape: RowShape<R>,
  snapshot?: number,
): Promise<(R | undefined)[]> {
  const wanted = keys.map((key, at) => ({ at, key }))
  wanted.sort((a, b) => compareBytes(a.key, b.key))
  const rows: (R | undefined)[] = new Array(keys.length).fill(undefined)
  const view = tree.pin(snapshot)
  const seq = snapshot ?? view.seq
  try {
    for (const { at, key } of wanted) {
      const lookup = { key, shape, seq }
      const near = findNear(tree, view, lookup)
      rows[at] = typeof near === 'number' ? await findFar(tree, view, lookup, near) : near
      if (turnIsDue()) await takeTurn()
    }
  } finally {
    view.release()
  }
  tree.metrics.getManyEnds(rows)
  return rows
}

/** What memory says: memtables and cached pages; a number: the run at which files have to be read. */
function findNear<R extends object>(tree: LsmTree, view: View, lookup: Lookup<R>): R | undefined | number {
  const { schema, readers } = tree
  const { key, shape, seq = view.seq } = lookup
  const inMemory = findInMemory(schema, view.memtables, key, seq, shape.projection)
  if (inMemory === 'deleted') return undefined
  if (inMemory !== undefined) return shaped(shape, inMemory)
  return findCached(view.version, wantedIn(view, lookup), shape, readers)
}

/** What the runs from `run` on say. Requires: `view` is pinned. */
async function findFar<R extends object>(
  tree: LsmTree,
  view: View,
  lookup: Lookup<R>,
  run: number,
): Promise<R | undefined> {
  return shaped(lookup.shape, await tree.readers.track(readAsync(farReading(tree, view, lookup, run))))
}

function farReading<R extends object>({ readers }: LsmTree, view: View, lookup: Lookup<R>, run: number) {
  return findInRuns(view.version, wantedIn(view, lookup), lookup.shape.projection, readers, run)
}

function wantedIn<R extends object>(view: View, { key, seq = view.seq }: Lookup<R>): Wanted {
  return { key, hash: hashKey(key), seq }
}

function shaped<R extends object>(shape: RowShape<R>, batch: Batch | undefined): R | undefined {
  if (batch === undefined) return undefined
  const row = shape.empty()
  for (let c = 0; c < batch.columns.length; c++) shape.set(row, c, batch.columns[c]!, 0)
  return row
}
