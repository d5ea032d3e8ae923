// A process that imports one file and says what came of it and how much its memory grew. Its argument: { path, file, columns,
// timeoutMs }; `columns` are types by name.

import { isMarquetryError, open, t } from 'marquetry'

const { path, file, columns, timeoutMs } = JSON.parse(process.argv[2])

const db = await open(path, { workers: 1 })
const types = Object.fromEntries(Object.entries(columns).map(([name, kind]) => [name, t[kind]().nullable()]))
const table = await db.table('hostile', { columns: { row: t.int32(), ...types }, key: ['row'] })
// What an import needs anyhow, loaded: a thread with parquet-wasm.
await table.put({ row: -1 })
await table.flush()
await table.export(`${path}.parquet`)
const calibration = await db.table('calibration', { columns: { row: t.int32(), ...types }, key: ['row'] })
await calibration.import(`${path}.parquet`)

const beforeBytes = process.memoryUsage.rss()
let mostBytes = beforeBytes
const timer = setInterval(() => {
  mostBytes = Math.max(mostBytes, process.memoryUsage.rss())
}, 5)
const beganMs = performance.now()
const outcome = await table.import(file, { rowNumber: 'row', rowGroupTimeoutMs: timeoutMs }).then(
  ({ rows }) => ({ rows }),
  (error) => ({
    code: isMarquetryError(error) ? error.code : undefined,
    message: String(error?.message),
    file: error?.file,
  }),
)
const ms = performance.now() - beganMs
clearInterval(timer)
mostBytes = Math.max(mostBytes, process.memoryUsage.rss())
await table.put({ row: -2 })
const works = (await table.get(-2))?.row === -2
await db.close()
process.stdout.write(`${JSON.stringify({ outcome, ms, grownBytes: mostBytes - beforeBytes, works })}\n`)
