// The property test of scans (test/scan-property), over thousands of random databases: overlapping runs, memtables, deletions,
// snapshots, predicates, limits and directions, each scan compared with a plain filter over a model.

import { and, not, open, or, t } from 'marquetry'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { playDatabase, scansPerDatabase } from '../scan-property/play.js'
import { type Part, testParts } from './parts.js'
import { isLong, seed } from './settings.js'

const databases = isLong ? 30_000 : 3000
const databasesPerPart = 500

const engine = { open, t, and, or, not, MemoryFileSystem }

const parts = Array.from({ length: databases / databasesPerPart }, (_, part): Part => {
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
testParts('scans', parts)
