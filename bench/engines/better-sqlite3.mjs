// SQLite as a clustered table: WAL mode, WITHOUT ROWID, prepared statements.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { createTable, insert, selectAll, selectFrom, selectKey, selectKeys, selectWhere } from './sql.mjs'

export const durability = {
  load: 'WAL mode, synchronous = OFF: a transaction per batch, not synced',
  sync: 'WAL mode, synchronous = FULL: the WAL is synced per transaction',
}

const types = { utf8: 'text', timestamp: 'integer', float64: 'real', int32: 'integer' }

/** Pragmas. A negative cache_size is in KiB. */
export function optionsFor(use) {
  const options = { journal_mode: 'WAL', synchronous: use === 'sync' ? 'FULL' : 'OFF' }
  if (use === 'hot') return { ...options, cache_size: -4 * 2 ** 20, mmap_size: 2 ** 32 }
  return use === 'cold' ? { ...options, cache_size: 0 } : options
}

export async function open(directory, data, pragmas) {
  mkdirSync(directory, { recursive: true })
  const db = new Sqlite(join(directory, 'db.sqlite'))
  for (const [name, value] of Object.entries(pragmas)) db.pragma(`${name} = ${value}`)
  db.exec(createTable(data, types, ' without rowid'))
  return new Store(db, data)
}

class Store {
  #statements = new Map()

  constructor(db, data) {
    this.db = db
    this.data = data
    this.names = data.columns.map(({ name }) => name)
    this.inserting = db.prepare(insert(data))
    this.getting = db.prepare(selectKey(data))
    this.looking = db.prepare(selectKey(data, data.lookupColumns))
    this.seeking = db.prepare(selectFrom(data))
    this.writing = db.transaction((shapes) => {
      for (const shape of shapes) this.inserting.run(shape)
    })
  }

  shape = (row) => this.names.map((name) => row[name])
  key = (parts) => parts

  write = (shapes) => this.writing(shapes)
  put = (shape) => this.inserting.run(shape)
  getSync = (key) => this.getting.get(key)
  lookupSync = (key) => this.looking.get(key)
  getMany = (keys) => this.#prepared(selectKeys(this.data, keys.length)).all(keys.flat())
  seek = (key, limit) => this.seeking.all(key, limit)

  eachRow(visit) {
    for (const row of this.#prepared(selectAll(this.data)).iterate()) visit(row)
  }

  eachChunk(visit) {
    visit(this.#prepared(selectAll(this.data)).all())
  }

  sum = (column) => this.#prepared(`select sum("${column}") as total from rows`).get().total

  where({ column, gte, lt }) {
    const { n, total } = this.#prepared(selectWhere(this.data, column)).get(gte, lt)
    return { rows: n, sum: total }
  }

  compact = () => this.db.exec('vacuum; pragma wal_checkpoint(truncate)')
  settle = () => this.db.pragma('wal_checkpoint(truncate)')
  close = () => this.db.close()

  #prepared(sql) {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
