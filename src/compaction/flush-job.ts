// The flush: reads a log, sorts its entries and writes them as an SSTable. Runs in a worker thread, or inline.
//
// The log, not the memtable, is the input: so what is flushed is what would be recovered, and the flush is one more
// check of the log. If the file is not what was written to it, the job fails and is run again on the memory's image.

import { corruption } from '../errors.js'
import { entriesToBatch } from '../format/entry-batch.js'
import { entryEndAt, entryKinds, kindAt } from '../format/entry.js'
import { firstEntry, type LogContents, type LogHeader, readLog, readLogHeader, recordEnd } from '../format/log-record.js'
import { RowCodec } from '../format/row-codec.js'
import { Schema } from '../format/schema.js'
import { type FileSystem, readWhole } from '../fs/file-system.js'
import { SSTableWriter } from '../sstable/writer.js'
import { engineVersion } from '../util/engine-version.js'
import type { FlushJob, JobResult } from './job.js'
import { sortEntries } from './sort-entries.js'
import { SortedLog } from './sorted-log.js'

/** Carries out a flush. Throws MARQUETRY_CORRUPTION if the log is not the expected one, MARQUETRY_IO for a full disk. */
export async function runFlush(fs: FileSystem, job: FlushJob): Promise<JobResult> {
  const { path } = job.log
  const bytes = job.log.image ?? (await readWhole(fs, path)).subarray(0, job.log.bytes)
  const { header, contents } = checkLog(job, bytes)
  if (contents.entries === 0) return { table: undefined }
  const entries = listEntries(bytes, contents)
  const hasTombstones = entries.some((entry) => kindAt(bytes, entry) === entryKinds.delete)
  sortEntries(bytes, entries)
  const sorted = new SortedLog(bytes, entries, header.baseSeq, job.snapshots)
  return { table: await writeTable(fs, job, sorted, header.baseSeq, hasTombstones) }
}

function checkLog(job: FlushJob, bytes: Uint8Array): { readonly header: LogHeader; readonly contents: LogContents } {
  const { path } = job.log
  const header = readLogHeader(path, bytes)
  if (header === undefined) throw corruption(path, 0, 'the header of the log is damaged')
  const contents = readLog(path, bytes, header, false)
  if (contents.bytes !== job.log.bytes || contents.digest !== job.log.digest || contents.entries !== job.log.entries) {
    throw corruption(path, contents.bytes, 'the log is not the one that was written')
  }
  return { header, contents }
}

function listEntries(bytes: Uint8Array, contents: LogContents): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries = new Uint32Array(contents.entries)
  let count = 0
  for (const record of contents.records) {
    const end = recordEnd(view, record)
    for (let entry = firstEntry(view, record); entry < end; entry = entryEndAt(bytes, entry)) entries[count++] = entry
  }
  return entries
}

async function writeTable(fs: FileSystem, job: FlushJob, log: SortedLog, baseSeq: number, hasTombstones: boolean) {
  const codec = new RowCodec(new Schema(job.schema))
  const projection = codec.schema.columns.map((_, index) => index)
  const { rowGroupRows, rowGroupBytes, ...output } = job.output
  const writer = await SSTableWriter.create(fs, job.folder, codec.schema, { ...output, hasTombstones, engineVersion })
  try {
    for (;;) {
      const group = log.next(rowGroupRows, rowGroupBytes)
      if (group === undefined) break
      await writer.append(entriesToBatch(codec, group.bytes, group.entries, baseSeq, projection))
    }
    return await writer.finish(job.createdMs)
  } catch (error) {
    await writer.abort()
    throw error
  }
}
