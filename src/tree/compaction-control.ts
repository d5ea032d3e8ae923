// All that keeps a tree in shape between its flushes: the compactor and its strategy, the limits that hold writers back when
// merges fall behind, and the record of what was done.

import { levelOfLoad } from '../compaction/load-level.js'
import { wholePlan } from '../compaction/plan-facts.js'
import { normalDepth, overlapDepth } from '../compaction/strategies/depth.js'
import { spaceAmplification } from '../compaction/strategies/space.js'
import { strategyOf } from '../compaction/strategies/strategy.js'
import type { KeyBytes, KeyRange } from '../format/key-codec.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import {
  type CompactionOptions,
  type ResolvedCompactionOptions,
  resolveTableCompaction,
} from '../options-compaction.js'
import type { SortedRun, Version } from '../version/version.js'
import { Compactor } from './compactor.js'
import type { CompactionEvent } from './environment.js'
import { HistoryLog } from './history-log.js'
import type { LoadBarrier } from './load-barrier.js'
import { DepthLimits, pressureOf, WriteThrottle } from './pressure.js'
import { type CompactedTree, TreeCompaction } from './tree-compaction.js'
import type { TreeMetrics } from './tree-metrics.js'
import type { CompactionStats } from './tree-stats.js'

/** Runs above the normal depth from which writes are delayed, and at which they stop. */
const softMargin = 8
const hardMargin = 24

/** The tree, as those see it who keep it in shape. */
export interface ControlledTree
  extends Pick<CompactedTree, 'name' | 'schema' | 'options' | 'environment' | 'files' | 'snapshots'> {
  readonly metrics: TreeMetrics
  readonly barrier: LoadBarrier
  readonly sampleKeys: (table: SSTableMeta) => Promise<readonly KeyBytes[]>
  /** Writers that wait may find that they need not any more. */
  readonly eased: () => void
}

/** A compaction by hand. */
export interface CompactRequest {
  readonly range: KeyRange
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: { readonly rows: number; readonly rowsTotal: number }) => void) | undefined
}

export class CompactionControl {
  readonly #tree: ControlledTree
  readonly #compactor: Compactor
  readonly #limits = new DepthLimits(softMargin, hardMargin)
  readonly #throttle = new WriteThrottle()
  readonly #history: HistoryLog
  #options: ResolvedCompactionOptions
  #depth: number

  constructor(tree: ControlledTree) {
    this.#tree = tree
    this.#options = tree.options.compaction
    this.#history = new HistoryLog(tree.environment.fs, tree.files.directory)
    this.#depth = overlapDepth(tree.files.version)
    this.#limits.forgive(this.#depth)
    const host = new TreeCompaction({
      ...tree,
      targetFileBytes: () => this.#options.targetFileBytes,
      comingBelow: (plan) => tree.barrier.comingBelow(plan),
      changed: () => this.#observe(),
      reported: (event) => this.#record(event),
      quiet: () => tree.eased(),
    })
    this.#compactor = new Compactor(host, tree.barrier.around(strategyOf(this.#options)))
  }

  /** Sorted runs that a lookup may have to ask for one key. */
  get depth(): number {
    return this.#depth
  }

  stats(): CompactionStats {
    const { flushedBytes, loadedBytes, compactedBytesOut } = this.#tree.metrics.counts
    const newBytes = flushedBytes + loadedBytes
    const { running, isPaused, quarantined } = this.#compactor
    const { version } = this.#tree.files
    return {
      strategy: this.#options.strategy,
      running,
      paused: isPaused,
      quarantined,
      writeAmplification: newBytes === 0 ? 1 : (newBytes + compactedBytesOut) / newBytes,
      readAmplification: overlapDepth(version),
      spaceAmplification: spaceAmplification(version),
    }
  }

  /** Other options from now on. Nothing is rewritten for it alone, and no writer stopped for what is there. */
  set(options: CompactionOptions): void {
    this.#options = resolveTableCompaction(options, {}, this.#tree.options)
    this.#limits.forgive(this.#depth)
    this.#compactor.setStrategy(this.#tree.barrier.around(strategyOf(this.#options)))
  }

  /** While a sorted load is under way: what is older than it, and what is newer, each for itself. */
  async compact({ range, signal, onProgress }: CompactRequest): Promise<void> {
    const { barrier } = this.#tree
    const none: ReadonlySet<number> = new Set()
    const compact = (side: (version: Version) => Version) =>
      this.#compactor.compact({
        plan: (version, busy) => wholePlan(side(version), range, busy),
        isDone: (version) => wholePlan(side(version), range, none) === undefined,
        signal,
        onProgress,
      })
    await compact((version) => barrier.older(version))
    if (barrier.seq !== undefined) await compact((version) => barrier.newer(version))
  }

  /** Size at which outputs are cut. */
  get targetFileBytes(): number {
    return this.#options.targetFileBytes
  }

  /** The level for a run that is loaded above these older ones. */
  levelOfLoad(older: readonly SortedRun[], bytes: number): number {
    return levelOfLoad(this.#options, older, bytes)
  }

  /** A sorted load has added these; HISTORY has them as flushes, which they are to a strategy. */
  loaded(tables: readonly SSTableMeta[]): void {
    for (const table of tables) this.#history.flushed(this.#tree.environment.clock(), table)
    this.changed()
  }

  pause(): Promise<void> {
    return this.#compactor.pause()
  }

  resume(): void {
    this.#compactor.resume()
  }

  /** Resolves when nothing runs, the strategy wants nothing, and the files that were merged and that nobody reads are gone. */
  async idle(): Promise<void> {
    await this.#compactor.idle()
    await this.#tree.files.removed()
  }

  /** Keeps merges from these tables. Undefined: one of them is in a merge. */
  claim(tables: readonly SSTableMeta[]): (() => void) | undefined {
    return this.#compactor.claim(tables)
  }

  /** Begins what is due: to be called at open, and whenever the version has changed. */
  changed(): void {
    this.#observe()
    this.#compactor.poke()
  }

  flushed(logBytes: number, table: SSTableMeta | undefined, durationMs: number): void {
    this.#throttle.flushed(logBytes, durationMs)
    if (table !== undefined) this.#history.flushed(this.#tree.environment.clock(), table)
  }

  /**
   * Whether the runs are too many for more to come. Only while a merge is under way that could make them fewer: nobody
   * waits for what will not happen.
   */
  isTooDeep(): boolean {
    return this.#depth >= this.#limits.hard && this.#compactor.isBusy && !this.#compactor.isPaused
  }

  /** How long a group of writes should wait, in milliseconds, with so many memtables waiting for their flush. */
  delayMs(bytes: number, immutables: number): number {
    const most = this.#tree.options.immutableMemtablesMax
    const depth = this.#compactor.isBusy && !this.#compactor.isPaused ? this.#depth : 0
    const pressure = Math.max(
      pressureOf(immutables, most / 2, most + 1),
      pressureOf(depth, this.#limits.soft, this.#limits.hard),
    )
    return this.#throttle.delayMs(bytes, pressure)
  }

  /** Ends all that is under way. */
  async stop(): Promise<void> {
    await this.#compactor.stop()
    await this.#history.close()
  }

  #observe(): void {
    const { version } = this.#tree.files
    const bytes = version.levels().reduce((total, level) => total + level.bytes, 0)
    const normal = normalDepth(this.#options, bytes)
    this.#depth = overlapDepth(version, normal)
    this.#limits.observe(this.#depth, normal)
    this.#tree.eased()
  }

  #record(event: CompactionEvent): void {
    this.#tree.metrics.compacted(event)
    if (event.phase !== 'end' || event.isMove) return
    const { reason, bytesIn, bytesOut, rowsIn, rowsOut } = event
    this.#history.merged({ ms: this.#tree.environment.clock(), reason, bytesIn, bytesOut, rowsIn, rowsOut })
  }
}
