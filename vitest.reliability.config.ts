import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { ReliabilityReporter } from './test/reliability/reporter.js'
import { isLong, isReport, shards } from './test/reliability/settings.js'

/** Which machine begins when: the longest first, and beside it those that mostly wait. */
const order = ['crash', 'kill', 'workers', 'hostile', 'corruption', 'errors', 'scans', 'mutants', 'metamorphic']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) =>
      order.findIndex((machine) => moduleId.endsWith(`/${machine}.machine.ts`))
    return files.sort((a, b) => placeOf(a) - placeOf(b))
  }
}

// The machines of docs/reliability.md, started by `npm run test:reliability` (test/reliability/run.mjs). Like the
// ordinary tests they run against dist/. Each machine runs in as many processes as there are shards, at the same time.
export default defineConfig({
  test: {
    // One more than cores: some machines wait, for processes that they kill and for watchdogs.
    maxWorkers: shards + 1,
    sequence: { sequencer: LongestFirst },
    // The engine is loaded by Node itself, as for users.
    server: { deps: { external: [/\/dist\//] } },
    reporters: [new ReliabilityReporter()],
    passWithNoTests: isReport,
    projects: Array.from({ length: shards }, (_, shard) => ({
      extends: true as const,
      test: {
        name: `shard ${shard}`,
        include: isReport ? [] : ['test/reliability/*.machine.ts'],
        env: { MARQUETRY_SHARD: String(shard) },
        pool: 'forks' as const,
        testTimeout: (isLong ? 120 : 15) * 60_000,
        hookTimeout: 60_000,
        execArgv: ['--unhandled-rejections=strict'],
      },
    })),
  },
})
