// One history, under every strategy, with merges on this thread, in one worker and in two, and while the strategy changes
// every few merges: each time every read finds what the model says, and in the end there is one row of each key.
//
// MARQUETRY_COMPACTION_SEEDS=10 plays so many histories; MARQUETRY_SEED repeats one whose seed a failure has told.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenOptions, open, t } from 'marquetry'
import { afterAll, describe, expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { nodeFileSystem } from '#src/fs/node.js'
import { Random } from '../history/random.js'
import { testSeed } from '../test-seed.js'
import { play, type Stage } from './play.js'
import { drawScript, type Script, strategies } from './script.js'

const seeds = Number(process.env['MARQUETRY_COMPACTION_SEEDS'] ?? 1)
const operationsMin = Number(process.env['MARQUETRY_COMPACTION_OPERATIONS'] ?? 5000)
const workerCounts = process.env['MARQUETRY_SRC'] ? [0] : [0, 1, 2]

/** Options that make flushes and merges frequent; those that no answer depends on are random. */
function drawOptions(random: Random, workers: number): OpenOptions {
  return {
    workers,
    wal: 'async',
    memtableRows: random.pick([30, 60, 120]),
    flushWorkers: random.pick([1, 2]),
    rowGroupRows: random.pick([40, 150]),
    pageBytes: 1024,
    sparseIndexInterval: random.pick([1, 7, 64]),
    filter: random.pick([undefined, false]),
    cacheBytes: random.pick([0, 20_000, undefined]),
  }
}

async function onStage(workers: number, seed: number, act: (stage: Stage) => Promise<void>): Promise<void> {
  const options = drawOptions(new Random(seed + workers), workers)
  const compaction = strategies['leveled']!
  if (workers === 0) {
    const fs = new MemoryFileSystem()
    return act({ open, t, directory: 'db', fs, compaction, options: { ...options, fileSystem: fs } })
  }
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-compaction-'))
  try {
    await act({ open, t, directory, fs: nodeFileSystem(), compaction, options })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const scripts = new Map<number, Script>()
const scriptOf = (seed: number) => {
  if (!scripts.has(seed)) scripts.set(seed, drawScript(seed, operationsMin))
  return scripts.get(seed)!
}

let operations = 0
let merges = 0
afterAll(() =>
  console.log(`${operations} operations, ${merges} merges, seeds ${testSeed} to ${testSeed + seeds - 1}`),
)

for (let seed = testSeed; seed < testSeed + seeds; seed++) {
  describe(`history ${seed}`, () => {
    for (const workers of workerCounts) {
      test.each(Object.entries(strategies))(`%s, workers ${workers}`, async (_, compaction) => {
        const script = scriptOf(seed)
        await onStage(workers, seed, async (stage) => {
          const played = await play({ ...stage, compaction }, script)
          expect(played.merges).toBeGreaterThan(operationsMin / 1000 - 1)
          merges += played.merges
        })
        operations += script.operations
      })

      test(`another strategy every three merges, workers ${workers}`, async () => {
        const script = scriptOf(seed)
        const compactions = new Random(seed).shuffled(Object.values(strategies))
        await onStage(workers, seed, async (stage) => {
          const played = await play({ ...stage, turns: { compactions, merges: 3 } }, script)
          expect(played.switches).toBeGreaterThan(operationsMin / 6000)
          merges += played.merges
        })
        operations += script.operations
      })
    }
  })
}
