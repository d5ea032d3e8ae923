// The flush: reads a log, sorts its entries and writes them as an SSTable. Runs in a worker thread, or inline.
//
// The log, not the memtable, is the input: so what is flushed is what would be recovered, and the flush is one more
// check of the log. If the file is not what was written to it, the job fails and is run again on the memory's image.

import { corruption } from '../errors.js'
import type { Batch } from '../format/batch.js'
import { concatBatches } from '../format/concat.js'
import { entryEndAt, entryKinds, kindAt } from '../format/entry.js'
import { entriesToBatch } from '../format/entry-batch.js'
import {
  firstEntry,
  type LogContents,
  type LogHeader,
  readLog,
  readLogHeader,
  recordEnd,
} from '../format/log-record.js'
import { RowCodec } from '../format/row-codec.js'
import { Schema } from '../format/schema.js'
import { sortEntries } from '../format/sort-entries.js'
import { type FileSystem, readWhole } from '../fs/file-system.js'
import { SSTableWriter } from '../sstable/writer.js'
import { engineVersion } from '../util/engine-version.js'
import type { FlushJob, FlushResult } from './job.js'
import { blockRows, SortedLog } from './sorted-log.js'

/** Carries out a flush. Throws MARQUETRY_CORRUPTION if the log is not the expected one, MARQUETRY_IO for a full disk. */
export async function runFlush(fs: FileSystem, job: FlushJob): Promise<FlushResult> {
  const { path } = job.log
  const bytes = job.log.image ?? (await readWhole(fs, path)).subarray(0, job.log.bytes)
  const { header, contents } = checkLog(job, bytes)
  if (contents.entries === 0) return { table: undefined }
  const entries = listEntries(bytes, contents)
  const hasTombstones = entries.some((entry) => kindAt(bytes, entry) === entryKinds.delete)
  sortEntries(bytes, entries)
  const sorted = new SortedLog(bytes, entries, header.baseSeq, job.snapshots)
  const codec = new RowCodec(new Schema(job.schema))
  return { table: await writeTable(fs, job, { bytes, sorted, codec, baseSeq: header.baseSeq }, hasTombstones) }
}

function checkLog(
  job: FlushJob,
  bytes: Uint8Array,
): { readonly header: LogHeader; readonly contents: LogContents } {
  const { path } = job.log
  const header = readLogHeader(path, bytes)
  if (header === undefined) throw corruption(path, 0, 'the header of the log is damaged')
  const contents = readLog(path, bytes, header, false)
  if (
    contents.bytes !== job.log.bytes ||
    contents.digest !== job.log.digest ||
    contents.entries !== job.log.entries
  ) {
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
    for (let entry = firstEntry(view, record); entry < end; entry = entryEndAt(bytes, entry))
      entries[count++] = entry
  }
  return entries
}

async function writeTable(fs: FileSystem, job: FlushJob, source: LogSource, hasTombstones: boolean) {
  const { rowGroupRows, rowGroupBytes, ...output } = job.output
  const settings = { ...output, hasTombstones, engineVersion }
  const writer = await SSTableWriter.create(fs, job.folder, source.codec.schema, settings)
  try {
    for (;;) {
      const batch = nextRowGroup(source, rowGroupRows, rowGroupBytes)
      if (batch === undefined) break
      await writer.append(batch)
    }
    return await writer.finish(job.createdMs)
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** What row groups are made from. */
interface LogSource {
  readonly bytes: Uint8Array
  readonly sorted: SortedLog
  readonly codec: RowCodec
  readonly baseSeq: number
}

/** The next rows, up to one of the limits or a little over, so as not to split a key. Undefined: the end. */
function nextRowGroup({ bytes, sorted, codec, baseSeq }: LogSource, rowsMax: number, bytesMax: number) {
  const projection = codec.schema.columns.map((_, index) => index)
  const blocks: Batch[] = []
  let rows = 0
  let size = 0
  while (rows < rowsMax && size < bytesMax) {
    const block = sorted.next(Math.min(blockRows, rowsMax - rows))
    if (block === undefined) break
    blocks.push(entriesToBatch(codec, bytes, block.entries, baseSeq, projection))
    rows += block.entries.length
    size += block.bytes
  }
  return blocks.length === 0 ? undefined : concatBatches(blocks)
}
