// What a part of a machine hands in. Parts run in several processes; what they report travels with their results to the
// reporter, which prints one table of all.

import { setImmediate } from 'node:timers/promises'

/** What one part of a machine did. Several of the same machine are added up. */
export interface PartReport {
  /** The machine's row in the table. */
  readonly machine: string
  readonly part: string
  /** Parts that the machine has. */
  readonly of: number
  /** How many of what: `{ 'crash points': 2104, images: 21040 }`. Of what is named ` at most`, the greatest counts. */
  readonly counts: Counts
  /** What should not have happened, each with all that is needed to see it again. */
  readonly violations: readonly string[]
  readonly slowest: SlowestCase | undefined
  readonly ms: number
  /** Of this process alone. */
  readonly cpuMs: number
}

export type Counts = Readonly<Record<string, number>>

export interface SlowestCase {
  readonly case: string
  readonly ms: number
}

declare module 'vitest' {
  interface TaskMeta {
    reliability?: PartReport
  }
}

/** The sum of both; see `PartReport.counts`. */
export function added(some: Counts, more: Counts): Counts {
  const sum: Record<string, number> = { ...some }
  for (const [what, count] of Object.entries(more)) {
    const before = sum[what] ?? 0
    sum[what] = what.endsWith(' at most') ? Math.max(before, count) : before + count
  }
  return sum
}

/** Collects what a part of a machine is going to report, case by case. */
export class Ledger {
  #counts: Counts = {}
  readonly violations: string[] = []
  #slowest: SlowestCase | undefined

  get counts(): Counts {
    return this.#counts
  }

  get slowest(): SlowestCase | undefined {
    return this.#slowest
  }

  count(what: string, by = 1): void {
    this.#counts = added(this.#counts, { [what]: by })
  }

  violate(what: string): void {
    this.violations.push(what)
  }

  /**
   * Runs one case and notes how long it took; what it throws is a violation. Lets the event loop turn afterwards: an
   * engine in memory may never wait for anything, and nobody would hear of a test that does not.
   */
  async time(name: string, run: () => Promise<void>): Promise<void> {
    const beganMs = performance.now()
    try {
      await run()
    } catch (error) {
      this.violate(`${name}: ${error instanceof Error ? error.stack : String(error)}`)
    }
    const ms = performance.now() - beganMs
    if (ms > (this.#slowest?.ms ?? -1)) this.#slowest = { case: name, ms }
    await setImmediate()
  }
}
