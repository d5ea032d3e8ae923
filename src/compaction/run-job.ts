import type { FileSystem } from '../fs/file-system.js'
import { runFlush } from './flush-job.js'
import type { Job, ResultOf } from './job.js'
import { runMerge } from './merge-job.js'

/** Carries out a job on this thread. */
export function runJob<J extends Job>(fs: FileSystem, job: J): Promise<ResultOf<J>> {
  const result = job.kind === 'flush' ? runFlush(fs, job) : runMerge(fs, job)
  return result as Promise<ResultOf<J>>
}
