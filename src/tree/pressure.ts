// Back-pressure: how writers are slowed down, smoothly, before they would have to be stopped.
//
// Two debts are watched: sealed memtables that wait for their flush, and the overlap depth, which is the number of sorted
// runs a lookup may have to ask for one key. From a debt's soft limit on, a group of writes waits as long as its bytes would
// take at a rate that falls from one and a half times the measured rate of flushes to a twentieth of it at the hard
// limit, where the queue stops them altogether (as RocksDB's delayed_write_rate does, but calibrated by what the
// machine just did).

import type { StallEvent } from './environment.js'

/** Flushed log bytes per millisecond until a flush was measured: 64 MB/s. */
const firstRate = 64_000
/** Weight of the newest flush in the average. */
const weight = 0.3
/** A delay's bounds: timers are no finer than a millisecond; a longer one would be a stop. */
const delayLeastMs = 1
const delayMostMs = 100

/** How far a debt has gone from its soft to its hard limit: 0 and below: not at all; 1: all the way. */
export function pressureOf(debt: number, soft: number, hard: number): number {
  return (debt - soft) / (hard - soft)
}

/** Turns pressure into delays. */
export class WriteThrottle {
  #bytesPerMs = firstRate
  #owedMs = 0

  /** A flush of so many log bytes took so long. */
  flushed(bytes: number, durationMs: number): void {
    if (bytes === 0) return
    this.#bytesPerMs += weight * (bytes / Math.max(durationMs, 1) - this.#bytesPerMs)
  }

  /** How long a group of `bytes` should wait, in milliseconds; short delays add up until a timer can serve them. */
  delayMs(bytes: number, pressure: number): number {
    if (pressure <= 0) {
      this.#owedMs = 0
      return 0
    }
    const share = Math.max(0.05, 1.5 * (1 - Math.min(pressure, 1)))
    this.#owedMs += bytes / (this.#bytesPerMs * share)
    if (this.#owedMs < delayLeastMs) return 0
    const delay = Math.min(this.#owedMs, delayMostMs)
    this.#owedMs = 0
    return delay
  }
}

/**
 * The limits of the overlap depth. After a change of strategy, and at open, they stand above the debt that is there, and
 * come down with it: nobody is stopped for what another strategy left.
 */
export class DepthLimits {
  readonly #margin: number
  #normal = 0
  #allowance = 0
  readonly #softMargin: number

  /** From `softMargin` runs above the normal depth writes are delayed, from `hardMargin` runs on they stop. */
  constructor(softMargin: number, hardMargin: number) {
    this.#softMargin = softMargin
    this.#margin = hardMargin - softMargin
  }

  /** Whatever depth there is now, it is no reason to stop anybody. */
  forgive(depth: number): void {
    this.#allowance = depth
  }

  /** The tree has this depth now, and this would be normal for it. */
  observe(depth: number, normal: number): void {
    this.#normal = normal
    this.#allowance = Math.min(this.#allowance, depth)
  }

  get soft(): number {
    return Math.max(this.#normal + this.#softMargin, this.#allowance)
  }

  get hard(): number {
    return this.soft + this.#margin
  }
}

/** What is told of writers that wait: for merges if memory is free. */
export function stallEvent(
  table: string,
  immutableMemtables: number,
  overlapDepth: number,
  hasMemory: boolean,
): StallEvent {
  const cause = hasMemory
    ? `${overlapDepth} sorted runs overlap and wait for their merge`
    : `${immutableMemtables} immutable memtables wait for their flush`
  return { table, cause, immutableMemtables, overlapDepth }
}
