// lmdb-js as its users take it: values as objects in msgpack, composite keys as arrays.

import { open as openEnvironment } from 'lmdb'

export const durability = {
  load: 'noSync: a transaction per batch, not synced',
  sync: 'a write and its `flushed` are awaited; commits that wait share a sync',
}

export function optionsFor(use) {
  return use === 'load' || use === 'recover' ? { noSync: true } : {}
}

export async function open(path, data, options) {
  const environment = openEnvironment({ path, noSubdir: false, ...options })
  return new Store(environment, data)
}

class Store {
  constructor(db, data) {
    this.db = db
    this.data = data
    this.values = data.columns.map(({ name }) => name).filter((name) => !data.key.includes(name))
  }

  shape(row) {
    const value = {}
    for (const name of this.values) value[name] = row[name]
    return { key: this.key(this.data.key.map((name) => row[name])), value }
  }

  key = (parts) => (parts.length === 1 ? parts[0] : parts)

  async write(shapes) {
    this.db.transactionSync(() => {
      for (const { key, value } of shapes) this.db.putSync(key, value)
    })
    if (!this.db.noSync) await this.db.flushed
  }

  async put({ key, value }) {
    await this.db.put(key, value)
    await this.db.flushed
  }

  getSync = (key) => this.db.get(key)
  lookupSync = this.getSync
  getMany = (keys) => keys.map((key) => this.db.get(key))
  seek = (start, limit) => this.db.getRange({ start, limit }).map(({ value }) => value).asArray

  eachRow(visit) {
    for (const { value } of this.db.getRange()) visit(value)
  }

  sum(column) {
    let sum = 0
    for (const { value } of this.db.getRange()) sum += value[column]
    return sum
  }

  where({ column, gte, lt }) {
    const { data } = this
    const inKey = column === data.key[0]
    const bound = (value) => (data.key.length === 1 ? value : [value])
    let rows = 0
    let sum = 0
    for (const { value } of this.db.getRange(inKey ? { start: bound(gte), end: bound(lt) } : {})) {
      if (!inKey && !(value[column] >= gte && value[column] < lt)) continue
      rows++
      sum += value[data.sumColumn]
    }
    return { rows, sum }
  }

  settle = () => undefined
  close = () => this.db.close()
}
