// getMany, update, dropTable, added columns, presets: through the public API, on real files.

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, isMarquetryError, type OpenOptions, open, t } from 'marquetry'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let directory: string
let db: Database

const schema = { columns: { key: t.utf8(), value: t.int32() }, key: ['key'] } as const

async function reopen(options: OpenOptions = {}): Promise<void> {
  await db?.close()
  db = await open(directory, { workers: 0, wal: 'async', ...options })
}

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'marquetry-features-')), 'db')
  db = await open(directory, { workers: 0, wal: 'async' })
})

afterEach(async () => {
  await db.close()
  await rm(join(directory, '..'), { recursive: true, force: true })
})

describe('getMany', () => {
  test('answers in the order of the keys, from memtable and SSTables, with undefined for absent and deleted', async () => {
    const table = await db.table('rows', schema)
    for (let i = 0; i < 100; i++) await table.put({ key: `k${i}`, value: i })
    await table.flush()
    await table.put({ key: 'k7', value: 700 })
    await table.delete('k8')
    const rows = await table.getMany(['k9', 'nope', 'k7', 'k8', 'k0', 'k9'])
    expect(rows.map((row) => row?.value)).toEqual([9, undefined, 700, undefined, 0, 9])
    expect(await table.getMany([])).toEqual([])
    expect(await table.getMany(['k1'], { columns: ['value'] })).toEqual([{ value: 1 }])
  })

  test('reads one moment, also of a snapshot', async () => {
    const table = await db.table('rows', schema)
    await table.put({ key: 'a', value: 1 })
    using snapshot = table.snapshot()
    await table.put({ key: 'a', value: 2 })
    expect(await table.getMany(['a'], { snapshot })).toEqual([{ key: 'a', value: 1 }])
    expect(await table.getMany(['a'])).toEqual([{ key: 'a', value: 2 }])
  })
})

describe('update', () => {
  test('of one key are serialised: no increment is lost', async () => {
    const table = await db.table('rows', schema)
    const increment = () => table.update('n', (row) => ({ key: 'n', value: (row?.value ?? 0) + 1 }))
    await Promise.all(Array.from({ length: 50 }, increment))
    expect(await table.get('n')).toEqual({ key: 'n', value: 50 })
  })

  test('writes nothing if nothing is returned, and refuses another key; the next one still runs', async () => {
    const table = await db.table('rows', schema)
    expect(await table.update('a', () => undefined)).toBeUndefined()
    expect(await table.has('a')).toBe(false)
    const wrong = table.update('a', () => ({ key: 'b', value: 1 }))
    const next = table.update('a', (row) => ({ key: 'a', value: row === undefined ? 1 : 2 }))
    await expect(wrong).rejects.toMatchObject({ code: 'MARQUETRY_INVALID_ROW' })
    expect(await next).toEqual({ key: 'a', value: 1 })
    expect(await table.scan().toArray()).toEqual([{ key: 'a', value: 1 }])
    await expect(table.update(1 as never, () => undefined)).rejects.toMatchObject({
      code: 'MARQUETRY_INVALID_KEY',
    })
  })
})

describe('dropTable', () => {
  test('removes the table and its files; its name can be used again, for another schema', async () => {
    const table = await db.table('rows', schema)
    await table.put({ key: 'a', value: 1 })
    await table.flush()
    await table.put({ key: 'b', value: 2 })
    const other = await db.table('other', schema)
    await other.put({ key: 'kept', value: 1 })
    await db.dropTable('rows')
    expect(db.tables()).toEqual(['other'])
    expect((await readdir(directory)).sort()).toEqual(['CATALOG', 'FORMAT', 'LOCK', 'other'])
    await expect(table.get('a')).rejects.toMatchObject({ code: 'MARQUETRY_CLOSED' })
    await expect(table.put({ key: 'c', value: 3 })).rejects.toMatchObject({ code: 'MARQUETRY_CLOSED' })
    await expect(db.dropTable('rows')).rejects.toMatchObject({ code: 'MARQUETRY_NOT_FOUND' })
    const again = await db.table('rows', { columns: { id: t.int64() }, key: ['id'] })
    expect(await again.scan().toArray()).toEqual([])
    await again.put({ id: 1n })
    await reopen()
    expect(await (await db.table('rows')).scan().toArray()).toEqual([{ id: 1n }])
    expect(await (await db.table('other')).get('kept')).toEqual({ key: 'kept', value: 1 })
  })

  test('of a table that nobody has opened', async () => {
    await (await db.table('rows', schema)).put({ key: 'a', value: 1 })
    await reopen()
    await db.dropTable('rows')
    await reopen()
    expect(db.tables()).toEqual([])
  })
})

describe('added columns', () => {
  const wider = {
    columns: { key: t.utf8(), value: t.int32(), note: t.utf8().nullable(), at: t.timestamp().nullable() },
    key: ['key'],
  } as const

  test('are null in rows that were there, in files as in logs', async () => {
    await reopen({ flushOnClose: false })
    const narrow = await db.table('rows', schema)
    await narrow.put({ key: 'a', value: 1 })
    await narrow.flush()
    await narrow.put({ key: 'b', value: 2 })
    await reopen({ flushOnClose: false })
    const table = await db.table('rows', wider)
    await table.put({ key: 'c', value: 3, note: 'new', at: new Date(5) })
    const expected = [
      { key: 'a', value: 1, note: null, at: null },
      { key: 'b', value: 2, note: null, at: null },
      { key: 'c', value: 3, note: 'new', at: new Date(5) },
    ]
    expect(await table.scan().toArray()).toEqual(expected)
    expect(await table.get('b')).toEqual(expected[1])
    expect(await table.scan({ where: { note: { isNull: false } } }).toArray()).toEqual([expected[2]])
    expect(await table.scan({ where: { note: { isNull: true } }, reverse: true }).count()).toBe(2)
    await table.flush()
    await reopen()
    expect(await (await db.table('rows', wider)).scan().toArray()).toEqual(expected)
    expect((await db.table('rows')).schema).toMatchObject({ id: 2 })
  })

  test('must be nullable, and nothing else may differ', async () => {
    await db.table('rows', schema)
    await reopen()
    const refused = async (opened: Promise<unknown>) =>
      await expect(opened).rejects.toMatchObject({ code: 'MARQUETRY_SCHEMA_MISMATCH' })
    const key = t.utf8()
    await refused(db.table('rows', { columns: { key, value: t.int32(), extra: t.int32() }, key: ['key'] }))
    await refused(
      db.table('rows', { columns: { key, value: t.int64(), extra: t.int32().nullable() }, key: ['key'] }),
    )
    await refused(db.table('rows', { columns: { key, extra: t.int32().nullable() }, key: ['key'] }))
    expect((await db.table('rows')).schema.columns.map(({ name }) => name)).toEqual(['key', 'value'])
  })
})

test.each(['balanced', 'high-performance', 'memory-efficient'] as const)(
  'the preset %s works',
  async (preset) => {
    await db.close()
    db = await open(directory, { preset, workers: 0, memtableRows: 40 })
    const table = await db.table('rows', schema)
    for (let i = 0; i < 100; i++) await table.put({ key: `k${(i * 37) % 100}`, value: i })
    expect(await table.scan().count()).toBe(100)
    await reopen({ preset })
    expect(await (await db.table('rows')).scan().count()).toBe(100)
  },
)

test('an unknown preset is refused by name', async () => {
  const refused = await open(join(directory, 'x'), { preset: 'fast' as never }).catch((error: unknown) => error)
  expect(isMarquetryError(refused, 'MARQUETRY_INVALID_OPTION') && refused.option).toBe('preset')
})
