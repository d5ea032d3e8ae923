// Keys, bounds, conditions and options of reads that are none: refused at once, by name, and nothing changes.

import { inspect } from 'node:util'
import { isMarquetryError, open, t } from 'marquetry'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { expectError, loose, order, rejected, Shop, thrown } from './support.js'

let shop: Shop
beforeAll(async () => {
  shop = await Shop.open()
})
afterAll(() => shop.expectUnharmed())

const label = (value: unknown) => inspect(value, { breakLength: Infinity, maxStringLength: 40 })

describe('a key', () => {
  const wrong: readonly (readonly [key: unknown, column?: string])[] = [
    [undefined],
    [null],
    ['east'],
    [7],
    [{ region: 'east', id: 1 }],
    [[]],
    [['east']],
    [['east', 1, 1]],
    [[1, 'east'], 'region'],
    [['east', '1'], 'id'],
    [['east', 1.5], 'id'],
    [['east', null], 'id'],
    [['east', undefined], 'id'],
    [['east', 2 ** 31], 'id'],
    [['lone \ud83d', 1], 'region'],
    [[['east'], 1], 'region'],
  ]

  test('of another shape or type is refused by every method that takes one', async () => {
    const orders = loose(shop.orders)
    for (const [key, column] of wrong) {
      const expected = {
        code: 'MARQUETRY_INVALID_KEY',
        ...(column === undefined ? { says: 'region, id' } : { column }),
      }
      const calls = {
        get: () => orders.get(key),
        has: () => orders.has(key),
        delete: () => orders.delete(key),
        batch: () =>
          orders.batch([
            { type: 'put', row: order(50) },
            { type: 'delete', key },
          ]),
      }
      for (const [name, call] of Object.entries(calls)) {
        expectError(await rejected(call), expected, `${name}(${label(key)})`)
      }
      expectError(
        thrown(() => orders.getSync(key)),
        expected,
        `getSync(${label(key)})`,
      )
    }
    await shop.check()
  })

  test('of one column is a plain value', async () => {
    const db = await open('db', { fileSystem: new MemoryFileSystem() })
    const table = loose(await db.table('t', { columns: { id: t.utf8(), n: t.int32() }, key: ['id'] }))
    await table.put({ id: 'a', n: 1 })
    for (const key of [['a'], [], 1, null, undefined, { id: 'a' }]) {
      const expected = { code: 'MARQUETRY_INVALID_KEY' }
      expectError(await rejected(() => table.get(key)), expected, label(key))
      expectError(await rejected(() => table.delete(key)), expected, label(key))
    }
    expect(await table.get('a')).toEqual({ id: 'a', n: 1 })
    await db.close()
  })
})

describe('a scan', () => {
  const refuse = (options: unknown, expected: Parameters<typeof expectError>[1]) =>
    expectError(
      thrown(() => loose(shop.orders).scan(options as never)),
      expected,
      label(options),
    )

  test('with bounds that are none is refused', () => {
    const code = 'MARQUETRY_INVALID_KEY'
    for (const name of ['gt', 'gte', 'lt', 'lte', 'prefix']) {
      for (const bound of ['east', 5, null, [], {}, ['east', 1, 2]])
        refuse({ [name]: bound }, { code, says: 'region, id' })
      refuse({ [name]: [5] }, { code, column: 'region' })
      refuse({ [name]: ['east', 'x'] }, { code, column: 'id' })
    }
    refuse({ gt: ['east'], gte: ['east'] }, { code: 'MARQUETRY_INVALID_OPTION', option: 'gt', says: 'gte' })
    refuse({ lt: ['east'], lte: ['east'] }, { code: 'MARQUETRY_INVALID_OPTION', option: 'lt', says: 'lte' })
    for (const part of [{ startsWith: 5 }, { startsWith: null }, { startsWith: '\ud83d' }, { starts: 'e' }]) {
      refuse({ prefix: [part] }, { code, column: 'region' })
    }
    refuse({ prefix: [{ startsWith: 'e' }, 1] }, { code, column: 'region', says: 'last part' })
    refuse({ prefix: ['east', { startsWith: '1' }] }, { code, column: 'id' })
  })

  test('with options that are none is refused, and the option is named', () => {
    const code = 'MARQUETRY_INVALID_OPTION'
    for (const name of ['limits', 'Where', 'order', 'constructor', '1', 'key'])
      refuse({ [name]: 1 }, { code, option: name })
    for (const limit of [-1, 1.5, Number.NaN, '1', null, 1n, -Infinity])
      refuse({ limit }, { code, option: 'limit' })
    for (const reverse of [0, 1, 'true', null, {}]) refuse({ reverse }, { code, option: 'reverse' })
    for (const signal of [true, {}, new AbortController(), null]) refuse({ signal }, { code, option: 'signal' })
    for (const snapshot of [true, {}, { seq: 1 }, null, 5]) refuse({ snapshot }, { code, option: 'snapshot' })
    for (const columns of ['id', 5, {}, new Set(['id']), null]) refuse({ columns }, { code, option: 'columns' })
    for (const name of ['ID', '', 'constructor', '_seq', 1, null]) {
      refuse({ columns: ['id', name] }, { code, option: 'columns', says: [JSON.stringify(name), 'orders'] })
    }
    for (const options of [null, 5, 'all', true]) refuse(options, { code, option: 'options' })
  })

  test('with conditions that are none is refused, and the column is named', () => {
    const base = { code: 'MARQUETRY_INVALID_OPTION', option: 'where' }
    for (const where of [null, 5, 'amount > 5', [], () => true, new Date()]) refuse({ where }, base)
    for (const name of ['amounts', 'constructor', '__proto__x', '']) {
      refuse({ where: { [name]: { eq: 1 } } }, { ...base, column: name })
    }
    for (const asked of [5, null, 'x', [], new Date()])
      refuse({ where: { amount: asked } }, { ...base, column: 'amount' })
    for (const operator of ['equals', '==', 'GT', 'constructor']) {
      refuse(
        { where: { amount: { [operator]: 1 } } },
        { ...base, column: 'amount', says: JSON.stringify(operator) },
      )
    }
    for (const operator of ['eq', 'ne', 'gt', 'gte', 'lt', 'lte']) {
      refuse({ where: { amount: { [operator]: 'much' } } }, { ...base, column: 'amount', says: operator })
      refuse({ where: { note: { [operator]: null } } }, { ...base, column: 'note', says: 'isNull' })
    }
    refuse({ where: { amount: { in: 5 } } }, { ...base, column: 'amount' })
    refuse({ where: { amount: { notIn: [1, '2'] } } }, { ...base, column: 'amount' })
    refuse({ where: { amount: { between: [1] } } }, { ...base, column: 'amount' })
    refuse({ where: { amount: { startsWith: 'x' } } }, { ...base, column: 'amount', says: 'utf8' })
    refuse({ where: { note: { isNull: 1 } } }, { ...base, column: 'note' })
  })
})

describe('options of get', () => {
  test('that are none are refused, and the option is named', async () => {
    const orders = loose(shop.orders)
    const key = ['east', 0]
    const wrong: readonly (readonly [options: unknown, option: string])[] = [
      [{ column: ['id'] }, 'column'],
      [{ columns: 'id' }, 'columns'],
      [{ columns: ['id', 'nothing'] }, 'columns'],
      [{ snapshot: {} }, 'snapshot'],
      [{ limit: 1 }, 'limit'],
      [null, 'options'],
      ['id', 'options'],
    ]
    for (const [options, option] of wrong) {
      const expected = { code: 'MARQUETRY_INVALID_OPTION', option }
      expectError(await rejected(() => orders.get(key, options as never)), expected, `get ${label(options)}`)
      expectError(
        thrown(() => orders.getSync(key, options as never)),
        expected,
        `getSync ${label(options)}`,
      )
    }
    for (const [options, option] of [
      [{ snapshots: 1 }, 'snapshots'],
      [{ snapshot: 1 }, 'snapshot'],
      [null, 'options'],
    ] as const) {
      const expected = { code: 'MARQUETRY_INVALID_OPTION', option }
      expectError(await rejected(() => orders.has(key, options as never)), expected, `has ${label(options)}`)
    }
  })
})

describe('a batch', () => {
  test('of another shape is refused, and nothing of it is done', async () => {
    const orders = loose(shop.orders)
    const good = { type: 'put', row: order(60) } as const
    const code = 'MARQUETRY_INVALID_OPTION'
    for (const operations of [undefined, null, good, 'put', 5, new Set([good])]) {
      expectError(await rejected(() => orders.batch(operations as never)), { code, option: 'operations' })
    }
    for (const operation of [
      undefined,
      null,
      5,
      'put',
      {},
      { row: order(61) },
      { type: 'PUT', row: order(61) },
      { type: 'del', key: ['east', 0] },
    ]) {
      const error = await rejected(() => orders.batch([good, operation as never]))
      expectError(error, { code, option: 'type' }, label(operation))
    }
    const noRow = await rejected(() => orders.batch([good, { type: 'put', key: ['east', 0] } as never]))
    expectError(noRow, { code: 'MARQUETRY_INVALID_ROW' })
    const noKey = await rejected(() => orders.batch([good, { type: 'delete', row: order(0) } as never]))
    expectError(noKey, { code: 'MARQUETRY_INVALID_KEY' })
    expectError(await rejected(() => orders.batch(new Array(2))), { code, option: 'type' })
    await orders.batch([])
    await shop.check()
  })
})

describe('a key that is too long', () => {
  const textOf = (bytes: number) => 'k'.repeat(bytes)

  test('is refused with MARQUETRY_LIMIT in rows, keys and bounds; the longest that fits is kept', async () => {
    const { orders } = shop
    const code = 'MARQUETRY_LIMIT'
    const says = '65535'
    const long = textOf(65_536)
    const calls = {
      put: () => orders.put({ ...order(70), region: long }),
      batch: () =>
        orders.batch([
          { type: 'put', row: order(71) },
          { type: 'put', row: { ...order(70), region: long } },
        ]),
      delete: () => orders.delete([long, 1]),
      get: () => orders.get([long, 1]),
      has: () => orders.has([long, 1]),
    }
    for (const [name, call] of Object.entries(calls)) expectError(await rejected(call), { code, says }, name)
    for (const name of ['gt', 'gte', 'lt', 'lte', 'prefix'] as const) {
      expectError(
        thrown(() => orders.scan({ [name]: [long] })),
        { code, says },
        name,
      )
    }
    const zeros = '\0'.repeat(40_000) // each is two bytes in a key
    expectError(await rejected(() => orders.put({ ...order(70), region: zeros })), { code, says })
    await shop.check()

    let most = 65_535
    const fits = async (length: number) => {
      try {
        await orders.get([textOf(length), 1])
        return true
      } catch (error) {
        if (isMarquetryError(error, 'MARQUETRY_LIMIT')) return false
        throw error
      }
    }
    while (!(await fits(most))) most--
    expect(most).toBeGreaterThan(65_500)
    const longest = { ...order(70), region: textOf(most) }
    await orders.put(longest)
    shop.rows.set(70, longest)
    expect(await orders.get([textOf(most), 70])).toEqual(longest)
  })
})

test('a batch of more than a gibibyte is refused with MARQUETRY_LIMIT, and the next write is not', async () => {
  const db = await open('db', { fileSystem: new MemoryFileSystem(), wal: 'async' })
  const blobs = await db.table('blobs', { columns: { id: t.int32(), blob: t.binary() }, key: ['id'] })
  await blobs.put({ id: 1, blob: new Uint8Array(10) })
  const half = new Uint8Array(2 ** 29)
  const error = await rejected(() =>
    blobs.batch([
      { type: 'put', row: { id: 2, blob: half } },
      { type: 'put', row: { id: 3, blob: half } },
    ]),
  )
  expectError(error, { code: 'MARQUETRY_LIMIT', says: String(2 ** 30) })
  await blobs.put({ id: 4, blob: new Uint8Array(5) })
  expect((await blobs.scan().toArray()).map(({ id }) => id)).toEqual([1, 4])
  await db.close()
})
