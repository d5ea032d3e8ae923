// The demo: three million real flights go in, some are changed and deleted, and DuckDB, reading the files as they lie
// there, has to give the same answers. Run it with `npm run demo`; it exits with 1 if an answer differs.
//
// The log is in mode `sync`, the default and the strictest: a promise that has resolved is on the disk. It costs next
// to nothing here, since records that wait at the same time share one sync.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { open, t } from 'marquetry'
import { count, megabytes, Report } from './report.mjs'

const source = fileURLToPath(new URL('../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url))
const directory = resolve('demo-data')
const exported = resolve(directory, 'march-from-ATL.parquet')
const database = resolve(directory, 'database')

const schema = {
  columns: {
    date: t.timestamp(),
    origin: t.utf8(),
    destination: t.utf8(),
    number: t.int32(),
    delay: t.int32().nullable(),
    distance: t.int32(),
  },
  key: ['date', 'origin', 'destination', 'number'],
}
const march = {
  gte: [new Date(Date.UTC(2001, 2))],
  lt: [new Date(Date.UTC(2001, 3))],
  where: { origin: { eq: 'ATL' } },
}

/** One row in 20 is changed: of three, two are overwritten and the third is deleted. */
const changeEvery = 20
const changesMax = 150_000
const lookupsOfAKind = 500

const report = new Report()
const differences = []

/** Notes what differs; returns what was compared. */
function same(what, ours, theirs) {
  const [left, right] = [ours, theirs].map((answer) => answer.map(String).join('  '))
  if (left !== right) differences.push(`${what}: marquetry says ${left}, DuckDB ${right}`)
  return left
}

async function openFlights() {
  const db = await open(database, { wal: 'sync' })
  return { db, flights: await db.table('flights', schema) }
}

async function importAll({ db, flights }, show) {
  const flushes = { count: 0, bytes: 0 }
  db.on('flush', ({ bytes }) => {
    flushes.count++
    flushes.bytes += bytes
  })
  const started = performance.now()
  const { rows, bytes } = await flights.import(source, {
    rowNumber: 'number',
    onProgress: (progress) =>
      show((seconds) => {
        const read = `${megabytes(progress.bytes)} of ${megabytes(progress.bytesTotal)}`
        const speed = `${count(Math.round(progress.rows / seconds))} rows/s`
        return `${count(progress.rows)} rows, ${read}, ${speed}, ${flushes.count} flushes (${megabytes(flushes.bytes)})`
      }),
  })
  const seconds = (performance.now() - started) / 1000
  return `${count(rows)} rows (${megabytes(bytes)}), ${count(Math.round(rows / seconds))} rows/s, WAL mode sync`
}

/** Overwrites and deletes rows as it comes past them, and returns keys to look up later. */
async function change(flights, kept, show) {
  const done = { put: 0, delete: 0 }
  let operations = []
  let seen = 0
  let chosen = 0
  for await (const rows of flights.scan().chunks()) {
    for (const row of rows) {
      if (seen++ % changeEvery !== 0 || chosen === changesMax) continue
      const key = [row.date, row.origin, row.destination, row.number]
      const type = chosen++ % 3 === 2 ? 'delete' : 'put'
      const changed = { ...row, delay: (row.delay ?? 0) + 1000 }
      operations.push(type === 'put' ? { type, row: changed } : { type, key })
      done[type]++
      if (chosen % 300 < 3) kept[type].push({ key, row: changed })
    }
    if (operations.length > 0) await flights.batch(operations)
    operations = []
    show(() => `${count(chosen)} of ${count(changesMax)}`)
  }
  return `${count(done.put)} rows overwritten, ${count(done.delete)} deleted`
}

async function lookUp(flights, kept) {
  let wrong = 0
  const [present, deleted] = [kept.put.slice(0, lookupsOfAKind), kept.delete.slice(0, lookupsOfAKind)]
  for (const { key, row } of present) if ((await flights.get(key))?.delay !== row.delay) wrong++
  for (const { key } of deleted) if ((await flights.get(key)) !== undefined) wrong++
  for (const { key } of present) if ((await flights.get([...key.slice(0, 3), 1_000_000])) !== undefined) wrong++
  if (wrong > 0) differences.push(`${wrong} lookups gave a wrong answer`)
  return `${present.length} rows that are there, ${deleted.length} deleted, ${present.length} that never were`
}

/** Rows, sum and a digest of all that was read, in key order: the same text as `answers` makes DuckDB digest. */
async function scanMonth(flights, answers) {
  const digest = createHash('md5')
  let rows = 0
  let delays = 0
  for await (const { date, destination, delay } of flights.scan({
    ...march,
    columns: ['date', 'destination', 'delay'],
  })) {
    digest.update(`${rows === 0 ? '' : ';'}${date.getTime()},${destination},${delay ?? ''}`)
    rows++
    delays += delay ?? 0
  }
  answers.month = [rows, delays, digest.digest('hex')]
  return `March 2001 from ATL, three columns: ${count(rows)} rows`
}

async function scanAll(flights, answers) {
  let rows = 0
  let delays = 0
  let distances = 0
  for await (const batch of flights.scan({ columns: ['delay', 'distance'] }).batches()) {
    rows += batch.numRows
    for (const delay of batch.getChild('delay')) delays += delay ?? 0
    for (const distance of batch.getChild('distance')) distances += distance
  }
  answers.all = [rows, delays, distances]
  return `${count(rows)} rows, two columns`
}

const monthOf = (table) => `
  select count(*), sum(delay),
    md5(string_agg(concat(epoch_ms(date), ',', destination, ',', coalesce(delay::varchar, '')), ';'
      order by date, origin, destination, number))
  from ${table} where origin = 'ATL' and date >= to_timestamp(983404800) and date < to_timestamp(986083200)`
const allOf = (table) => `select count(*), sum(delay), sum(distance) from ${table}`

/** What a table holds, told by its live SSTables alone: of each key the newest version, unless it is a deletion. */
const live = `(
  select * from (
    select * from read_parquet('${database.replaceAll("'", "''")}/flights/sst/*/data.parquet')
    qualify row_number() over (partition by date, origin, destination, number order by _seq desc) = 1
  ) where not _deleted)`

async function main() {
  if (!existsSync(source)) throw new Error(`${source} is missing: run npm install first`)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  const kept = { put: [], delete: [] }
  const answers = {}

  let opened = await openFlights()
  await report.step('import', (show) => importAll(opened, show))
  await report.step('change', (show) => change(opened.flights, kept, show))
  await report.step('close and reopen', async () => {
    await opened.db.close()
    opened = await openFlights()
    const { sstables, sstableRows, sstableBytes } = opened.flights.stats()
    return `${sstables} SSTables, ${count(sstableRows)} versions, ${megabytes(sstableBytes)}`
  })
  const { db, flights } = opened
  await report.step('look up', () => lookUp(flights, kept))
  await report.step('scan a month', () => scanMonth(flights, answers))
  await report.step('scan all', () => scanAll(flights, answers))
  await report.step('export', async () => {
    const { rows, bytes } = await flights.export(exported, march)
    return `${count(rows)} rows, ${megabytes(bytes)}`
  })
  await db.close()

  const duckdb = await (await DuckDBInstance.create()).connect()
  const ask = async (sql) => (await duckdb.runAndReadAll(sql)).getRows()[0]
  await report.step('DuckDB, export', async () => {
    const theirs = await ask(monthOf(`'${exported.replaceAll("'", "''")}'`))
    return `the same: ${same('the month, from the exported file', answers.month, theirs)}`
  })
  await report.step('DuckDB, SSTables', async () => {
    return `the same: ${same('the month, from the SSTables', answers.month, await ask(monthOf(live)))}`
  })
  await report.step('DuckDB, SSTables', async () => {
    return `the same: ${same('all, from the SSTables', answers.all, await ask(allOf(live)))}`
  })
  duckdb.closeSync()
  finish()
}

function finish() {
  if (differences.length > 0) {
    for (const difference of differences) console.error(`DIFFERENT: ${difference}`)
    process.exitCode = 1
    return
  }
  report.print()
  console.log(`\nThe table: ${database}/flights/sst/*/data.parquet\nThe export: ${exported}`)
}

await main()
