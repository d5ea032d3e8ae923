// The queue of flushes: immutable memtables become SSTables, several at a time if so configured, committed in the
// order of their logs.
//
// A flush that fails has written nothing that counts: its folder is removed and it runs again, later and under a new
// number, for as long as it takes; the rows are safe in their log meanwhile. If the log itself turns out to be
// damaged, the memtable's own image is flushed instead and the damage reported.

import type { FlushJob, FlushResult } from '../compaction/job.js'
import { isMarquetryError, MarquetryError } from '../errors.js'
import type { SealedLog } from './sealed-log.js'

const backoffFirstMs = 100
const backoffMostMs = 10_000

/** The tree, as the flusher sees it. */
export interface FlushHost {
  /** The job that flushes this log, its folder freshly numbered. */
  job(log: SealedLog): { readonly number: number; readonly job: FlushJob }
  run(job: FlushJob): Promise<FlushResult>
  /** Makes the output part of the tree and the log superfluous. */
  commit(log: SealedLog, number: number, result: FlushResult, startedMs: number): Promise<void>
  /** Removes what a failed attempt left. */
  discard(number: number): Promise<void>
  failed(error: unknown, willRetry: boolean): void
  /** Whether the tree can still be written to. */
  isHealthy(): boolean
  now(): number
}

interface Entry {
  readonly log: SealedLog
  readonly committed: Promise<void>
  resolve: () => void
  attempts: number
  image: Uint8Array | undefined
  running: boolean
  retry: NodeJS.Timeout | undefined
  /** Callers of flush() who want to hear of the next failure. */
  listeners: ((error: unknown) => void)[]
}

export class Flusher {
  readonly #host: FlushHost
  readonly #parallel: number
  #entries: Entry[] = []
  readonly #running = new Set<Promise<void>>()
  /** Why nothing more is started; undefined: it is. */
  #stopReason: MarquetryError | undefined
  #announceStop = () => {}
  readonly #stop = new Promise<void>((resolve) => {
    this.#announceStop = resolve
  })

  constructor(host: FlushHost, parallel: number) {
    this.#host = host
    this.#parallel = parallel
  }

  /** Adds a log behind all others. */
  add(log: SealedLog): void {
    let resolve = () => {}
    const committed = new Promise<void>((done) => {
      resolve = done
    })
    this.#entries.push({
      log,
      committed,
      resolve,
      attempts: 0,
      image: undefined,
      running: false,
      retry: undefined,
      listeners: [],
    })
    this.#start()
  }

  /**
   * Resolves when all logs that are in the queue now have been flushed; tries at once those that wait for a retry.
   * Rejects with the first failure from now on, although the engine goes on trying; with the reason if it does not.
   */
  async drain(): Promise<void> {
    const entries = [...this.#entries]
    if (this.#stopReason !== undefined && entries.length > 0) throw this.#stopReason
    let failed: (error: unknown) => void = () => {}
    const failure = new Promise<never>((_, reject) => {
      failed = reject
    })
    failure.catch(() => {})
    for (const entry of entries) {
      entry.listeners.push(failed)
      clearTimeout(entry.retry)
      entry.retry = undefined
    }
    this.#start()
    await Promise.race([Promise.all(entries.map((entry) => entry.committed)), failure])
  }

  /** Starts nothing more; resolves when what is running has ended. */
  async stop(): Promise<void> {
    this.#stopReason ??= new MarquetryError('MARQUETRY_CLOSED', 'The table was closed before all was flushed')
    this.#announceStop()
    for (const entry of this.#entries) clearTimeout(entry.retry)
    await Promise.all(this.#running)
    this.#tellAll(this.#stopReason)
  }

  #tellAll(reason: MarquetryError): void {
    for (const entry of this.#entries) for (const listener of entry.listeners.splice(0)) listener(reason)
  }

  #start(): void {
    for (const entry of this.#entries.slice(0, this.#parallel)) {
      if (this.#stopReason !== undefined || entry.running || entry.retry !== undefined) continue
      entry.running = true
      const attempt = this.#attempt(entry).finally(() => {
        this.#running.delete(attempt)
        this.#start()
      })
      this.#running.add(attempt)
    }
  }

  async #attempt(entry: Entry): Promise<void> {
    const startedMs = this.#host.now()
    const { number, job } = this.#host.job(entry.log)
    try {
      const log = entry.image === undefined ? job.log : { ...job.log, image: entry.image }
      const result = await this.#host.run({ ...job, log })
      const before = this.#entries[this.#entries.indexOf(entry) - 1]
      if (before !== undefined) {
        await Promise.race([before.committed, this.#stop])
        if (this.#entries.includes(before)) return await this.#host.discard(number)
      }
      await this.#host.commit(entry.log, number, result, startedMs)
      this.#entries.splice(this.#entries.indexOf(entry), 1)
      entry.resolve()
    } catch (error) {
      await this.#retryLater(entry, number, error)
    }
  }

  async #retryLater(entry: Entry, number: number, error: unknown): Promise<void> {
    await this.#host.discard(number).catch(() => {})
    entry.running = false
    entry.attempts++
    if (isMarquetryError(error, 'MARQUETRY_CORRUPTION') && entry.image === undefined) {
      entry.image = entry.log.memtable.image(0, entry.log.bytes).slice()
    }
    const willRetry = this.#stopReason === undefined && this.#host.isHealthy()
    this.#host.failed(error, willRetry)
    for (const listener of entry.listeners.splice(0)) listener(error)
    if (!willRetry) {
      this.#stopReason ??= new MarquetryError(
        'MARQUETRY_READ_ONLY',
        'Nothing is flushed after a write has failed',
        {
          cause: error,
        },
      )
      this.#announceStop()
      this.#tellAll(this.#stopReason)
      return
    }
    const wait = Math.min(backoffFirstMs * 2 ** (entry.attempts - 1), backoffMostMs)
    entry.retry = setTimeout(() => {
      entry.retry = undefined
      this.#start()
    }, wait).unref()
  }
}
