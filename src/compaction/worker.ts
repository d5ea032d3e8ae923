// The worker thread's entry for flush and encode tasks.

import { nodeFileSystem } from '../fs/node.js'
import { lowerThreadPriority } from '../fs/thread-priority.js'
import { parquetWasm } from '../sstable/parquet-wasm.js'
import { type EncodeTask, encodeTask } from './encode-task.js'
import type { FlushResult, Job, MergeResult } from './job.js'
import { runJob } from './run-job.js'
import { answer, type WorkerAnswer } from './worker-answer.js'

lowerThreadPriority()
const fs = nodeFileSystem()

/** Only loads what other tasks will need. */
interface WarmTask {
  readonly kind: 'warm'
}

/** Runs one task. */
export default function run(task: Job | EncodeTask | WarmTask): Promise<WorkerAnswer<unknown>> {
  return answer<FlushResult | MergeResult | Uint8Array | undefined>(() => {
    switch (task.kind) {
      case 'warm':
        parquetWasm()
        return undefined
      case 'encode':
        return encodeTask(task)
      case 'flush':
      case 'merge':
        return runJob(fs, task)
    }
  })
}
