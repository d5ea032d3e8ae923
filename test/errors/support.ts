// What the tests of refusals and failures share: errors caught and looked at, and a database that can show that it is
// unharmed.

import {
  type Database,
  isMarquetryError,
  type MarquetryError,
  type OpenOptions,
  open,
  type Table,
  t,
} from 'marquetry'
import { expect } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { MemoryFileSystem } from '#src/fs/memory.js'

/** What an error must be: its code, the fields given here, and words that its message must hold. */
export interface Expected {
  readonly code: string
  readonly says?: string | readonly string[]
  readonly column?: string
  readonly option?: string
  readonly file?: string
  readonly pid?: number
}

export function expectError(error: unknown, expected: Expected, what = ''): asserts error is MarquetryError {
  const { says = [], ...fields } = expected
  expect(
    isMarquetryError(error),
    `${what}: ${(error as Error)?.stack ?? `no error, but ${String(error)}`}`,
  ).toBe(true)
  expect(error, what).toMatchObject(fields)
  const named = [...(typeof says === 'string' ? [says] : says), fields.column, fields.option, fields.file]
  for (const part of named) if (part !== undefined) expect((error as Error).message, what).toContain(part)
}

/** What a call rejects with. A call that throws instead of rejecting fails the test: asynchronous methods never throw. */
export async function rejected(call: () => PromiseLike<unknown>): Promise<unknown> {
  const promise = call()
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('the promise was not rejected')
}

/** What a call throws. */
export function thrown(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

export const directory = 'db'

/** Passed through what TypeScript would not let through. */
export const loose = (table: unknown) => table as Table

export const orderColumns = { id: t.int32(), region: t.utf8(), amount: t.float64(), note: t.utf8().nullable() }
export const orderSchema = { columns: orderColumns, key: ['region', 'id'] } as const

const openOrders = (db: Database) => db.table('orders', orderSchema)
export type Orders = Awaited<ReturnType<typeof openOrders>>

export const order = (id: number) => ({
  id,
  region: id % 2 === 0 ? 'east' : 'west',
  amount: id / 4,
  note: `order ${id}`,
})

/** A database in memory with some orders in an SSTable and some in the log. */
export class Shop {
  readonly fs: FaultyFileSystem
  readonly memory: MemoryFileSystem
  readonly #options: OpenOptions
  db!: Database
  orders!: Orders
  /** What must be in the table, by id. */
  readonly rows = new Map<number, ReturnType<typeof order>>()

  private constructor(options: OpenOptions, memory = new MemoryFileSystem()) {
    this.memory = memory
    this.fs = new FaultyFileSystem(memory)
    this.#options = options
  }

  static async open(options: OpenOptions = {}): Promise<Shop> {
    const shop = new Shop(options)
    await shop.reopen()
    await shop.put(0, 1, 2, 3, 4)
    await shop.orders.flush()
    await shop.put(3, 5, 6)
    return shop
  }

  /** Opens it again, after `close` or after the death of the one before. */
  async reopen(options: OpenOptions = {}): Promise<void> {
    this.db = await open(directory, { workers: 0, ...this.#options, ...options, fileSystem: this.fs })
    this.orders = await openOrders(this.db)
  }

  async put(...ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      await this.orders.put(order(id))
      this.rows.set(id, order(id))
    }
  }

  async found(): Promise<unknown[]> {
    return (await this.orders.scan().toArray()).sort((a, b) => a.id - b.id)
  }

  /** All rows that were put are there, and no others. */
  async check(what = ''): Promise<void> {
    const wanted = [...this.rows.values()].sort((a, b) => a.id - b.id)
    expect(await this.found(), what).toEqual(wanted)
  }

  /** Nothing was written or lost: now, after another write, after a replay of the log, after a flush. Closes it. */
  async expectUnharmed(what = ''): Promise<void> {
    await this.check(what)
    await this.put(1000)
    await this.check(`${what}, after another write`)
    // As a machine leaves it that dies, or a process: all that is in the log must be good.
    const unsynced = (this.#options.wal ?? 'sync') === 'sync' ? 'lost' : 'kept'
    const copy = new Shop(this.#options, this.memory.crash({ unsynced }))
    for (const [id, row] of this.rows) copy.rows.set(id, row)
    await copy.reopen()
    await copy.check(`${what}, read from the log`)
    await copy.orders.flush()
    await copy.check(`${what}, read from an SSTable`)
    await copy.db.close()
    await this.db.close()
  }
}
