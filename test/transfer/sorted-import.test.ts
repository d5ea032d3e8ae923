// Sorted imports: rows past log and memtable.

import { readdirSync, writeFileSync } from 'node:fs'
import { open, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { begin, contentOf, gatedCsv, memoryDatabase, pairsOf } from './sorted-support.js'
import { duckdb, failureOf, openFor, temporaryDirectory } from './support.js'

describe('a sorted import', () => {
  const wide = {
    columns: {
      group: t.utf8(),
      number: t.int64(),
      real: t.float64().nullable(),
      text: t.utf8().nullable(),
      at: t.timestamp(),
    },
    key: ['group', 'number'],
  } as const

  test.each(['parquet', 'arrow', 'csv', 'ndjson'] as const)(
    'of %s gives the rows that an ordinary one gives, without log and memtable',
    async (format) => {
      const directory = temporaryDirectory()
      const compaction = { strategy: 'none', targetFileBytes: 65_536 } as const
      const db = await openFor(directory, { rowGroupRows: 3_000, compaction })
      const source = await db.table('source', wide)
      const rows = Array.from({ length: 20_000 }, (_, i) => ({
        group: `group ${String(Math.floor(i / 700)).padStart(3, '0')}`,
        number: BigInt(i % 700) - 300n,
        real: i % 5 === 0 ? null : i / 7,
        text: i % 3 === 0 ? null : `ü ${i * 7919}`,
        at: new Date(1e12 + i * 1000),
      }))
      await source.batch(rows.map((row) => ({ type: 'put', row })))
      const path = `${directory}/rows.${format}`
      await source.export(path, { rowGroupRows: 4_096 })

      const table = await db.table('sorted', wide)
      const progress: number[] = []
      const result = await table.import(path, { sorted: true, onProgress: ({ rows }) => progress.push(rows) })
      expect(result).toMatchObject({ rows: 20_000, rejected: 0 })
      expect(progress.at(-1)).toBe(20_000)
      expect(await table.scan().toArray()).toEqual(await source.scan().toArray())
      const { logBytes, writes, flushes, loads, loadedRows } = table.stats()
      expect({ logBytes, writes, flushes, loads, loadedRows }).toEqual({
        logBytes: 0,
        writes: 0,
        flushes: 0,
        loads: 1,
        loadedRows: 20_000,
      })
      expect(table.files().length).toBeGreaterThan(2)
      expect(new Set(table.files().map(({ run }) => run)).size).toBe(1)
      expect((await table.verify()).problems).toEqual([])
      await db.close()
      const again = await openFor(directory)
      expect(await (await again.table('sorted', wide)).scan().count()).toBe(20_000)
    },
  )

  test('of equal keys the last counts, also across chunks; numbered rows are numbered', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const table = await pairsOf(db)
    // A chunk of CSV has 8,192 rows: the second begins with the key that the first ends with.
    const lines = Array.from({ length: 20_000 }, (_, i) => `${Math.floor((i + 1) / 3)},${i}`)
    writeFileSync(`${directory}/twice.csv`, `key,value\n${lines.join('\n')}\n`)
    expect(await table.import(`${directory}/twice.csv`, { sorted: true })).toMatchObject({ rows: 20_000 })
    const copy = await pairsOf(db, 'copy')
    await copy.import(`${directory}/twice.csv`)
    expect(await contentOf(table)).toEqual(await contentOf(copy))
    const numbered = await db.table('numbered', {
      columns: { key: t.int32(), nth: t.int32(), value: t.int32() },
      key: ['key', 'nth'],
    })
    await numbered.import(`${directory}/twice.csv`, { sorted: true, rowNumber: 'nth' })
    expect(await numbered.scan().count()).toBe(20_000)
    expect(await numbered.get([1, 2])).toEqual({ key: 1, nth: 2, value: 4 })
  })

  test('puts bad records aside, and of nothing makes nothing', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const table = await pairsOf(db)
    writeFileSync(`${directory}/bad.csv`, 'key,value\n1,1\n2,two\n3,3\n')
    const rejects = `${directory}/rejects.ndjson`
    const { bytes: _, ...result } = await table.import(`${directory}/bad.csv`, { sorted: true, rejects })
    expect(result).toEqual({ rows: 2, rejected: 1 })
    expect(await contentOf(table)).toEqual({ 1: 1, 3: 3 })
    const files = table.files().length
    writeFileSync(`${directory}/empty.csv`, 'key,value\n')
    expect(await table.import(`${directory}/empty.csv`, { sorted: true })).toMatchObject({ rows: 0 })
    expect(table.files()).toHaveLength(files)
  })

  test('takes only rows in key order, and names the first that is not', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const table = await pairsOf(db)
    await table.put({ key: 1, value: 1 })
    const path = `${directory}/unsorted.parquet`
    const key = 'case when i = 60000 then 3 else i end'
    const query = `select (${key})::int as key, i::int as value from range(70000) r(i)`
    await duckdb(`copy (${query}) to '${path}' (format parquet, row_group_size 20000)`)
    expect(await failureOf(table.import(path, { sorted: true }))).toMatchObject({
      code: 'MARQUETRY_INVALID_INPUT',
      file: path,
      message: expect.stringMatching(/row 60000: its key is below that of the row before/),
    })
    writeFileSync(`${directory}/unsorted.csv`, 'key,value\n5,5\n7,7\n6,6\n')
    const csv = failureOf(table.import(`${directory}/unsorted.csv`, { sorted: true }))
    expect(await csv).toMatchObject({ code: 'MARQUETRY_INVALID_INPUT', line: 4 })
    // A chunk of CSV has 8,192 rows: this one is the first of the second.
    const lines = Array.from({ length: 9_000 }, (_, i) => (i === 8_192 ? '3,3' : `${i},${i}`))
    writeFileSync(`${directory}/unsorted.csv`, `key,value\n${lines.join('\n')}\n`)
    const later = failureOf(table.import(`${directory}/unsorted.csv`, { sorted: true }))
    expect(await later).toMatchObject({ code: 'MARQUETRY_INVALID_INPUT', line: 8_194 })
    expect(await contentOf(table)).toEqual({ 1: 1 })
    expect(readdirSync(`${directory}/db/pairs/tmp`)).toEqual([])
    expect(await failureOf(table.import(path, { sorted: 1 as never }))).toMatchObject({ option: 'sorted' })
  })

  test('refuses keys that are too long, as writes do', async () => {
    const { db } = await memoryDatabase()
    const table = await db.table('texts', { columns: { key: t.utf8() }, key: ['key'] })
    const csv = gatedCsv('key')
    csv.push('a', 'b'.repeat(70_000))
    csv.end()
    const failure = await failureOf(table.import(csv.source, { format: 'csv', sorted: true }))
    expect(failure).toMatchObject({ code: 'MARQUETRY_LIMIT' })
    expect(await table.scan().count()).toBe(0)
  })
})

test('a sorted import is where its strategy would have taken it: nothing is written once more', async () => {
  const compaction = {
    strategy: 'leveled',
    targetFileBytes: 4096,
    levelBytesBase: 5000,
    levelRatio: 4,
  } as const
  const { db } = await memoryDatabase({ rowGroupRows: 500, compaction })
  const table = await pairsOf(db)
  const importRows = async (from: number, to: number) => {
    const load = await begin(table)
    for (let key = from; key < to; key += 1000)
      load.push(...Array.from({ length: 1000 }, (_, i) => `${key + i},${(key + i) * 7919}`))
    load.end()
    await load.done
    await table.compactionIdle()
  }
  await importRows(0, 20_000)
  const { compactions, compaction: state } = table.stats()
  expect({ compactions, ...state }).toMatchObject({ compactions: 0, writeAmplification: 1 })
  const [deepest] = table.files().map(({ level }) => level)
  expect(deepest).toBeGreaterThan(2)
  await importRows(30_000, 32_000)
  expect(table.stats().compactions).toBe(0)
  const levels = new Set(table.files().map(({ level }) => level))
  expect([...levels].every((level) => level >= 1 && level <= deepest!)).toBe(true)
  expect(levels.size).toBe(2)
})

test.each([false, true])(
  'a manifest that has lost the edit of one is found out; rows before: %s',
  async (before) => {
    const { db, fs } = await memoryDatabase()
    const table = await pairsOf(db)
    if (before) await table.put({ key: 1, value: 0 })
    const load = await begin(table)
    load.push('1,1', '2,2')
    load.end()
    await load.done
    await db.close()
    const manifest = await fs.open('db/pairs/MANIFEST-000001', 'write')
    await manifest.truncate((await manifest.size()) - 1)
    await manifest.sync()
    await manifest.close()
    expect(await failureOf(open('db', { fileSystem: fs }))).toMatchObject({ code: 'MARQUETRY_CORRUPTION' })
    expect(await fs.list('db/pairs/sst')).toHaveLength(before ? 2 : 1)
  },
)

test('one that a worker writes is given up when the database closes', async () => {
  const directory = temporaryDirectory()
  const db = await openFor(directory, { rowGroupRows: 1_000 })
  const table = await pairsOf(db)
  let tell = () => {}
  const reached = new Promise<void>((resolve) => {
    tell = resolve
  })
  const load = gatedCsv('key,value')
  load.push(...Array.from({ length: 40_000 }, (_, i) => `${i},${i}`))
  const onProgress = ({ rows }: { readonly rows: number }) => {
    if (rows > 30_000) tell()
  }
  const done = failureOf(table.import(load.source, { format: 'csv', sorted: true, onProgress }))
  await reached
  await db.close()
  load.end()
  expect(await done).toMatchObject({ code: 'MARQUETRY_CLOSED' })
  expect(readdirSync(`${directory}/db/pairs/tmp`)).toEqual([])
  expect(readdirSync(`${directory}/db/pairs/sst`)).toEqual([])
})
