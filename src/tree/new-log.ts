// The birth of a log: file, header, directory entry, manifest edit, in this order.

import { logName } from '../format/file-names.js'
import { logHeaderBytes, writeLogHeader } from '../format/log-record.js'
import type { FileSystem } from '../fs/file-system.js'
import type { Memtable } from '../memtable/memtable.js'
import { LogWriter } from '../wal/log-writer.js'
import type { TreeFiles } from './tree-files.js'

/** How the log before ended: the new one's header says so, for a hole between logs to be seen. */
export interface LogEnd {
  readonly number: number
  readonly bytes: number
  readonly digest: number
}

/**
 * Creates the log of a memtable and lists it. If the process dies in here, the log is an orphan, or listed and empty:
 * both are fine. `syncsGroups`: nothing is written to it before all that is there is durable.
 */
export async function createLog(
  fs: FileSystem,
  files: TreeFiles,
  memtable: Memtable,
  previous: LogEnd,
  syncsGroups: boolean,
): Promise<{ readonly number: number; readonly log: LogWriter }> {
  const number = files.newNumber()
  const schemaId = memtable.schema.id
  const header = new Uint8Array(logHeaderBytes)
  writeLogHeader(header, {
    id: memtable.logId,
    number,
    treeId: files.treeId,
    schemaId,
    baseSeq: memtable.baseSeq,
    previous,
    manifest: files.position(),
  })
  memtable.setHeader(header)
  const log = await LogWriter.create(fs, `${files.directory}/${logName(number)}`, header, syncsGroups)
  await fs.syncDirectory(files.directory)
  await files.edit({ addLogs: [{ number, id: memtable.logId, schemaId }] })
  return { number, log }
}
