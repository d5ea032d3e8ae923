// Opening a database of a thousand SSTables: only what the manifest says is read then, files are opened at first touch.
// Each process builds its database by small flushes, closes it, and opens it several times; the first get after each open
// looks for a row that is there. Times are of this process, with the system's cache warm.
//
//   npm run bench -- many-sstables [--sstables 1000] [--rounds 3]

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { open } from '../../dist/index.js'
import { countingFileSystem } from '../lib/counting-fs.mjs'
import { median, takeTurns } from '../lib/measure.mjs'
import { buildTable, keyOf } from '../lib/sstables.mjs'

const fewSSTables = '10'
const rowsEach = 100
const opens = 7

if (process.argv[2] === 'child') await child(...process.argv.slice(3))
else main()

async function child(sstables, directory) {
  const rows = rowsEach * Number(sstables)
  await buildTable(directory, { sstables: Number(sstables), rows })
  const times = { open: [], firstGet: [], nextGet: [] }
  let filesRead = 0
  for (let i = 0; i < opens; i++) {
    const { fileSystem, reads } = countingFileSystem()
    const started = performance.now()
    const db = await open(directory, { fileSystem, compaction: { strategy: 'none' } })
    const table = await db.table('rows')
    const opened = performance.now()
    filesRead = reads.count
    if ((await table.get(keyOf(i))) === undefined) throw new Error('a row is missing')
    const got = performance.now()
    if ((await table.get(keyOf(i + rows / 2))) === undefined) throw new Error('a row is missing')
    times.nextGet.push(performance.now() - got)
    times.open.push(opened - started)
    times.firstGet.push(got - opened)
    await db.close()
  }
  const { open: openTimes, firstGet, nextGet } = times
  console.log(
    JSON.stringify({
      open: median(openTimes),
      firstGet: median(firstGet),
      nextGet: median(nextGet),
      filesRead,
    }),
  )
}

function main() {
  const { values } = parseArgs({
    options: { sstables: { type: 'string', default: '1000' }, rounds: { type: 'string', default: '3' } },
  })
  const counts = [fewSSTables, values.sstables]
  const reports = takeTurns(fileURLToPath(import.meta.url), counts, Number(values.rounds), [])
  const [few, many] = counts.map((count) => reports.get(count))
  console.log(`many-sstables: databases of SSTables of ${rowsEach} rows; medians of ${values.rounds}`)
  for (const [count, runs] of reports) {
    const of = (name) => median(runs.map((run) => run[name]))
    console.log(
      `  ${count.padStart(5)} SSTables  open ${of('open').toFixed(1).padStart(6)} ms with ${of('filesRead')} reads of files` +
        `  first get ${of('firstGet').toFixed(1).padStart(6)} ms  second ${of('nextGet').toFixed(1).padStart(6)} ms`,
    )
  }
  for (const name of ['open', 'firstGet']) {
    const ratio = median(many.map((run, round) => run[name] / few[round][name]))
    console.log(`  ${name}: ${ratio.toFixed(1)} times as long as with ${fewSSTables}`)
  }
}
