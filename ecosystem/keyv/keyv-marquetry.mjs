// A storage adapter for Keyv over a Level database, of which many Keyv instances may share one. Keyv prefixes keys with the
// namespace, serializes values and judges their expiry; the adapter only remembers when an entry may go, to clear it away.

import { EventEmitter } from 'node:events'

export class KeyvMarquetry extends EventEmitter {
  #db
  #expiry

  constructor(db) {
    super()
    // Keyv goes by a list of names to know which adapters can be iterated, and has no place for others.
    this.opts = { dialect: 'sqlite' }
    this.namespace = undefined
    this.#db = db.sublevel('entries')
    this.#expiry = db.sublevel('expiry')
  }

  get(key) {
    return this.#db.get(key)
  }

  getMany(keys) {
    return this.#db.getMany(keys)
  }

  async set(key, value, ttl) {
    const expiry = { key, sublevel: this.#expiry }
    await this.#db.batch([
      { type: 'put', key, value },
      ttl === undefined
        ? { type: 'del', ...expiry }
        : { type: 'put', ...expiry, value: String(Date.now() + ttl) },
    ])
  }

  async delete(key) {
    return this.deleteMany([key])
  }

  async deleteMany(keys) {
    const there = await this.#db.hasMany(keys)
    await this.#db.batch(
      keys.flatMap((key) => [
        { type: 'del', key },
        { type: 'del', key, sublevel: this.#expiry },
      ]),
    )
    return there.includes(true)
  }

  /** Removes the entries of the namespace. */
  async clear() {
    const range = this.#range(this.namespace)
    await Promise.all([this.#db.clear(range), this.#expiry.clear(range)])
  }

  has(key) {
    return this.#db.has(key)
  }

  async *iterator(namespace) {
    yield* this.#db.iterator(this.#range(namespace))
  }

  /** Removes what has expired. */
  async purge() {
    for await (const [key, expires] of this.#expiry.iterator()) {
      if (Number(expires) <= Date.now()) await this.delete(key)
    }
  }

  #range(namespace) {
    return namespace === undefined ? {} : { gte: `${namespace}:`, lt: `${namespace};` }
  }
}
