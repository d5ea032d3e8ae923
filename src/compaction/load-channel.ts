// A load in a worker thread: rows go through a message port, and one answer comes back for each message, so that no more
// than one waits while another is being written.
//
//   main:   rows ──► rows ────────► end ─►              abort: the port is closed instead
//   worker:      ◄─ taken ◄─ taken       the task's answer: the SSTables

import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { MarquetryError } from '../errors.js'
import { buffersOf } from '../format/vector-buffers.js'
import type { FileSystem } from '../fs/file-system.js'
import type { LoadJob, LoadResult } from './job.js'
import { InlineRunWriter, type RowColumns, type RunWriter } from './load-job.js'
import { runInPool } from './pool.js'

/** Rows that were sent and not yet taken, in messages. */
const messagesMax = 2

/** A load as a worker is told of it. */
export interface LoadTask {
  readonly kind: 'load'
  readonly job: LoadJob
  readonly port: MessagePort
}

/** Rows, or that there are no more. */
type LoadMessage = RowColumns | 'end'

/** Writes a run in a worker thread. */
export class WorkerRunWriter implements RunWriter {
  readonly #port: MessagePort
  readonly #answer: Promise<LoadResult>
  /** Rejects when the worker has failed; never resolves. */
  readonly #failure: Promise<never>
  #waiting = 0
  #taken = () => {}

  constructor(job: LoadJob, pool: { readonly threads: number; readonly module: URL }) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.on('message', () => {
      this.#waiting--
      this.#taken()
    })
    const task: LoadTask = { kind: 'load', job, port: port2 }
    this.#answer = runInPool<LoadResult>(task, { pool: 'loads', ...pool, transfer: [port2] })
    this.#failure = new Promise((_, reject) => {
      this.#answer.catch(reject)
    })
    this.#failure.catch(() => {})
  }

  async append(rows: RowColumns): Promise<void> {
    this.#send(rows, buffersOf(rows.columns))
    while (this.#waiting >= messagesMax) {
      const taken = new Promise<void>((resolve) => {
        this.#taken = resolve
      })
      await Promise.race([taken, this.#failure])
    }
  }

  async finish(): Promise<LoadResult> {
    this.#send('end', [])
    try {
      return await this.#answer
    } finally {
      this.#port.close()
    }
  }

  async abort(): Promise<void> {
    this.#port.close()
    await this.#answer.catch(() => {})
  }

  #send(message: LoadMessage, buffers: readonly ArrayBuffer[]): void {
    this.#waiting++
    this.#port.postMessage(message, buffers)
  }
}

/** The worker's part. */
export async function runLoad(fs: FileSystem, { job, port }: LoadTask): Promise<LoadResult> {
  const writer = new InlineRunWriter(fs, job)
  try {
    for await (const message of messagesOf(port)) {
      if (message === 'end') return await writer.finish()
      await writer.append(message)
      port.postMessage('taken')
    }
    throw new MarquetryError('MARQUETRY_ABORTED', 'The load was aborted')
  } catch (error) {
    await writer.abort().catch(() => {})
    throw error
  } finally {
    port.close()
  }
}

/** What comes through a port, until its other end is closed. */
async function* messagesOf(port: MessagePort): AsyncGenerator<LoadMessage> {
  const messages: LoadMessage[] = []
  let closed = false
  let wake = () => {}
  port.on('message', (message: LoadMessage) => {
    messages.push(message)
    wake()
  })
  port.on('close', () => {
    closed = true
    wake()
  })
  for (;;) {
    const next = messages.shift()
    if (next !== undefined) yield next
    else if (closed) return
    else
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
}
