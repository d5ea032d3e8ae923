// Logs to memtables, at open. Nothing needs to be flushed for that, so a database on a full disk, or one opened
// read-only, can be read.
//
// Checked besides the records themselves (docs/format.md): every log that the manifest lists is there; it is that log
// (id, number, tree); it ends as the next one says; the manifest is at least as long as when the log was made.

import { corruption } from '../errors.js'
import { checkRows } from '../format/check-rows.js'
import { logName } from '../format/file-names.js'
import { type LogContents, type LogHeader, readLog, readLogHeader } from '../format/log-record.js'
import type { ManifestPosition } from '../format/manifest-record.js'
import type { Schema } from '../format/schema.js'
import { type FileSystem, readWhole } from '../fs/file-system.js'
import { Memtable } from '../memtable/memtable.js'
import type { MemtableRepFactory } from '../memtable/rep.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import type { SealedLog } from './sealed-log.js'

/** Entries indexed between two looks at the clock. */
const publishEntries = 4096

/** A log as the manifest lists it. */
export interface ListedLog {
  readonly number: number
  readonly id: string
  readonly schemaId: number
}

export interface RecoveryInput {
  readonly fs: FileSystem
  readonly directory: string
  readonly treeId: number
  /** In ascending order of their numbers. */
  readonly logs: readonly ListedLog[]
  readonly schema: (id: number) => Schema | undefined
  readonly rep: MemtableRepFactory
  /** Whether the manifest holds, or once held, this position. */
  readonly holds: (position: ManifestPosition) => boolean
}

interface ReadLog {
  readonly path: string
  readonly header: LogHeader
  readonly contents: LogContents
  readonly bytes: Uint8Array
}

/** What the logs hold. */
export interface RecoveredLogs {
  /** Oldest first. */
  readonly sealed: readonly SealedLog[]
  /**
   * Cuts a torn tail of the newest log off, and makes durable what is left of it: readers see it from now on, so it has to last.
   * To be called once all of the database was found whole, for nothing is written to one that is refused.
   */
  settle(): Promise<void>
}

/** Replays the logs, and changes nothing yet. Throws MARQUETRY_CORRUPTION. */
export async function recoverLogs(input: RecoveryInput): Promise<RecoveredLogs> {
  const sealed: SealedLog[] = []
  let before: ReadLog | undefined
  for (const [index, listed] of input.logs.entries()) {
    const log = await readListed(input, listed, index === input.logs.length - 1)
    if (before !== undefined) checkLink(before, log)
    before = log
    sealed.push(await replay(input, listed, log))
  }
  return {
    sealed,
    async settle() {
      if (before !== undefined) await settleTail(input.fs, before)
    },
  }
}

async function readListed(input: RecoveryInput, listed: ListedLog, newest: boolean): Promise<ReadLog> {
  const path = `${input.directory}/${logName(listed.number)}`
  if ((await input.fs.stat(path))?.kind !== 'file') throw corruption(path, undefined, 'the log is missing')
  const bytes = await readWhole(input.fs, path)
  const header = readLogHeader(path, bytes)
  // A log is listed only after its header was synced, so a bad one is damage and never a torn write.
  if (header === undefined) throw corruption(path, 0, 'the header of the log is damaged')
  if (header.id !== listed.id || header.number !== listed.number || header.treeId !== input.treeId) {
    throw corruption(path, 0, 'this is another log than the one that the manifest lists')
  }
  if (header.schemaId !== listed.schemaId || input.schema(header.schemaId) === undefined) {
    throw corruption(path, 24, `the log's schema ${header.schemaId} is not known`)
  }
  if (!input.holds(header.manifest)) {
    const { number, bytes: length } = header.manifest
    throw corruption(
      path,
      52,
      `the log was made when manifest ${number} had ${length} bytes; it has lost some since`,
    )
  }
  return { path, header, contents: readLog(path, bytes, header, newest), bytes }
}

function checkLink(before: ReadLog, log: ReadLog): void {
  const { previous } = log.header
  if (
    previous.number !== before.header.number ||
    previous.bytes !== before.contents.bytes ||
    previous.digest !== before.contents.digest
  ) {
    throw corruption(before.path, before.contents.bytes, `the log does not end as ${log.path} says it did`)
  }
}

async function replay(input: RecoveryInput, listed: ListedLog, log: ReadLog): Promise<SealedLog> {
  const { contents, header, path } = log
  const schema = input.schema(listed.schemaId)
  if (schema === undefined) throw corruption(path, 24, 'the schema of the log is not known')
  checkRows(path, log.bytes, contents, schema)
  const memtable = new Memtable(
    { schema, rep: input.rep, baseSeq: header.baseSeq, bytesMax: 1, rowsMax: 1 },
    { logId: header.id, bytes: log.bytes.subarray(0, contents.bytes) },
  )
  while (!memtable.publish(contents.bytes, publishEntries)) if (turnIsDue()) await takeTurn()
  return { memtable, number: listed.number, path, bytes: contents.bytes, digest: contents.digest }
}

/**
 * Cuts a torn tail off, and makes durable what is left. If a sync failed, the system shows pages that it counts as clean and
 * will never write: so what is not known to be durable is written again, byte for byte, which a crash cannot make worse. If
 * the power goes here, the next open cuts the same tail again.
 */
async function settleTail(fs: FileSystem, { path, contents, bytes }: ReadLog): Promise<void> {
  const file = await fs.open(path, 'write')
  try {
    if (bytes.length > contents.bytes) await file.truncate(contents.bytes)
    const from = Math.min(contents.durableBytes, contents.bytes)
    if (from < contents.bytes) await file.write(bytes.subarray(from, contents.bytes), from)
    await file.sync()
  } finally {
    await file.close()
  }
}
