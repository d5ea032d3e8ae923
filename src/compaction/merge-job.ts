// The merge of SSTables. Runs in a worker thread, or inline.

import type { FileSystem } from '../fs/file-system.js'
import type { MergeJob, MergeResult } from './job.js'

/** Carries out a merge. */
export async function runMerge(_fs: FileSystem, _job: MergeJob): Promise<MergeResult> {
  throw new Error('to be built')
}
