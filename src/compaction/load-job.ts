// The load: rows that come in key order become a sorted run, past log and memtable. Runs in a worker thread, or inline.

import { MarquetryError } from '../errors.js'
import type { Batch } from '../format/batch.js'
import { Schema } from '../format/schema.js'
import type { Vector } from '../format/vector.js'
import type { FileSystem } from '../fs/file-system.js'
import { assert } from '../util/assert.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import type { LoadJob, LoadResult } from './job.js'
import { MergeOutput, RowGroupCutter } from './merge-output.js'

/** Some rows: all columns of the schema. */
export interface RowColumns {
  readonly columns: readonly Vector[]
  readonly rows: number
}

/** A run that is being written. One call at a time. Whatever fails, or is not finished, is to be aborted. */
export interface RunWriter {
  /**
   * Takes rows, or waits until there is room for them. Requires: keys ascend, also from call to call, and none comes twice;
   * the vectors own their memory, and are given away.
   */
  append(rows: RowColumns): Promise<void>
  /** Completes the run: its outputs are folders in `job.folder`, complete and durable but for their entries in it. */
  finish(): Promise<LoadResult>
  /** Ends it. When this resolves nothing is written any more; the folder, if there is one, is the caller's to remove. */
  abort(): Promise<void>
}

/** Writes a run on this thread. */
export class InlineRunWriter implements RunWriter {
  readonly #fs: FileSystem
  readonly #job: LoadJob
  readonly #cutter: RowGroupCutter
  readonly #output: MergeOutput
  #begun = false
  #aborted = false
  #rows = 0
  /** The call that is under way. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(fs: FileSystem, job: LoadJob) {
    const schema = new Schema(job.schema)
    this.#fs = fs
    this.#job = job
    this.#cutter = new RowGroupCutter(schema.key, job.output.rowGroupRows, job.output.rowGroupBytes)
    this.#output = new MergeOutput(fs, job, schema, false)
  }

  append(rows: RowColumns): Promise<void> {
    return this.#run(() => this.#append(rows))
  }

  finish(): Promise<LoadResult> {
    return this.#run(() => this.#finish())
  }

  async abort(): Promise<void> {
    this.#aborted = true
    await this.#last
    await this.#output.abort()
  }

  #run<T>(call: () => Promise<T>): Promise<T> {
    const result = call()
    this.#last = result.catch(() => {})
    return result
  }

  async #append({ columns, rows }: RowColumns): Promise<void> {
    if (rows === 0) return
    if (!this.#begun) await this.#begin()
    this.#rows += rows
    this.#cutter.add({ rows, columns, seq: new Float64Array(rows).fill(this.#job.seq), deleted: undefined })
    await this.#write(false)
  }

  async #finish(): Promise<LoadResult> {
    if (!this.#begun) return { tables: [] }
    await this.#write(true)
    const tables = await this.#output.finish()
    const written = tables.reduce((sum, table) => sum + table.rows, 0)
    assert(written === this.#rows, 'a load loses no row and doubles none')
    return { tables }
  }

  async #begin(): Promise<void> {
    this.#begun = true
    await this.#fs.makeDirectory(this.#job.folder)
  }

  /** Writes the row groups that are full; with `all`, also what is left. */
  async #write(all: boolean): Promise<void> {
    for (let batch: Batch | undefined; ; ) {
      batch = this.#cutter.take(all)
      if (batch === undefined) return
      if (this.#aborted) throw new MarquetryError('MARQUETRY_ABORTED', 'The load was aborted')
      await this.#output.append(batch)
      if (turnIsDue()) await takeTurn()
    }
  }
}
