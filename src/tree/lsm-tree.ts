// One table's LSM tree: where log, memtables, versions and jobs meet.
//
//   write   encode into the tail memtable's arena (now, in call order) → CommitQueue → log → published
//   rotate  sealed memtable → Flusher → SSTable → one manifest edit: log out, table in
//   read    pin() in one synchronous step: memtables, version, visible sequence number
//
// 1. State changes in one synchronous step after the last await of what led to it.
// 2. The manifest is edited by one step at a time, and an edit takes effect in memory only after it is durable.
// 3. A file is removed when no version holds it: not the current one, not one that a read has pinned.

import { MarquetryError } from '../errors.js'
import { logName, sstableFolder } from '../format/file-names.js'
import { logHeaderBytes, writeLogHeader } from '../format/log-record.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { Memtable } from '../memtable/memtable.js'
import type { ResolvedTableOptions } from '../options.js'
import { SSTableReader } from '../sstable/reader.js'
import { assert } from '../util/assert.js'
import { LogWriter } from '../wal/log-writer.js'
import { CommitQueue } from './commit-queue.js'
import type { TreeEnvironment } from './environment.js'
import { Flusher } from './flusher.js'
import { memtableReps } from './memtable-kinds.js'
import type { SealedLog } from './sealed-log.js'
import type { SuperVersion } from './super-version.js'
import type { TreeFiles } from './tree-files.js'
import { TreeFlush } from './tree-flush.js'
import { type ScanRequest, scanTree } from './tree-scan.js'

export class LsmTree {
  readonly name: string
  readonly schema: Schema
  readonly options: ResolvedTableOptions
  readonly #environment: TreeEnvironment
  readonly #files: TreeFiles
  readonly #queue: CommitQueue
  readonly #flusher: Flusher
  /** Takes new records; may be ahead of what is committed. */
  #tail: Memtable | undefined
  /** The last sealing of a tail, while it is under way. */
  #sealing: Promise<void> = Promise.resolve()
  /** Being committed to, and visible. */
  #active: { readonly memtable: Memtable; readonly number: number } | undefined
  /** Sealed, oldest first. */
  #immutables: SealedLog[] = []
  #previousLog = { number: 0, bytes: 0, digest: 0 }
  #visibleSeq: number
  #roomWaiters: (() => void)[] = []
  readonly #readers = new Map<number, SSTableReader>()
  readonly #reads = new Set<Promise<void>>()
  readonly #snapshots = new Map<object, number>()
  /** A record is open: the arena belongs to whoever opened it. */
  #encoding = false
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
    this.#environment = environment
    this.#files = files
    this.#visibleSeq = files.lastSeq
    files.onObsolete = (number) => this.#dropReader(number)
    this.#queue = new CommitQueue(this.#commitHost(), options)
    this.#flusher = new Flusher(
      new TreeFlush({
        name,
        options,
        environment,
        files,
        snapshots: () => [...new Set(this.#snapshots.values())].sort((a, b) => a - b),
        forget: (log) => this.#forget(log),
      }),
      options.flushWorkers,
    )
    for (const log of recovered) {
      this.#immutables.push(log)
      this.#visibleSeq = Math.max(this.#visibleSeq, log.memtable.lastSeq)
      this.#previousLog = { number: log.number, bytes: log.bytes, digest: log.digest }
      if (!environment.readOnly) this.#flusher.add(log)
    }
  }

  /** What the tree shares with the others of its database: for imports and exports. */
  get environment(): TreeEnvironment {
    return this.#environment
  }

  // --- Writing.

  /**
   * Encodes one record, now, and commits it. `encode` adds its entries to the memtable, numbered from the given
   * sequence number, and returns how many; what it throws rejects the promise, and nothing was written.
   */
  async write(encode: (memtable: Memtable, firstSeq: number) => number): Promise<void> {
    this.#checkWritable()
    const { sequence } = this.#environment
    const memtable = this.#memtableFor(sequence.next)
    const start = memtable.beginRecord()
    this.#encoding = true
    let entries: number
    try {
      entries = encode(memtable, sequence.next)
      if (entries > 0) memtable.endRecord(start, sequence.next, this.#queue.durableBytes(memtable))
    } catch (error) {
      memtable.abandonRecord(start)
      throw error
    } finally {
      this.#encoding = false
    }
    if (entries === 0) {
      memtable.abandonRecord(start)
      return
    }
    // Only now: a memtable that got no record must not displace the full one, which then nobody would seal.
    this.#tail = memtable
    sequence.next += entries
    await this.#queue.submit(memtable, start, memtable.encodedBytes, sequence.next - 1)
  }

  #memtableFor(nextSeq: number): Memtable {
    if (this.#tail !== undefined && !this.#tail.isFull(nextSeq)) return this.#tail
    return new Memtable({
      schema: this.schema,
      rep: memtableReps[this.options.memtable],
      baseSeq: nextSeq,
      bytesMax: this.options.memtableBytes,
      rowsMax: this.options.memtableRows,
    })
  }

  /** Makes everything written before this call part of an SSTable. Rejects with the first failure, but goes on trying. */
  async flush(): Promise<void> {
    this.#checkWritable()
    // At once: a tail that waits for room gets it from the flush of those before it.
    await Promise.all([this.#sealTail(), this.#flusher.drain()])
    // If it was closed meanwhile, the log that was sealed may stay a log.
    if (!this.options.flushOnClose) this.#checkOpen()
    await this.#flusher.drain()
  }

  /** Resolves when the tail is sealed, also if that is an earlier call's doing. */
  #sealTail(): Promise<void> {
    const tail = this.#tail
    if (tail === undefined) return this.#sealing
    this.#tail = undefined
    const sealing = this.#queue.seal(tail)
    const over = () => {
      if (this.#sealing === sealing) this.#sealing = Promise.resolve()
    }
    this.#sealing = sealing
    sealing.then(over, over)
    return sealing
  }

  // --- Reading.

  /** What a read that starts now reads. Release it. */
  pin(): SuperVersion {
    this.#checkOpen()
    const pinned = this.#files.acquire()
    const memtables = this.#immutables.map((log) => log.memtable).reverse()
    if (this.#active !== undefined) memtables.unshift(this.#active.memtable)
    let released = false
    return {
      memtables,
      version: pinned.version,
      seq: this.#visibleSeq,
      release: () => {
        if (released) return
        released = true
        pinned.release()
      },
    }
  }

  /** The reader of an SSTable of a pinned version. Opens nothing. */
  readonly readerOf = (table: SSTableMeta): SSTableReader => {
    let reader = this.#readers.get(table.number)
    if (reader === undefined) {
      const { fs, cache } = this.#environment
      reader = new SSTableReader(
        fs,
        `${this.#files.directory}/${sstableFolder(table.number)}`,
        table,
        this.schema,
        cache,
      )
      this.#readers.set(table.number, reader)
    }
    return reader
  }

  /** The rows of a scan; pins now. `seq`: as of a snapshot. Its steps fail with MARQUETRY_CLOSED once the tree is closed. */
  scan(request: ScanRequest, seq?: number): BatchSource {
    const view = this.pin()
    const source = scanTree(this.schema, view, seq ?? view.seq, request, this.readerOf)
    return {
      next: () => {
        this.#checkOpen()
        const batch = source.next()
        return batch instanceof Promise ? this.track(batch) : batch
      },
      close: () => source.close(),
    }
  }

  /** Keeps files open until a read under way has ended. */
  track<T>(read: Promise<T>): Promise<T> {
    const over = () => this.#reads.delete(tracked)
    const tracked: Promise<void> = read.then(over, over).then(() => {})
    this.#reads.add(tracked)
    return read
  }

  /** Keeps what is visible now visible to reads at the returned sequence number, until `handle` is given back. */
  addSnapshot(handle: object): number {
    this.#checkOpen()
    this.#snapshots.set(handle, this.#visibleSeq)
    return this.#visibleSeq
  }

  removeSnapshot(handle: object): void {
    this.#snapshots.delete(handle)
  }

  // --- Facts.

  stats() {
    const { version } = this.#files
    const memory = [
      ...this.#immutables.map((log) => log.memtable),
      ...(this.#active ? [this.#active.memtable] : []),
    ]
    return {
      version,
      memtableRows: memory.reduce((rows, memtable) => rows + memtable.entries, 0),
      memtableBytes: memory.reduce((bytes, memtable) => bytes + memtable.memoryBytes, 0),
      immutableMemtables: this.#immutables.length,
      snapshots: this.#snapshots.size,
      visibleSeq: this.#visibleSeq,
    }
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
    if (!this.#environment.readOnly) await attempt(() => this.#settle())
    await this.#flusher.stop()
    await this.#queue.idle()
    await attempt(() => this.#queue.abandon())
    await Promise.all(this.#reads)
    for (const reader of this.#readers.values()) await attempt(() => reader.close())
    this.#readers.clear()
    await attempt(() => this.#files.close())
    if (failures.length > 0) throw failures[0]
  }

  async #settle(): Promise<void> {
    await this.#sealTail()
    await this.#queue.idle()
    if (this.#flushesOnClose && this.#environment.health.failure === undefined) await this.#flusher.drain()
  }

  // --- What the queue and the flusher ask for.

  #commitHost() {
    return {
      activate: (memtable: Memtable) => this.#activate(memtable),
      sealed: (memtable: Memtable, log: LogWriter) => this.#sealed(memtable, log),
      published: (seq: number) => {
        this.#visibleSeq = seq
      },
      fail: (error: unknown) => this.#environment.health.fail(error),
      check: () => this.#environment.health.check(),
      hasRoom: () => this.#immutables.length <= this.options.immutableMemtablesMax || this.#leavesLogs(),
      roomChange: () => new Promise<void>((resolve) => this.#roomWaiters.push(resolve)),
      stalled: () =>
        this.#environment.emit('stall', {
          table: this.name,
          cause: `${this.#immutables.length} immutable memtables wait for their flush`,
          immutableMemtables: this.#immutables.length,
        }),
    }
  }

  /** If the process dies in here, the log is an orphan, or listed and empty: both are fine. */
  async #activate(memtable: Memtable): Promise<LogWriter> {
    // A flush will follow; by then the worker should have loaded what it needs.
    this.#environment.executor.warm()
    const number = this.#files.newNumber()
    const header = new Uint8Array(logHeaderBytes)
    writeLogHeader(header, {
      id: memtable.logId,
      number,
      treeId: this.#files.treeId,
      schemaId: this.schema.id,
      baseSeq: memtable.baseSeq,
      previous: this.#previousLog,
      manifest: this.#files.position(),
    })
    memtable.setHeader(header)
    const { fs } = this.#environment
    const log = await LogWriter.create(fs, `${this.#files.directory}/${logName(number)}`, header)
    await fs.syncDirectory(this.#files.directory)
    await this.#files.edit({ addLogs: [{ number, id: memtable.logId, schemaId: this.schema.id }] })
    this.#active = { memtable, number }
    return log
  }

  #sealed(memtable: Memtable, { path, bytes, digest }: LogWriter): void {
    assert(this.#active?.memtable === memtable, 'the active memtable is the one that is sealed')
    const { number } = this.#active
    this.#active = undefined
    this.#previousLog = { number, bytes, digest }
    const log: SealedLog = { memtable, number, path, bytes, digest }
    this.#immutables.push(log)
    if (!this.#leavesLogs()) this.#flusher.add(log)
  }

  /** Whether what is sealed now stays in its log: then no write may wait for its flush. */
  #leavesLogs(): boolean {
    return this.#closed && !this.#flushesOnClose
  }

  /** In the same step as the version changes: no read sees a flushed memtable and its SSTable, or neither. */
  #forget(log: SealedLog): void {
    this.#immutables = this.#immutables.filter((other) => other !== log)
    this.#wakeWriters()
  }

  #wakeWriters(): void {
    for (const wake of this.#roomWaiters.splice(0)) wake()
  }

  #dropReader(number: number): void {
    this.#readers.get(number)?.close()
    this.#readers.delete(number)
  }

  #checkOpen(): void {
    if (this.#closed) throw new MarquetryError('MARQUETRY_CLOSED', `Table ${this.name} is closed`)
  }

  #checkWritable(): void {
    this.#checkOpen()
    this.#environment.health.check()
    if (this.#environment.readOnly) {
      throw new MarquetryError('MARQUETRY_READ_ONLY', 'The database was opened with `readOnly`')
    }
    if (this.#encoding) {
      throw new MarquetryError(
        'MARQUETRY_INVALID_ROW',
        'A row that is being read (by a getter or toJSON) cannot write',
      )
    }
  }
}
