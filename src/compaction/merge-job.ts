// The merge of SSTables. Runs in a worker thread, or inline.
//
//   run 0 ─ row groups ─┐
//   run 1 ─ row groups ─┼─ merge by key ─ retention ─ row groups ─┬─ SSTables, rolled at the target size
//   run 2 ─ row groups ─┘                                         │
//           row groups that nothing overlaps, as bytes ───────────┘
//
// 1. Rows move as columns, from decoded pages to the columns that are encoded; no row is ever an object.
// 2. Every row that comes in goes out or is counted as dropped: asserted at the end.
// 3. Without snapshots only the newest version of a key can stay, so that each run is reduced to those before the merge, and the
//    merge drops ties. With snapshots all versions reach the retention.
// 4. Memory, in shares of `memoryBytes`: a quarter for the pieces of row groups that the runs stand in, half before rows that wait
//    in finished pieces are copied out of them, so that decoded inputs take three quarters at most; an eighth for a row group of the
//    output, which is held as gathered, as Arrow IPC and as Parquet by turns. Sizes are planned from the inputs' averages: rows far
//    above those are held all the same.

import { type Batch, batchBytes } from '../format/batch.js'
import { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { FileSystem } from '../fs/file-system.js'
import { readAsync } from '../fs/reading.js'
import { mergeRuns } from '../scan/merge.js'
import { visibleVersions } from '../scan/visible.js'
import { assert } from '../util/assert.js'
import { BufferPool } from '../util/buffer-pool.js'
import type { MergeJob, MergeResult } from './job.js'
import { JobControl } from './job-control.js'
import { type InputContext, MergeInputs, RunSource } from './merge-input.js'
import { MergeOutput, RowGroupCutter } from './merge-output.js'
import { type MergeStep, planMerge, type TableRows } from './merge-plan.js'
import { OlderKeys } from './older-keys.js'
import { Retention } from './retained.js'

/**
 * Carries out a merge: its outputs are folders in `job.folder`, complete and durable but for their entries in it. On
 * failure nothing is left. Throws MARQUETRY_CORRUPTION for an input of which something is damaged that the job reads: all rows of
 * the range, page indexes and footer; MARQUETRY_ABORTED; MARQUETRY_IO for a full disk. `onMemory` is told of every merged batch.
 */
export async function runMerge(
  fs: FileSystem,
  job: MergeJob,
  onMemory?: (use: MergeMemory) => void,
): Promise<MergeResult> {
  const merge = new Merge(fs, job, onMemory)
  await fs.makeDirectory(job.folder)
  try {
    const result = await merge.run()
    await merge.inputs.close()
    return result
  } catch (error) {
    // The first error is the one to tell.
    await merge.inputs.close().catch(() => {})
    await merge.output.abort().catch(() => {})
    await fs.remove(job.folder).catch(() => {})
    throw error
  }
}

/** What a merge holds, in bytes of vectors. */
export interface MergeMemory {
  /** Decoded rows of the inputs, at their peak so far. */
  readonly inputs: number
  /** Merged rows that are not written yet. */
  readonly output: number
}

/** Whether a tombstone can stay: in the end one that nobody needs is dropped, unless something older lies below. */
function mayKeepTombstones({ inputs, snapshots, older }: MergeJob): boolean {
  const hasSome = inputs.some((run) => run.some(({ meta }) => meta.tombstones > 0))
  return hasSome && (snapshots.length > 0 || older.length > 0)
}

/** One job under way. */
class Merge {
  readonly inputs: MergeInputs
  readonly output: MergeOutput
  readonly #job: MergeJob
  readonly #schema: Schema
  readonly #pool: BufferPool
  readonly #hasTombstones: boolean
  readonly #context: InputContext
  readonly #retention: Retention
  readonly #cutter: RowGroupCutter
  readonly #onMemory: ((use: MergeMemory) => void) | undefined
  #rowsIn = 0
  #bytesIn = 0
  /** Rows that were dropped before they reached the retention. */
  #dropped = 0

  constructor(fs: FileSystem, job: MergeJob, onMemory?: (use: MergeMemory) => void) {
    const { inputs, snapshots, older, memoryBytes, control: shared } = job
    const { rowGroupRows, rowGroupBytes } = job.output
    this.#onMemory = onMemory
    const schema = new Schema(job.schema)
    const control = shared && new JobControl(shared)
    this.#pool = new BufferPool(memoryBytes / 4)
    this.inputs = new MergeInputs(fs, schema, this.#pool)
    this.#job = job
    this.#schema = schema
    this.#hasTombstones = mayKeepTombstones(job)
    this.#retention = new Retention(schema.key, snapshots, new OlderKeys(schema, older), snapshots.length === 0)
    this.#cutter = new RowGroupCutter(schema.key, rowGroupRows, Math.min(rowGroupBytes, memoryBytes / 8))
    this.output = new MergeOutput(fs, job, schema, this.#hasTombstones)
    this.#context = {
      inputs: this.inputs,
      batchBytesMax: memoryBytes / (4 * Math.max(inputs.length, 1)),
      wantsSeq: snapshots.length > 0 || older.length > 0,
      onBatch: (rows) => {
        control?.check()
        this.#rowsIn += rows
        if (control !== undefined) control.rows = this.#rowsIn
      },
      onRead: (bytes) => {
        this.#bytesIn += bytes
      },
    }
  }

  async run(): Promise<MergeResult> {
    const { onBatch, onRead } = this.#context
    onBatch(0)
    const steps = await planMerge(this.#job, this.#schema, this.#hasTombstones, this.inputs, onRead)
    for (const step of steps) {
      if (step.kind === 'merge') await this.#merge(step.runs)
      else await this.#carry(step)
    }
    await this.#finishKeys()
    const tables = await this.output.finish()
    const dropped = this.#dropped + this.#retention.dropped
    assert(this.#rowsIn === this.output.rows + dropped, 'every row of a merge is written or dropped')
    return {
      tables,
      rowsIn: this.#rowsIn,
      bytesIn: this.#bytesIn,
      rowGroupsCarried: this.output.rowGroupsCarried,
    }
  }

  async #merge(runs: readonly (readonly TableRows[])[]): Promise<void> {
    const sources = runs.filter((run) => run.length > 0).map((run) => new RunSource(this.#context, run))
    const hasSnapshots = this.#job.snapshots.length > 0
    const reduced = hasSnapshots ? sources : sources.map((source) => this.#newestOf(source))
    const versions = hasSnapshots ? 'all' : 'newest'
    // Who looks for versions of a key remembers the last batch.
    const forgets = !hasSnapshots && sources.every(({ hasOneVersionPerKey }) => hasOneVersionPerKey)
    const merged = mergeRuns(reduced, this.#schema.key, versions, {
      rows: this.#rowsPerBatch(),
      heldBytesMax: this.#job.memoryBytes / 2,
      pool: forgets ? this.#pool : undefined,
    })
    try {
      for (;;) {
        const batch = await merged.next()
        if (batch === undefined) break
        const output = batchBytes(batch) + this.#cutter.bytes
        this.#onMemory?.({ inputs: merged.heldBytesPeak, output })
        await this.#write(this.#retention.of(batch), false)
        if (this.#cutter.isEmpty) merged.recycle(batch)
      }
    } finally {
      await Promise.all(sources.map((source) => source.idle())) // after a failure others may still be reading
      merged.close()
    }
    this.#dropped += merged.dropped
  }

  /** So many rows are gathered at a time: a row group, or what takes the share of one if rows are large. */
  #rowsPerBatch(): number {
    const { inputs, memoryBytes, output } = this.#job
    let rowBytes = 1
    for (const { meta } of inputs.flat()) {
      const groupRows = Math.min(meta.rows, output.rowGroupRows)
      rowBytes = Math.max(rowBytes, meta.rowGroupBytesMax / groupRows)
    }
    return Math.max(1, Math.min(output.rowGroupRows, Math.floor(memoryBytes / 8 / rowBytes)))
  }

  /** A run without the versions that need not reach the merge. */
  #newestOf(source: RunSource): BatchSource {
    if (source.hasOneVersionPerKey) return source
    const all = countRows(source, (rows) => {
      this.#dropped += rows
    })
    return countRows(visibleVersions(all, this.#schema.key, Number.POSITIVE_INFINITY), (rows) => {
      this.#dropped -= rows
    })
  }

  async #carry({ table, group, rows }: MergeStep & { readonly kind: 'carry' }): Promise<void> {
    await this.#finishKeys()
    const { onBatch, onRead } = this.#context
    onBatch(rows)
    await this.output.carry(await readAsync(this.inputs.reader(table).stored(group), onRead))
  }

  /** Writes all that was merged so far. */
  async #finishKeys(): Promise<void> {
    await this.#write(this.#retention.finish(), true)
  }

  async #write(batch: Batch | undefined, all: boolean): Promise<void> {
    if (batch !== undefined) this.#cutter.add(batch)
    for (let group = this.#cutter.take(all); group !== undefined; group = this.#cutter.take(all)) {
      await this.output.append(group)
    }
  }
}

/** The same source; tells of the rows that it yields. */
function countRows(source: BatchSource, count: (rows: number) => void): BatchSource {
  return {
    next: async () => {
      const batch = await source.next()
      count(batch?.rows ?? 0)
      return batch
    },
    close: () => source.close(),
  }
}
