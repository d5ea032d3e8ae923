// What a machine hands in. Its vitest tests run in processes of their own; what they record travels with their results to
// the reporter, which prints one table of all.

import { setImmediate } from 'node:timers/promises'
import type { TestContext } from 'vitest'

/** What one test of a machine did. Several of the same machine are added up. */
export interface MachineReport {
  /** The machine's row in the table. */
  readonly machine: string
  /** How many of what: `{ 'crash points': 2104, images: 21040 }`. */
  readonly counts: Readonly<Record<string, number>>
  /** What should not have happened, each with all that is needed to see it again. */
  readonly violations: readonly string[]
  readonly slowest?: { readonly case: string; readonly ms: number } | undefined
}

declare module 'vitest' {
  interface TaskMeta {
    reliability?: MachineReport
  }
}

const shownMax = 20

/** Hands in a report. Throws, and so fails the test, if it has violations. */
export function record({ task }: Pick<TestContext, 'task'>, report: MachineReport): void {
  const { violations } = report
  task.meta.reliability = { ...report, violations: violations.slice(0, shownMax) }
  if (violations.length === 0) return
  const more = violations.length > shownMax ? `\n… and ${violations.length - shownMax} more` : ''
  throw new Error(`${violations.length} violations\n${violations.slice(0, shownMax).join('\n')}${more}`)
}

/** Collects what a test of a machine is going to report, case by case. */
export class Ledger {
  readonly #counts: Record<string, number> = {}
  readonly violations: string[] = []
  #slowest: { readonly case: string; readonly ms: number } | undefined

  count(what: string, by = 1): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + by
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

  report(machine: string): MachineReport {
    return { machine, counts: this.#counts, violations: this.violations, slowest: this.#slowest }
  }
}
