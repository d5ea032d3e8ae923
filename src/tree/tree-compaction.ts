// One table's merges: what their jobs say, and how their outputs become part of the tree.
//
// 1. The inputs' version is pinned while a job runs: nobody removes files from under it.
// 2. Outputs are renamed to sst/ and synced before the edit that lists them. If the process dies in between, they are
//    orphans; if an attempt fails, they are removed.
// 3. The place of the output is found when the edit has its turn, in the version as it then is, and checked there.

import type { KeyBounds, MergeJob, MergeResult } from '../compaction/job.js'
import { JobControl } from '../compaction/job-control.js'
import type { CompactionPlan } from '../compaction/plan.js'
import { cutRanges, inputRuns, isMove, olderThan, type WeightedKey } from '../compaction/plan-facts.js'
import { isBrokenTask } from '../compaction/pool.js'
import type { MergeSlots } from '../compaction/slots.js'
import { isMarquetryError } from '../errors.js'
import { numberedName } from '../format/file-names.js'
import type { KeyBytes, KeyRange } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { ResolvedTableOptions } from '../options.js'
import { placeOutput, type Version, validatePlan } from '../version/version.js'
import type { CompactionHost, RunningCompaction } from './compactor.js'
import type { CompactionEvent, TreeEnvironment } from './environment.js'
import { outputOptions } from './output-options.js'
import type { TreeFiles } from './tree-files.js'

/** A merge is not cut into pieces smaller than this, or, where files are smaller, than two of them. */
const pieceBytesMin = 16 << 20

/** The tree, as its merges see it. */
export interface CompactedTree {
  readonly name: string
  readonly schema: Schema
  readonly options: ResolvedTableOptions
  readonly environment: TreeEnvironment
  readonly files: TreeFiles
  /** Size at which outputs are cut. */
  readonly targetFileBytes: () => number
  /** Sequence numbers of open snapshots, ascending, without repeats. */
  readonly snapshots: () => readonly number[]
  /** Bounds of what a load under way will add that is older than a plan's inputs. */
  readonly comingBelow: (plan: CompactionPlan) => readonly KeyBounds[]
  /** Keys of a table at about equal distances. */
  readonly sampleKeys: (table: SSTableMeta) => Promise<readonly KeyBytes[]>
  /** The version has changed: called in the same step. */
  readonly changed: () => void
  /** Takes note of every event before it is emitted. */
  readonly reported: (event: CompactionEvent) => void
  readonly quiet: () => void
}

/** What a plan did. */
interface Outcome {
  readonly result: Pick<MergeResult, 'tables' | 'rowsIn' | 'bytesIn' | 'rowGroupsCarried'>
  readonly isMove: boolean
}

export class TreeCompaction implements CompactionHost {
  readonly #tree: CompactedTree

  constructor(tree: CompactedTree) {
    this.#tree = tree
  }

  get version(): Version {
    return this.#tree.files.version
  }

  get slots(): MergeSlots {
    return this.#tree.environment.mergeSlots
  }

  run(plan: CompactionPlan, more: number): RunningCompaction {
    const control = new JobControl()
    const pieceBytes = Math.min(pieceBytesMin, 2 * this.#tree.targetFileBytes())
    const pieces = Math.min(1 + more, Math.max(1, Math.floor(bytesOf(plan.inputs) / pieceBytes)))
    const controls = Array.from({ length: pieces }, (_, index) => (index === 0 ? control : new JobControl()))
    return {
      done: this.#carryOut(plan, controls),
      cancel: () => {
        for (const each of controls) each.cancel()
      },
      rowsDone: () => controls.reduce((rows, each) => rows + each.rows, 0),
    }
  }

  failed(error: unknown, willRetry: boolean): void {
    const { name, environment } = this.#tree
    environment.emit('backgroundError', { table: name, error: error as Error, willRetry })
  }

  /** The table that is said to be damaged; all inputs, if the job broke its worker without saying at which. */
  suspects(error: unknown, { inputs }: CompactionPlan): readonly number[] {
    if (isBrokenTask(error)) return inputs.map(({ number }) => number)
    if (!isMarquetryError(error, 'MARQUETRY_CORRUPTION') || error.file === undefined) return []
    const { file } = error
    const damaged = this.version
      .allTables()
      .find(({ number }) => file.startsWith(`${this.#tree.files.folder(number)}/`))
    return damaged === undefined ? [] : [damaged.number]
  }

  isHealthy(): boolean {
    const { environment } = this.#tree
    return !environment.readOnly && environment.health.failure === undefined
  }

  get failure() {
    return this.#tree.environment.health.failure
  }

  quiet(): void {
    this.#tree.quiet()
  }

  #report(event: CompactionEvent): void {
    this.#tree.reported(event)
    this.#tree.environment.emit('compaction', event)
  }

  async #carryOut(plan: CompactionPlan, controls: readonly JobControl[]): Promise<void> {
    const { name, environment, files } = this.#tree
    const startedMs = environment.clock()
    const facts = {
      table: name,
      reason: plan.reason,
      level: plan.output.level,
      inputs: plan.inputs.map(({ number }) => number),
      bytesIn: bytesOf(plan.inputs),
      rowsIn: plan.inputs.reduce((rows, table) => rows + table.rows, 0),
    }
    this.#report({ phase: 'start', ...facts })
    const pinned = files.acquire()
    try {
      // Here, so that a wrong plan fails as a merge does, and not whoever changed the version that led to it.
      validatePlan(pinned.version, plan.inputs, plan.output)
      const { result, isMove: moves } = isMove(this.version, plan)
        ? await this.#move(plan)
        : await this.#merge(pinned.version, plan, controls)
      this.#report({
        phase: 'end',
        ...facts,
        isMove: moves,
        outputs: result.tables.map(({ number }) => number),
        bytesOut: bytesOf(result.tables),
        rowsOut: result.tables.reduce((rows, table) => rows + table.rows, 0),
        bytesRead: result.bytesIn,
        rowGroupsCarried: result.rowGroupsCarried,
        durationMs: environment.clock() - startedMs,
      })
    } catch (error) {
      const durationMs = environment.clock() - startedMs
      this.#report({ phase: 'failed', ...facts, error: error as Error, durationMs })
      throw error
    } finally {
      pinned.release()
    }
  }

  /** Nothing is read or written: the tables only change their place. */
  async #move(plan: CompactionPlan): Promise<Outcome> {
    await this.#commit(plan, plan.inputs)
    return { result: { tables: plan.inputs, rowsIn: 0, bytesIn: 0, rowGroupsCarried: 0 }, isMove: true }
  }

  async #merge(version: Version, plan: CompactionPlan, controls: readonly JobControl[]): Promise<Outcome> {
    const { files, environment } = this.#tree
    const ranges = controls.length === 1 ? [undefined] : cutRanges(await this.#sample(plan), controls.length)
    const jobs = ranges.map((range, index) => this.#job(version, plan, range, controls[index]!, ranges.length))
    const placed: number[] = []
    try {
      const results = await allOrNone(
        jobs.map((job) => environment.executor.run(job)),
        () => {
          for (const control of controls) control.cancel()
        },
      )
      environment.health.check()
      const outputs = results.flatMap(({ tables }, job) =>
        tables.map((table, index) => ({
          from: `${jobs[job]!.folder}/${numberedName(index)}`,
          table: { ...table, number: files.newNumber() },
        })),
      )
      const tables = outputs.map(({ table }) => table)
      placed.push(...tables.map(({ number }) => number))
      await files.place(outputs.map(({ from, table }) => ({ from, number: table.number })))
      await this.#commit(plan, tables)
      const sum = (of: (result: MergeResult) => number) =>
        results.reduce((total, result) => total + of(result), 0)
      return {
        result: {
          tables,
          rowsIn: sum(({ rowsIn }) => rowsIn),
          bytesIn: sum(({ bytesIn }) => bytesIn),
          rowGroupsCarried: sum(({ rowGroupsCarried }) => rowGroupsCarried),
        },
        isMove: false,
      }
    } catch (error) {
      // Whether a failed edit is on the disk is not known; only the next open may say that its files are orphans.
      if (environment.health.failure === undefined) {
        for (const number of placed) await environment.fs.remove(files.folder(number)).catch(() => {})
      }
      throw error
    } finally {
      for (const { folder } of jobs) await environment.fs.remove(folder).catch(() => {})
    }
  }

  /**
   * The output's place is found, and checked, in the version that the edit changes. A run that it was to join may have
   * lost all its tables meanwhile, to another merge or to the deletion of a range: then it is a run of its own.
   */
  async #commit({ inputs, output }: CompactionPlan, tables: readonly SSTableMeta[]): Promise<void> {
    const { files, changed } = this.#tree
    const newRunId = files.newRunId()
    const { runId, level } = output
    await files.edit(
      (version) => ({
        removeTables: inputs.map(({ number }) => number),
        addTables: tables,
        run: placeOutput(
          version,
          inputs,
          runId !== undefined && version.run(runId) === undefined ? { level } : output,
          newRunId,
        ),
      }),
      changed,
    )
  }

  #job(
    version: Version,
    plan: CompactionPlan,
    range: KeyRange | undefined,
    control: JobControl,
    jobs: number,
  ): MergeJob {
    const { name, schema, options, environment, files, targetFileBytes, snapshots } = this.#tree
    const inputs = inputRuns(version, plan.inputs).map(({ tables }) =>
      tables.map((meta) => ({ folder: files.folder(meta.number), meta })),
    )
    return {
      kind: 'merge',
      folder: files.temporary(files.newNumber()),
      schema: schema.toJSON(),
      output: { ...outputOptions(name, options), targetFileBytes: targetFileBytes() },
      inputs,
      ...(range === undefined ? {} : { range }),
      snapshots: snapshots(),
      older: [...olderThan(version, plan), ...this.#tree.comingBelow(plan)],
      memoryBytes: Math.floor(environment.mergeMemoryBytes / jobs),
      control: control.shared,
      createdMs: environment.clock(),
    }
  }

  async #sample(plan: CompactionPlan): Promise<readonly WeightedKey[]> {
    const samples: WeightedKey[] = []
    for (const table of plan.inputs) {
      const keys = await this.#tree.sampleKeys(table)
      for (const key of keys) samples.push({ key, bytes: table.bytes / keys.length })
    }
    return samples
  }
}

function bytesOf(tables: readonly SSTableMeta[]): number {
  return tables.reduce((bytes, table) => bytes + table.bytes, 0)
}

/** All results; at the first failure the others are cancelled and waited for, so that none writes on. */
async function allOrNone<T>(jobs: readonly Promise<T>[], cancel: () => void): Promise<readonly T[]> {
  let failure: { readonly error: unknown } | undefined
  const results = await Promise.all(
    jobs.map((job) =>
      job.catch((error: unknown) => {
        failure ??= { error }
        cancel()
        return undefined
      }),
    ),
  )
  if (failure !== undefined) throw failure.error
  return results as readonly T[]
}
