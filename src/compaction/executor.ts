// Who carries out jobs: worker threads where they can open the same files, this thread otherwise.

import type { FileSystem } from '../fs/file-system.js'
import type { Job, JobResult } from './job.js'
import { runInPool } from './pool.js'
import { runJob } from './run-job.js'

/** Carries out jobs. Rejects with what the job threw; a failed job leaves nothing but files below its folder. */
export interface JobExecutor {
  run(job: Job): Promise<JobResult>
}

/** Runs jobs in the process's pool of worker threads. */
export function poolExecutor(threads: number): JobExecutor {
  const module = new URL('./worker.js', import.meta.url)
  return { run: (job) => runInPool<JobResult>(job, { threads, module }) }
}

/** Runs jobs on the calling thread: for file systems that only it can see, and for deterministic tests. */
export function inlineExecutor(fs: FileSystem): JobExecutor {
  return { run: (job) => runJob(fs, job) }
}
