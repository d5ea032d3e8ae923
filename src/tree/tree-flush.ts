// One table's flushes: what their jobs say, and how their results become part of the tree.

import type { FlushJob, FlushResult } from '../compaction/job.js'
import { sstableFolder } from '../format/file-names.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { ResolvedTableOptions } from '../options.js'
import type { TreeEnvironment } from './environment.js'
import type { FlushHost } from './flusher.js'
import { outputOptions } from './output-options.js'
import type { SealedLog } from './sealed-log.js'
import type { TreeFiles } from './tree-files.js'
import type { TreeMetrics } from './tree-metrics.js'

/** The tree, as its flushes see it. */
export interface FlushedTree {
  readonly name: string
  readonly options: ResolvedTableOptions
  readonly environment: TreeEnvironment
  readonly files: TreeFiles
  readonly metrics: TreeMetrics
  /** Sequence numbers of open snapshots, ascending, without repeats. */
  readonly snapshots: () => readonly number[]
  /** Called in the step in which the version changes: no read sees a flushed memtable and its SSTable, or neither. */
  readonly forget: (log: SealedLog) => void
  /** Called when all is done. `table`: what the log became; undefined: it had nothing to keep. */
  readonly flushed: (log: SealedLog, table: SSTableMeta | undefined, durationMs: number) => void
}

export class TreeFlush implements FlushHost {
  readonly #tree: FlushedTree

  constructor(tree: FlushedTree) {
    this.#tree = tree
  }

  job(log: SealedLog): { readonly number: number; readonly job: FlushJob } {
    const { name, options, environment, files } = this.#tree
    const number = files.newNumber()
    const job: FlushJob = {
      kind: 'flush',
      folder: files.temporary(number),
      schema: log.memtable.schema.toJSON(),
      output: outputOptions(name, options),
      log: { path: log.path, bytes: log.bytes, digest: log.digest, entries: log.memtable.entries },
      snapshots: this.#tree.snapshots(),
      createdMs: environment.clock(),
    }
    return { number, job }
  }

  run(job: FlushJob): Promise<FlushResult> {
    return this.#tree.environment.executor.run(job)
  }

  async commit(log: SealedLog, number: number, { table }: FlushResult, startedMs: number): Promise<void> {
    const { name, environment, files, metrics, forget } = this.#tree
    environment.health.check()
    const removeLogs = [log.number]
    if (table === undefined) await files.edit({ removeLogs }, () => forget(log))
    else {
      await files.place([{ from: files.temporary(number), number }])
      const run = { id: files.newRunId(), level: 0 }
      await files.edit({ removeLogs, addTables: [{ ...table, number }], run }, () => forget(log))
    }
    // The log is superfluous now; if the process dies before it is gone, the next open finds an orphan.
    await files.removeLog(log.number)
    const [rows, bytes] = [table?.rows ?? 0, table?.bytes ?? 0]
    const durationMs = environment.clock() - startedMs
    metrics.flushed(rows, bytes, durationMs)
    this.#tree.flushed(log, table && { ...table, number }, durationMs)
    environment.emit('flush', {
      table: name,
      rows,
      bytes,
      durationMs,
      sstable: table === undefined ? undefined : `${name}/${sstableFolder(number)}`,
    })
  }

  discard(number: number): Promise<void> {
    const { environment, files } = this.#tree
    return environment.fs.remove(files.temporary(number))
  }

  failed(error: unknown, willRetry: boolean): void {
    const { name, environment, metrics } = this.#tree
    metrics.counts.flushFailures++
    environment.emit('backgroundError', { table: name, error: error as Error, willRetry })
  }

  isHealthy(): boolean {
    return this.#tree.environment.health.failure === undefined
  }

  now(): number {
    return this.#tree.environment.clock()
  }
}
