// A machine's work in parts, each a test of a minute or so. The processes of a run share them; a long run keeps what each has
// done and, started again, goes on behind it.

import { test } from 'vitest'
import { keep, readRecord } from './record.js'
import { Ledger, type PartReport } from './report.js'
import { commit, isLong, seed, shard, shards, untilMs } from './settings.js'

/** A piece of a machine's work that rests on nothing but the run's seed. */
export interface Part {
  /** Its own within the machine, and the same in every run. */
  readonly name: string
  readonly run: (ledger: Ledger) => Promise<void>
}

const shownMax = 20

/** Makes a test of each part that is this process's turn and that no earlier long run of this seed has passed. */
export function testParts(machine: string, parts: readonly Part[]): void {
  const passed = new Set<string>()
  if (isLong) {
    for (const entry of readRecord())
      if (entry.machine === machine && entry.seed === seed && entry.violations.length === 0)
        passed.add(entry.part)
  }
  const mine = parts.filter(({ name }, index) => index % shards === shard && !passed.has(name))
  // A file without tests would count as a mistake.
  if (mine.length === 0) test(`${machine}: nothing is left for this process`, () => {})
  for (const part of mine) {
    test(part.name, async (context) => {
      if (Date.now() > untilMs) return
      const report = await runPart(machine, part, parts.length)
      const violations = report.violations.slice(0, shownMax)
      context.task.meta.reliability = { ...report, violations }
      if (isLong) keep({ ...report, violations, seed, commit, date: new Date().toISOString() })
      if (violations.length === 0) return
      const more = report.violations.length - violations.length
      throw new Error([...violations, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n'))
    })
  }
}

async function runPart(machine: string, part: Part, of: number): Promise<PartReport> {
  const ledger = new Ledger()
  const [beganMs, cpu] = [performance.now(), process.cpuUsage()]
  await part.run(ledger)
  const { user, system } = process.cpuUsage(cpu)
  const { counts, violations, slowest } = ledger
  return {
    machine,
    part: part.name,
    of,
    counts,
    violations,
    slowest,
    ms: performance.now() - beganMs,
    cpuMs: (user + system) / 1000,
  }
}
