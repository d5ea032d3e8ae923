// Rows that lookups come back to are copies of one that is kept: whatever happens to the table meanwhile, or to the copies.

import { type Database, open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'

const definition = {
  columns: {
    id: t.int32(),
    name: t.utf8().nullable(),
    at: t.timestamp(),
    exact: t.timestamp('us'),
    day: t.date().nullable(),
    price: t.decimal128(20, 4),
    value: t.float64(),
    flag: t.bool(),
    __proto__x: t.int64(),
  },
  key: ['id'],
} as const

function rowOf(id: number, version: number) {
  return {
    id,
    name: id % 3 === 0 ? null : `name ${id} ${version}`,
    at: new Date(1e12 + id),
    exact: BigInt(id) * 1_000_003n,
    day: id % 2 === 0 ? null : new Date(86_400_000 * version),
    price: `${id}.${1000 + version}`,
    value: id % 5 === 0 ? -0 : id / 7,
    flag: id % 2 === 0,
    __proto__x: -BigInt(id),
  }
}

type Row = ReturnType<typeof rowOf>

const openTable = async (fs = new MemoryFileSystem()) => {
  const db = await open('db', { fileSystem: fs, workers: 0, memtableRows: 100_000 })
  return { db, table: await db.table('rows', definition) }
}

const rowHits = (db: Database) => db.metrics().cache.rowHits

test('lookups answer as a model does, through writes, flushes, merges, snapshots and changed copies', async () => {
  const random = seededRandom(seed)
  const { db, table } = await openTable()
  const model = new Map<number, Row>()
  const below = 3000
  let version = 0
  const put = async (share: number) => {
    version++
    const rows: Row[] = []
    for (let id = 0; id < below; id++) if (random() < share) rows.push(rowOf(id, version))
    await table.batch(rows.map((row) => ({ type: 'put' as const, row })))
    for (const row of rows) model.set(row.id, row)
  }
  const spoil = (row: Partial<Row>) => {
    row.at?.setTime(0)
    row.day?.setTime(0)
    row.name = 'spoiled'
  }
  await put(0.9)
  await table.flush()
  for (let round = 0; round < 12; round++) {
    using snapshot = table.snapshot()
    const then = new Map(model)
    if (round % 3 === 1) await put(0.02)
    if (round % 3 === 2) {
      const from = Math.floor(random() * below)
      await table.deleteRange({ gte: from, lt: from + 50 })
      for (let id = from; id < from + 50; id++) model.delete(id)
    }
    if (random() < 0.6) await table.flush()
    if (random() < 0.3) await table.compact()
    for (let i = 0; i < 6000; i++) {
      const id = Math.floor(random() ** 3 * below)
      const isOld = random() < 0.1
      const options = isOld ? { snapshot } : {}
      const found = random() < 0.5 ? table.getSync(id, options) : await table.get(id, options)
      const expected = (isOld ? then : model).get(id)
      if (i % 4 === 0 || found?.name !== expected?.name) expect(found, `seed ${seed}`).toStrictEqual(expected)
      if (found !== undefined) spoil(found)
      if (i % 8 > 0) continue
      const part = table.getSync(id, { columns: ['value', 'day'] })
      const now = model.get(id)
      expect(part, `seed ${seed}`).toStrictEqual(now && { value: now.value, day: now.day })
    }
  }
  expect(rowHits(db)).toBeGreaterThan(10_000)
  await db.close()
})

test('bytes and json, which callers may change, are made anew each time', async () => {
  const db = await open('db', { fileSystem: new MemoryFileSystem(), workers: 0 })
  const table = await db.table('rows', {
    columns: { id: t.int32(), bytes: t.binary(), tree: t.json<{ a: number[] }>() },
    key: ['id'],
  })
  await table.batch(
    Array.from({ length: 2000 }, (_, id) => ({
      type: 'put' as const,
      row: { id, bytes: Uint8Array.of(1, 2), tree: { a: [id] } },
    })),
  )
  await table.flush()
  for (let i = 0; i < 10; i++) {
    const row = table.getSync(7)!
    expect(row).toEqual({ id: 7, bytes: Uint8Array.of(1, 2), tree: { a: [7] } })
    row.bytes.fill(9)
    row.tree.a.push(9)
  }
  expect(rowHits(db)).toBe(0)
  await db.close()
})
