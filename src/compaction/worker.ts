// The worker thread's entry for jobs, loads and encode tasks.

import { nodeFileSystem } from '../fs/node.js'
import { lowerThreadPriority } from '../fs/thread-priority.js'
import { parquetWasm } from '../sstable/parquet-wasm.js'
import { type EncodeTask, encodeTask } from './encode-task.js'
import type { FlushResult, Job, LoadResult, MergeResult } from './job.js'
import { type LoadTask, runLoad } from './load-channel.js'
import { runJob } from './run-job.js'
import { answer, type WorkerAnswer } from './worker-answer.js'

lowerThreadPriority()
const fs = nodeFileSystem()

/** Only loads what other tasks will need. */
interface WarmTask {
  readonly kind: 'warm'
}

/** Runs one task. */
export default function run(task: Job | EncodeTask | LoadTask | WarmTask): Promise<WorkerAnswer<unknown>> {
  return answer<FlushResult | MergeResult | LoadResult | Uint8Array | undefined>(() => {
    switch (task.kind) {
      case 'warm':
        parquetWasm()
        return undefined
      case 'encode':
        return encodeTask(task)
      case 'load':
        return runLoad(fs, task)
      case 'flush':
      case 'merge':
        return runJob(fs, task)
    }
  })
}
