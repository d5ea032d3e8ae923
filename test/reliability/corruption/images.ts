// Small databases that are then damaged, and what each of them must answer.

import { type Database, type OpenOptions, open, type Table, t } from 'marquetry'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { type Contents, contentsOf } from './contents.js'

export const directory = 'db'

/** Options of every opening of an image: nothing happens unless it is asked for. */
export const quiet: OpenOptions = {
  workers: 0,
  flushOnClose: false,
  cacheBytes: 100_000,
  compaction: { strategy: 'none' },
}

export type Key = readonly [region: string, id: number]
/** Rows as JSON, by key as JSON. */
export type Rows = ReadonlyMap<string, string>

export interface ImageTable {
  readonly name: string
  /** Keys to ask for: all that were ever written, and some that were not. */
  readonly keys: readonly Key[]
  /** The newest log; undefined: the table has none. */
  readonly log: string | undefined
  /** Rows after so many of the newest log's records; the last is what the image holds. */
  readonly states: readonly Rows[]
}

/** A database as files. */
export interface Image {
  readonly name: string
  readonly contents: Contents
  readonly tables: readonly ImageTable[]
  /** The same files at earlier times. */
  readonly older: readonly Contents[]
}

const columns = {
  id: t.int32(),
  region: t.utf8(),
  amount: t.float64(),
  note: t.utf8().nullable(),
} as const
const later = { ...columns, extra: t.json().nullable() } as const
const key = ['region', 'id'] as const

const regionOf = (id: number) => (id % 2 === 0 ? 'east' : 'west')
export const keyOf = (id: number): Key => [regionOf(id), id]
const rowOf = (id: number, version: number) => ({
  id,
  region: regionOf(id),
  amount: id / 4 + version,
  note: id % 3 === 0 ? null : `order ${id}, ${version}`,
})

/** Makes an image: writes, and takes down what must be there after each record. */
class Maker {
  readonly memory = new MemoryFileSystem()
  readonly fs = new FaultyFileSystem(this.memory)
  readonly #states = new Map<string, Rows[]>()
  readonly #keys = new Set<number>([1000, 1001])
  readonly #older: Contents[] = []
  db!: Database
  #version = 0

  async open(options: OpenOptions = {}): Promise<void> {
    this.db = await open(directory, { ...quiet, ...options, fileSystem: this.fs })
  }

  async table(name: string, withExtra = false): Promise<Table> {
    const table = await (withExtra
      ? this.db.table(name, { columns: later, key })
      : this.db.table(name, { columns, key }))
    if (!this.#states.has(name)) this.#states.set(name, [new Map()])
    return table as unknown as Table
  }

  /** One record: negative numbers are deleted. Resolves as the write does. */
  write(table: Table, ...ids: readonly number[]): Promise<void> {
    const states = this.#states.get(table.name)!
    const next = new Map(states.at(-1))
    const version = this.#version++
    const operations = ids.map((id) => {
      const at = Math.abs(id)
      this.#keys.add(at)
      if (id < 0) {
        next.delete(JSON.stringify(keyOf(at)))
        return { type: 'delete', key: keyOf(at) }
      }
      next.set(JSON.stringify(keyOf(at)), JSON.stringify(rowOf(at, version)))
      return { type: 'put', row: rowOf(at, version) }
    })
    states.push(next)
    return table.batch(operations as never)
  }

  /** A new log begins: what was there before is no longer at stake. */
  sealed(table: Table): void {
    const states = this.#states.get(table.name)!
    states.splice(0, states.length - 1)
  }

  async flush(table: Table): Promise<void> {
    await table.flush()
    this.sealed(table)
  }

  async remember(): Promise<void> {
    this.#older.push(await contentsOf(this.memory, directory))
  }

  async image(name: string): Promise<Image> {
    const contents = await contentsOf(this.memory, directory)
    const keys = [...this.#keys].map(keyOf)
    const tables = [...this.#states].map(([table, states]) => {
      const log = [...contents.keys()].filter((path) => path.startsWith(`${directory}/${table}/`) && path.endsWith('.wal')).at(-1) // biome-ignore format: short
      return { name: table, keys, log, states }
    })
    return { name, contents, tables, older: this.#older }
  }
}

/** One table: an SSTable, and a log whose records were each synced. */
async function plain(): Promise<Image> {
  const maker = new Maker()
  await maker.open()
  const orders = await maker.table('orders')
  await maker.write(orders, 0, 1, 2, 3, 4, 5)
  await maker.remember()
  await maker.flush(orders)
  await maker.remember()
  for (const id of [3, 6, -1, 7]) {
    await maker.write(orders, id)
    await maker.remember()
  }
  await maker.db.close()
  return maker.image('plain')
}

/** Two tables with several SSTables each, overwritten and deleted rows, one merged, one with a filter, one extended. */
async function layered(): Promise<Image> {
  const maker = new Maker()
  await maker.open({ pageBytes: 1024, rowGroupRows: 40 })
  const left = await maker.table('left')
  const right = await maker.table('right')
  await maker.write(left, ...Array.from({ length: 100 }, (_, id) => id))
  await maker.flush(left)
  await maker.write(left, 3, -4, 5, 6)
  await maker.flush(left)
  await maker.remember()
  await maker.write(right, 1, 2, 3)
  await maker.flush(right)
  await maker.write(right, 2, 3, 4, -1)
  await right.compact()
  await maker.remember()
  maker.sealed(right)
  await maker.db.close()
  await maker.open()
  const again = await maker.table('left', true)
  await maker.table('right')
  await maker.write(again, -5, 8, 9)
  await maker.write(again, 9)
  await maker.db.close()
  return maker.image('layered')
}

/** Two logs, since nothing can be flushed; the newest has records that share syncs. */
async function logs(): Promise<Image> {
  const maker = new Maker()
  await maker.open({ memtableRows: 4 })
  const orders = await maker.table('orders')
  maker.fs.failAt({ path: /orders\/tmp\//, nth: 1, code: 'ENOSPC', forever: true })
  maker.db.on('backgroundError', () => {})
  await maker.write(orders, 0, 1)
  await maker.write(orders, 2, -1)
  await maker.remember()
  maker.sealed(orders)
  await maker.write(orders, 5, 1)
  await Promise.all([maker.write(orders, 6), maker.write(orders, 7)])
  await maker.remember()
  const image = await maker.image('logs')
  await maker.db.close().catch(() => {})
  return image
}

/** A log that nobody has synced: any clean prefix may be all there is. */
async function unsynced(): Promise<Image> {
  const maker = new Maker()
  await maker.open({ wal: 'async' })
  const orders = await maker.table('orders')
  for (const id of [0, 1, 2, -1, 3]) await maker.write(orders, id)
  const image = await maker.image('unsynced')
  await maker.db.close()
  return image
}

/** How to make each image, from nothing. */
export const imageMakers = { plain, layered, logs, unsynced } as const

export type ImageName = keyof typeof imageMakers
