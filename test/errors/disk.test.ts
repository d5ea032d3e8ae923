// A disk that is full or broken: typed errors, reads that go on, and all acknowledged rows after the next opening.

import { type BackgroundErrorEvent, isMarquetryError } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { systemCode } from '#src/fs/io-error.js'
import { expectError, order, orderSchema, rejected, Shop } from './support.js'

const readOnly = { code: 'MARQUETRY_READ_ONLY' } as const

/** The database has turned read-only, which every way to write says; reads go on. */
async function expectReadOnly(shop: Shop, cause: unknown): Promise<void> {
  const { orders, db } = shop
  const writes = {
    put: () => orders.put(order(90)),
    batch: () => orders.batch([{ type: 'put', row: order(90) }]),
    delete: () => orders.delete(['east', 0]),
    flush: () => orders.flush(),
    'a new table': () => db.table('new', orderSchema),
  }
  for (const [name, write] of Object.entries(writes)) {
    const error = await rejected(write)
    expectError(error, readOnly, name)
    expect(error.cause, name).toBe(cause)
    expect(error.message, name).toContain((cause as Error).message)
  }
  expect(db.metrics().failed).toBe(true)
  await shop.check('in the memory of a database turned read-only')
  expect(await orders.get(['east', 4])).toEqual(order(4))
  expect(orders.getSync(['west', 5])).toEqual(order(5))
}

/** After healing, closing and opening again all that was acknowledged is there, perhaps with what was not. */
async function expectRecovered(shop: Shop, ...uncertain: readonly number[]): Promise<void> {
  shop.fs.heal()
  await shop.db.close().catch((error: unknown) => expectError(error, readOnly))
  await shop.reopen()
  for (const id of uncertain) {
    const key = [order(id).region, id] as const
    if (await shop.orders.has(key)) shop.rows.set(id, order(id))
  }
  await shop.put(7)
  await shop.check('after the next opening')
  await shop.expectUnharmed()
}

describe('a log that cannot be written', () => {
  for (const operation of ['write', 'sync'] as const) {
    for (const code of ['ENOSPC', 'EIO'] as const) {
      for (const partial of operation === 'write' ? [false, true] : [false]) {
        test(`(${operation}, ${code}${partial ? ', half of it' : ''}) turns the database read-only`, async () => {
          const shop = await Shop.open()
          const fault = shop.fs.failAt({ operation, path: /\.wal$/, nth: 1, code, partial })
          const error = await rejected(() => shop.orders.put(order(80)))
          expectError(error, { code: 'MARQUETRY_IO', says: '.wal' })
          expect(systemCode(error)).toBe(code)
          expect(fault.failed).toBe(1)
          await expectReadOnly(shop, error)
          shop.fs.heal()
          await expectReadOnly(shop, error)
          expect(shop.fs.log.at(-1)).not.toMatch(/\.wal$/)
          await expectRecovered(shop, ...(operation === 'sync' ? [80] : []))
        })
      }
    }
  }

  test('fails all writes that shared its group, and those behind it, in any table', async () => {
    const shop = await Shop.open()
    const others = await shop.db.table('others', orderSchema)
    await others.put(order(1))
    shop.fs.failAt({ operation: 'sync', path: /orders\/.*\.wal$/, nth: 1, code: 'EIO' })
    const group = [81, 82, 83].map((id) => shop.orders.put(order(id)))
    const errors = await Promise.all(group.map((promise) => rejected(() => promise)))
    for (const error of errors) expectError(error, { code: 'MARQUETRY_IO' })
    expectError(await rejected(() => others.put(order(2))), readOnly)
    expect(await others.scan().count()).toBe(1)
    await expectReadOnly(shop, errors[0])
    await expectRecovered(shop, 81, 82, 83)
  })

  test('in mode batch is reported by the writes that follow', async () => {
    const shop = await Shop.open({ wal: 'batch', walBatchMs: 1 })
    const fault = shop.fs.failAt({ operation: 'sync', path: /\.wal$/, nth: 1, code: 'EIO' })
    await shop.put(80)
    while (fault.failed === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    const error = await rejected(() => shop.orders.put(order(81)))
    expectError(error, readOnly)
    await expectReadOnly(shop, error.cause)
    shop.rows.delete(80) // it was acknowledged before it was durable, as the mode says
    await expectRecovered(shop, 80)
  })

  for (const [what, fault] of [
    ['cannot be created', { operation: 'create', path: /\.wal$/ }],
    ['cannot be listed in the manifest', { operation: 'write', path: /MANIFEST/ }],
    ['whose name cannot be made durable', { operation: 'syncDirectory', path: /orders$/ }],
  ] as const) {
    test(`that ${what} at a rotation turns the database read-only`, async () => {
      const shop = await Shop.open()
      await shop.orders.flush()
      const planned = shop.fs.failAt({ ...fault, nth: 1, code: 'ENOSPC' })
      const error = await rejected(() => shop.orders.put(order(80)))
      expect(planned.failed).toBe(1)
      expectError(error, { code: 'MARQUETRY_IO' })
      await expectReadOnly(shop, error)
      await expectRecovered(shop)
    })
  }
})

describe('an SSTable that cannot be written', () => {
  for (const [what, fault] of [
    ['its folder', { operation: 'makeDirectory', path: /tmp\/\d+$/ }],
    ['its data', { operation: 'write', path: /data\.parquet$/ }],
    ['its sync', { operation: 'sync', path: /data\.parquet$/ }],
    ['its index', { operation: 'create', path: /index\.sparse$/ }],
    ['its checksums', { operation: 'write', path: /checksums\.crc$/ }],
    ['its place', { operation: 'rename', path: /sst\/\d+$/ }],
    ['the name of its place', { operation: 'syncDirectory', path: /sst$/ }],
  ] as const) {
    for (const code of ['ENOSPC', 'EIO']) {
      test(`(${what}, ${code}) fails the flush, not the rows: they are flushed once the disk is well`, async () => {
        const shop = await Shop.open()
        const events: BackgroundErrorEvent[] = []
        shop.db.on('backgroundError', (event) => events.push(event))
        const planned = shop.fs.failAt({ ...fault, nth: 1, forever: true, code })
        const error = await rejected(() => shop.orders.flush())
        expectError(error, { code: 'MARQUETRY_IO' })
        expect(systemCode(error)).toBe(code)
        expect(planned.failed).toBeGreaterThan(0)
        expect(events[0]).toMatchObject({ table: 'orders', willRetry: true, error })
        expect(shop.db.metrics().backgroundErrors).toBe(events.length)
        await shop.check('after the failed flush')
        await shop.put(8)
        expectError(await rejected(() => shop.orders.flush()), { code: 'MARQUETRY_IO' })
        await shop.check('after another')
        shop.fs.heal()
        await shop.orders.flush()
        expect(shop.orders.stats()).toMatchObject({ immutableMemtables: 0, memtableRows: 0 })
        await shop.check('after a flush that was not in the way')
        expect(await shop.fs.list('db/orders/tmp')).toEqual([])
        await shop.expectUnharmed()
      })
    }
  }

  test('is tried again by itself', async () => {
    const shop = await Shop.open()
    const flushed = new Promise((resolve) => shop.db.on('flush', resolve))
    const planned = shop.fs.failAt({ operation: 'write', path: /data\.parquet$/, nth: 1, code: 'ENOSPC' })
    expectError(await rejected(() => shop.orders.flush()), { code: 'MARQUETRY_IO' })
    await new Promise((resolve) => {
      setTimeout(resolve, 60_000) // keeps the process alive while the retry waits
      flushed.then(resolve)
    })
    expect(planned.failed).toBe(1)
    expect(shop.orders.stats().immutableMemtables).toBe(0)
    await shop.expectUnharmed()
  })

  test('makes close reject, and its rows are in the log', async () => {
    const shop = await Shop.open()
    shop.fs.failAt({ operation: 'write', path: /data\.parquet$/, nth: 1, forever: true, code: 'ENOSPC' })
    expectError(await rejected(() => shop.db.close()), { code: 'MARQUETRY_IO', says: 'ENOSPC' })
    shop.fs.heal()
    await shop.reopen()
    await shop.expectUnharmed()
  })

  test('because the manifest fails at the commit turns the database read-only', async () => {
    for (const operation of ['write', 'sync'] as const) {
      const shop = await Shop.open()
      const events: BackgroundErrorEvent[] = []
      shop.db.on('backgroundError', (event) => events.push(event))
      shop.fs.failAt({ operation, path: /MANIFEST/, nth: 1, code: 'EIO' })
      const error = await rejected(() => shop.orders.flush())
      expectError(error, { code: 'MARQUETRY_IO', says: 'MANIFEST' })
      expect(events).toMatchObject([{ table: 'orders', willRetry: false, error }])
      await expectReadOnly(shop, error)
      await expectRecovered(shop)
    }
  })
})

describe('a disk that fails otherwise', () => {
  test('while a table is made leaves no table, or a read-only database', async () => {
    const shop = await Shop.open()
    const before = shop.fs.log.length
    await shop.db.table('first', orderSchema)
    const operations = shop.fs.log.length - before
    let madeReadOnly = 0
    for (let nth = 1; nth <= operations; nth++) {
      shop.fs.failAt({ nth, code: 'ENOSPC' })
      const error = await rejected(() => shop.db.table('second', orderSchema)).catch(() => undefined)
      shop.fs.heal()
      if (error !== undefined) {
        expectError(error, { code: 'MARQUETRY_IO' }, `operation ${nth}`)
        const again = await shop.db.table('second', orderSchema).catch((refusal: unknown) => refusal)
        if (isMarquetryError(again)) {
          expectError(again, readOnly, `operation ${nth}`)
          madeReadOnly++
        }
      }
      const closed = await shop.db.close().catch((failure: unknown) => failure)
      if (closed !== undefined) expectError(closed, readOnly)
      await shop.reopen()
      await shop.check(`operation ${nth}`)
      const second = await shop.db.table('second', orderSchema)
      await second.put(order(1))
      expect(await second.scan().count()).toBe(1)
      await shop.db.close()
      shop.fs.heal()
      await shop.fs.remove('db')
      await shop.reopen()
      for (const id of [...shop.rows.keys()]) await shop.put(id)
    }
    expect(operations).toBeGreaterThan(10)
    expect(madeReadOnly).toBe(2) // by the renaming of the new catalog, and by the sync of its name
    await shop.expectUnharmed()
  })

  test('while a file is read fails that read with the file’s name, and not the next', async () => {
    const shop = await Shop.open()
    await shop.db.close()
    await shop.reopen()
    for (const operation of ['open', 'read'] as const) {
      for (let nth = 1; nth <= 3; nth++) {
        const planned = shop.fs.failAt({ operation, path: /sst/, nth, code: 'EIO' })
        const result = await shop.found().catch((error: unknown) => error)
        if (planned.failed > 0)
          expectError(result, { code: 'MARQUETRY_IO', says: 'sst/' }, `${operation} ${nth}`)
        shop.fs.heal()
        await shop.check(`${operation} ${nth}`)
        await shop.db.close()
        await shop.reopen()
      }
    }
    await shop.expectUnharmed()
  })
})
