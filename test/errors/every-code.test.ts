// Every code that an error can have, provoked once through the public API: the message says what a user would want to
// know, and no row is lost or made. The table below has to name each code, or it does not compile; the other tests of
// this folder go into the depth of each.

import { readdirSync, readFileSync } from 'node:fs'
import { type ErrorCode, open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { systemCode } from '#src/fs/io-error.js'
import {
  directory,
  type Expected,
  expectError,
  loose,
  order,
  orderColumns,
  orderSchema,
  rejected,
  Shop,
  thrown,
} from './support.js'

interface Case {
  /** What is done wrong, or goes wrong. */
  readonly what: string
  readonly expected: Omit<Expected, 'code'>
  /** Gives the error, and leaves the shop open. */
  provoke(shop: Shop): Promise<unknown>
}

/** A code that nothing raises yet, and when something will. */
interface NotYet {
  readonly notYet: string
}

/** Changes a file of the closed database, tries to open that, and makes the file good again. */
async function withFile(shop: Shop, name: RegExp, change: (bytes: Buffer) => Buffer): Promise<unknown> {
  const { memory } = shop
  await shop.db.close()
  const folder = name.test('FORMAT') ? directory : `${directory}/orders`
  const path = `${folder}/${(await memory.list(folder)).find((file) => name.test(file))}`
  const file = await memory.open(path, 'write')
  const good = Buffer.alloc(await file.size())
  await file.read(good, 0)
  const write = async (bytes: Buffer) => {
    await file.truncate(0)
    await file.write(bytes, 0)
    await file.sync()
  }
  await write(change(Buffer.from(good)))
  const error = await rejected(() => shop.reopen())
  await write(good)
  await file.close()
  await shop.reopen()
  return error
}

async function makeFile({ memory }: Shop, path: string, text: string): Promise<void> {
  const file = await memory.open(path, 'create')
  await file.write(Buffer.from(text), 0)
  await file.close()
}

const cases: { readonly [C in ErrorCode]: Case | NotYet } = {
  MARQUETRY_LOCKED: {
    what: 'a second opening',
    expected: { pid: process.pid, says: ['db', 'this process'] },
    provoke: ({ fs }) => rejected(() => open(directory, { fileSystem: fs })),
  },
  MARQUETRY_CORRUPTION: {
    what: 'a flipped bit in a log',
    expected: { says: ['db/orders/', '.wal at byte 72', 'damaged'] },
    provoke: (shop) =>
      withFile(shop, /wal$/, (log) => {
        log[130]! ^= 4
        return log
      }),
  },
  MARQUETRY_INVALID_ROW: {
    what: 'a string where a number belongs',
    expected: { column: 'amount', says: ['expects a number', '"12.50" was given'] },
    provoke: ({ orders }) => rejected(() => loose(orders).put({ ...order(7), amount: '12.50' })),
  },
  MARQUETRY_INVALID_KEY: {
    what: 'a number where the key has a string',
    expected: { column: 'region', says: ['expects a string', 'not 7'] },
    provoke: ({ orders }) => rejected(() => loose(orders).get([7, 'east'])),
  },
  MARQUETRY_INVALID_OPTION: {
    what: 'a memtable of one byte',
    expected: { option: 'memtableBytes', says: ['from 4096 to 1073741824', 'not 1'] },
    provoke: ({ fs }) => rejected(() => open('other', { fileSystem: fs, memtableBytes: 1 })),
  },
  MARQUETRY_INVALID_INPUT: {
    what: 'an import of what is no Parquet file',
    expected: { says: ['orders.parquet', 'Parquet'] },
    async provoke(shop) {
      await makeFile(shop, 'orders.parquet', 'id,region,amount\n7,east,12.5\n')
      return rejected(() => shop.orders.import('orders.parquet'))
    },
  },
  MARQUETRY_SCHEMA_MISMATCH: {
    what: 'another type for a column that is there',
    expected: { says: ['orders', '"amount"', 'float64', 'int32'] },
    provoke: ({ db }) =>
      rejected(() =>
        db.table('orders', { columns: { ...orderColumns, amount: t.int32() }, key: ['region', 'id'] }),
      ),
  },
  MARQUETRY_NOT_A_DATABASE: {
    what: 'a directory of photos',
    expected: { file: 'photos', says: ['holiday.jpg'] },
    async provoke(shop) {
      await shop.memory.makeDirectory('photos')
      await makeFile(shop, 'photos/holiday.jpg', '')
      return rejected(() => open('photos', { fileSystem: shop.fs }))
    },
  },
  MARQUETRY_UNSUPPORTED_FORMAT: {
    what: 'a database of a newer format',
    expected: { file: `${directory}/FORMAT`, says: ['has format 2', 'reads format 1'] },
    provoke: (shop) =>
      withFile(shop, /^FORMAT$/, (format) => Buffer.from(format.toString().replace('1\n', '2\n'))),
  },
  MARQUETRY_NOT_FOUND: {
    what: 'a table that is not there',
    expected: { says: ['customers', 'give a schema to make it'] },
    provoke: ({ db }) => rejected(() => db.table('customers')),
  },
  MARQUETRY_LIMIT: {
    what: 'a key of 70,000 characters',
    expected: { says: ['at most 65535 bytes', '70006'] },
    provoke: ({ orders }) => rejected(() => orders.put({ ...order(7), region: 'x'.repeat(70_000) })),
  },
  MARQUETRY_CLOSED: {
    what: 'a write after close',
    expected: { says: ['orders', 'closed'] },
    async provoke(shop) {
      const { orders } = shop
      await shop.db.close()
      const error = await rejected(() => orders.put(order(7)))
      expectError(
        thrown(() => orders.getSync(['east', 4])),
        { code: 'MARQUETRY_CLOSED', says: 'orders' },
      )
      await shop.reopen()
      return error
    },
  },
  MARQUETRY_READ_ONLY: {
    what: 'a write after one that the disk refused',
    expected: { says: ['read-only until it is opened anew', 'ENOSPC', '.wal'] },
    async provoke(shop) {
      const fault = { operation: 'write', path: /\.wal$/, nth: 1, code: 'ENOSPC' } as const
      shop.fs.failAt(fault)
      const first = await rejected(() => shop.orders.put(order(7)))
      shop.fs.heal()
      const error = await rejected(() => shop.orders.put(order(8)))
      expect((error as Error).cause).toBe(first)
      await shop.check('while nothing can be written')
      await rejected(() => shop.db.close())
      await shop.reopen()
      return error
    },
  },
  MARQUETRY_STALE: {
    what: 'a read-only opener on a read-only disk, whose files were merged away',
    expected: { file: `${directory}/orders/sst/000002/data.parquet`, says: ['merged', 'db.refresh()'] },
    async provoke(shop) {
      const fileSystem = new FaultyFileSystem(shop.memory)
      fileSystem.failAt({ operation: 'makeDirectory', nth: 1, code: 'EROFS', forever: true })
      const reader = await open(directory, { fileSystem, readOnly: true, workers: 0 })
      const orders = await reader.table('orders', orderSchema)
      await shop.orders.compact()
      await shop.orders.compactionIdle()
      const error = await rejected(() => orders.get(['east', 4]))
      await reader.refresh()
      expect(await orders.get(['east', 4])).toEqual(order(4))
      await reader.close()
      return error
    },
  },
  MARQUETRY_BUSY: {
    what: 'a write that outruns the flush for too long',
    expected: { says: ['waited 25 ms', 'flushes and merges to catch up', 'it was not done'] },
    async provoke(shop) {
      await shop.db.close()
      await shop.reopen({ memtableRows: 1, immutableMemtablesMax: 1, stallTimeoutMs: 25 })
      await shop.orders.flush()
      shop.fs.failAt({ operation: 'write', path: /data\.parquet/, nth: 1, forever: true, code: 'ENOSPC' })
      await shop.put(20, 21)
      const error = await rejected(() => shop.orders.put(order(22)))
      shop.fs.heal()
      await shop.orders.flush()
      return error
    },
  },
  MARQUETRY_IO: {
    what: 'a file that the disk cannot read',
    expected: { says: ['data.parquet', 'EIO'] },
    async provoke(shop) {
      await shop.db.close()
      await shop.reopen()
      shop.fs.failAt({ operation: 'read', path: /data\.parquet/, nth: 1, code: 'EIO' })
      const error = await rejected(() => shop.orders.get(['west', 1]))
      expect(systemCode(error)).toBe('EIO')
      shop.fs.heal()
      return error
    },
  },
  MARQUETRY_ABORTED: {
    what: 'a scan that its caller has given up',
    expected: { says: 'aborted' },
    async provoke({ orders }) {
      const controller = new AbortController()
      const reason = new Error('the user has left')
      const rows = orders.scan({ signal: controller.signal })[Symbol.asyncIterator]()
      await rows.next()
      controller.abort(reason)
      const error = await rejected(async () => {
        while (!(await rows.next()).done);
      })
      expect(error).toMatchObject({ name: 'AbortError', cause: reason })
      return error
    },
  },
}

for (const [code, entry] of Object.entries(cases)) {
  if ('notYet' in entry) continue
  test(`${code}: ${entry.what}`, async () => {
    const shop = await Shop.open({ flushOnClose: false })
    const error = await entry.provoke(shop)
    expectError(error, { ...entry.expected, code })
    expectReadable(error.message)
    if (code !== 'MARQUETRY_ABORTED') expect(error.name).toBe('MarquetryError')
    await shop.expectUnharmed(`after ${code}`)
  })
}

/** A sentence or two, of what a user knows: no values that print as nothing, no end that a log would cut off. */
function expectReadable(message: string): void {
  expect(message).toMatch(/^[A-Za-z`"].{15,250}[^.\s]$/)
  expect(message).not.toMatch(/undefined|NaN|\[object|=>|Infinity/)
}

test('the codes that the source raises are those of the table, and those not raised yet stand there as such', () => {
  const root = new URL('../../src/', import.meta.url)
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  )
  const codesOf = (path: string) =>
    // Behind `env[` it is a variable of the environment.
    [...readFileSync(new URL(path, root), 'utf8').matchAll(/(?<!env\[)'(MARQUETRY_[A-Z_]+)'/g)].map(
      ([, code]) => code,
    )
  expect(codesOf('errors.ts').filter((code) => !((code as string) in cases))).toEqual([])
  const raised = new Set(sources.filter((path) => path !== 'errors.ts').flatMap(codesOf))
  for (const code of ['MARQUETRY_CORRUPTION', 'MARQUETRY_ABORTED']) raised.add(code) // made by functions of errors.ts
  const provoked = Object.entries(cases).filter(([, entry]) => !('notYet' in entry))
  expect([...raised].sort()).toEqual(provoked.map(([code]) => code).sort())
})
