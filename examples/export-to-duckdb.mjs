// DuckDB on a live database, twice: over the engine's own files as they lie there, and over an export of one month.
//   npm install @duckdb/node-api && node examples/export-to-duckdb.mjs [directory]

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { open, t } from 'marquetry'

const directory = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'visits-'))
const db = await open(join(directory, 'db'))
const visits = await db.table('visits', {
  columns: { day: t.date(), page: t.utf8(), views: t.int32() },
  key: ['day', 'page'],
})

const day = (n) => new Date(Date.UTC(2026, 0, 1 + n))
for (let n = 0; n < 60; n++) {
  const pages = ['/', '/docs', '/about']
  await visits.batch(
    pages.map((page, i) => ({ type: 'put', row: { day: day(n), page, views: 100 * (3 - i) + n } })),
  )
}
await visits.flush()
await visits.put({ day: day(0), page: '/', views: 1_000_000 }) // a correction
await visits.delete([day(1), '/about'])

const connection = await (await DuckDBInstance.create()).connect()
const rowsOf = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson()

// 1. The files in place: no copy, no second database. Merges would replace files meanwhile.
await visits.pauseCompaction()
await connection.run(`CREATE VIEW visits AS ${await visits.externalView('duckdb', { flush: true })}`)
console.log(
  await rowsOf('SELECT page, count(*) AS days, max(views) AS most FROM visits GROUP BY page ORDER BY page'),
)
visits.resumeCompaction()

// 2. An export: sorted, without system columns, a file to give away.
const file = join(directory, 'january.parquet')
const { rows } = await visits.export(file, { gte: [day(0)], lt: [day(31)], columns: ['page', 'views'] })
console.log(`${rows} rows exported`)
console.log(
  await rowsOf(`SELECT page, sum(views)::INT AS views FROM '${file}' GROUP BY page ORDER BY views DESC`),
)
connection.closeSync()
await db.close()
if (process.argv[2] === undefined) rmSync(directory, { recursive: true })
