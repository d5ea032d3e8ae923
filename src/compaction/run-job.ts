import type { FileSystem } from '../fs/file-system.js'
import { runFlush } from './flush-job.js'
import type { Job, JobResult } from './job.js'

/** Carries out a job on this thread. */
export function runJob(fs: FileSystem, job: Job): Promise<JobResult> {
  return runFlush(fs, job)
}
