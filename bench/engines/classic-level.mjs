// LevelDB as its users take it: string keys, JSON values.

import { ClassicLevel } from 'classic-level'

export const durability = {
  load: 'log written per batch, not synced (the default)',
  sync: 'sync: true per write',
}

export function optionsFor(use) {
  const options = { valueEncoding: 'json' }
  if (use === 'hot') return { ...options, cacheSize: 4 * 2 ** 30 - 1 }
  if (use === 'cold') return { ...options, cacheSize: 0 }
  return use === 'sync' ? { ...options, sync: true } : options
}

export async function open(directory, data, { sync = false, ...options }) {
  const db = new ClassicLevel(directory, options)
  await db.open()
  return new Store(db, data, { sync })
}

class Store {
  constructor(db, data, writeOptions) {
    this.db = db
    this.data = data
    this.writeOptions = writeOptions
    this.values = data.columns.map(({ name }) => name).filter((name) => !data.key.includes(name))
  }

  shape(row) {
    const value = {}
    for (const name of this.values) value[name] = row[name]
    return { type: 'put', key: this.key(this.data.key.map((name) => row[name])), value }
  }

  /** One string that sorts as the parts do. */
  key(parts) {
    if (parts.length === 1) return parts[0]
    const [date, origin, destination, number] = parts
    return `${new Date(date).toISOString()} ${origin} ${destination} ${String(number).padStart(4, '0')}`
  }

  write = (shapes) => this.db.batch(shapes, this.writeOptions)
  put = ({ key, value }) => this.db.put(key, value, this.writeOptions)
  get = (key) => this.db.get(key)
  getSync = (key) => this.db.getSync(key)
  lookup = this.get
  lookupSync = this.getSync
  getMany = (keys) => this.db.getMany(keys)
  seek = (gte, limit) => this.db.values({ gte, limit }).all()

  async eachRow(visit) {
    for await (const [, value] of this.db.iterator()) visit(value)
  }

  eachChunk = (visit) => this.#chunks({}, visit)

  async #chunks(range, visit) {
    const iterator = this.db.values({ ...range, highWaterMarkBytes: 1 << 20 })
    for (;;) {
      const values = await iterator.nextv(1000)
      if (values.length === 0) break
      visit(values)
    }
    await iterator.close()
  }

  async sum(column) {
    let sum = 0
    await this.#chunks({}, (values) => {
      for (const value of values) sum += value[column]
    })
    return sum
  }

  async where({ column, gte, lt }) {
    const { data } = this
    const inKey = column === data.key[0]
    const bound = (value) => (data.key.length === 1 ? value : new Date(value).toISOString())
    let rows = 0
    let sum = 0
    await this.#chunks(inKey ? { gte: bound(gte), lt: bound(lt) } : {}, (values) => {
      for (const value of values) {
        if (!inKey && !(value[column] >= gte && value[column] < lt)) continue
        rows++
        sum += value[data.sumColumn]
      }
    })
    return { rows, sum }
  }

  compact = () => this.db.compactRange('', '\uffff')
  settle = () => undefined
  close = () => this.db.close()
}
