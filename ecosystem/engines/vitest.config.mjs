import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Run from the repository's root, so that the tests share the databases of test/external.
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: { include: ['ecosystem/engines/*.test.ts'], pool: 'forks', testTimeout: 240_000, hookTimeout: 60_000 },
})
