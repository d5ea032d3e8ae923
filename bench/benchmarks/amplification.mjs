// How many bytes of SSTables are written for each byte flushed: the engine, the simulator and the formula of
// docs/compaction.md, for the same rows and the same flushes.
//
// Five million rows with different keys in random order. After each flush the engine is given the time to do what its
// strategy wants, as the simulator does; what happens when merges cannot keep pace is the subject of `stream`.
//
//   npm run bench -- amplification [--rows 5000000] [--memtable-rows 50000] [--scaling L4,L10,T4]

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { expectedWriteAmplification } from '../../dist/compaction/simulator/formula.js'
import { simulate } from '../../dist/compaction/simulator/simulate.js'
import { makeWorkload } from '../../dist/compaction/simulator/workload.js'
import { open, t } from '../../dist/index.js'
import { resolveCompactionOptions } from '../../dist/options-compaction.js'
import { makeRow } from '../data/rows.mjs'

const batchRows = 1000
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '5000000' },
    'memtable-rows': { type: 'string', default: '50000' },
    scaling: { type: 'string', default: 'L4,L10,T4' },
  },
})
const rows = Number(values.rows)
const memtableRows = Number(values['memtable-rows'])

console.log(`amplification: ${rows} rows, different keys in random order, ${memtableRows} rows a flush`)
for (const scaling of values.scaling.split(',')) {
  const engine = await runEngine(scaling)
  const flushes = Math.ceil(rows / memtableRows)
  const workload = makeWorkload({
    rows,
    rowBytes: engine.rowBytes,
    rowSaving: engine.rowSaving,
    flushRows: memtableRows,
    distribution: 'uniform',
  })
  const simulated = simulate(workload, resolveCompactionOptions(engine.options)).writeAmplification
  const expected = expectedWriteAmplification(scaling, flushes)
  const percent = (share) => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`
  console.log(
    `  ${scaling.padEnd(4)} engine ${engine.writeAmplification.toFixed(2)}  simulator ${simulated.toFixed(2)} (${percent(simulated / engine.writeAmplification - 1)})` +
      `  formula ${expected.toFixed(2)} (${percent(expected / engine.writeAmplification - 1)})` +
      `  ${engine.flushes} flushes, ${engine.compactions} merges, ${engine.seconds.toFixed(0)} s`,
  )
}

async function runEngine(scaling) {
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-bench-'))
  try {
    // The size of a flush is what levels are counted in, and what merges save follows from the rows: measured, not guessed.
    const { flushBytes, rowSaving } = await probe(join(directory, 'probe'))
    const options = { strategy: 'unified', scaling, flushBytes }
    const started = performance.now()
    const { db, table } = await openTable(join(directory, 'db'), options)
    for (let from = 0; from < rows; from += memtableRows) {
      await write(table, from, Math.min(rows, from + memtableRows))
      await table.flush()
      await table.compactionIdle()
    }
    const { compaction, flushes, flushedBytes, flushedRows, compactions } = table.stats()
    await db.close()
    return {
      options,
      writeAmplification: compaction.writeAmplification,
      rowBytes: flushedBytes / flushedRows,
      rowSaving,
      flushes,
      compactions,
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The bytes of a flush, and those that a row takes less with each doubling of rows: three, by merging eight flushes. */
async function probe(directory) {
  const { db, table } = await openTable(directory, { strategy: 'none' })
  for (let flush = 0; flush < 8; flush++) {
    await write(table, flush * memtableRows, (flush + 1) * memtableRows)
    await table.flush()
  }
  const { flushedBytes, flushedRows } = table.stats()
  await table.compact()
  const bytes = table.files().reduce((sum, file) => sum + file.bytes, 0)
  await db.close()
  return { flushBytes: Math.round(flushedBytes / 8), rowSaving: (flushedBytes - bytes) / flushedRows / 3 }
}

async function openTable(directory, compaction) {
  const db = await open(directory, { wal: 'async', memtableBytes: 1 << 30, compaction })
  const table = await db.table('rows', {
    columns: { key: t.utf8(), ts: t.timestamp(), value: t.float64(), category: t.utf8(), payload: t.utf8() },
    key: ['key'],
  })
  return { db, table }
}

async function write(table, from, to) {
  for (let at = from; at < to; at += batchRows) {
    const batch = []
    for (let i = at; i < Math.min(at + batchRows, to); i++) {
      const row = makeRow(i, rows)
      batch.push({ type: 'put', row: { ...row, ts: new Date(row.ts) } })
    }
    await table.batch(batch)
  }
}
