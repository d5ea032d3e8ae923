// What is over: closed databases, snapshots that were given back, scans that were aborted.

import { type Database, isMarquetryError, open } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { expectError, order, orderSchema, rejected, Shop, thrown } from './support.js'

const code = 'MARQUETRY_CLOSED'

describe('after close', () => {
  test('every method of table and database says so, and scans made before do too', async () => {
    const shop = await Shop.open()
    const { db, orders } = shop
    const scan = orders.scan()
    const snapshot = orders.snapshot()
    const old = orders.scan({ snapshot })
    await db.close()
    const calls: Record<string, () => PromiseLike<unknown>> = {
      'db.table': () => db.table('orders', orderSchema),
      put: () => orders.put(order(9)),
      batch: () => orders.batch([{ type: 'put', row: order(9) }]),
      delete: () => orders.delete(['east', 0]),
      get: () => orders.get(['east', 0]),
      has: () => orders.has(['east', 0]),
      flush: () => orders.flush(),
      'a new scan': () => orders.scan().toArray(),
      'toArray of an old scan': () => scan.toArray(),
      'count of an old scan': () => scan.count(),
      'toArrow of an old scan': () => scan.toArrow(),
      'next of an old scan': () => scan[Symbol.asyncIterator]().next(),
      'chunks of an old scan': () => scan.chunks().next(),
      'batches of an old scan': () => scan.batches().next(),
      'an old scan of a snapshot': () => old.toArray(),
    }
    for (const [name, call] of Object.entries(calls)) {
      expectError(await rejected(call), { code, says: 'closed' }, name)
    }
    expectError(
      thrown(() => orders.getSync(['east', 0])),
      { code },
    )
    expectError(
      thrown(() => orders.snapshot()),
      { code },
    )
    snapshot.close()
    await db.close()
    await shop.reopen()
    await shop.expectUnharmed()
  })

  test('reads that were under way end with rows or say so', async () => {
    for (const flushed of [true, false]) {
      const shop = await Shop.open({ rowGroupRows: 16, cacheBytes: 0 })
      await shop.orders.batch(
        Array.from({ length: 20_000 }, (_, id) => ({ type: 'put', row: order(id + 100) })),
      )
      if (flushed) await shop.orders.flush()
      const rows = shop.orders.scan()[Symbol.asyncIterator]()
      const chunks = shop.orders.scan({ reverse: true }).chunks()
      await rows.next()
      await chunks.next()
      const underWay = Promise.allSettled([
        shop.orders.get(['east', 100]),
        shop.orders.has(['east', 2]),
        shop.orders.scan().count(),
      ])
      await shop.db.close()
      for (const result of await underWay) {
        if (result.status === 'rejected') expectError(result.reason, { code })
      }
      for (const iterator of [rows, chunks]) {
        const error = await rejected(async () => {
          while ((await iterator.next()).done !== true) {
            // rows that had been read are still given out
          }
        })
        expectError(error, { code, says: 'closed' })
        expect(await iterator.next()).toEqual({ value: undefined, done: true })
        await iterator.return?.()
      }
    }
  })

  test('writes that were called for before are done; close may be called again, at once or later', async () => {
    const shop = await Shop.open({ memtableRows: 5 })
    const writes = Array.from({ length: 40 }, (_, i) => shop.orders.put(order(i + 10)))
    const closing = [shop.db.close(), shop.db.close()]
    expectError(await rejected(() => shop.orders.put(order(9))), { code })
    await Promise.all([...writes, ...closing, shop.db.close()])
    for (let id = 10; id < 50; id++) shop.rows.set(id, order(id))
    await shop.reopen()
    await shop.expectUnharmed()
  })

  test('a flush that was under way ends, though close does not flush', async () => {
    const shop = await Shop.open({ memtableRows: 3, flushOnClose: false, immutableMemtablesMax: 50 })
    const puts = Array.from({ length: 30 }, (_, i) => shop.put(i + 10))
    const flushes = [shop.orders.flush(), shop.orders.flush()]
    const [results] = await Promise.all([Promise.allSettled(flushes), shop.db.close(), ...puts])
    const logs = (await shop.fs.list('db/orders')).filter((name) => name.endsWith('.wal'))
    for (const result of results) {
      if (result.status === 'rejected') expectError(result.reason, { code })
      else expect(logs).toEqual([])
    }
    await shop.reopen()
    await shop.expectUnharmed()
  })

  test('a flush that waits for others is told that they are not going to be', async () => {
    const shop = await Shop.open({ memtableRows: 3, flushOnClose: false, immutableMemtablesMax: 50 })
    shop.fs.failAt({ operation: 'write', path: /data\.parquet$/, nth: 1, forever: true, code: 'ENOSPC' })
    for (let id = 10; id < 40; id++) await shop.put(id)
    shop.fs.heal()
    const flushed = shop.orders.flush().catch((error: unknown) => error)
    await shop.db.close()
    expectError(await flushed, { code, says: 'before all was flushed' })
    await shop.reopen()
    await shop.expectUnharmed()
  })

  test('called by a row that is being written comes behind that row', async () => {
    const shop = await Shop.open()
    let closing: Promise<void> | undefined
    const row = {
      ...order(9),
      get amount(): number {
        closing = shop.db.close()
        return order(9).amount
      },
    }
    await shop.orders.put(row)
    await closing
    shop.rows.set(9, order(9))
    await shop.reopen()
    await shop.expectUnharmed()
  })

  test('a table that is being made is there, or is not, but never half', async () => {
    const fileSystem = new MemoryFileSystem()
    const db = await open('db', { fileSystem })
    const making = db.table('late', orderSchema)
    await db.close()
    const made = await making.catch((error: unknown) => error)
    if (isMarquetryError(made)) expectError(made, { code })
    const again: Database = await open('db', { fileSystem })
    await (await again.table('late', orderSchema)).put(order(1))
    await again.close()
  })

  test('`await using` closes', async () => {
    const fileSystem = new MemoryFileSystem()
    {
      await using db = await open('db', { fileSystem })
      expectError(await rejected(() => open('db', { fileSystem })), { code: 'MARQUETRY_LOCKED' })
      expect(db.tables()).toEqual([])
    }
    await (await open('db', { fileSystem })).close()
  })
})

describe('a snapshot', () => {
  test('that is closed is refused, by name; reads that have begun go on', async () => {
    const shop = await Shop.open()
    const snapshot = shop.orders.snapshot()
    const scan = shop.orders.scan({ snapshot })
    const rows = scan[Symbol.asyncIterator]()
    await rows.next()
    snapshot.close()
    snapshot.close()
    const says = 'snapshot'
    expectError(await rejected(() => shop.orders.get(['east', 0], { snapshot })), { code, says })
    expectError(await rejected(() => shop.orders.has(['east', 0], { snapshot })), { code, says })
    expectError(
      thrown(() => shop.orders.getSync(['east', 0], { snapshot })),
      { code, says },
    )
    expectError(
      thrown(() => shop.orders.scan({ snapshot })),
      { code, says },
    )
    expectError(await rejected(() => scan.toArray()), { code, says })
    let rest = 1
    while ((await rows.next()).done !== true) rest++
    expect(rest).toBe(shop.rows.size)
    expect(shop.orders.stats().snapshots).toBe(0)
    await shop.expectUnharmed()
  })

  test('of another table, or of another database, is refused', async () => {
    const [shop, other] = [await Shop.open(), await Shop.open()]
    const others = await shop.db.table('others', orderSchema)
    for (const snapshot of [others.snapshot(), other.orders.snapshot()]) {
      const expected = { code: 'MARQUETRY_INVALID_OPTION', says: 'another table' }
      expectError(await rejected(() => shop.orders.get(['east', 0], { snapshot })), expected)
      const error = thrown(() => shop.orders.scan({ snapshot }))
      expectError(error, expected)
      expect(error.option).toBe('snapshot')
    }
    await other.db.close()
    await shop.expectUnharmed()
  })
})

describe('a scan that is aborted', () => {
  const reason = new Error('the user has left')

  test('before it begins rejects with AbortError, whose cause is the reason', async () => {
    const shop = await Shop.open()
    const signal = AbortSignal.abort(reason)
    const scan = shop.orders.scan({ signal })
    const ways: Record<string, () => PromiseLike<unknown>> = {
      next: () => scan[Symbol.asyncIterator]().next(),
      toArray: () => scan.toArray(),
      toArrow: () => scan.toArrow(),
      count: () => scan.count(),
      chunks: () => scan.chunks().next(),
      batches: () => scan.batches().next(),
    }
    for (const [name, way] of Object.entries(ways)) {
      const error = await rejected(way)
      expectError(error, { code: 'MARQUETRY_ABORTED' }, name)
      expect(error.name).toBe('AbortError')
      expect(error.cause).toBe(reason)
    }
    await shop.expectUnharmed()
  })

  test('in the middle ends there, and lets go of what it read', async () => {
    const shop = await Shop.open()
    await shop.orders.batch(Array.from({ length: 20_000 }, (_, id) => ({ type: 'put', row: order(id + 100) })))
    await shop.orders.flush()
    const controller = new AbortController()
    const chunks = shop.orders.scan({ signal: controller.signal }).chunks()
    expect((await chunks.next()).done).toBe(false)
    const next = chunks.next()
    controller.abort(reason)
    const error = await rejected(() => next)
    expectError(error, { code: 'MARQUETRY_ABORTED' })
    expect(error.cause).toBe(reason)
    expect(await chunks.next()).toEqual({ value: undefined, done: true })
    expect(await shop.orders.scan().count()).toBe(20_000 + shop.rows.size)
    await shop.db.close()
  })

  test('without a reason has the platform’s as its cause', async () => {
    const shop = await Shop.open()
    const error = await rejected(() => shop.orders.scan({ signal: AbortSignal.abort() }).toArray())
    expectError(error, { code: 'MARQUETRY_ABORTED' })
    expect(error.cause).toBeInstanceOf(DOMException)
    await shop.db.close()
  })
})
