import { open as openDatabase, t } from '../../dist/index.js'

export const durability = {
  load: 'log written per batch, not synced; close() flushes all to Parquet and syncs',
  sync: 'log synced before a promise resolves, callers that wait share a sync',
}

const types = {
  utf8: () => t.utf8(),
  timestamp: () => t.timestamp(),
  float64: () => t.float64(),
  int32: () => t.int32(),
}

/** More than the largest data set takes when decoded. */
const largeCacheBytes = 4 * 2 ** 30

export function optionsFor(use, { threads, rows }) {
  // The main thread does its part: one of the threads.
  const workers = Math.max(0, threads - 1)
  if (use === 'load') return { preset: 'high-performance', workers: Math.max(1, workers) }
  if (use === 'sync') return { preset: 'balanced', workers: Math.max(1, workers) }
  if (use === 'recover') return { preset: 'balanced', wal: 'async', workers: Math.max(1, workers) }
  if (use === 'hot') return { preset: 'balanced', cacheBytes: largeCacheBytes, workers }
  // Filters and sparse indexes fit, and hardly a page: those of a million rows are always kept.
  return { preset: 'balanced', cacheBytes: rows > 1e6 ? 12 * 2 ** 20 : 0, workers }
}

export async function open(directory, data, options) {
  const db = await openDatabase(directory, options)
  const columns = Object.fromEntries(
    data.columns.map(({ name, type, nullable }) => [name, nullable ? types[type]().nullable() : types[type]()]),
  )
  return new Store(db, await db.table('rows', { columns, key: data.key }), data)
}

class Store {
  constructor(db, table, data) {
    this.db = db
    this.table = table
    this.data = data
    this.dates = data.columns.filter(({ type }) => type === 'timestamp').map(({ name }) => name)
    this.keyDates = data.key.map((name) => this.dates.includes(name))
    this.projected = { columns: data.lookupColumns }
  }

  shape(row) {
    const shaped = { ...row }
    for (const name of this.dates) shaped[name] = new Date(row[name])
    return { type: 'put', row: shaped }
  }

  key(parts) {
    const values = parts.map((part, i) => (this.keyDates[i] ? new Date(part) : part))
    return values.length === 1 ? values[0] : values
  }

  write = (shapes) => this.table.batch(shapes)
  put = (shape) => this.table.put(shape.row)
  get = (key) => this.table.get(key)
  getSync = (key) => this.table.getSync(key)
  lookup = (key) => this.table.get(key, this.projected)
  lookupSync = (key) => this.table.getSync(key, this.projected)
  getMany = (keys) => this.table.getMany(keys)
  seek = (gte, limit) => this.table.scan({ gte, limit }).toArray()

  async eachRow(visit) {
    for await (const row of this.table.scan()) visit(row)
  }

  async eachChunk(visit) {
    for await (const rows of this.table.scan().chunks()) visit(rows)
  }

  async sum(column) {
    return (await this.#sumOf({ columns: [column] })).sum
  }

  where({ column, gte, lt }) {
    const convert = (value) => (this.dates.includes(column) ? new Date(value) : value)
    const where = { [column]: { gte: convert(gte), lt: convert(lt) } }
    return this.#sumOf({ columns: [this.data.sumColumn], where })
  }

  async #sumOf(options) {
    let rows = 0
    let sum = 0
    for await (const batch of this.table.scan(options).batches()) {
      rows += batch.numRows
      for (const { values } of batch.getChildAt(0).data)
        for (let i = 0; i < values.length; i++) sum += values[i]
    }
    return { rows, sum }
  }

  compact = () => this.table.compact()

  async settle() {
    await this.table.flush()
    await this.table.compactionIdle()
  }

  files = () => this.table.files().map(({ path }) => path)
  close = () => this.db.close()
}
