// The flush: reads a log, sorts its entries and writes them as an SSTable. Runs in a worker thread, or inline.
//
// The log, not the memtable, is the input: so what is flushed is what would be recovered, and the flush is one more
// check of the log. If the file is not what was written to it, the job fails and is run again on the memory's image.

import { corruption } from '../errors.js'
import { entriesToBatch } from '../format/entry-batch.js'
import { compareEntryKey, entryEndAt, keyAt } from '../format/entry.js'
import { firstEntry, type LogContents, type LogHeader, readLog, readLogHeader, recordEnd } from '../format/log-record.js'
import { RowCodec } from '../format/row-codec.js'
import { Schema } from '../format/schema.js'
import { type FileSystem, readWhole } from '../fs/file-system.js'
import { SSTableWriter } from '../sstable/writer.js'
import { assert } from '../util/assert.js'
import { engineVersion } from '../util/engine-version.js'
import type { FlushJob, JobResult } from './job.js'
import { retainVersions } from './retained.js'
import { sortEntries } from './sort-entries.js'

/** Carries out a flush. Throws MARQUETRY_CORRUPTION if the log is not the expected one, MARQUETRY_IO for a full disk. */
export async function runFlush(fs: FileSystem, job: FlushJob): Promise<JobResult> {
  const { path } = job.log
  const bytes = job.log.image ?? (await readWhole(fs, path)).subarray(0, job.log.bytes)
  const { header, contents } = checkLog(job, bytes)
  const entries = listEntries(bytes, contents)
  assert(entries.length === job.log.entries, 'a log holds the entries of its memtable')
  if (entries.length === 0) return { table: undefined }
  sortEntries(bytes, entries)
  const kept = retainVersions(bytes, entries, header.baseSeq, job.snapshots)
  return { table: await writeTable(fs, job, bytes, header.baseSeq, kept) }
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

async function writeTable(fs: FileSystem, job: FlushJob, bytes: Uint8Array, baseSeq: number, sorted: Uint32Array) {
  const codec = new RowCodec(new Schema(job.schema))
  const projection = codec.schema.columns.map((_, index) => index)
  const { rowGroupRows, rowGroupBytes, ...output } = job.output
  const hasTombstones = sorted.some((entry) => bytes[entry + 2] !== 0)
  const writer = await SSTableWriter.create(fs, job.folder, codec.schema, { ...output, hasTombstones, engineVersion })
  try {
    for (let from = 0; from < sorted.length; ) {
      const to = rowGroupEnd(bytes, sorted, from, rowGroupRows, rowGroupBytes)
      await writer.append(entriesToBatch(codec, bytes, sorted.subarray(from, to), baseSeq, projection))
      from = to
    }
    return await writer.finish(job.createdMs)
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** Where the row group ends that begins at `from`: at one of its limits, but never between versions of a key. */
function rowGroupEnd(bytes: Uint8Array, sorted: Uint32Array, from: number, rowsMax: number, bytesMax: number): number {
  let size = 0
  for (let i = from; i < sorted.length; i++) {
    const entry = sorted[i]!
    if (i - from >= rowsMax || size >= bytesMax) {
      if (compareEntryKey(bytes, sorted[i - 1]!, keyAt(bytes, entry)) !== 0) return i
    }
    size += entryEndAt(bytes, entry) - entry
  }
  return sorted.length
}
