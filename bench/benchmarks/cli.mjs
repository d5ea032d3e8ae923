// The command line: three million flights imported from Parquet and exported to Parquet again, each as a process of its own, from its
// start to its end; DuckDB counts the rows that the two files do not have in common.
//
//   npm run bench -- cli [--rounds 3]

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { median } from '../lib/measure.mjs'

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const flights = pathOf('../../node_modules/vega-datasets/data/flights-3m.parquet')
const cli = pathOf('../../dist/cli/main.js')
const key = 'date,origin,destination'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })

/** Seconds that a command takes. */
function run(...words) {
  const began = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [cli, ...words], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`marquetry ${words.join(' ')}: ${stderr}`)
  return (performance.now() - began) / 1000
}

/** Rows of the source, and those that are in one of the files more often than in the other. */
async function compare(exported) {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const one = async (sql) => Number((await connection.runAndReadAll(sql)).getRows()[0][0])
  const columns = (await connection.runAndReadAll(`describe from '${flights}'`))
    .getRows()
    .map(([name]) => `"${name}"`)
  const rowsOf = (file) => `select ${columns}, count(*) as times from '${file}' group by all`
  const missing = (a, b) => one(`select count(*) from (${rowsOf(a)} except ${rowsOf(b)})`)
  const differing = (await missing(flights, exported)) + (await missing(exported, flights))
  const rows = await one(`select count(*) from '${flights}'`)
  connection.closeSync()
  return { rows, differing }
}

const directory = mkdtempSync(join(tmpdir(), 'marquetry-bench-cli-'))
const seconds = { import: [], export: [] }
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    const [database, exported] = [join(directory, `db${round}`), join(directory, `out${round}.parquet`)]
    seconds.import.push(run('import', database, 'flights', flights, '--key', key, '--row-number', 'number'))
    seconds.export.push(run('export', database, 'flights', exported))
    const { rows, differing } = await compare(exported)
    if (differing > 0) throw new Error(`${differing} rows differ`)
    if (round === 0) console.log(`cli: ${rows} flights; medians of ${values.rounds} processes`)
    rmSync(database, { recursive: true })
    rmSync(exported)
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
for (const [command, each] of Object.entries(seconds)) {
  console.log(
    `  ${command}  ${median(each).toFixed(1).padStart(6)} s   (${each.map((s) => s.toFixed(1)).join(', ')})`,
  )
}
console.log('  0 rows differ, by DuckDB')
