// What looks like an orphan, but may be all that is left of somebody's data: then the manifest has lost edits.

import { corruption } from '../errors.js'
import { loadMarker } from '../format/file-names.js'
import { type FileSystem, readWhole, writeWhole } from '../fs/file-system.js'
import { writtenSeq } from '../sstable/written-seq.js'
import type { TreeState } from '../version/state.js'

/**
 * Says in a load's folder, durably, which SSTables it is about to add: until the folder goes, after the edit that lists them,
 * nothing else tells those that a crash has kept from the manifest from those of an edit that it has lost.
 */
export async function markLoad(fs: FileSystem, folder: string, numbers: readonly number[]): Promise<void> {
  await writeWhole(fs, `${folder}/${loadMarker}`, Buffer.from(JSON.stringify(numbers)))
  await fs.syncDirectory(folder)
}

/** Numbers of the SSTables that loads were about to add, as the folders of jobs that did not end say. */
export async function markedByLoads(fs: FileSystem, folders: readonly string[]): Promise<ReadonlySet<number>> {
  const marked = new Set<number>()
  for (const folder of folders) {
    const path = `${folder}/${loadMarker}`
    if ((await fs.stat(path))?.kind !== 'file') continue
    for (const number of numbersIn(await readWhole(fs, path))) marked.add(number)
  }
  return marked
}

/** A marker that is torn was not durable yet: nothing was added. */
function numbersIn(bytes: Uint8Array): readonly number[] {
  try {
    const numbers: unknown = JSON.parse(Buffer.from(bytes).toString())
    return Array.isArray(numbers) ? numbers.filter((number) => Number.isSafeInteger(number)) : []
  } catch {
    return []
  }
}

/**
 * Throws MARQUETRY_CORRUPTION if an SSTable that the manifest does not list proves that it has lost edits.
 *
 * An SSTable that a crash has kept from the manifest was made of logs or tables that the manifest lists, which are still
 * there, or by a load, which has said so. If no log is listed, and it holds what no listed table does, the manifest has lost the edits that list it: those
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
