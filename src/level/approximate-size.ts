// How much of the files a key range takes, from the sparse indexes alone.

import type { KeyRange } from '../format/key-codec.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { readAsync } from '../fs/reading.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import { compareBytes } from '../util/bytes.js'
import { overlapping } from '../version/version.js'

/** Keys of a file that a range is compared with: its share is known to a hundredth. */
const samples = 100

/** The bytes of the SSTables that hold a key range; of those that reach beyond it, their share of rows. */
export async function approximateSize(tree: LsmTree, range: KeyRange): Promise<number> {
  const view = tree.pin()
  try {
    let bytes = 0
    for (const table of view.version.runs.flatMap((run) => overlapping(run, range))) {
      bytes += table.bytes * (await shareOf(tree, table, range))
    }
    return Math.round(bytes)
  } finally {
    view.release()
  }
}

async function shareOf(tree: LsmTree, table: SSTableMeta, range: KeyRange): Promise<number> {
  const isInside = (key: Uint8Array) =>
    (range.gte === undefined || compareBytes(range.gte, key) <= 0) &&
    (range.lt === undefined || compareBytes(key, range.lt) < 0)
  if (isInside(table.minKey) && isInside(table.maxKey)) return 1
  const keys = await tree.readers.track(readAsync(tree.readers.of(table).sampleKeys(samples)))
  return keys.filter(isInside).length / keys.length
}
