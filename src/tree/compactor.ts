// One table's compactions: asks the strategy what to do, does it, and asks again, until there is nothing left.
//
//   version or strategy changed ─► plan ─► slot ─► plan again ─► run ─► commit (version changed) ─► …
//
// 1. A table takes part in one job at a time, and plans that could get into each other's way do not run together.
// 2. A job that fails has changed nothing: it is planned anew, later and under new numbers. A table that was found
//    damaged three times, or whose merges broke their worker as often, is left alone from then on (quarantined); reads
//    still get from it what is whole.
// 3. While somebody waits for a compaction by hand, no new one is begun by the strategy, so that it gets its turn.

import type { CompactionPlan, CompactionStrategy } from '../compaction/plan.js'
import { mayRunBeside } from '../compaction/plan-facts.js'
import { type MergePriority, type MergeSlots, mergePriorities } from '../compaction/slots.js'
import { isMarquetryError, MarquetryError } from '../errors.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { Version } from '../version/version.js'

const backoffFirstMs = 100
const backoffMostMs = 10_000
const damagesMax = 3

/** A compaction by hand: what it wants, as of the version that it finds. */
export interface ManualCompaction {
  /** Undefined: nothing to do, or tables in the way are busy. */
  plan(version: Version, busy: ReadonlySet<number>): CompactionPlan | undefined
  /** Whether `plan` found nothing to do, rather than something in its way. */
  isDone(version: Version): boolean
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: { readonly rows: number; readonly rowsTotal: number }) => void) | undefined
}

/** A job under way, for those who want to follow or stop it. */
export interface RunningCompaction {
  readonly done: Promise<void>
  cancel(): void
  rowsDone(): number
}

/** The tree, as its compactor sees it. */
export interface CompactionHost {
  readonly version: Version
  readonly slots: MergeSlots
  /** Carries out a plan and commits it. `more` says how many further slots there are for it to use. */
  run(plan: CompactionPlan, more: number): RunningCompaction
  failed(error: unknown, willRetry: boolean): void
  /** Numbers of the tables that the failure of this plan speaks against: none, if it came from elsewhere. */
  suspects(error: unknown, plan: CompactionPlan): readonly number[]
  isHealthy(): boolean
  /** Why the database takes no more writes; undefined: it does. */
  readonly failure: MarquetryError | undefined
  /** Nothing more was begun, since nothing more is due or may run now. */
  quiet(): void
}

interface Waiting {
  readonly wanted: ManualCompaction
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  stopListening: () => void
}

export class Compactor {
  readonly #host: CompactionHost
  #strategy: CompactionStrategy | undefined
  #pauses = false
  #stopped = false
  readonly #running = new Map<CompactionPlan, RunningCompaction>()
  #manual: Waiting[] = []
  #giveUpSlot: (() => void) | undefined
  #failures = 0
  #retry: NodeJS.Timeout | undefined
  readonly #damages = new Map<number, number>()
  /** With the last error of each. */
  readonly #quarantined = new Map<number, unknown>()
  readonly #claimed = new Set<number>()
  #idleWaiters: { readonly wake: () => void; readonly fail: (error: unknown) => void }[] = []

  constructor(host: CompactionHost, strategy: CompactionStrategy | undefined) {
    this.#host = host
    this.#strategy = strategy
  }

  /** Takes another strategy from now on. Undefined: none. What is running goes on. */
  setStrategy(strategy: CompactionStrategy | undefined): void {
    this.#strategy = strategy
    this.poke()
  }

  get isPaused(): boolean {
    return this.#pauses
  }

  /** Numbers of tables that were found damaged, or broke their merges, too often to be merged. */
  get quarantined(): readonly number[] {
    return [...this.#quarantined.keys()]
  }

  /** Whether anything runs, waits for a slot or will be tried again. */
  get isBusy(): boolean {
    return this.#running.size > 0 || this.#giveUpSlot !== undefined || this.#retry !== undefined
  }

  /** Number of merges under way. */
  get running(): number {
    return this.#running.size
  }

  /** Begins nothing by itself until `resume`; resolves when what is running has ended. */
  async pause(): Promise<void> {
    this.#pauses = true
    await this.#settled()
  }

  resume(): void {
    this.#pauses = false
    this.poke()
  }

  /** Does a compaction by hand. Rejects with its failure, or with MARQUETRY_ABORTED. */
  compact(wanted: ManualCompaction): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { wanted, resolve, reject, stopListening: () => {} }
      const { signal } = wanted
      if (signal !== undefined) {
        const onAbort = () => {
          if (this.#manual.includes(waiting)) this.#finish(waiting, abortedBy(signal))
        }
        signal.addEventListener('abort', onAbort, { once: true })
        waiting.stopListening = () => signal.removeEventListener('abort', onAbort)
      }
      this.#manual.push(waiting)
      // Who asks does not want to wait for a retry of something else.
      clearTimeout(this.#retry)
      this.#retry = undefined
      if (signal?.aborted) this.#finish(waiting, abortedBy(signal))
      this.poke()
    })
  }

  /** Keeps merges from these tables, until the returned function is called. Undefined: one of them is in a merge already. */
  claim(tables: readonly SSTableMeta[]): (() => void) | undefined {
    const busy = this.#busy()
    if (tables.some(({ number }) => busy.has(number))) return undefined
    for (const { number } of tables) this.#claimed.add(number)
    return () => {
      for (const { number } of tables) this.#claimed.delete(number)
      this.poke()
    }
  }

  /**
   * Resolves when nothing runs and the strategy wants nothing. Rejects with the first failure from now on, although the
   * compactor goes on trying.
   */
  async idle(): Promise<void> {
    this.poke()
    while (this.isBusy || this.#manual.length > 0)
      await new Promise<void>((wake, fail) => this.#idleWaiters.push({ wake, fail }))
  }

  /** To be called whenever the version has changed: begins what is due. */
  poke(): void {
    const waits = this.#giveUpSlot !== undefined || this.#retry !== undefined
    const next = this.#stopped || waits ? undefined : this.#next()
    if (next === undefined) {
      this.#wakeIdle()
      return
    }
    let given = false
    const giveUp = this.#host.slots.request(priorityOf(this.#host.version, next.plan), () => {
      given = true
      this.#giveUpSlot = undefined
      // Others may have run while this one waited.
      const now = this.#stopped ? undefined : this.#next()
      if (now === undefined) this.#host.slots.release(1)
      else this.#begin(now.plan, now.waiting)
      this.poke()
    })
    if (!given) this.#giveUpSlot = giveUp
  }

  /** Begins nothing more, cancels what runs, and resolves when that has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#giveUpSlot?.()
    this.#giveUpSlot = undefined
    for (const waiting of [...this.#manual]) this.#finish(waiting, closed())
    for (const job of this.#running.values()) job.cancel()
    await this.#settled()
    this.#wakeIdle()
  }

  async #settled(): Promise<void> {
    while (this.#running.size > 0) {
      await Promise.allSettled([...this.#running.values()].map(({ done }) => done))
    }
  }

  /** What to do next; settles compactions by hand that have nothing to do. */
  #next(): { readonly plan: CompactionPlan; readonly waiting: Waiting | undefined } | undefined {
    if (!this.#host.isHealthy()) {
      for (const waiting of [...this.#manual]) this.#finish(waiting, this.#host.failure)
      return undefined
    }
    const { version } = this.#host
    const busy = this.#busy()
    for (const waiting of [...this.#manual]) {
      const plan = waiting.wanted.plan(version, busy)
      if (plan !== undefined) return this.#mayRun(version, plan) ? { plan, waiting } : undefined
      const isBlocked = this.#running.size > 0 || this.#claimed.size > 0
      if (waiting.wanted.isDone(version)) this.#finish(waiting)
      else if (!isBlocked) this.#finish(waiting, [...this.#quarantined.values()].at(-1))
    }
    if (this.#manual.length > 0 || this.#pauses) return undefined
    const plan = this.#strategy?.(version, busy)
    return plan !== undefined && this.#mayRun(version, plan) ? { plan, waiting: undefined } : undefined
  }

  /** Tables that no new plan may have. */
  #busy(): ReadonlySet<number> {
    const busy = new Set([...this.#quarantined.keys(), ...this.#claimed])
    for (const { inputs } of this.#running.keys()) for (const { number } of inputs) busy.add(number)
    return busy
  }

  #mayRun(version: Version, plan: CompactionPlan): boolean {
    return [...this.#running.keys()].every((other) => mayRunBeside(version, plan, other))
  }

  #begin(plan: CompactionPlan, waiting: Waiting | undefined): void {
    const { slots } = this.#host
    // A large merge is cut over the slots that nobody else wants.
    const more = slots.takeMore(slots.count - 1)
    if (waiting !== undefined) this.#manual = this.#manual.filter((other) => other !== waiting)
    const job = this.#host.run(plan, more)
    const stopFollowing = waiting === undefined ? () => {} : follow(waiting.wanted, job, plan)
    const over = (error?: unknown) => {
      stopFollowing()
      this.#running.delete(plan)
      slots.release(1 + more)
      if (waiting !== undefined) this.#finish(waiting, error)
      if (error !== undefined) this.#failed(error, plan, waiting !== undefined)
      else this.#failures = 0
      this.poke()
    }
    const done = job.done.then(() => over(), over)
    this.#running.set(plan, { ...job, done })
  }

  #finish(waiting: Waiting, error?: unknown): void {
    this.#manual = this.#manual.filter((other) => other !== waiting)
    waiting.stopListening()
    const { signal } = waiting.wanted
    if (error === undefined) waiting.resolve()
    else if (signal?.aborted) waiting.reject(abortedBy(signal))
    else waiting.reject(this.#stopped && isMarquetryError(error, 'MARQUETRY_ABORTED') ? closed() : error)
  }

  #failed(error: unknown, plan: CompactionPlan, byHand: boolean): void {
    if (isMarquetryError(error, 'MARQUETRY_ABORTED')) return
    const suspects = this.#host.suspects(error, plan)
    for (const table of suspects) {
      const times = (this.#damages.get(table) ?? 0) + 1
      this.#damages.set(table, times)
      if (times >= damagesMax) this.#quarantined.set(table, error)
    }
    const isLast = suspects.some((table) => this.#quarantined.has(table))
    const willRetry = !this.#stopped && !byHand && !isLast && this.#host.isHealthy()
    if (!byHand || suspects.length > 0) this.#host.failed(error, willRetry)
    this.#failures++
    for (const { fail } of this.#idleWaiters.splice(0)) fail(error)
    if (this.#stopped) return
    const wait = Math.min(backoffFirstMs * 2 ** (this.#failures - 1), backoffMostMs)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.poke()
    }, wait).unref()
  }

  #wakeIdle(): void {
    this.#host.quiet()
    for (const { wake } of this.#idleWaiters.splice(0)) wake()
  }
}

function priorityOf(version: Version, { inputs }: CompactionPlan): MergePriority {
  const young = new Set(version.runs.filter(({ level }) => level === 0).flatMap(({ tables }) => tables))
  return inputs.some((table) => young.has(table)) ? mergePriorities.level0 : mergePriorities.other
}

function closed(): MarquetryError {
  return new MarquetryError('MARQUETRY_CLOSED', 'The table was closed before it was compacted')
}

function abortedBy(signal: AbortSignal): MarquetryError {
  return new MarquetryError('MARQUETRY_ABORTED', 'The compaction was aborted', { cause: signal.reason })
}

/** Reports the progress of a job to who asked for it, and cancels it when they abort. Returns how to stop that. */
function follow(
  { signal, onProgress }: ManualCompaction,
  job: RunningCompaction,
  { inputs }: CompactionPlan,
): () => void {
  const rowsTotal = inputs.reduce((rows, table) => rows + table.rows, 0)
  const report = () => {
    try {
      onProgress?.({ rows: Math.min(job.rowsDone(), rowsTotal), rowsTotal })
    } catch (error) {
      // The caller's mistake is the caller's to see, but must not leave a job without an end.
      queueMicrotask(() => {
        throw error
      })
    }
  }
  const cancel = () => job.cancel()
  const timer = onProgress === undefined ? undefined : setInterval(report, 200).unref()
  signal?.addEventListener('abort', cancel, { once: true })
  if (signal?.aborted) cancel()
  return () => {
    clearInterval(timer)
    signal?.removeEventListener('abort', cancel)
    if (!signal?.aborted) report()
  }
}
