import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Tests run against dist/ (built first by `npm test`), as users and worker threads do. While writing code that needs
// no worker, `MARQUETRY_SRC=1 npx vitest run test/fs` skips the build and loads src/ instead.
const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const alias = process.env['MARQUETRY_SRC']
  ? [
      { find: /^#src\//, replacement: source('./src/') },
      { find: /^marquetry$/, replacement: source('./src/index.ts') },
      { find: /^marquetry\/level$/, replacement: source('./src/level/index.ts') },
    ]
  : []

/**
 * What these test keeps nothing in its process, so one process can run many of their files without loading all anew. The others look at
 * processes as such, or count what one of them loads.
 */
const plain = [
  'cli', 'compaction', 'copies', 'crash', 'docs', 'errors', 'external', 'format', 'fs', 'history', 'kill', 'level', 'memtable',
  'metrics', 'options', 'readers', 'scan', 'scan-property', 'sstable', 'table', 'transfer', 'tree', 'util', 'version', 'wal',
].map((folder) => `test/${folder}/**/*.test.ts`) // biome-ignore format: a list

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      { extends: true, test: { name: 'plain', include: plain, isolate: false } },
      { extends: true, test: { name: 'whole', include: ['test/**/*.test.ts'], exclude: plain } },
    ],
    // Loaded by Node itself, as for users, and not module by module for each file of tests.
    server: { deps: { external: [/\/dist\//] } },
    pool: 'forks',
    // More than cores: many tests wait, for syncs of the disk and for child processes.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    execArgv: ['--unhandled-rejections=strict'],
  },
})
