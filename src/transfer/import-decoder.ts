// Runs import tasks in the pool and answers for their failures: whatever a file makes of its worker thread, the caller
// gets an error and the process lives on.

import { runInPool } from '../compaction/pool.js'
import { aborted, isMarquetryError, throwIfAborted } from '../errors.js'
import type { SchemaJson } from '../format/schema.js'
import type { ImportLimits } from './import-limits.js'
import {
  type DecodedColumns,
  type DecodeTask,
  type DescribeTask,
  type FoundColumn,
  type ImportFile,
  type ImportPlan,
  type ImportTask,
  invalidInput,
  type PlanTask,
} from './import-task.js'

/** How often the watchdog looks. */
const watchMs = 100

/** What a decoder reads, and with what. */
export interface DecoderOptions {
  readonly file: ImportFile
  readonly schema: SchemaJson
  readonly limits: ImportLimits
  /** Threads of the pool. */
  readonly threads: number
  /** How long one task may run. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** The module that carries out the tasks. */
  readonly module: URL
}

type Unbound<T extends ImportTask> = Omit<T, 'file' | 'schema' | 'limits' | 'begun'>

export class ImportDecoder {
  readonly #options: DecoderOptions

  constructor(options: DecoderOptions) {
    this.#options = options
  }

  /** What the file holds. Throws MARQUETRY_INVALID_INPUT if it does not fit the table or is no Parquet file. */
  plan(task: Omit<Unbound<PlanTask>, 'kind'>): Promise<ImportPlan> {
    return this.#run<ImportPlan>({ ...task, kind: 'plan' }, 'its footer cannot be read')
  }

  /** The rows of a row group. Throws MARQUETRY_INVALID_INPUT if they cannot be read or do not fit the table. */
  decode(task: Omit<Unbound<DecodeTask>, 'kind'>): Promise<DecodedColumns> {
    return this.#run<DecodedColumns>(
      { ...task, kind: 'decode' },
      `its row group ${task.rowGroup} cannot be decoded`,
    )
  }

  /** The file's columns. Throws MARQUETRY_INVALID_INPUT if it is no Parquet file. */
  describe(): Promise<readonly FoundColumn[]> {
    return this.#run<readonly FoundColumn[]>({ kind: 'describe' }, 'its footer cannot be read')
  }

  async #run<T>(
    task: Unbound<PlanTask> | Unbound<DecodeTask> | Unbound<DescribeTask>,
    complaint: string,
  ): Promise<T> {
    const { file, schema, limits, threads, timeoutMs, signal, module } = this.#options
    throwIfAborted(signal)
    const begun = new SharedArrayBuffer(4)
    const watch = watchdog(new Int32Array(begun), timeoutMs, signal)
    try {
      return await runInPool<T>(
        { ...task, file, schema, limits, begun },
        { threads, module, signal: watch.signal },
      )
    } catch (error) {
      if (signal?.aborted) throw aborted(signal)
      if (watch.signal.aborted) throw invalidInput(file.path, `${complaint}: no end after ${timeoutMs} ms`)
      // A worker's own errors name a file; this one is of the pool, about a worker that has died.
      if (isMarquetryError(error, 'MARQUETRY_IO') && error.file === undefined) {
        throw invalidInput(file.path, `${complaint}: the decoder gave up on it`, { cause: error.cause })
      }
      throw error
    } finally {
      watch.stop()
    }
  }
}

/** Aborts its signal with the caller's, or when a task has run for too long; waiting for a thread does not count. */
function watchdog(begun: Int32Array, timeoutMs: number, caller: AbortSignal | undefined) {
  const controller = new AbortController()
  const abort = () => controller.abort()
  let begunAt: number | undefined
  const timer = setInterval(
    () => {
      if (Atomics.load(begun, 0) === 0) return
      begunAt ??= performance.now()
      if (performance.now() - begunAt >= timeoutMs) abort()
    },
    Math.min(watchMs, Math.max(1, timeoutMs)),
  )
  caller?.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    stop() {
      clearInterval(timer)
      caller?.removeEventListener('abort', abort)
    },
  }
}
