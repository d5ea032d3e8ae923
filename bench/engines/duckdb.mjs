// DuckDB's own tables: rows come in through the appender, reads through prepared statements.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance, timestampMillisValue } from '@duckdb/node-api'
import { createTable, insert, selectAll, selectFrom, selectKey, selectKeys, selectWhere } from './sql.mjs'

export const durability = {
  load: 'a commit per batch, each synced (cannot be turned off)',
  sync: 'a commit per write, each synced',
}

const types = { utf8: 'varchar', timestamp: 'timestamp_ms', float64: 'double', int32: 'integer' }

export function optionsFor(_use, { threads }) {
  return { threads: String(threads) }
}

export async function open(directory, data, options) {
  mkdirSync(directory, { recursive: true })
  const instance = await DuckDBInstance.create(join(directory, 'db.duckdb'), options)
  const connection = await instance.connect()
  await connection.run(createTable(data, types))
  // Rows that may be there already go through here: the appender only inserts.
  await connection.run('create temp table staging as from rows limit 0')
  return new Store(instance, connection, data)
}

/** What both kinds of DuckDB do; `from` is what they select from. */
export class Reader {
  #statements = new Map()

  constructor(instance, connection, data, from) {
    this.instance = instance
    this.connection = connection
    this.data = data
    this.from = from
    this.dates = new Set(data.columns.filter(({ type }) => type === 'timestamp').map(({ name }) => name))
  }

  key = (parts) => parts.map((part, i) => this.value(this.data.key[i], part))
  value = (name, value) => (this.dates.has(name) ? this.timestamp(value) : value)
  timestamp = (milliseconds) => timestampMillisValue(BigInt(milliseconds))

  async rows(sql, values) {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = await this.connection.prepare(sql)
      this.#statements.set(sql, statement)
    }
    if (values !== undefined) statement.bind(values)
    return (await statement.runAndReadAll()).getRowObjectsJS()
  }

  async lookup(key) {
    return (await this.rows(selectKey(this.data, this.data.lookupColumns, this.from), key))[0]
  }

  async sum(column) {
    const [{ total }] = await this.rows(`select sum("${column}") as total from ${this.from}`)
    return Number(total)
  }

  async where({ column, gte, lt }) {
    const bounds = [this.value(column, gte), this.value(column, lt)]
    const [{ n, total }] = await this.rows(selectWhere(this.data, column, this.from), bounds)
    return { rows: Number(n), sum: Number(total) }
  }

  async eachChunk(visit) {
    const result = await this.connection.stream(selectAll(this.data).replace('rows', this.from))
    for await (const rows of result.yieldRowObjectJs()) visit(rows)
  }

  settle = () => undefined

  close() {
    this.connection.closeSync()
    this.instance.closeSync()
  }
}

class Store extends Reader {
  constructor(instance, connection, data) {
    super(instance, connection, data, 'rows')
    this.names = data.columns.map(({ name }) => name)
    this.types = data.columns.map(({ type }) => type)
    this.overwrites = false
  }

  shape = (row) => this.names.map((name) => (row[name] === null ? null : this.value(name, row[name])))

  /** The appender where keys are new; where they are not, a staging table and one statement. */
  async write(shapes) {
    if (!this.overwrites) {
      await this.#append('rows', shapes)
      return
    }
    await this.connection.run('begin')
    await this.#append('staging', shapes)
    await this.connection.run('insert or replace into rows from staging')
    await this.connection.run('delete from staging')
    await this.connection.run('commit')
  }

  async #append(table, shapes) {
    const appender = await this.connection.createAppender(
      table,
      undefined,
      table === 'staging' ? 'temp' : undefined,
    )
    for (const shape of shapes) {
      for (let i = 0; i < shape.length; i++) this.#appendValue(appender, this.types[i], shape[i])
      appender.endRow()
    }
    appender.closeSync()
  }

  #appendValue(appender, type, value) {
    if (value === null) appender.appendNull()
    else if (type === 'utf8') appender.appendVarchar(value)
    else if (type === 'float64') appender.appendDouble(value)
    else if (type === 'int32') appender.appendInteger(value)
    else appender.appendTimestampMilliseconds(value)
  }

  put = (shape) => this.rows(insert(this.data), shape)

  async get(key) {
    return (await this.rows(selectKey(this.data), key))[0]
  }

  getMany = (keys) => this.rows(selectKeys(this.data, keys.length), keys.flat())
  seek = (key, limit) => this.rows(selectFrom(this.data), [...key, limit])
  settle = () => this.connection.run('checkpoint')
}
