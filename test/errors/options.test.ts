// Options, schemas and names that are none: refused by name before anything is touched.

import { open, type TableOptions, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { expectError, loose, order, orderColumns, orderSchema, rejected, Shop } from './support.js'

const code = 'MARQUETRY_INVALID_OPTION'

/** The option is named; where it is an object, with the part of it that is wrong. */
function expectRefused(error: unknown, option: string, what: string): void {
  expectError(error, { code, says: option }, what)
  expect(error.option?.split('.')[0], what).toBe(option)
}

const notNumbers = ['1', true, null, {}, 1n, Number.NaN, 1.5, -1]
const wrong: Record<string, readonly unknown[]> = {
  wal: ['SYNC', 'none', 1, null, true],
  walBatchMs: [...notNumbers, 0, 60_001, Infinity],
  preset: ['fast', 'constructor', 1, null],
  memtable: ['b-tree', 'constructor', 1, null],
  filter: ['on', true, null, 0, { errorRate: 0 }, { errorRate: 1.5 }, { errorRate: '0.01' }, { rate: 0.1 }],
  memtableBytes: [...notNumbers, 0, 100, 2 ** 40, Infinity],
  memtableRows: [...notNumbers, 0],
  immutableMemtablesMax: [...notNumbers, 0, Infinity],
  flushWorkers: [...notNumbers, 0, 1000],
  compaction: ['leveled', 5, null, { strategy: 'lazy' }, { levelRatio: 1 }, { scaling: 'T4' }, { ratio: 10 }],
  compression: ['gzip', 'SNAPPY', 'brotli', 1, null, false],
  rowGroupRows: [...notNumbers, 0, Infinity],
  rowGroupBytes: [...notNumbers, 0, 2 ** 40],
  pageBytes: [...notNumbers, 0, 256, 1023, 2 ** 30],
  sparseIndexInterval: [...notNumbers, 0, 100_000],
  stallTimeoutMs: [...notNumbers, 2 ** 31, Infinity],
  flushOnClose: [0, 1, 'false', null, {}],
}
const wrongToOpen: Record<string, readonly unknown[]> = {
  ...wrong,
  readOnly: [0, 1, 'true', null],
  createIfMissing: [0, 'yes', null],
  errorIfExists: [0, 'yes', null],
  cacheBytes: [...notNumbers, Infinity],
  workers: [...notNumbers, 1000],
  fileSystem: ['memory', 1, true],
  clock: [5, 'now', {}],
}
const unknown = ['wall', 'Memtable', 'memtablebytes', 'constructor', 'toString', '__proto', '0']

test('options of open: each wrong value and each unknown name is refused, and no file is made', async () => {
  const fileSystem = new MemoryFileSystem()
  for (const [option, values] of Object.entries(wrongToOpen)) {
    for (const value of values) {
      const call = () => open('db', { fileSystem, [option]: value })
      expectRefused(await rejected(call), option, `${option}: ${String(value)}`)
    }
  }
  for (const option of unknown) {
    const call = () => open('db', { fileSystem, [option]: 1 } as never)
    expectError(await rejected(call), { code, option })
  }
  for (const options of [null, 5, 'memory', true]) {
    expectError(await rejected(() => open('db', options as never)), { code, option: 'options' })
  }
  for (const path of [undefined, null, '', 5, {}, new URL('file:///db')]) {
    expectError(await rejected(() => open(path as never, { fileSystem })), { code, option: 'path' })
  }
  expect(await fileSystem.list('/')).toEqual([])
})

test('an option that is undefined is as good as none', async () => {
  const nothing = Object.fromEntries(Object.keys(wrongToOpen).map((name) => [name, undefined]))
  const db = await open('db', { ...nothing, fileSystem: new MemoryFileSystem() })
  const table = await db.table(
    't',
    orderSchema,
    Object.fromEntries(Object.keys(wrong).map((name) => [name, undefined])),
  )
  await table.put(order(1))
  await db.close()
})

describe('db.table', () => {
  test('refuses options of its own that are wrong, and those that only open takes', async () => {
    const shop = await Shop.open()
    const call = (options: unknown) => () => shop.db.table('orders', orderSchema, options as TableOptions)
    for (const [option, values] of Object.entries(wrong)) {
      for (const value of values)
        expectRefused(await rejected(call({ [option]: value })), option, String(value))
    }
    for (const option of [
      ...unknown,
      'workers',
      'cacheBytes',
      'readOnly',
      'fileSystem',
      'clock',
      'createIfMissing',
    ]) {
      expectError(await rejected(call({ [option]: 1 })), { code, option })
    }
    for (const options of [null, 5, 'x'])
      expectError(await rejected(call(options)), { code, option: 'options' })
    await shop.expectUnharmed()
  })

  const pair = ['id', t.int32()] as const
  const schemas: readonly (readonly [schema: unknown, says: string, column?: string])[] = [
    [null, 'columns'],
    [5, 'columns'],
    [{}, 'columns'],
    [{ columns: null, key: ['id'] }, 'columns'],
    [{ columns: 'id', key: ['id'] }, 'columns'],
    [{ columns: {}, key: [] }, 'column'],
    [{ columns: ['id'], key: ['id'] }, 'pairs'],
    [{ columns: [pair, pair], key: ['id'] }, 'twice', 'id'],
    [{ columns: [[5, t.int32()]], key: ['id'] }, 'name'],
    [{ columns: { '\ud83d': t.int32() }, key: ['\ud83d'] }, 'surrogates'],
    [{ columns: { ['x'.repeat(70_000)]: t.int32() }, key: ['id'] }, 'longer'],
    [{ columns: { id: t.int32(), _seq: t.int32() }, key: ['id'] }, 'reserved', '_seq'],
    [{ columns: { id: t.int32(), _deleted: t.bool() }, key: ['id'] }, 'reserved', '_deleted'],
    [{ columns: { id: t.int32() } }, 'key'],
    [{ columns: { id: t.int32() }, key: 'id' }, 'key'],
    [{ columns: { id: t.int32() }, key: [] }, 'key'],
    [{ columns: { id: t.int32() }, key: ['id', 'id'] }, 'twice'],
    [{ columns: { id: t.int32() }, key: ['ID'] }, 'ID', 'ID'],
    [{ columns: { id: t.int32() }, key: ['constructor'] }, 'constructor', 'constructor'],
    [{ columns: { id: t.int32() }, key: [5] }, '5'],
    [{ columns: { id: t.int32().nullable() }, key: ['id'] }, 'nullable', 'id'],
    [{ columns: { id: t.float32() }, key: ['id'] }, 'float32', 'id'],
    [{ columns: { id: t.float64() }, key: ['id'] }, 'float64', 'id'],
    [{ columns: { id: t.json() }, key: ['id'] }, 'json', 'id'],
    [{ columns: { id: t.int32(), x: undefined }, key: ['id'] }, 'type', 'x'],
    [{ columns: { id: t.int32(), x: 'utf8' }, key: ['id'] }, 'type', 'x'],
    [{ columns: { id: t.int32(), x: t.utf8 }, key: ['id'] }, 'type', 'x'],
    [{ columns: { id: t.int32(), x: { type: { kind: 'int128' } } }, key: ['id'] }, 'type', 'x'],
    [{ columns: { id: t.int32(), x: t.timestamp('ns' as never) }, key: ['id'] }, 'timestamp', 'x'],
    [{ columns: { id: t.int32(), x: t.decimal128(39, 0) }, key: ['id'] }, 'precision', 'x'],
    [{ columns: { id: t.int32(), x: t.decimal128(0, 0) }, key: ['id'] }, 'precision', 'x'],
    [{ columns: { id: t.int32(), x: t.decimal128(5, 6) }, key: ['id'] }, 'scale', 'x'],
    [{ columns: { id: t.int32(), x: t.decimal128(5, -1) }, key: ['id'] }, 'scale', 'x'],
    [{ columns: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`c${i}`, t.int32()])), key: ['c1'] }, 'columns'],
    [{ columns: { id: t.int32() }, key: ['id'], ttl: 5 }, 'ttl'],
  ] // biome-ignore format: one a line

  test('refuses schemas that are none, names the column, and makes no table', async () => {
    const shop = await Shop.open()
    const files = await shop.fs.list('db')
    for (const [schema, says, column] of schemas) {
      const expected = { code, option: 'schema', says, ...(column === undefined ? {} : { column }) }
      const error = await rejected(() => shop.db.table('made', schema as never))
      const { option: _, ...others } = expected
      expect((error as { option?: string }).option, says).toBe('schema')
      expectError(error, others, says)
    }
    expect(shop.db.tables()).toEqual(['orders'])
    expect(await shop.fs.list('db')).toEqual(files)
    await shop.expectUnharmed()
  })

  test('refuses a schema that differs from the stored one and says how, now and after a reopen', async () => {
    const shop = await Shop.open({ flushOnClose: false })
    const { note, amount, ...rest } = orderColumns
    const key = orderSchema.key
    const others: readonly (readonly [schema: unknown, says: readonly string[]])[] = [
      [{ columns: { ...orderColumns, extra: t.int32() }, key }, ['"extra"', 'not in the table']],
      [{ columns: { ...rest, amount }, key }, ['"note"', 'was not given']],
      [{ columns: { ...orderColumns, note: t.utf8() }, key }, ['"note"', 'nullable']],
      [{ columns: { ...orderColumns, amount: t.float32() }, key }, ['"amount"', 'float64', 'float32']],
      [{ columns: { ...rest, note, Amount: amount }, key }, ['"Amount"']],
      [{ columns: orderColumns, key: ['id', 'region'] }, ['key', 'region, id', 'id, region']],
      [{ columns: orderColumns, key: ['id'] }, ['key']],
    ]
    for (const when of ['now', 'after a reopen', 'before any other use']) {
      for (const [schema, says] of others) {
        const error = await rejected(() => shop.db.table('orders', schema as never))
        expectError(error, { code: 'MARQUETRY_SCHEMA_MISMATCH', says: ['orders', ...says] }, when)
      }
      await shop.check(when)
      await shop.db.close()
      await shop.reopen()
    }
    await shop.expectUnharmed()
  })

  test('refuses names that no directory could have, and names that the directory needs', async () => {
    const shop = await Shop.open()
    const names = [
      '',
      '.',
      '..',
      '.hidden',
      '-x',
      'a/b',
      'a\\b',
      'a b',
      'é',
      'a\0',
      '../x',
      '/x',
      'x'.repeat(129),
      'a:b',
      'a*',
    ]
    const taken = ['FORMAT', 'lock', 'Catalog', 'CATALOG.tmp']
    for (const name of [...names, ...taken, undefined, null, 5, {}, 5n]) {
      const error = await rejected(() => shop.db.table(name as string, orderSchema))
      expectError(error, { code, says: "table's name" }, String(name))
      expect((error as { option?: string }).option).toBe('name')
    }
    for (const name of ['x', '0', '_', 'a.b-c', 'x'.repeat(128)]) await shop.db.table(name, orderSchema)
    await shop.expectUnharmed()
  })

  test('refuses a name that differs from a table’s in case only, and without a schema what is not there', async () => {
    const shop = await Shop.open()
    for (const name of ['Orders', 'ORDERS']) {
      const error = await rejected(() => shop.db.table(name, orderSchema))
      expectError(error, { code, says: ['orders', 'case'] })
      expect((error as { option?: string }).option).toBe('name')
    }
    for (const name of ['order', 'Orders', 'constructor', 'sst']) {
      expectError(await rejected(() => shop.db.table(name)), { code: 'MARQUETRY_NOT_FOUND', says: name })
    }
    expect(shop.db.tables()).toEqual(['orders'])
    expect(await shop.db.table('orders')).toBe(shop.orders)
    await shop.expectUnharmed()
  })

  test('asked for a name many times at once makes one table', async () => {
    const shop = await Shop.open()
    const made = await Promise.all(Array.from({ length: 5 }, () => shop.db.table('many', orderSchema)))
    expect(new Set(made).size).toBe(1)
    const both = await Promise.allSettled([
      shop.db.table('Case', orderSchema),
      shop.db.table('case', orderSchema),
    ])
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    await loose(made[0]).put(order(1))
    await shop.expectUnharmed()
  })
})
