// Clearing that takes a walk: of so many entries, or of those of a snapshot. All else is a deletion of a range.

import type { LsmTree } from '../tree/lsm-tree.js'
import type { EntryCursor } from './entry-cursor.js'

/** Tombstones of one record of the log. */
const recordRows = 1024

/** Deletes the first `limit` entries of a cursor over keys, all if it is negative, and closes the cursor. */
export async function clearSome(tree: LsmTree, cursor: EntryCursor, limit: number): Promise<void> {
  let left = limit < 0 ? Number.POSITIVE_INFINITY : limit
  try {
    while (left > 0) {
      const batch = await cursor.next()
      if (batch === undefined) return
      const rows = Math.min(batch.rows, left)
      left -= rows
      for (let from = 0; from < rows; from += recordRows) {
        const to = Math.min(from + recordRows, rows)
        await tree.write((memtable, firstSeq) => {
          for (let row = from; row < to; row++)
            memtable.addVectorDelete(batch.columns, row, firstSeq + row - from)
          return to - from
        })
      }
    }
  } finally {
    cursor.close()
  }
}
