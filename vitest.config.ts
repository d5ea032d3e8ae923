import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Workers, WASM and native addons are loaded once per file; two cores, so two files at a time.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    execArgv: ['--unhandled-rejections=strict'],
    typecheck: { enabled: false },
  },
})
