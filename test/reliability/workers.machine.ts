// Workers that end in the middle of a job: nothing is left of it, the pool goes on with another thread, and tables whose
// merges break their workers three times are left alone.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Part, testParts } from './parts.js'
import { rounds } from './settings.js'

const run = promisify(execFile)
const here = (name: string) => fileURLToPath(new URL(`workers/${name}`, import.meta.url))

interface Plan {
  readonly job: 'flush' | 'merge' | 'load' | 'abort'
  /** How the worker ends; milliseconds until an abort. */
  readonly end: string
}

const ends = ['exit', 'trap', 'uncaught', 'memory']
const abortsMs = ['0', '1', '5', '15']
const plans: readonly Plan[] = [
  ...ends.flatMap((end): Plan[] => [{ job: 'flush', end }, { job: 'merge', end }, { job: 'load', end }]),
  ...abortsMs.map((end): Plan => ({ job: 'abort', end })),
] // biome-ignore format: a list

const patienceMs = 120_000
/** A heap that a worker can fill in a moment. */
const heapMegabytes = 100

async function violationsOf(plan: Plan): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-workers-'))
  try {
    const flags = [
      `--max-old-space-size=${heapMegabytes}`,
      '--unhandled-rejections=strict',
      '--import',
      here('sabotage.mjs'),
    ]
    const argument = JSON.stringify({ directory, ...plan })
    const { stdout } = await run(process.execPath, [...flags, here('victim.mjs'), argument], {
      timeout: patienceMs,
    })
    return JSON.parse(stdout) as string[]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function partOf(plan: Plan, round: number): Part {
  const what =
    plan.job === 'abort' ? `a merge aborted after ${plan.end} ms` : `a ${plan.job} ended by ${plan.end}`
  return {
    name: round === 0 ? what : `${what}, round ${round}`,
    run: async (ledger) => {
      await ledger.time(what, async () => {
        for (const violation of await violationsOf(plan)) ledger.violate(`${what}: ${violation}`)
      })
      ledger.count(plan.job === 'abort' ? 'jobs aborted' : 'workers ended')
    },
  }
}

const parts = Array.from({ length: rounds }, (_, round) => plans.map((plan) => partOf(plan, round)))
testParts('workers', parts.flat())
