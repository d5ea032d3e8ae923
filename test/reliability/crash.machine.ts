// The machine stops after each file operation of each workload, in every way that a disk may lose what was not synced; and
// again after each operation of a recovery. See test/crash.

import { memtableKinds, type OpenOptions } from 'marquetry'
import { engine } from '../crash/engine.js'
import { enumerateCrashes } from '../crash/enumerate.js'
import { type Workload, workloads } from '../crash/workloads.js'
import { Random } from '../history/random.js'
import { type Part, testParts } from './parts.js'
import { isLong, seedOf } from './settings.js'

/** A round crashes at about 3,900 points and checks 37,000 images and 4,000 nested ones: see minima.ts for what a long run needs. */
const rounds = isLong ? 76 : 1
const nestedEvery = 500

/** Later rounds have other sequences of file operations: options that no workload is about are drawn anew. */
function optionsOf(round: number): OpenOptions {
  if (round === 0) return {}
  const random = new Random(seedOf(round))
  return {
    memtable: random.pick(memtableKinds),
    compression: random.pick(['uncompressed', 'snappy', 'lz4_raw', 'zstd']),
    rowGroupRows: random.between(2, 20),
    sparseIndexInterval: random.between(1, 5),
    pageBytes: random.pick([1024, 8192]),
    filter: random.pick([false, { errorRate: 0.01 }]),
    cacheBytes: random.pick([0, 20_000, 1_000_000]),
    flushWorkers: random.between(1, 2),
  }
}

function partOf(name: string, workload: Workload, round: number): Part {
  return {
    name: round === 0 ? name : `${name}, round ${round}`,
    run: (ledger) =>
      ledger.time(name, async () => {
        const seed = seedOf(round)
        const options = optionsOf(round)
        const result = await enumerateCrashes(workload, { engine, options, seed, draws: 1, nestedEvery })
        ledger.count('crash points', result.crashPoints)
        ledger.count('images', result.images)
        ledger.count('nested images', result.nestedImages)
        for (const violation of result.violations) ledger.violate(`${name}, round ${round}, ${violation}`)
      }),
  }
}

const parts = Array.from({ length: rounds }, (_, round) =>
  Object.entries<Workload>(workloads).map(([name, workload]) => partOf(name, workload, round)),
)
testParts('crash', parts.flat())
