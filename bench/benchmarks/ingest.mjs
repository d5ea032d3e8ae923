// fillrandom: rows in random key order, batches of 1,000, nobody syncs, until close() has returned; marquetry's close
// includes the flush to Parquet. Rows are made before the clock starts, and each process first ingests all of them
// into a database that it throws away, so that what is measured is compiled code, ours as theirs.
//
//   npm run bench -- ingest [--rows 500000] [--rounds 5]

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { collectGarbage, median, takeTurns } from '../lib/measure.mjs'

const batchRows = 1000
const engines = [
  'classic-level',
  'marquetry:sorted',
  'marquetry:enhanced-skiplist',
  'marquetry:default',
  'marquetry:high-performance',
]

if (process.argv[2] === 'child') await child(...process.argv.slice(3))
else main()

async function child(engine, directory, rows) {
  const [module, variant] = engine.split(':')
  const { prepare, ingest } = await import(`../engines/${module}.mjs`)
  const batches = prepare(Number(rows), batchRows)
  await ingest(`${directory}-warm-up`, [...batches], variant)
  collectGarbage()
  const started = performance.now()
  await ingest(directory, batches, variant)
  const milliseconds = performance.now() - started
  console.log(JSON.stringify({ milliseconds, bytes: bytesBelow(directory) }))
}

function bytesBelow(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.size
  return readdirSync(path).reduce((bytes, name) => bytes + bytesBelow(join(path, name)), 0)
}

function main() {
  const { values } = parseArgs({
    options: { rows: { type: 'string', default: '500000' }, rounds: { type: 'string', default: '5' } },
  })
  const rows = Number(values.rows)
  const reports = takeTurns(fileURLToPath(import.meta.url), engines, Number(values.rounds), [values.rows])
  const peer = reports.get(engines[0])
  console.log(
    `ingest: ${rows} rows, random key order, batches of ${batchRows}, no sync, until closed; medians of ${values.rounds}`,
  )
  for (const [engine, runs] of reports) {
    const milliseconds = median(runs.map((run) => run.milliseconds))
    const ratio = median(runs.map((run, round) => peer[round].milliseconds / run.milliseconds))
    const bytes = median(runs.map((run) => run.bytes))
    console.log(
      `  ${engine.padEnd(28)} ${milliseconds.toFixed(0).padStart(6)} ms  ${(rows / milliseconds).toFixed(0).padStart(5)} krows/s` +
        `  ${(bytes / 1e6).toFixed(1).padStart(6)} MB  ${ratio.toFixed(2)} × classic-level's rate`,
    )
  }
}
