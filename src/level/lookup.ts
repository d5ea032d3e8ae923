// Point reads of entries: the tree's own way of a lookup, without building row objects.

import type { Batch, Projection } from '../format/batch.js'
import { encodeKey } from '../format/key-codec.js'
import { readAsync, readSync } from '../fs/reading.js'
import { findInMemory, findInRuns } from '../tree/lookup.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import type { SuperVersion } from '../tree/super-version.js'
import { compareBytes } from '../util/bytes.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import { bytesOf, type Data } from './entry.js'

/** The entry of a key as a batch of one row, as of `seq` or now; undefined: there is none. */
export async function find(
  tree: LsmTree,
  data: Data,
  project: Projection,
  seq?: number,
): Promise<Batch | undefined> {
  const key = encodeKey(tree.schema, bytesOf(data))
  const beganMs = tree.metrics.getBegins()
  const view = tree.pin()
  try {
    const inMemory = findInMemory(tree.schema, view, key, seq ?? view.seq, project)
    const batch = inMemory ?? (await findOnDisk(tree, view, key, project, seq))
    return counted(tree, beganMs, batch)
  } finally {
    view.release()
  }
}

/** As `find`, but reads files on the calling thread. */
export function findSync(tree: LsmTree, data: Data, project: Projection, seq?: number): Batch | undefined {
  const key = encodeKey(tree.schema, bytesOf(data))
  const beganMs = tree.metrics.getBegins()
  const view = tree.pin()
  try {
    const inMemory = findInMemory(tree.schema, view, key, seq ?? view.seq, project)
    const batch = inMemory ?? readSync(findInRuns(view, key, seq ?? view.seq, project, tree.readers))
    return counted(tree, beganMs, batch)
  } finally {
    view.release()
  }
}

/**
 * What `read` makes of the entries of many keys, in the order of the keys; undefined where there is none. All as of one
 * moment, and looked up in key order, so that entries that lie together are read together.
 */
export async function findMany<T>(
  tree: LsmTree,
  given: readonly Data[],
  project: Projection,
  read: (batch: Batch) => T,
  seq?: number,
): Promise<(T | undefined)[]> {
  const keys = given.map((data, at) => ({ at, key: encodeKey(tree.schema, bytesOf(data)) }))
  keys.sort((a, b) => compareBytes(a.key, b.key))
  const found: (T | undefined)[] = new Array(given.length).fill(undefined)
  const view = tree.pin()
  try {
    for (const { at, key } of keys) {
      const inMemory = findInMemory(tree.schema, view, key, seq ?? view.seq, project)
      const batch = inMemory ?? (await findOnDisk(tree, view, key, project, seq))
      if (batch !== undefined && batch !== 'deleted') found[at] = read(batch)
      if (turnIsDue()) await takeTurn()
    }
  } finally {
    view.release()
  }
  tree.metrics.getManyEnds(found)
  return found
}

function findOnDisk(
  { readers }: LsmTree,
  view: SuperVersion,
  key: Uint8Array,
  project: Projection,
  seq = view.seq,
): Promise<Batch | undefined> {
  return readers.track(readAsync(findInRuns(view, key, seq, project, readers)))
}

function counted(tree: LsmTree, beganMs: number, found: Batch | 'deleted' | undefined): Batch | undefined {
  const batch = found === 'deleted' ? undefined : found
  tree.metrics.getEnds(beganMs, batch !== undefined)
  return batch
}
