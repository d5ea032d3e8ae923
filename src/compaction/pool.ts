// The worker threads: four pools per process (and number of threads asked for), for short tasks, for merges, for reads and for
// loads, so that a flush never waits for a merge, a read for neither, and nothing for a load, which ends when its rows do. Made at the first task, never keeping the process alive while idle.

import type { TransferListItem as Transferable } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { aborted, isMarquetryError, MarquetryError } from '../errors.js'
import { unwrap, type WorkerAnswer } from './worker-answer.js'

/** Idle threads go after this long, with all their WASM memory. */
const idleTimeoutMs = 10_000
const queueMax = 10_000

/** Which pool: that of flushes and other short tasks, that of merges, that of reads that somebody waits for, or that of loads. */
export type PoolKind = 'short' | 'merges' | 'reads' | 'loads'

const pools = new Map<string, Piscina>()

function poolOf(kind: PoolKind, threads: number): Piscina {
  const name = `${kind} ${threads}`
  let pool = pools.get(name)
  if (pool === undefined) {
    pool = new Piscina({ minThreads: 0, maxThreads: threads, idleTimeout: idleTimeoutMs, maxQueue: queueMax })
    // A worker that dies rejects its task; the pool's own event has nobody else to hear it.
    pool.on('error', () => {})
    pools.set(name, pool)
  }
  return pool
}

/** How a task is run. */
export interface PoolRun {
  /** Default: `short`. */
  readonly pool?: PoolKind
  /** Threads of the pool. */
  readonly threads: number
  /** Module whose default export runs the task and answers with a WorkerAnswer. */
  readonly module: URL
  readonly transfer?: readonly Transferable[]
  readonly signal?: AbortSignal | undefined
}

/**
 * Whether a task ended otherwise than by an error that it meant: its worker died, or it trapped, or met a bug. Nothing says
 * that another attempt will end better.
 */
export function isBrokenTask(error: unknown): boolean {
  return !isMarquetryError(error) || (error.code === 'MARQUETRY_IO' && error.file === undefined)
}

/** Runs a task on a worker thread. A worker that dies makes it fail with MARQUETRY_IO. */
export async function runInPool<T>(task: object, run: PoolRun): Promise<T> {
  const { pool = 'short', threads, module, transfer, signal } = run
  let result: WorkerAnswer<T>
  try {
    result = await poolOf(pool, threads).run(task, {
      filename: module.href,
      ...(transfer === undefined ? {} : { transferList: transfer as Transferable[] }),
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (error) {
    if (signal?.aborted) throw aborted(signal)
    if ((error as Error)?.name === 'AssertionError') throw error // a bug of ours stays one
    throw new MarquetryError('MARQUETRY_IO', `A worker thread failed: ${(error as Error)?.message ?? error}`, {
      cause: error,
    })
  }
  return unwrap(result)
}
