// Rows that are none: refused with MARQUETRY_INVALID_ROW and the column's name, and nothing was written.

import { type Column, open, type Table, t } from 'marquetry'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { expectError, loose, order, rejected, Shop } from './support.js'

const cyclic: Record<string, unknown> = {}
cyclic.self = cyclic

const never = [Symbol('s'), () => 1]
const notNumbers = [...never, '1', true, 1n, {}, [1], new Date(0)]
const notIntegers = [...notNumbers, 0.5, Number.NaN, Infinity]
const notBigints = [...never, 1, '1', true, {}, 2n ** 63n, -(2n ** 63n) - 1n]
const notDates = [...never, 0, '2020-01-01', 0n, {}, new Date(Number.NaN)]

type Name = keyof typeof columns
const columns = {
  bool: t.bool(),
  int8: t.int8(),
  int16: t.int16(),
  int32: t.int32(),
  int64: t.int64(),
  uint8: t.uint8(),
  uint16: t.uint16(),
  uint32: t.uint32(),
  float32: t.float32(),
  float64: t.float64(),
  utf8: t.utf8(),
  binary: t.binary(),
  date: t.date(),
  ms: t.timestamp(),
  us: t.timestamp('us'),
  decimal: t.decimal128(5, 2),
  json: t.json(),
}

const good: Record<Name, unknown> = {
  bool: true,
  int8: -1,
  int16: -2,
  int32: -3,
  int64: -4n,
  uint8: 1,
  uint16: 2,
  uint32: 3,
  float32: 1.5,
  float64: 2.5,
  utf8: 'text',
  binary: Uint8Array.of(1, 2),
  date: new Date(86_400_000),
  ms: new Date(1),
  us: 5n,
  decimal: '1.25',
  json: { a: [1] },
}

const bad: Record<Name, readonly unknown[]> = {
  bool: [...never, 0, 1, 'true', '', {}],
  int8: [...notIntegers, 128, -129],
  int16: [...notIntegers, 32_768, -32_769],
  int32: [...notIntegers, 2 ** 31, -(2 ** 31) - 1],
  int64: notBigints,
  uint8: [...notIntegers, 256, -1],
  uint16: [...notIntegers, 65_536, -1],
  uint32: [...notIntegers, 2 ** 32, -1],
  float32: notNumbers,
  float64: notNumbers,
  utf8: [...never, 1, true, {}, ['x'], 'lone \ud83d surrogate'],
  binary: [...never, 'x', [1], new ArrayBuffer(1), new Uint16Array(1)],
  date: [...notDates, new Date(1)],
  ms: notDates,
  us: notBigints,
  decimal: [...never, 1, 1n, {}, '', '1e2', ' 1', '1000.00', '0.001', 'NaN'],
  json: [...never, 1n, cyclic, { deep: [1n] }],
}

const label = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value, () => '…') : String(value))

describe('a value of another type', () => {
  const names = Object.keys(columns) as Name[]
  const maybe: Record<string, Column> = {}
  for (const name of names) maybe[`${name}?`] = columns[name].nullable()
  const fileSystem = new MemoryFileSystem()
  const row = (key: string) => ({ key, ...good })
  let table: Table
  const openTable = async () => {
    const db = await open('types', { fileSystem, flushOnClose: false })
    table = loose(await db.table('all', { columns: { key: t.utf8(), ...columns, ...maybe }, key: ['key'] }))
    return db
  }
  let db: Awaited<ReturnType<typeof openTable>>
  let refused = 0

  beforeAll(async () => {
    db = await openTable()
    await table.put(row('first'))
  })
  afterAll(() => db.close())

  const refuse = async (column: string, value: unknown): Promise<void> => {
    const what = `${column} = ${label(value)}`
    const one = () => ({ ...row('refused'), [column]: value })
    const expected = { code: 'MARQUETRY_INVALID_ROW', column, says: 'expects' }
    expectError(await rejected(() => table.put(one())), expected, what)
    const batch = [
      { type: 'put', row: row('refused too') },
      { type: 'delete', key: 'first' },
      { type: 'put', row: one() },
    ] as const
    expectError(await rejected(() => table.batch(batch)), expected, `${what}, in a batch`)
    refused++
  }

  for (const name of names) {
    test(`is refused by ${name}, which is named`, async () => {
      for (const value of bad[name]) {
        await refuse(name, value)
        await refuse(`${name}?`, value)
      }
    })

    test(`${name} refuses null and nothing unless it is nullable`, async () => {
      if (name !== 'json') await refuse(name, null) // null is a JSON value
      await refuse(name, undefined)
      const { [name]: _, ...without } = row('refused')
      const error = await rejected(() => table.put(without))
      expectError(error, { code: 'MARQUETRY_INVALID_ROW', column: name, says: 'nothing was given' })
      await table.put({ ...row('first'), [`${name}?`]: null })
      await table.put({ ...row('first'), [`${name}?`]: undefined })
    })
  }

  test('has written nothing: neither alone nor with the rest of its batch', async () => {
    expect(refused).toBeGreaterThan(300)
    const nulls = Object.fromEntries(names.map((name) => [`${name}?`, null]))
    const wanted = [{ ...row('first'), ...nulls }]
    expect(await table.scan().toArray()).toEqual(wanted)
    await db.close()
    db = await openTable()
    expect(await table.scan().toArray()).toEqual(wanted)
    await table.flush()
    expect(await table.scan().toArray()).toEqual(wanted)
  })
})

describe('a row', () => {
  test('of another shape is refused', async () => {
    const shop = await Shop.open()
    const { orders } = shop
    for (const value of [null, undefined, 7, 'row', true, 1n, Symbol('s'), () => 1]) {
      const expected = { code: 'MARQUETRY_INVALID_ROW', says: 'object' }
      expectError(await rejected(() => loose(orders).put(value as never)), expected, String(value))
    }
    for (const value of [[], [1, 'east'], {}, new Map(), new Date()]) {
      const expected = { code: 'MARQUETRY_INVALID_ROW', column: 'region' }
      expectError(await rejected(() => loose(orders).put(value as never)), expected, label(value))
    }
    await shop.expectUnharmed()
  })

  test('with a property that is no column is refused, which is named, and so are the columns there are', async () => {
    const shop = await Shop.open()
    const { orders } = shop
    for (const name of [
      'ammount',
      'Note',
      '',
      ' note',
      '_seq',
      '_deleted',
      'constructor',
      '__proto__',
      'toString',
      '1',
    ]) {
      const row = JSON.parse(JSON.stringify({ ...order(9) }).replace('{', `{${JSON.stringify(name)}:1,`))
      const expected = { code: 'MARQUETRY_INVALID_ROW', column: name, says: 'region, amount, note' }
      expectError(await rejected(() => orders.put(row)), expected, name)
    }
    await shop.expectUnharmed()
  })

  test('with a key that is missing or wrong names the key column', async () => {
    const shop = await Shop.open()
    const { orders } = shop
    for (const id of [undefined, null, '1', 1.5, 2 ** 31]) {
      const row = { ...order(1), id }
      expectError(await rejected(() => loose(orders).put(row)), { code: 'MARQUETRY_INVALID_ROW', column: 'id' })
    }
    await shop.expectUnharmed()
  })

  test('whose reading throws is refused with what was thrown, and nothing is left of it', async () => {
    const shop = await Shop.open()
    const row = {
      ...order(9),
      get amount(): number {
        throw new RangeError('no such amount')
      },
    }
    expect(await rejected(() => shop.orders.put(row))).toEqual(new RangeError('no such amount'))
    await shop.expectUnharmed()
  })

  test('that writes to the table while it is read is written, and the write that it calls for is refused', async () => {
    const shop = await Shop.open()
    const inner: Promise<unknown>[] = []
    const row = {
      ...order(9),
      get amount(): number {
        inner.push(rejected(() => shop.orders.put(order(8))))
        inner.push(rejected(() => shop.orders.flush()))
        return 1
      },
    }
    await shop.orders.put(row)
    shop.rows.set(9, { ...order(9), amount: 1 })
    for (const error of await Promise.all(inner))
      expectError(error, { code: 'MARQUETRY_INVALID_ROW', says: 'being read' })
    await shop.expectUnharmed()
  })

  test('that is refused between good ones leaves these alone', async () => {
    const shop = await Shop.open()
    const { orders } = shop
    const writes = await Promise.allSettled([
      orders.put(order(20)),
      loose(orders).put({ ...order(21), amount: 'much' }),
      orders.batch([{ type: 'put', row: order(22) }]),
      loose(orders).batch([
        { type: 'put', row: order(23) },
        { type: 'put', row: 'row' as never },
      ]),
      orders.put(order(24)),
    ])
    expect(writes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    for (const id of [20, 22, 24]) shop.rows.set(id, order(id))
    await shop.expectUnharmed()
  })
})

describe('columns with names that objects are touchy about', () => {
  const names = ['__proto__', 'constructor', '1', 'hasOwnProperty', 'toString'] as const
  const schema = {
    columns: [
      ['0', t.int32()],
      ...names.map((name) => [name, t.utf8().nullable()] as const),
      ['valueOf', t.utf8()],
    ] as const,
    key: ['0'] as const,
  }
  const rowOf = (text: string, entries: readonly (readonly [string, unknown])[]) =>
    JSON.parse(
      `{${[['0', 1], ['valueOf', text], ...entries].map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`,
    )

  test('are only columns: what a row inherits is no value of theirs, and what it has is read back', async () => {
    const fileSystem = new MemoryFileSystem()
    const db = await open('db', { fileSystem })
    const table = loose(await db.table('t', schema))
    expectError(await rejected(() => table.put({ '0': 1 })), {
      code: 'MARQUETRY_INVALID_ROW',
      column: 'valueOf',
    })
    const given = rowOf(
      'own',
      names.map((name) => [name, `value of ${name}`]),
    )
    await table.put(given)
    await table.put(rowOf('two', []).constructor === Object ? { ...rowOf('two', []), 0: 2 } : {})
    await table.flush()
    for (const source of ['SSTable', 'again'] as const) {
      const [first, second] = await table.scan().toArray()
      for (const name of names) {
        expect(Object.getOwnPropertyDescriptor(first, name)?.value, `${name}, ${source}`).toBe(
          `value of ${name}`,
        )
        expect(Object.getOwnPropertyDescriptor(second, name)?.value, `${name}, ${source}`).toBe(null)
      }
      expect(Object.keys(first ?? {}).sort()).toEqual(['0', ...names, 'valueOf'].sort())
    }
    for (const name of names) {
      const wrong = rowOf('x', [[name, 5]])
      expectError(await rejected(() => table.put(wrong)), { code: 'MARQUETRY_INVALID_ROW', column: name })
    }
    await db.close()
  })
})
