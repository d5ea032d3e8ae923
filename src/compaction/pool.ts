// The worker threads: one pool per process (and number of threads asked for), made at the first task, never keeping
// the process alive while it is idle.

import { Piscina } from 'piscina'
import { aborted, MarquetryError } from '../errors.js'
import { unwrap, type WorkerAnswer } from './worker-answer.js'

/** Idle threads go after this long, with all their WASM memory. */
const idleTimeoutMs = 10_000
const queueMax = 10_000

const pools = new Map<number, Piscina>()

function poolOf(threads: number): Piscina {
  let pool = pools.get(threads)
  if (pool === undefined) {
    pool = new Piscina({ minThreads: 0, maxThreads: threads, idleTimeout: idleTimeoutMs, maxQueue: queueMax })
    // A worker that dies rejects its task; the pool's own event has nobody else to hear it.
    pool.on('error', () => {})
    pools.set(threads, pool)
  }
  return pool
}

/** How a task is run. */
export interface PoolRun {
  /** Threads of the pool. */
  readonly threads: number
  /** Module whose default export runs the task and answers with a WorkerAnswer. */
  readonly module: URL
  readonly transfer?: readonly ArrayBuffer[]
  readonly signal?: AbortSignal | undefined
}

/** Runs a task on a worker thread. A worker that dies makes it fail with MARQUETRY_IO. */
export async function runInPool<T>(task: object, run: PoolRun): Promise<T> {
  const { threads, module, transfer, signal } = run
  let result: WorkerAnswer<T>
  try {
    result = await poolOf(threads).run(task, {
      filename: module.href,
      ...(transfer === undefined ? {} : { transferList: transfer as ArrayBuffer[] }),
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
