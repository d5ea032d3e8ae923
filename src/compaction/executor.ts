// Who carries out jobs: worker threads where they can open the same files, this thread otherwise.

import type { FileSystem } from '../fs/file-system.js'
import { type EncodeTask, encodeTask } from './encode-task.js'
import type { Job, LoadJob, ResultOf } from './job.js'
import { WorkerRunWriter } from './load-channel.js'
import { InlineRunWriter, type RunWriter } from './load-job.js'
import { runInPool } from './pool.js'
import { runJob } from './run-job.js'

/** Carries out jobs. Rejects with what the job threw; a failed job leaves nothing but files below its folder. */
export interface JobExecutor {
  /** Worker threads; 0: everything runs on the calling thread. */
  readonly threads: number
  run<J extends Job>(job: J): Promise<ResultOf<J>>
  /** Encodes a row group. `transfer`: the buffers of its vectors, if the caller gives them away. */
  encode(task: EncodeTask, transfer?: readonly ArrayBuffer[]): Promise<Uint8Array>
  /** Begins a load. */
  load(job: LoadJob): RunWriter
  /** Says that a job will come soon, so that threads and WASM get loaded. Returns at once, never fails. */
  warm(): void
}

/** Threads of the pool for short tasks: two at least, made when two run at a time, so that `flushWorkers: 2` is not in vain. */
export function shortThreads(threads: number): number {
  return Math.max(threads, 2)
}

/** Runs jobs in the process's pools of worker threads; merges, and loads, in as many as `threads`. */
export function poolExecutor(threads: number): JobExecutor {
  const module = new URL('./worker.js', import.meta.url)
  const short = { threads: shortThreads(threads), module }
  return {
    threads,
    run: (job) => runInPool(job, job.kind === 'merge' ? { pool: 'merges', threads, module } : short),
    encode: (task, transfer = []) => runInPool<Uint8Array>(task, { ...short, transfer }),
    load: (job) => new WorkerRunWriter(job, { threads, module }),
    warm: () => {
      runInPool({ kind: 'warm' }, short).catch(() => {})
    },
  }
}

/** Runs jobs on the calling thread: for file systems that only it can see, and for deterministic tests. */
export function inlineExecutor(fs: FileSystem): JobExecutor {
  return {
    threads: 0,
    run: (job) => runJob(fs, job),
    encode: async (task) => encodeTask(task),
    load: (job) => new InlineRunWriter(fs, job),
    warm() {},
  }
}
