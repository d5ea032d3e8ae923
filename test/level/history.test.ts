// Random histories of a MarquetryLevel beside a model: keys that differ in 0x00 and 0xFF only, every kind of write, every
// kind of read, in ranges that hit and miss, of snapshots, after seeks, and after the database was closed and opened.

import { join } from 'node:path'
import { MarquetryLevel } from 'marquetry/level'
import { expect, test } from 'vitest'
import { Random } from '../history/random.js'
import { testSeed } from '../test-seed.js'
import { type Bounds, Model } from './model.js'
import { configurations, temporaryDirectory } from './support.js'

const root = temporaryDirectory()
const steps = 100

type Bytes = MarquetryLevel<Buffer, Buffer>
type Snapshot = ReturnType<Bytes['snapshot']>

/** A database, its model, and dice. */
class Play {
  readonly #db: Bytes
  readonly #random: Random
  #model = new Model()
  #snapshots: { readonly model: Model; readonly snapshot: Snapshot }[] = []

  constructor(db: Bytes, random: Random) {
    this.#db = db
    this.#random = random
  }

  async step(): Promise<void> {
    const step = this.#random.weighted([
      [40, () => this.#write()],
      [15, () => this.#clear()],
      [12, () => this.#takeSnapshot()],
      [5, () => this.#dropSnapshot()],
      [3, () => this.#reopen()],
      [3, () => this.#db.compactRange(this.#key(), this.#key())],
      [30, () => this.#lookSomewhere()],
    ])
    await step()
  }

  async #write(): Promise<void> {
    const [key, value] = [this.#key(), this.#value()]
    switch (this.#random.below(4)) {
      case 0:
        this.#model = this.#model.with(key)
        return this.#db.del(key)
      case 1:
        this.#model = this.#model.with(key, value).with(this.#last, value)
        return this.#db.batch([
          { type: 'put', key, value },
          { type: 'del', key: this.#last },
          { type: 'put', key: this.#last, value },
        ])
      case 2:
        return this.#writeChained()
      default:
        this.#model = this.#model.with(key, value)
        return this.#db.put(key, value, { sync: this.#random.chance(0.1) })
    }
  }

  /** One buffer for all keys, as LevelDB allows. */
  async #writeChained(): Promise<void> {
    const batch = this.#db.batch()
    const shared = Buffer.alloc(2)
    for (let i = 0; i < 3; i++) {
      shared[i % 2] = this.#random.pick([0, 0xff])
      const value = this.#value()
      this.#model = this.#model.with(Buffer.from(shared), value)
      batch.put(shared, value)
    }
    await batch.write()
  }

  async #clear(): Promise<void> {
    const [bounds, reverse] = [this.#bounds(), this.#random.chance(0.5)]
    const limit = this.#random.chance(0.3) ? -1 : this.#random.below(4)
    const gone = this.#model.range(bounds, reverse, limit).map(([key]) => key)
    this.#model = this.#model.without(gone)
    await this.#db.clear({ ...bounds, reverse, limit })
  }

  #takeSnapshot(): void {
    this.#snapshots.push({ model: this.#model, snapshot: this.#db.snapshot() })
  }

  async #dropSnapshot(): Promise<void> {
    await this.#snapshots.shift()?.snapshot.close()
  }

  async #reopen(): Promise<void> {
    this.#snapshots = []
    await this.#db.close()
    await this.#db.open()
  }

  async #lookSomewhere(): Promise<void> {
    const past = this.#snapshots[this.#random.below(this.#snapshots.length * 2)]
    await this.#look(past?.model ?? this.#model, past === undefined ? {} : { snapshot: past.snapshot })
  }

  async #look(model: Model, options: { readonly snapshot?: Snapshot }): Promise<void> {
    const db = this.#db
    const keys = [this.#key(), this.#key(), this.#last]
    const values = keys.map((key) => model.get(key))
    expect(await db.getMany(keys, options)).toEqual(values)
    expect(await db.hasMany(keys, options)).toEqual(values.map((value) => value !== undefined))
    expect(await db.get(keys[0]!, options)).toEqual(values[0])
    expect(db.getSync(keys[1]!, options)).toEqual(values[1])
    expect(await db.has(keys[2]!, options)).toBe(values[2] !== undefined)

    const [bounds, reverse, limit] = [this.#bounds(), this.#random.chance(0.5), this.#random.below(5) - 1]
    const range = { ...bounds, reverse, limit, ...options }
    const entries = model.range(bounds, reverse, limit)
    expect(await db.iterator(range).all()).toEqual(entries)
    expect(await db.keys(range).all()).toEqual(entries.map(([key]) => key))
    expect(await db.values(range).all()).toEqual(entries.map(([, value]) => value))
    await this.#walk(model, bounds, reverse, options)
  }

  /** An iterator that sees nothing of what is written after it was made, wherever it seeks. */
  async #walk(model: Model, bounds: Bounds, reverse: boolean, options: object): Promise<void> {
    const iterator = this.#db.iterator({ ...bounds, reverse, ...options })
    const all = model.range(bounds, reverse)
    expect(await iterator.next()).toEqual(all[0])
    await this.#write()
    expect(await iterator.nextv(2)).toEqual(all.slice(1, 3))
    const target = this.#key()
    iterator.seek(target)
    expect(await iterator.nextv(1000)).toEqual(model.rangeFrom(target, bounds, reverse))
    expect(await iterator.next()).toBeUndefined()
    await iterator.close()
  }

  async end(): Promise<void> {
    await this.#reopen()
    await this.#look(this.#model, {})
    expect(await this.#db.iterator().all()).toEqual(this.#model.entries)
  }

  #last: Buffer = Buffer.alloc(0)

  /** One of few, so that keys meet: none to three bytes, such as escapes and successors trip over. */
  #key(): Buffer {
    const length = this.#random.below(4)
    this.#last = Buffer.from(Array.from({ length }, () => this.#random.pick([0, 1, 0xfe, 0xff])))
    return this.#last
  }

  #value(): Buffer {
    return Buffer.alloc(this.#random.below(60), this.#random.below(256))
  }

  #bounds(): Bounds {
    const bounds: Bounds = {}
    for (const name of ['gt', 'gte', 'lt', 'lte'] as const)
      if (this.#random.chance(0.3)) bounds[name] = this.#key()
    return bounds
  }
}

test.each(configurations)('a random history, %s, agrees with the model', async (name, marquetry) => {
  console.info(`MARQUETRY_SEED=${testSeed}`)
  const encodings = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const
  const db: Bytes = new MarquetryLevel(join(root, name), { ...encodings, marquetry })
  await db.open()
  const play = new Play(db, new Random(testSeed))
  for (let i = 0; i < steps; i++) await play.step()
  await play.end()
  await db.close()
})
