// The merge of SSTables. Runs in a worker thread, or inline.
//
//   run 0 ─ row groups ─┐
//   run 1 ─ row groups ─┼─ merge by key ─ retention ─ row groups ─ SSTables, rolled at the target size
//   run 2 ─ row groups ─┘
//
// 1. Rows move as columns, from decoded pages to the columns that are encoded; no row is ever an object.
// 2. Every row that comes in goes out or is counted as dropped: asserted at the end.
// 3. Without snapshots only the newest version of a key can stay, so that each run is reduced to those before the merge, and the
//    merge drops ties. With snapshots all versions reach the retention.

import type { Batch } from '../format/batch.js'
import { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { FileSystem } from '../fs/file-system.js'
import { mergeRuns } from '../scan/merge.js'
import { visibleVersions } from '../scan/visible.js'
import { assert } from '../util/assert.js'
import type { MergeInput, MergeJob, MergeResult } from './job.js'
import { JobControl } from './job-control.js'
import { type InputContext, RunSource } from './merge-input.js'
import { MergeOutput, RowGroupCutter } from './merge-output.js'
import { OlderKeys } from './older-keys.js'
import { Retention } from './retained.js'

/** What a merge counts. */
interface Counts {
  rowsIn: number
  bytesIn: number
  /** Older versions that were dropped within their own run. */
  droppedInRuns: number
}

/**
 * Carries out a merge: its outputs are folders in `job.folder`, complete and durable but for their entries in it. On
 * failure nothing is left. Throws MARQUETRY_CORRUPTION for an input of which something is damaged that the job reads: all rows of
 * the range, and page indexes and footer; MARQUETRY_ABORTED; MARQUETRY_IO for a full disk.
 */
export async function runMerge(fs: FileSystem, job: MergeJob): Promise<MergeResult> {
  const schema = new Schema(job.schema)
  const output = new MergeOutput(fs, job, schema, mayKeepTombstones(job))
  await fs.makeDirectory(job.folder)
  try {
    const counts = await mergeInto(fs, job, schema, output)
    const tables = await output.finish()
    return { tables, rowsIn: counts.rowsIn, bytesIn: counts.bytesIn, rowGroupsCarried: 0 }
  } catch (error) {
    await output.abort().catch(() => {}) // the first error is the one to tell
    await fs.remove(job.folder).catch(() => {})
    throw error
  }
}

/** Whether a tombstone can stay: in the end one that nobody needs is dropped, unless something older lies below. */
function mayKeepTombstones({ inputs, snapshots, older }: MergeJob): boolean {
  return (
    (snapshots.length > 0 || older.length > 0) &&
    inputs.some((run) => run.some(({ meta }) => meta.tombstones > 0))
  )
}

async function mergeInto(fs: FileSystem, job: MergeJob, schema: Schema, output: MergeOutput): Promise<Counts> {
  const counts: Counts = { rowsIn: 0, bytesIn: 0, droppedInRuns: 0 }
  const { rowGroupRows, rowGroupBytes } = job.output
  const runs = openRuns(fs, job, schema, counts)
  const newest = runs.map((run, i) => reduced(run, job, job.inputs[i]!, schema, counts))
  const merged = mergeRuns(newest, schema.key, job.snapshots.length === 0 ? 'newest' : 'all', rowGroupRows)
  const older = new OlderKeys(schema, job.older)
  const retention = new Retention(schema.key, job.snapshots, older, job.snapshots.length === 0)
  const cutter = new RowGroupCutter(schema.key, rowGroupRows, rowGroupBytes)
  const write = async (batch: Batch | undefined, isLast: boolean) => {
    if (batch !== undefined) cutter.add(batch)
    for (let group = cutter.take(isLast); group !== undefined; group = cutter.take(isLast)) {
      await output.append(group)
    }
  }
  try {
    for (;;) {
      const batch = await merged.next()
      if (batch === undefined) break
      await write(retention.of(batch), false)
    }
    await write(retention.finish(), true)
  } finally {
    await Promise.all(runs.map((run) => run.idle())) // after a failure others may still be reading
    merged.close()
  }
  const dropped = counts.droppedInRuns + merged.dropped + retention.dropped
  assert(counts.rowsIn === output.rows + dropped, 'every row of a merge is written or dropped')
  return counts
}

function openRuns(fs: FileSystem, job: MergeJob, schema: Schema, counts: Counts): RunSource[] {
  const control = job.control && new JobControl(job.control)
  control?.check()
  const context: InputContext = {
    fs,
    schema,
    range: job.range ?? { gte: undefined, lt: undefined },
    batchBytesMax: job.memoryBytes / (2 * Math.max(job.inputs.length, 1)),
    onBatch: (rows) => {
      control?.check()
      counts.rowsIn += rows
      if (control !== undefined) control.rows = counts.rowsIn
    },
    onRead: (bytes) => {
      counts.bytesIn += bytes
    },
  }
  return job.inputs.map((run) => new RunSource(context, run))
}

/** A run without the versions that need not reach the merge; counts them. */
function reduced(
  source: BatchSource,
  { snapshots }: MergeJob,
  run: readonly MergeInput[],
  schema: Schema,
  counts: Counts,
): BatchSource {
  if (snapshots.length > 0 || run.every(({ meta }) => meta.rows === meta.keys)) return source
  const counted: BatchSource = {
    next: async () => {
      const batch = await source.next()
      counts.droppedInRuns += batch?.rows ?? 0
      return batch
    },
    close: () => source.close(),
  }
  const newest = visibleVersions(counted, schema.key, Number.POSITIVE_INFINITY)
  return {
    next: async () => {
      const batch = await newest.next()
      counts.droppedInRuns -= batch?.rows ?? 0
      return batch
    },
    close: () => newest.close(),
  }
}
