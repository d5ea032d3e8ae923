// The worker thread's entry for flush and encode tasks.

import { nodeFileSystem } from '../fs/node.js'
import { lowerThreadPriority } from '../fs/thread-priority.js'
import { encodeTask, type EncodeTask } from './encode-task.js'
import type { Job, JobResult } from './job.js'
import { runJob } from './run-job.js'
import { answer, type WorkerAnswer } from './worker-answer.js'


lowerThreadPriority()
const fs = nodeFileSystem()

/** Runs one task. */
export default function run(task: Job | EncodeTask): Promise<WorkerAnswer<JobResult | Uint8Array>> {
  return answer<JobResult | Uint8Array>(() => (task.kind === 'encode' ? encodeTask(task) : runJob(fs, task)))
}
