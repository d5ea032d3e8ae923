import { defineConfig } from 'vitest/config'
import { ReliabilityReporter } from './test/reliability/reporter.js'
import { isLong } from './test/reliability/settings.js'

// The machines of docs/reliability.md, started by `npm run test:reliability` (test/reliability/run.mjs). Like the
// ordinary tests they run against dist/.
export default defineConfig({
  test: {
    include: ['test/reliability/*.machine.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: (isLong ? 24 * 60 : 15) * 60_000,
    hookTimeout: 60_000,
    execArgv: ['--unhandled-rejections=strict'],
    reporters: [new ReliabilityReporter()],
  },
})
