// The order of writes. Records were encoded when they were called for; here they become durable and visible, in that
// same order, as many at a time as have gathered (group commit).
//
//   submit → [wait for the group before] → log append → sync (mode `sync`) → publish → visible → promises resolve
//
// 1. One loop per tree. A group holds records of one memtable; when the next ticket is of another memtable, the
//    active one is sealed first: the log rotates only with no group in flight.
// 2. After a failure nothing more is written: the tickets of the failed group reject with its error (whether they
//    are on the disk is not known), all others with MARQUETRY_READ_ONLY.

import { MarquetryError } from '../errors.js'
import type { Memtable } from '../memtable/memtable.js'
import type { ResolvedTableOptions } from '../options.js'
import { assert } from '../util/assert.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import type { LogWriter } from '../wal/log-writer.js'
import type { TreeMetrics } from './tree-metrics.js'

/** Entries indexed between two looks at the clock. */
const publishEntries = 2048

interface Ticket {
  /** Undefined: a step, which is about none, or what waits for one. */
  readonly memtable: Memtable | undefined
  /**
   * A write ticket is the record from `start` to `end`; a seal ticket closes its memtable; a sync ticket makes what lies
   * before it durable; a barrier only waits its turn; a step is run in its turn.
   */
  readonly kind: 'write' | 'seal' | 'sync' | 'barrier' | 'step'
  readonly start: number
  readonly end: number
  readonly lastSeq: number
  /** When the caller began to wait. */
  readonly beganMs: number
  /** What a step does. Never rejects. */
  readonly step?: () => Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface WriteTicket extends Ticket {
  readonly memtable: Memtable
  readonly kind: 'write'
}

function isWrite(ticket: Ticket): ticket is WriteTicket {
  return ticket.kind === 'write'
}

/** The tree, as the queue sees it. */
export interface CommitHost {
  /** Creates the memtable's log and makes the memtable the one that readers see as active. */
  activate(memtable: Memtable): Promise<LogWriter>
  /** The memtable takes no more entries, its log no more records: it waits for its flush. The log is synced meanwhile. */
  sealed(memtable: Memtable, log: LogWriter): void
  /** Everything up to `seq` is visible. */
  published(seq: number): void
  /** Turns the database read-only. */
  fail(error: unknown): void
  /** Throws if the database is read-only. */
  check(): void
  /** Whether a new memtable may be activated. */
  hasRoom(): boolean
  /** Resolves when that may have changed. */
  roomChange(): Promise<void>
  stalled(): void
  /** How long a group of so many bytes should wait, to ease the pressure on flushes and merges; in milliseconds. */
  delayMs(bytes: number): number
  /** A write is refused, after it has waited too long. Its record is still whole. */
  refused(memtable: Memtable, recordStart: number): void
}

export class CommitQueue {
  readonly #host: CommitHost
  readonly #options: ResolvedTableOptions
  readonly #metrics: TreeMetrics
  #tickets: Ticket[] = []
  #running: Promise<void> | undefined
  #active: { readonly memtable: Memtable; readonly log: LogWriter } | undefined
  #batchTimer: NodeJS.Timeout | undefined

  constructor(host: CommitHost, options: ResolvedTableOptions, metrics: TreeMetrics) {
    this.#host = host
    this.#options = options
    this.#metrics = metrics
  }

  /** Length of the memtable's log that is known to be durable: what its next record will say. */
  durableBytes(memtable: Memtable): number {
    return this.#active?.memtable === memtable ? this.#active.log.durableBytes : 0
  }

  /**
   * Commits the record that was encoded from `start` to `end`, for a caller who waits since `beganMs`. Resolves when it
   * is as durable as the mode promises.
   */
  submit(memtable: Memtable, start: number, end: number, lastSeq: number, beganMs: number): Promise<void> {
    return this.#enqueue('write', memtable, start, end, lastSeq, beganMs)
  }

  /** Seals a memtable behind all its records. */
  seal(memtable: Memtable): Promise<void> {
    return this.#enqueue('seal', memtable, 0, 0, 0, 0)
  }

  /** Resolves when everything that was submitted before is visible or was refused. */
  async barrier(): Promise<void> {
    const last = this.#tickets.at(-1)
    if (last !== undefined) await this.#enqueue('barrier', last.memtable, 0, 0, 0, 0)
  }

  /** Makes everything that was submitted before and not refused durable, whatever the mode. */
  async sync(): Promise<void> {
    const memtable = this.#tickets.at(-1)?.memtable ?? this.#active?.memtable
    if (memtable !== undefined || this.#tickets.length > 0) await this.#enqueue('sync', memtable, 0, 0, 0, 0)
  }

  /**
   * Runs a step when all that was submitted before is visible, and durable, and nothing that is submitted later: no write
   * happens beside it. Settles as it does. After a failure of the queue it is not run.
   */
  async inOrder(step: () => Promise<void>): Promise<void> {
    let failure: { readonly error: unknown } | undefined
    await this.#enqueue('step', undefined, 0, 0, 0, 0, async () => {
      await step().catch((error: unknown) => {
        failure = { error }
      })
    })
    if (failure !== undefined) throw failure.error
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  /** Stops timers and closes the log without sealing it: what is left to do once the database has failed. */
  async abandon(): Promise<void> {
    clearTimeout(this.#batchTimer)
    await this.#active?.log.close()
    this.#active = undefined
  }

  #enqueue(
    kind: Ticket['kind'],
    memtable: Memtable | undefined,
    start: number,
    end: number,
    lastSeq: number,
    beganMs: number,
    step?: () => Promise<void>,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const ticket = { kind, memtable, start, end, lastSeq, beganMs, resolve, reject }
      this.#tickets.push(step === undefined ? ticket : { ...ticket, step })
      if (this.#running === undefined) {
        // Started a microtask later, so that all calls of this turn share one group.
        this.#running = Promise.resolve().then(() => this.#run())
      }
    })
  }

  async #run(): Promise<void> {
    try {
      while (this.#tickets.length > 0) {
        const ticket = this.#tickets[0]!
        if (!isWrite(ticket)) {
          const { kind, step } = ticket
          // The memtable itself has no log if all its writes were refused; then the one before it is still active.
          if (kind === 'seal' && this.#active !== undefined) await this.#seal()
          if ((kind === 'sync' || kind === 'step') && this.#active !== undefined)
            await this.#sync(this.#active.log)
          await step?.()
          this.#tickets.shift()!.resolve()
          continue
        }
        const { memtable } = ticket
        if (this.#active !== undefined && this.#active.memtable !== memtable) await this.#seal()
        if (this.#active === undefined && !(await this.#activate(memtable))) continue
        await this.#commitGroup(memtable)
        if (turnIsDue()) await takeTurn()
      }
    } catch (error) {
      this.#failAll(error)
    } finally {
      this.#running = undefined
    }
  }

  async #activate(memtable: Memtable): Promise<boolean> {
    this.#host.check()
    if (!this.#host.hasRoom()) {
      this.#metrics.stallBegins()
      this.#host.stalled()
      try {
        while (!this.#host.hasRoom()) {
          if (!(await this.#waitForRoom(memtable))) return false
          this.#host.check()
        }
      } finally {
        this.#metrics.stallEnds()
      }
    }
    this.#active = { memtable, log: await this.#host.activate(memtable) }
    return true
  }

  /** Waits until there may be room or a write's time is up. False: the memtable has no write left that waits. */
  async #waitForRoom(memtable: Memtable): Promise<boolean> {
    const { stallTimeoutMs } = this.#options
    const wait = Math.max(0, this.#tickets[0]!.beganMs + stallTimeoutMs - performance.now())
    let timer: NodeJS.Timeout | undefined
    const expiry = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, wait)
    })
    await Promise.race([this.#host.roomChange(), expiry])
    clearTimeout(timer)
    if (this.#host.hasRoom()) return true
    const now = performance.now()
    const isOver = (ticket: Ticket): ticket is WriteTicket =>
      isWrite(ticket) && ticket.beganMs + stallTimeoutMs <= now
    const expired = this.#tickets.filter(isOver)
    this.#tickets = this.#tickets.filter((ticket) => !isOver(ticket))
    this.#metrics.counts.refusedWrites += expired.length
    for (const ticket of expired) {
      this.#host.refused(ticket.memtable, ticket.start)
      ticket.memtable.voidRecord(ticket.start)
      ticket.reject(
        new MarquetryError(
          'MARQUETRY_BUSY',
          `The write waited ${stallTimeoutMs} ms for flushes and merges to catch up; it was not done`,
        ),
      )
    }
    const [first] = this.#tickets
    return first?.kind === 'write' && first.memtable === memtable
  }

  async #commitGroup(memtable: Memtable): Promise<void> {
    const { log } = this.#active!
    let count = 1
    while (this.#tickets[count]?.memtable === memtable && this.#tickets[count]!.kind === 'write') count++
    const { end, lastSeq } = this.#tickets[count - 1]!
    assert(end > log.bytes, 'a group extends its log')
    const bytes = end - log.bytes
    const delayMs = this.#host.delayMs(bytes)
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    await log.append(memtable.image(log.bytes, end))
    if (this.#options.wal === 'sync') await this.#sync(log)
    else if (this.#options.wal === 'batch') this.#syncSoon(log)
    while (!memtable.publish(end, publishEntries)) if (turnIsDue()) await takeTurn()
    this.#host.published(lastSeq)
    const tickets = this.#tickets.splice(0, count)
    this.#metrics.committed(bytes, tickets)
    for (const ticket of tickets) ticket.resolve()
  }

  async #sync(log: LogWriter): Promise<void> {
    const isDue = log.durableBytes < log.bytes
    const beganMs = performance.now()
    await log.sync()
    if (isDue) this.#metrics.synced(beganMs)
  }

  #syncSoon(log: LogWriter): void {
    this.#batchTimer ??= setTimeout(() => {
      this.#batchTimer = undefined
      if (this.#active?.log !== log) return // sealed, and so synced, in the meantime
      this.#sync(log).catch((error: unknown) => this.#host.fail(error))
    }, this.#options.walBatchMs)
  }

  async #seal(): Promise<void> {
    const { memtable, log } = this.#active!
    clearTimeout(this.#batchTimer)
    this.#batchTimer = undefined
    this.#host.check()
    // The flush may read what the system has; only the next log's first acknowledgement has to wait for the disk.
    this.#active = undefined
    this.#host.sealed(memtable, log)
    await log.cut()
    await this.#sync(log)
    await log.close()
  }

  #failAll(error: unknown): void {
    this.#host.fail(error)
    const [first] = this.#tickets
    for (const ticket of this.#tickets.splice(0)) {
      if (ticket.memtable === first!.memtable) ticket.reject(error)
      else
        try {
          this.#host.check()
          ticket.reject(error)
        } catch (readOnly) {
          ticket.reject(readOnly)
        }
    }
  }
}
