// A process whose workers end badly. Its argument: { directory, job: 'flush' | 'merge' | 'load' | 'abort', end }. It prints what should
// not have happened, as a list in JSON.

import { readdirSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { isMarquetryError, open, t } from 'marquetry'

const { directory, job, end } = JSON.parse(process.argv[2])
const wrong = []
const check = (condition, what) => condition || wrong.push(what)

const rowsPerTable = 400
// What traps is parquet-wasm, which encodes what is compressed by zstd.
const options = { workers: 1, compression: 'zstd', flushOnClose: false, compaction: { strategy: 'none' } }
const schema = { columns: { id: t.int32(), text: t.utf8() }, key: ['id'] }
const expected = new Map()

const put = async (table, from) => {
  const rows = Array.from({ length: rowsPerTable }, (_, i) => ({
    id: from + i,
    text: `row ${from + i}, ${expected.size}`,
  }))
  for (const { id, text } of rows) expected.set(id, text)
  await table.batch(rows.map((row) => ({ type: 'put', row })))
}

async function checkState(table, when) {
  const rows = await table.scan().toArray()
  const same = rows.length === expected.size && rows.every(({ id, text }) => expected.get(id) === text)
  check(same, `${when}: a scan gives ${rows.length} rows of ${expected.size}`)
  for (const id of [0, 100, 399]) check(table.getSync(id)?.text === expected.get(id), `${when}: get of ${id}`)
  const left = readdirSync(`${directory}/victims/tmp`)
  check(left.length === 0, `${when}: tmp/ holds ${left}`)
  // Tables that were merged go once nothing reads them any more, in the background.
  const count = () => readdirSync(`${directory}/victims/sst`).length
  for (let turn = 0; count() !== table.stats().sstables && turn < 100; turn++) await setTimeout(50)
  const folders = count()
  check(
    folders === table.stats().sstables,
    `${when}: ${folders} folders for ${table.stats().sstables} SSTables`,
  )
}

const refusal = (promise) =>
  promise.then(
    () => undefined,
    (error) => error,
  )

/** The worker has ended: the error says so, as one of ours. */
function checkBroken(error, when) {
  const cause = `${error?.cause?.code ?? ''} ${error?.cause?.name ?? ''} ${error?.cause?.message ?? ''}`
  const fits = { exit: /exit/i, trap: /unreachable/, uncaught: /nobody catches/, memory: /OUT_OF_MEMORY/ }[end]
  check(isMarquetryError(error, 'MARQUETRY_IO') && fits.test(cause), `${when}: ${error?.stack} (${cause})`)
}

async function flushes(table) {
  process.env.SABOTAGE = end
  await put(table, 0)
  checkBroken(await refusal(table.flush()), 'a flush in a bad worker')
  delete process.env.SABOTAGE
  // A retry may have begun by itself, in a worker that is bad as well.
  for (let left = 3; left > 0; left--) {
    const error = await refusal(table.flush())
    if (error === undefined) break
    checkBroken(error, 'a retry in a bad worker')
  }
  check(table.stats().sstables === 1, 'the flush was not done again')
  await checkState(table, 'after a flush that did not')
}

async function merges(table) {
  for (const from of [0, 200, 300]) {
    await put(table, from)
    await table.flush()
  }
  process.env.SABOTAGE = end
  for (let attempt = 1; attempt <= 3; attempt++) {
    // A worker that traps lives on, and is not sabotaged twice: an idle one has to go first.
    checkBroken(await refusal(table.compact()), `merge ${attempt}`)
    await checkState(table, `after merge ${attempt}`)
    if (end === 'trap') return trapped(table)
  }
  const { quarantined } = table.stats().compaction
  check(quarantined.length === 3, `quarantined: ${quarantined}`)
  delete process.env.SABOTAGE
  checkBroken(await refusal(table.compact()), 'a merge of quarantined tables')
  await put(table, 1000)
  await table.flush()
  await checkState(table, 'after a flush beside quarantined tables')
}

async function loads(table) {
  await put(table, 0)
  await table.flush()
  const rows = Array.from({ length: 30_000 }, (_, id) => [id * 2, `loaded ${id}`])
  writeFileSync(`${directory}/rows.csv`, `id,text\n${rows.map((row) => `${row.join(',')}\n`).join('')}`)
  const load = () => table.import(`${directory}/rows.csv`, { sorted: true })
  process.env.SABOTAGE = end
  checkBroken(await refusal(load()), 'a sorted import in a bad worker')
  delete process.env.SABOTAGE
  await checkState(table, 'after a sorted import that was not')
  await load()
  for (const [id, text] of rows) expected.set(id, text)
  await checkState(table, 'after a sorted import')
}

/** A trap once: the thread goes on with a WASM instance of its own. */
async function trapped(table) {
  delete process.env.SABOTAGE
  await table.compact()
  check(table.stats().sstables === 1, 'the merge was not done again')
}

async function aborts(table) {
  for (let from = 0; from < 4000; from += 200) {
    await put(table, from)
    if (from % 1000 === 800) await table.flush()
  }
  await table.flush()
  const early = new AbortController()
  const reason = new Error('enough')
  const aborted = refusal(table.compact({ signal: early.signal }))
  await setTimeout(Number(end))
  early.abort(reason)
  const error = await aborted
  const isDone = error === undefined
  check(
    isDone || (isMarquetryError(error, 'MARQUETRY_ABORTED') && error.cause === reason),
    `abort: ${error?.stack}`,
  )
  await table.compactionIdle()
  await checkState(table, 'after an abort')
  await table.compact()
  check(table.stats().sstables === 1, 'the merge was not done after all')
}

let db = await open(directory, options)
let table = await db.table('victims', schema)
await { flush: flushes, merge: merges, load: loads, abort: aborts }[job](table)
await db.close()
db = await open(directory, options)
table = await db.table('victims', schema)
await checkState(table, 'opened again')
await table.compact()
await checkState(table, 'opened again and merged')
check(table.stats().compaction.quarantined.length === 0, 'tables stay quarantined')
await db.close()
process.stdout.write(`${JSON.stringify(wrong)}\n`)
