// The sorted load: rows that come in key order become SSTables past log and memtable, and a part of the tree by one edit.
//
//   begin    alone with the tree's deletions of ranges ─► memtable sealed, sequence number S reserved, barrier raised
//            ─► all that was written before S is flushed
//   append   rows ─► worker ─► SSTables below tmp/, their rows all numbered S
//   commit   SSTables renamed ─► in the order of writes: one edit, barrier lowered, visible
//
// 1. In the order of writes a load stands where it began: what is written while it runs is newer. It is seen all at once,
//    at its end, by whoever reads from then on; snapshots never see it that were taken before. See load-barrier.ts.
// 2. One load at a time in a tree, and none beside the deletion of a range: that would have to delete rows, or to leave
//    rows alone, which it cannot see.
// 3. If the process dies before the edit, all that there is are orphans: a load that is done again begins anew.

import type { LoadJob } from '../compaction/job.js'
import type { RowColumns, RunWriter } from '../compaction/load-job.js'
import { aborted, MarquetryError } from '../errors.js'
import { numberedName } from '../format/file-names.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { ResolvedTableOptions } from '../options.js'
import { assert } from '../util/assert.js'
import { type Release, SharedLock } from '../util/shared-lock.js'
import type { VersionEdit } from '../version/state.js'
import type { Version } from '../version/version.js'
import type { CommitQueue } from './commit-queue.js'
import type { CompactionControl } from './compaction-control.js'
import type { TreeEnvironment } from './environment.js'
import type { LoadBarrier } from './load-barrier.js'
import { outputOptions } from './output-options.js'
import type { TreeFiles } from './tree-files.js'
import type { TreeMetrics } from './tree-metrics.js'

/** The tree, as its loads see it. */
export interface LoadedTree {
  readonly name: string
  readonly schema: Schema
  readonly options: ResolvedTableOptions
  readonly environment: TreeEnvironment
  readonly files: TreeFiles
  readonly queue: CommitQueue
  readonly metrics: TreeMetrics
  readonly compaction: CompactionControl
  readonly barrier: LoadBarrier
  /** Seals the memtable, in this step; resolves when all that was written before is flushed. */
  readonly flush: () => Promise<void>
  /** All that is written, up to this sequence number, is visible. */
  readonly publish: (seq: number) => void
}

/** The loads of one tree. */
export class SortedLoads {
  readonly #tree: LoadedTree
  readonly #lock = new SharedLock()
  readonly #closing = new AbortController()
  #current: SortedLoad | undefined

  constructor(tree: LoadedTree) {
    this.#tree = tree
  }

  /** Begins a load, when those before it are over. Close it, whatever becomes of it. */
  async begin(signal?: AbortSignal): Promise<SortedLoad> {
    const release = await this.#enter((ending) => this.#lock.holdAlone(ending), signal)
    const load = new SortedLoad(this.#tree, () => {
      this.#current = undefined
      release()
    })
    this.#current = load
    try {
      await load.begin()
      return load
    } catch (error) {
      await load.close()
      throw error
    }
  }

  /** Resolves when no load is under way; none begins until the returned function is called. */
  keepOut(): Promise<Release> {
    return this.#enter((ending) => this.#lock.share(ending))
  }

  /** Ends the load that is under way, unless it is being committed, and those that wait. */
  async stop(): Promise<void> {
    const closed = new MarquetryError(
      'MARQUETRY_CLOSED',
      `Table ${this.#tree.name} was closed before the load's end`,
    )
    this.#closing.abort(closed)
    await this.#current?.stop(closed)
  }

  async #enter(request: (ending: AbortSignal) => Promise<Release>, signal?: AbortSignal): Promise<Release> {
    const { signal: closing } = this.#closing
    try {
      return await request(signal === undefined ? closing : AbortSignal.any([closing, signal]))
    } catch (error) {
      if (closing.aborted || signal === undefined) throw error
      throw aborted(signal)
    }
  }
}

/** A load that is under way. One call at a time. */
export class SortedLoad {
  readonly #tree: LoadedTree
  readonly #release: () => void
  /** To be removed in the end; empty: there is none. */
  #folder = ''
  #writer: RunWriter | undefined
  /** Why it takes no more. */
  #ended: MarquetryError | undefined
  /** The last part of the commit, from which there is no way back. */
  #adding: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(tree: LoadedTree, release: () => void) {
    this.#tree = tree
    this.#release = release
  }

  /** Takes the load's place in the order of writes: that of this call. */
  async begin(): Promise<void> {
    const { name, schema, options, environment, files, barrier, compaction } = this.#tree
    const flushed = this.#tree.flush()
    const seq = environment.sequence.next++
    barrier.raise(seq)
    await flushed
    this.#check()
    this.#folder = files.temporary(files.newNumber())
    const job: LoadJob = {
      kind: 'load',
      folder: this.#folder,
      schema: schema.toJSON(),
      output: { ...outputOptions(name, options), targetFileBytes: compaction.targetFileBytes },
      seq,
      createdMs: environment.clock(),
    }
    this.#writer = environment.executor.load(job)
  }

  /**
   * Takes rows, or waits until there is room for them. Requires: all columns of the table; keys ascend, also from call to
   * call, and none comes twice; the vectors own their memory, and are given away.
   */
  async append(rows: RowColumns): Promise<void> {
    await this.#unlessEnded(this.#begun.append(rows))
  }

  /** Makes all rows a part of the table, at once. */
  async commit(): Promise<void> {
    const { tables } = await this.#unlessEnded(this.#begun.finish())
    this.#check()
    this.#writer = undefined
    if (tables.length > 0) {
      this.#adding = this.#add(tables)
      await this.#adding
    }
    await this.close()
  }

  /** Ends it: what was not committed is removed, and the next one may begin. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Ends it with this error, unless it is being committed. */
  async stop(error: MarquetryError): Promise<void> {
    this.#ended ??= error
    await this.#adding?.catch(() => {})
    await this.close()
  }

  get #begun(): RunWriter {
    this.#check()
    assert(this.#writer !== undefined, 'a load has begun before it takes rows')
    return this.#writer
  }

  #check(): void {
    if (this.#ended !== undefined) throw this.#ended
    this.#tree.environment.health.check()
  }

  /** What ended the load says more than how its writer failed for it. */
  async #unlessEnded<T>(step: Promise<T>): Promise<T> {
    try {
      const result = await step
      this.#check()
      return result
    } catch (error) {
      throw this.#ended ?? error
    }
  }

  async #add(made: readonly SSTableMeta[]): Promise<void> {
    const { environment, files, metrics, compaction } = this.#tree
    const tables = made.map((table) => ({ ...table, number: files.newNumber() }))
    const from = (index: number) => `${this.#folder}/${numberedName(index)}`
    const numbers = tables.map(({ number }) => number)
    try {
      await files.placeLoad(
        this.#folder,
        numbers.map((number, index) => ({ from: from(index), number })),
      )
      await this.#list(tables)
    } catch (error) {
      // Whether a failed edit is on the disk is not known; only the next open may say that its files are orphans. Where
      // they stay, so does the folder that tells of them.
      const folder = this.#folder
      this.#folder = ''
      if (environment.health.failure === undefined) {
        await files.removePlaced(numbers)
        this.#folder = folder
      }
      throw error
    }
    metrics.loaded(tables)
    compaction.loaded(tables)
  }

  /** The edit. It has its turn among the writes, so that what is visible grows in one order. */
  async #list(tables: readonly SSTableMeta[]): Promise<void> {
    const { environment, files, queue, barrier, publish } = this.#tree
    // A number of its own: a snapshot that was taken before has a lower one.
    const visibleSeq = environment.sequence.next++
    const id = files.newRunId()
    await queue.inOrder(async () => {
      environment.health.check()
      await files.edit(
        (version) => this.#edit(version, tables, id),
        () => {
          barrier.lower()
          publish(visibleSeq)
        },
      )
    })
  }

  #edit(version: Version, tables: readonly SSTableMeta[], id: number): VersionEdit {
    const { barrier, compaction } = this.#tree
    const behind = barrier.newer(version).runs.at(-1)?.id
    const bytes = tables.reduce((sum, table) => sum + table.bytes, 0)
    const level = compaction.levelOfLoad(barrier.older(version).runs, bytes)
    return { addTables: tables, run: { id, level, ...(behind === undefined ? {} : { behind }) } }
  }

  async #close(): Promise<void> {
    const { environment, barrier } = this.#tree
    this.#ended ??= new MarquetryError('MARQUETRY_CLOSED', 'The load is over')
    try {
      await this.#writer?.abort().catch(() => {})
      // What cannot be removed now, the next open will.
      if (this.#folder !== '') await environment.fs.remove(this.#folder).catch(() => {})
    } finally {
      if (barrier.seq !== undefined) {
        barrier.lower()
        this.#tree.compaction.changed()
      }
      this.#release()
    }
  }
}
