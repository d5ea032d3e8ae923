// What looks like an orphan, but may be all that is left of somebody's data: then the manifest has lost edits.

import { corruption } from '../errors.js'
import type { FileSystem } from '../fs/file-system.js'
import { writtenSeq } from '../sstable/written-seq.js'
import type { TreeState } from '../version/state.js'

/**
 * Throws MARQUETRY_CORRUPTION if an SSTable that the manifest does not list proves that it has lost edits.
 *
 * An SSTable that a crash has kept from the manifest was made of logs or tables that the manifest lists, which are still
 * there. If no log is listed, and it holds what no listed table does, the manifest has lost the edits that list it: those
 * of a database, say, that had been closed, with no log left to vouch for its manifest.
 */
export async function checkOrphanTable(
  fs: FileSystem,
  folder: string,
  number: number,
  { logs, nextNumber, lastSeq, version }: TreeState,
): Promise<void> {
  if (number < nextNumber || logs.length > 0) return
  const seq = await writtenSeq(fs, folder)
  if (seq === undefined || (seq <= lastSeq && version.allTables().length > 0)) return
  throw corruption(
    folder,
    undefined,
    'the SSTable holds rows, but the manifest has lost the edit that lists it',
  )
}
