// Writers that outrun the flush: they wait, a `stall` event says why, and after `stallTimeoutMs` they are refused with
// MARQUETRY_BUSY; what was refused is not there, now and later.

import { isMarquetryError, type OpenOptions, type StallEvent } from 'marquetry'
import { expect, test } from 'vitest'
import { expectError, order, rejected, Shop } from './support.js'

const busy = { code: 'MARQUETRY_BUSY', says: 'not done' } as const

/** A shop whose flushes fail until `heal`: two memtables are full, and the next one may not be begun. */
async function stalledShop(options: OpenOptions): Promise<{ shop: Shop; stalls: StallEvent[]; next: number }> {
  const shop = await Shop.open({ memtableRows: 4, immutableMemtablesMax: 1, ...options })
  await shop.orders.flush()
  const stalls: StallEvent[] = []
  shop.db.on('stall', (event) => stalls.push(event))
  shop.fs.failAt({ operation: 'write', path: /data\.parquet/, nth: 1, forever: true, code: 'ENOSPC' })
  let id = 100
  for (; id < 108; id++) await shop.put(id)
  return { shop, stalls, next: id }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('writes wait, with an event that says why, and go on when the flush succeeds', async () => {
  const { shop, stalls, next } = await stalledShop({ stallTimeoutMs: 60_000 })
  let done = 0
  const ids = Array.from({ length: 30 }, (_, i) => next + i)
  const writes = ids.map((id) => shop.put(id).then(() => done++))
  while (stalls.length === 0) await sleep(1)
  expect(stalls[0]).toMatchObject({
    table: 'orders',
    immutableMemtables: 2,
    cause: expect.stringContaining('2 immutable'),
  })
  expect(done).toBe(0)
  expect(await shop.orders.get([order(next).region, next])).toBeUndefined()
  expect(shop.db.metrics().stalls).toBe(stalls.length)
  shop.fs.heal()
  await Promise.all(writes)
  expect(done).toBe(30)
  await shop.expectUnharmed()
})

test('a write that has waited for stallTimeoutMs is refused, and absent from then on', async () => {
  const { shop, stalls, next } = await stalledShop({ stallTimeoutMs: 30 })
  for (let i = 0; i < 3; i++) {
    expectError(await rejected(() => shop.orders.put(order(next + i))), { ...busy, says: '30 ms' })
  }
  const operations = [4, 5, 6].map((i) => ({ type: 'put', row: order(next + i) }) as const)
  expectError(await rejected(() => shop.orders.batch(operations)), busy)
  expectError(await rejected(() => shop.orders.delete(['east', 4])), busy)
  expect(stalls.length).toBeGreaterThan(0)
  expect(shop.db.metrics().failed).toBe(false)
  await shop.check('after the refusals')
  shop.fs.heal()
  await shop.orders.flush()
  await shop.check('after the disk was well again')
  await shop.put(200, 201, next)
  await shop.expectUnharmed()
})

test('many writers at once are refused each; those that come later share their memtable, and are written', async () => {
  const { shop, next } = await stalledShop({ stallTimeoutMs: 400 })
  const early = Array.from({ length: 25 }, (_, i) => rejected(() => shop.orders.put(order(next + i))))
  for (const error of await Promise.all(early)) expectError(error, busy)
  shop.fs.heal()
  const late = Array.from({ length: 25 }, (_, i) => shop.put(300 + i))
  const flushed = shop.orders.flush() // without it the next attempt may come too late for them
  for (const result of await Promise.allSettled(late)) {
    if (result.status === 'rejected') expectError(result.reason, busy)
  }
  await flushed
  expect(await shop.orders.has([order(300).region, 300])).toBe(true)
  await shop.put(400)
  await shop.expectUnharmed()
})

test('some writers give up while others of the same memtable get through', async () => {
  const { shop, next } = await stalledShop({ stallTimeoutMs: 150, memtableRows: 4 })
  const outcome = new Map<number, Promise<unknown>>()
  const write = (id: number) =>
    outcome.set(
      id,
      shop.orders.put(order(id)).catch((error: unknown) => error),
    )
  write(next)
  write(next + 1)
  await sleep(100)
  write(next + 2)
  await Promise.all([outcome.get(next), outcome.get(next + 1)])
  shop.fs.heal()
  for (const [id, ended] of outcome) {
    const error = await ended
    if (error === undefined) shop.rows.set(id, order(id))
    else expectError(error, busy)
  }
  expect(isMarquetryError(await outcome.get(next), 'MARQUETRY_BUSY')).toBe(true)
  await shop.orders.flush()
  await shop.put(500, 501)
  await shop.expectUnharmed()
})

test('a database that stalls can be closed: what was acknowledged is in its logs', async () => {
  const { shop, next } = await stalledShop({ stallTimeoutMs: 60 })
  const waiting = rejected(() => shop.orders.put(order(next)))
  expectError(await rejected(() => shop.db.close()), { code: 'MARQUETRY_IO', says: 'ENOSPC' })
  expectError(await waiting, busy)
  shop.fs.heal()
  await shop.reopen()
  await shop.expectUnharmed()
})

test('a close that does not flush lets waiting writes into the logs, and does not wait for their time to be up', async () => {
  const { shop, stalls, next } = await stalledShop({ stallTimeoutMs: 2 ** 31 - 1, flushOnClose: false })
  const waiting = Array.from({ length: 10 }, (_, i) => shop.put(next + i))
  while (stalls.length === 0) await sleep(1)
  await Promise.all([...waiting, shop.db.close()])
  shop.fs.heal()
  await shop.reopen()
  await shop.expectUnharmed()
})

test('flush says why nothing moves', async () => {
  const { shop, next } = await stalledShop({ stallTimeoutMs: 60 })
  const waiting = rejected(() => shop.orders.put(order(next)))
  const error = await rejected(() => shop.orders.flush())
  expect(isMarquetryError(error), String(error)).toBe(true)
  expectError(await waiting, busy)
  shop.fs.heal()
  await shop.orders.flush()
  await shop.expectUnharmed()
})

test('with stallTimeoutMs 0 nothing waits', async () => {
  const { shop, next } = await stalledShop({ stallTimeoutMs: 0 })
  expectError(await rejected(() => shop.orders.put(order(next))), busy)
  shop.fs.heal()
  await shop.orders.flush()
  await shop.put(next)
  await shop.expectUnharmed()
})
