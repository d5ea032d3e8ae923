// Space: the same keys overwritten again and again, each round in another random order. Once compaction has nothing left to
// do, how many bytes are on the disk for each byte of one clean copy, which a full compaction makes?
//
//   npm run bench -- space [--rows 500000] [--rounds 10] [--memtable-mib 8]

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { open, t } from '../../dist/index.js'
import { makeRow } from '../data/rows.mjs'

const strategies = {
  leveled: { strategy: 'leveled' },
  'size-tiered': { strategy: 'size-tiered' },
  'unified T4': { strategy: 'unified', scaling: 'T4' },
  'unified L10': { strategy: 'unified', scaling: 'L10' },
}
const batchRows = 1000

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '500000' },
    rounds: { type: 'string', default: '10' },
    'memtable-mib': { type: 'string', default: '8' },
  },
})
const rows = Number(values.rows)
const rounds = Number(values.rounds)

console.log(`space: ${rounds} rounds over the same ${rows} keys, memtables of ${values['memtable-mib']} MiB`)
for (const [name, compaction] of Object.entries(strategies)) {
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-space-'))
  try {
    const { idle, clean, writeAmplification, seconds } = await measure(directory, compaction)
    console.log(
      `  ${name.padEnd(12)} ${megabytes(idle)} once idle, ${megabytes(clean)} clean: ${(idle / clean).toFixed(2)} ×,` +
        `  write amplification ${writeAmplification.toFixed(1)},  ${seconds.toFixed(0)} s`,
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measure(directory, compaction) {
  const memtableBytes = Number(values['memtable-mib']) << 20
  const began = performance.now()
  const db = await open(directory, { compaction, memtableBytes, wal: 'async' })
  const table = await db.table('rows', {
    columns: { key: t.utf8(), ts: t.timestamp(), value: t.float64(), category: t.utf8(), payload: t.utf8() },
    key: ['key'],
  })
  for (let round = 0; round < rounds; round++) {
    for (let from = 0; from < rows; from += batchRows) await table.batch(batchOf(from, round))
  }
  await table.flush()
  await table.compactionIdle()
  const seconds = (performance.now() - began) / 1000
  const idle = bytesBelow(join(directory, 'rows', 'sst'))
  const { writeAmplification } = table.stats().compaction
  await table.compact()
  await table.compactionIdle()
  const clean = bytesBelow(join(directory, 'rows', 'sst'))
  await db.close()
  return { idle, clean, writeAmplification, seconds }
}

/** Puts of a round: its keys in an order of its own, each key once. */
function batchOf(from, round) {
  const operations = []
  for (let i = from; i < Math.min(from + batchRows, rows); i++) {
    const row = makeRow((i + round * 104_729) % rows, rows)
    operations.push({ type: 'put', row: { ...row, ts: new Date(row.ts + round), value: row.value + round } })
  }
  return operations
}

function bytesBelow(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.size
  return readdirSync(path).reduce((bytes, name) => bytes + bytesBelow(join(path, name)), 0)
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
