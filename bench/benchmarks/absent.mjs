// Lookups of keys that are not there: the same rows in one SSTable and in twenty whose key ranges are all the same, so
// that every lookup has every filter to ask. Keys that are looked up lie between those that are there. Each process warms
// up with other absent keys first; then it takes the median of its passes over the keys, and counts lookups that read files.
//
//   npm run bench -- absent [--rows 200000] [--lookups 50000] [--rounds 5]

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { open } from '../../dist/index.js'
import { countingFileSystem } from '../lib/counting-fs.mjs'
import { median, takeTurns } from '../lib/measure.mjs'
import { buildTable } from '../lib/sstables.mjs'

const sstableCounts = ['1', '20']
const passes = 5
const warmUpPasses = 3

if (process.argv[2] === 'child') await child(...process.argv.slice(3))
else main()

async function child(sstables, directory, rows, lookups) {
  const { fileSystem, reads } = countingFileSystem()
  await buildTable(directory, { sstables: Number(sstables), rows: Number(rows) })
  const db = await open(directory, { fileSystem, compaction: { strategy: 'none' } })
  const table = await db.table('rows')
  const absentKey = (i, ending) => `user:${String((i * 7919) % Number(rows)).padStart(9, '0')}${ending}`
  const keysOf = (ending) => Array.from({ length: Number(lookups) }, (_, i) => absentKey(i, ending))
  let found = 0
  for (let pass = 0; pass < warmUpPasses; pass++) {
    for (const key of keysOf('3')) if (table.getSync(key) !== undefined) found++
  }
  const keys = keysOf('7')
  let reading = 0
  for (const key of keys) {
    reads.count = 0
    if (table.getSync(key) !== undefined) found++
    if (reads.count > 0) reading++
  }
  const nanoseconds = []
  for (let pass = 0; pass < passes; pass++) {
    const started = performance.now()
    for (const key of keys) if (table.getSync(key) !== undefined) found++
    nanoseconds.push(((performance.now() - started) * 1e6) / keys.length)
  }
  await db.close()
  if (found > 0) throw new Error(`${found} absent keys were found`)
  console.log(JSON.stringify({ nanoseconds: median(nanoseconds), share: reading / keys.length }))
}

function main() {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '200000' },
      lookups: { type: 'string', default: '50000' },
      rounds: { type: 'string', default: '5' },
    },
  })
  const { rows, lookups, rounds } = values
  const reports = takeTurns(fileURLToPath(import.meta.url), sstableCounts, Number(rounds), [rows, lookups])
  const [one, many] = sstableCounts.map((count) => reports.get(count))
  console.log(`absent: getSync of ${lookups} keys that are not among ${rows} rows; medians of ${rounds}`)
  for (const [count, runs] of reports) {
    const nanoseconds = median(runs.map((run) => run.nanoseconds))
    const share = median(runs.map((run) => run.share))
    console.log(
      `  ${count.padStart(2)} SSTables  ${(nanoseconds / 1000).toFixed(2).padStart(6)} µs a lookup` +
        `  ${(100 * share).toFixed(2)} % of the lookups read files`,
    )
  }
  const ratio = median(many.map((run, round) => run.nanoseconds / one[round].nanoseconds))
  console.log(`  20 SSTables cost ${ratio.toFixed(2)} times as much as one`)
}
