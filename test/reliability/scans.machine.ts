// The property test of scans (test/scan-property), over thousands of random databases: overlapping runs, memtables, deletions,
// snapshots, predicates, limits and directions, each scan compared with a plain filter over a model. And engines that prune where
// that is not safe, which have to be found out.

import { and, not, open, or, t } from 'marquetry'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { findOut, mutants } from '../scan-property/mutants.js'
import { playDatabase, scansPerDatabase } from '../scan-property/play.js'
import { type Part, testParts } from './parts.js'
import { isLong, seed } from './settings.js'

const databases = isLong ? 30_000 : 3000
const databasesPerPart = 500

const engine = { open, t, and, or, not, MemoryFileSystem }

const played = Array.from({ length: databases / databasesPerPart }, (_, part): Part => {
  const first = seed + part * databasesPerPart
  return {
    name: `databases ${part * databasesPerPart} to ${(part + 1) * databasesPerPart}`,
    async run(ledger) {
      for (let database = first; database < first + databasesPerPart; database++) {
        await ledger.time(`database ${database}`, () => playDatabase(engine, database, scansPerDatabase))
        ledger.count('databases')
        ledger.count('scans', scansPerDatabase)
      }
    },
  }
})
const caught = Object.entries(mutants).map(
  ([name, mutant]): Part => ({
    name: `caught: ${name}`,
    run: (ledger) =>
      ledger.time(name, async () => {
        if ((await findOut(mutant)) === undefined) throw new Error('no scan gave a wrong answer')
        ledger.count('mutants caught')
      }),
  }),
)

const unchanged: Part = {
  name: 'nothing is found in the engine as it is',
  run: (ledger) =>
    ledger.time('the engine as it is', async () => {
      const found = await findOut(undefined, 30)
      if (found !== undefined) throw new Error(found)
    }),
}

testParts('scans', [...played, ...caught, unchanged])
