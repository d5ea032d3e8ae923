// One table's LSM tree: where log, memtables, versions and jobs meet.
//
//   write   encode into the tail memtable's arena (now, in call order) → CommitQueue → log → published
//   rotate  sealed memtable → Flusher → SSTable → one manifest edit: log out, table in
//   read    pin() in one synchronous step: memtables, version, visible sequence number
//
// 1. State changes in one synchronous step after the last await of what led to it.
// 2. The manifest is edited by one step at a time, and an edit takes effect in memory only after it is durable.
// 3. A file is removed when no version holds it: not the current one, not one that a read has pinned.

import { MarquetryError, throwIfAborted } from '../errors.js'
import { isEmptyRange, type KeyRange } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import { readAsync } from '../fs/reading.js'
import type { Memtable } from '../memtable/memtable.js'
import type { ResolvedTableOptions } from '../options.js'
import { assert } from '../util/assert.js'
import type { LogWriter } from '../wal/log-writer.js'
import { CommitQueue } from './commit-queue.js'
import { CompactionControl, type CompactRequest } from './compaction-control.js'
import { deleteRange } from './delete-range.js'
import { deletionHost } from './deletion-host.js'
import { checkWritable, type TreeEnvironment } from './environment.js'
import { Flusher } from './flusher.js'
import { LoadBarrier } from './load-barrier.js'
import { createLog } from './new-log.js'
import { stallEvent } from './pressure.js'
import type { SealedLog } from './sealed-log.js'
import { type SortedLoad, SortedLoads } from './sorted-load.js'
import type { SuperVersion, View } from './super-version.js'
import { TableReaders } from './table-readers.js'
import { Tail } from './tail.js'
import type { TreeFiles } from './tree-files.js'
import { TreeFlush } from './tree-flush.js'
import type { TreeImage } from './tree-image.js'
import { TreeMetrics } from './tree-metrics.js'
import { type ScanRequest, scanTree } from './tree-scan.js'
import { type LiveFile, liveFiles, sizesOf, type TableStats } from './tree-stats.js'
import { TreeView } from './tree-view.js'

export class LsmTree {
  readonly name: string
  readonly schema: Schema
  readonly options: ResolvedTableOptions
  /** What the tree shares with the others of its database. */
  readonly environment: TreeEnvironment
  readonly #files: TreeFiles
  readonly #queue: CommitQueue
  readonly #flusher: Flusher
  readonly #tail: Tail
  readonly #barrier = new LoadBarrier()
  readonly #view: TreeView
  /** The sorted loads: rows that do not pass the memtable. */
  readonly loads: SortedLoads
  #previousLog = { number: 0, bytes: 0, digest: 0 }
  #roomWaiters: (() => void)[] = []
  /** The open SSTables; tell `track` of reads in them. */
  readonly readers: TableReaders
  /** What keeps the tree in shape between its flushes. */
  readonly compaction: CompactionControl
  /** What the tree counts; whoever reads through `pin` counts its own reads here. */
  readonly metrics = new TreeMetrics(() => this.readers.open())
  #closed = false
  #flushesOnClose = true

  constructor(
    name: string,
    schema: Schema,
    options: ResolvedTableOptions,
    environment: TreeEnvironment,
    files: TreeFiles,
    recovered: readonly SealedLog[],
  ) {
    this.name = name
    this.schema = schema
    this.options = options
    this.environment = environment
    this.#files = files
    this.#view = new TreeView(files, environment.readOnly, this.#barrier)
    this.readers = new TableReaders({
      name,
      schema,
      options,
      environment,
      folderOf: (number) => files.folder(number),
      closes: (reader) => this.metrics.fileCloses(reader),
    })
    files.onObsolete = (number) => this.readers.drop(number)
    const snapshots = () => this.#view.snapshots.list()
    const shared = { name, schema, options, environment, files, snapshots }
    this.compaction = new CompactionControl({
      ...shared,
      metrics: this.metrics,
      barrier: this.#barrier,
      sampleKeys: (table) => this.readers.track(readAsync(this.readers.of(table).sampleKeys(64))),
      eased: () => this.#wakeWriters(),
    })
    const { metrics } = this
    this.#queue = new CommitQueue(this.#commitHost(), options, metrics)
    this.#tail = new Tail({ schema, options, queue: this.#queue, metrics, sequence: environment.sequence })
    this.#flusher = new Flusher(
      new TreeFlush({
        ...shared,
        metrics: this.metrics,
        forget: (log) => this.#forget(log),
        flushed: (log, table, durationMs) => {
          this.compaction.flushed(log.bytes, table, durationMs)
          this.compaction.changed()
        },
      }),
      options.flushWorkers,
    )
    this.loads = new SortedLoads({
      ...shared,
      metrics,
      queue: this.#queue,
      compaction: this.compaction,
      barrier: this.#barrier,
      flush: () => this.flush(),
      publish: (seq) => this.#view.publish(seq),
    })
    for (const log of recovered) {
      this.#view.add(log)
      this.#previousLog = { number: log.number, bytes: log.bytes, digest: log.digest }
      if (!environment.readOnly) this.#flusher.add(log)
    }
    this.compaction.changed()
  }

  // --- Writing.

  /**
   * Encodes one record, now, and commits it. `encode` adds its entries to the memtable, numbered from the given
   * sequence number, and returns how many; what it throws rejects the promise, and nothing was written.
   */
  async write(encode: (memtable: Memtable, firstSeq: number) => number): Promise<void> {
    this.#checkWritable()
    await this.#tail.write(encode)
  }

  /** Makes everything written before this call part of an SSTable. Rejects with the first failure, but goes on trying. */
  async flush(): Promise<void> {
    this.#checkWritable()
    // At once: a tail that waits for room gets it from the flush of those before it.
    await Promise.all([this.#tail.seal(), this.#flusher.drain()])
    // If it was closed meanwhile, the log that was sealed may stay a log.
    if (!this.options.flushOnClose) this.checkOpen()
    await this.#flusher.drain()
  }

  /** Makes everything written before this call durable, whatever the mode. */
  async sync(): Promise<void> {
    this.#checkWritable()
    await this.#queue.sync()
  }

  /** Flushes, then merges all that meets a key range. */
  async compact(request: CompactRequest): Promise<void> {
    throwIfAborted(request.signal)
    await this.flush()
    throwIfAborted(request.signal)
    this.checkOpen()
    await this.compaction.compact(request)
  }

  /** Begins a sorted load; see sorted-load.ts. Close it. */
  async load(signal?: AbortSignal): Promise<SortedLoad> {
    this.#checkWritable()
    return await this.loads.begin(signal)
  }

  /** Deletes what was written to a key range before this call; see delete-range.ts. */
  async deleteRange(range: KeyRange): Promise<void> {
    this.#checkWritable()
    if (isEmptyRange(range)) return
    const parts = { tree: this, files: this.#files, queue: this.#queue, snapshots: this.#view.snapshots }
    await deleteRange(deletionHost({ ...parts, watchers: this.#tail.watchers }), range)
  }

  // --- Reading.

  /** What a read that ends in this step reads; `seq`: as of a snapshot. */
  current(seq?: number): View {
    this.checkOpen()
    return this.#view.current(seq)
  }

  /** What a read that starts now reads; `seq`: as of a snapshot. Release it. */
  pin(seq?: number): SuperVersion {
    this.checkOpen()
    return this.#view.pin(seq)
  }

  /** The rows of a scan; pins now. `seq`: as of a snapshot. Its steps fail with MARQUETRY_CLOSED once the tree is closed. */
  scan(request: ScanRequest, seq?: number): BatchSource {
    const view = this.pin(seq)
    const source = this.metrics.scan(scanTree(this.schema, view, seq ?? view.seq, request, this.readers))
    return {
      next: () => {
        this.checkOpen()
        const batch = source.next()
        return batch instanceof Promise ? this.readers.track(batch) : batch
      },
      close: () => source.close(),
    }
  }

  /** Keeps what is visible now visible to reads at the returned sequence number, until `handle` is given back. */
  addSnapshot(handle: object): number {
    this.checkOpen()
    return this.#view.addSnapshot(handle)
  }

  removeSnapshot(handle: object): void {
    this.#view.removeSnapshot(handle)
  }

  /** What is visible now, as files. Release it. */
  image(): TreeImage {
    this.checkOpen()
    return this.#view.image()
  }

  /** The table's id in the catalog. */
  get id(): number {
    return this.#files.treeId
  }

  /** Shows what a read-only opener has read anew; see `TreeView.become`. */
  become(files: TreeFiles, logs: readonly SealedLog[], whenOldIsGone: () => void): void {
    this.#view.become(files, logs, whenOldIsGone)
  }

  // --- Facts.

  stats(): TableStats {
    const active = this.#view.active?.memtable
    const immutables = this.#view.immutables.map((log) => log.memtable)
    const snapshots = this.#view.snapshots.size
    const sizes = sizesOf({ version: this.#files.version, active, immutables, snapshots })
    const { memtable: memtableKind } = this.options
    const compaction = this.compaction.stats()
    return { memtableKind, visibleSeq: this.#view.visibleSeq, compaction, ...sizes, ...this.metrics.counters() }
  }

  files(): readonly LiveFile[] {
    return liveFiles(this.#files)
  }

  // --- The end.

  /**
   * Waits for what is under way, flushes if so asked, closes all files. Everything is closed even when it
   * rejects: then with the first failure, and what was not flushed is in the log.
   */
  async close(flush = this.options.flushOnClose): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#flushesOnClose = flush
    const failures: unknown[] = []
    const attempt = async (step: () => unknown) => {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    await undefined // a row whose getter closes the table is still written
    this.#wakeWriters()
    await attempt(() => this.loads.stop())
    if (!this.environment.readOnly) await attempt(() => this.#settle())
    await this.#flusher.stop()
    await this.compaction.stop()
    await this.#queue.idle()
    await attempt(() => this.#queue.abandon())
    await attempt(() => this.readers.close())
    await attempt(() => this.#files.close())
    if (failures.length > 0) throw failures[0]
  }

  async #settle(): Promise<void> {
    await this.#tail.seal()
    await this.#queue.idle()
    if (this.#flushesOnClose && this.environment.health.failure === undefined) await this.#flusher.drain()
  }

  // --- What the queue and the flusher ask for.

  #commitHost() {
    return {
      activate: (memtable: Memtable) => this.#activate(memtable),
      sealed: (memtable: Memtable, log: LogWriter) => this.#sealed(memtable, log),
      published: (seq: number) => {
        this.#view.publish(seq)
      },
      fail: (error: unknown) => this.environment.health.fail(error),
      check: () => this.environment.health.check(),
      hasRoom: () =>
        this.#leavesLogs() || (this.#hasMemory() && (this.#closed || !this.compaction.isTooDeep())),
      roomChange: () => new Promise<void>((resolve) => this.#roomWaiters.push(resolve)),
      stalled: () => {
        const immutables = this.#view.immutables.length
        const event = stallEvent(this.name, immutables, this.compaction.depth, this.#hasMemory())
        this.environment.emit('stall', event)
      },
      delayMs: (bytes: number) =>
        this.#closed ? 0 : this.compaction.delayMs(bytes, this.#view.immutables.length),
      refused: (memtable: Memtable, start: number) => this.#tail.refused(memtable, start),
    }
  }

  #hasMemory(): boolean {
    return this.#view.immutables.length <= this.options.immutableMemtablesMax
  }

  async #activate(memtable: Memtable): Promise<LogWriter> {
    // A flush will follow; by then the worker should have loaded what it needs.
    this.environment.executor.warm()
    const { fs } = this.environment
    const syncsGroups = this.options.wal === 'sync'
    const { number, log } = await createLog(fs, this.#files, memtable, this.#previousLog, syncsGroups)
    this.#view.active = { memtable, number }
    return log
  }

  #sealed(memtable: Memtable, { path, bytes, digest }: LogWriter): void {
    assert(this.#view.active?.memtable === memtable, 'the active memtable is the one that is sealed')
    const { number } = this.#view.active
    this.#view.active = undefined
    this.#previousLog = { number, bytes, digest }
    const log: SealedLog = { memtable, number, path, bytes, digest }
    this.#view.add(log)
    if (!this.#leavesLogs()) this.#flusher.add(log)
  }

  /** Whether what is sealed now stays in its log: then no write may wait for its flush. */
  #leavesLogs(): boolean {
    return this.#closed && !this.#flushesOnClose
  }

  /** In the same step as the version changes: no read sees a flushed memtable and its SSTable, or neither. */
  #forget(log: SealedLog): void {
    this.#view.forget(log)
    this.#wakeWriters()
  }

  #wakeWriters(): void {
    for (const wake of this.#roomWaiters.splice(0)) wake()
  }

  /** Throws MARQUETRY_CLOSED. */
  checkOpen(): void {
    if (this.#closed) throw new MarquetryError('MARQUETRY_CLOSED', `Table ${this.name} is closed`)
  }

  #checkWritable(): void {
    this.checkOpen()
    checkWritable(this.environment)
    if (this.#tail.isEncoding) {
      throw new MarquetryError('MARQUETRY_INVALID_ROW', 'A row that is being read, by a getter, cannot write')
    }
  }
}
