// Runs of one job by several engines, each run a process of its own, the engines taking turns.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Runs `script` once per engine and round, after rounds of warm-up; returns the reports of each engine. */
export function takeTurns(script, engines, rounds, args, warmUps = 1) {
  const reports = new Map(engines.map((engine) => [engine, []]))
  for (let round = -warmUps; round < rounds; round++) {
    for (const engine of engines) {
      const directory = mkdtempSync(join(tmpdir(), 'marquetry-bench-'))
      try {
        const run = spawnSync(process.execPath, [script, 'child', engine, join(directory, 'db'), ...args], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        if (run.status !== 0) throw new Error(`${engine} failed with status ${run.status}`)
        if (round >= 0) reports.get(engine).push(JSON.parse(run.stdout))
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    }
  }
  return reports
}

/** Collects garbage: so that what preparing has left is not collected while the clock runs. */
export function collectGarbage() {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
