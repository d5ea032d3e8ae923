// Sorted imports beside everything else: all at once or not at all, in their place in the order of writes.

import { open } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { begin, contentOf, gatedCsv, memoryDatabase, pairsOf } from './sorted-support.js'
import { failureOf } from './support.js'

describe('in the order of writes a sorted import', () => {
  test('stands where it began, and is seen at its end by those who read from then on', async () => {
    const { db } = await memoryDatabase()
    const table = await pairsOf(db)
    await table.batch([1, 2, 3].map((key) => ({ type: 'put', row: { key, value: 0 } })))
    const before = table.snapshot()
    const load = await begin(table)
    load.push('2,20', '3,30', '4,40', '5,50')
    await table.put({ key: 3, value: 31 })
    await table.delete(4)
    const during = table.snapshot()
    const scan = table.scan()[Symbol.asyncIterator]()
    expect((await scan.next()).value).toEqual({ key: 1, value: 0 })
    await table.flush()
    await table.put({ key: 2, value: 22 })
    expect(await contentOf(table)).toEqual({ 1: 0, 2: 22, 3: 31 })
    const last = table.snapshot()
    load.end()
    expect(await load.done).toMatchObject({ rows: 4 })

    expect(await contentOf(table)).toEqual({ 1: 0, 2: 22, 3: 31, 5: 50 })
    expect(await table.get(5)).toEqual({ key: 5, value: 50 })
    expect(table.getSync(4)).toBeUndefined()
    const late = table.snapshot()
    const check = async () => {
      expect(await contentOf(table, { snapshot: before })).toEqual({ 1: 0, 2: 0, 3: 0 })
      expect(await contentOf(table, { snapshot: during })).toEqual({ 1: 0, 2: 0, 3: 31 })
      expect(await table.get(5, { snapshot: during })).toBeUndefined()
      expect(await contentOf(table, { snapshot: last })).toEqual({ 1: 0, 2: 22, 3: 31 })
      expect(await contentOf(table, { snapshot: late })).toEqual({ 1: 0, 2: 22, 3: 31, 5: 50 })
    }
    await check()
    await table.compact()
    await check()
    during.close()
    expect(await contentOf(table, { snapshot: late })).toEqual({ 1: 0, 2: 22, 3: 31, 5: 50 })
    expect((await scan.next()).value).toEqual({ key: 2, value: 0 })
    expect((await scan.next()).value).toEqual({ key: 3, value: 31 })
    expect((await scan.next()).done).toBe(true)
  })

  test('is older than a tombstone that a merge meets while it runs', async () => {
    const { db } = await memoryDatabase()
    const table = await pairsOf(db)
    await table.put({ key: 9, value: 0 })
    await table.flush()
    const load = await begin(table)
    load.push('1,1', '2,2', '3,3')
    await table.put({ key: 1, value: 10 })
    await table.delete(2)
    await table.flush()
    await table.put({ key: 1, value: 11 })
    await table.delete(3)
    await table.compact()
    await table.compact()
    load.end()
    await load.done
    expect(await contentOf(table)).toEqual({ 1: 11, 9: 0 })
    await table.compact()
    expect(await contentOf(table)).toEqual({ 1: 11, 9: 0 })
    expect(table.files()).toHaveLength(1)
  })

  test('comes before one that is begun later, and waits for it to end', async () => {
    const { db } = await memoryDatabase()
    const table = await pairsOf(db)
    const first = await begin(table)
    const second = gatedCsv('key,value')
    second.push('1,2', '2,2')
    second.end()
    let isOver = false
    const done = table.import(second.source, { format: 'csv', sorted: true }).then(() => {
      isOver = true
    })
    const controller = new AbortController()
    const third = gatedCsv('key,value')
    const { signal } = controller
    const aborted = failureOf(table.import(third.source, { format: 'csv', sorted: true, signal }))
    first.push('1,1', '3,1')
    await table.put({ key: 3, value: 3 })
    controller.abort(new Error('enough'))
    expect(await aborted).toMatchObject({ code: 'MARQUETRY_ABORTED' })
    expect(isOver).toBe(false)
    first.end()
    await first.done
    await done
    expect(await contentOf(table)).toEqual({ 1: 2, 2: 2, 3: 3 })
  })

  test('and the deletion of a range stand as they were called', async () => {
    const { db } = await memoryDatabase({ memtableRows: 4 })
    const table = await pairsOf(db)
    await table.batch([1, 2, 3, 4, 5].map((key) => ({ type: 'put', row: { key, value: 0 } })))
    const load = await begin(table)
    load.push('2,1', '3,1', '4,1', '6,1')
    const deletion = table.deleteRange({ gte: 3 })
    await table.put({ key: 6, value: 2 })
    load.end()
    await load.done
    await deletion
    expect(await contentOf(table)).toEqual({ 1: 0, 2: 1, 6: 2 })
    const second = gatedCsv('key,value')
    second.push('1,5', '6,5', '7,5')
    second.end()
    const again = table.deleteRange({ gte: 2 })
    await Promise.all([again, table.import(second.source, { format: 'csv', sorted: true })])
    expect(await contentOf(table)).toEqual({ 1: 5, 6: 5, 7: 5 })
  })
})

describe('a sorted import that does not come to its end leaves nothing', () => {
  const leftIn = async (fs: MemoryFileSystem, table: string) => [
    ...(await fs.list(`db/${table}/tmp`)),
    ...(await fs.list(`db/${table}/sst`)),
  ]

  test('when it is aborted, or its source fails', async () => {
    const { db, fs } = await memoryDatabase()
    const table = await pairsOf(db)
    const controller = new AbortController()
    const load = await begin(table, { signal: controller.signal })
    load.push(...Array.from({ length: 9_000 }, (_, i) => `${i},${i}`))
    controller.abort(new Error('enough'))
    load.push('9000,1')
    load.end()
    expect(await failureOf(load.done)).toMatchObject({ code: 'MARQUETRY_ABORTED', name: 'AbortError' })
    const other = await begin(table)
    other.push(...Array.from({ length: 9_000 }, (_, i) => `${i},${i}`))
    other.fail(new Error('the line is dead'))
    expect(await failureOf(other.done)).toMatchObject({ message: expect.stringMatching(/the line is dead/) })
    expect(await contentOf(table)).toEqual({})
    expect(await leftIn(fs, 'pairs')).toEqual([])
    const last = await begin(table)
    last.push('1,1')
    last.end()
    await last.done
    expect(await contentOf(table)).toEqual({ 1: 1 })
  })

  test.each(['close', 'drop'] as const)('when its table goes: %s', async (how) => {
    const { db, fs } = await memoryDatabase()
    const table = await pairsOf(db)
    await table.put({ key: 1, value: 0 })
    const load = await begin(table)
    const waiting = failureOf(table.import(gatedCsv('key,value').source, { format: 'csv', sorted: true }))
    const deletion = failureOf(table.deleteRange({ gte: 0 }))
    load.push(...Array.from({ length: 9_000 }, (_, i) => `${i},${i}`))
    await (how === 'close' ? db.close() : db.dropTable('pairs'))
    load.push('9000,1')
    load.end()
    for (const failure of [await failureOf(load.done), await waiting, await deletion])
      expect(failure).toMatchObject({ code: 'MARQUETRY_CLOSED' })
    if (how === 'drop') {
      expect(await fs.stat('db/pairs')).toBeUndefined()
      return
    }
    expect(await fs.list('db/pairs/tmp')).toEqual([])
    const again = await open('db', { fileSystem: fs })
    expect(await contentOf(await pairsOf(again))).toEqual({ 1: 0 })
    await again.close()
  })

  test('when the disk is full or a file cannot be renamed, and the database goes on', async () => {
    const lines = Array.from({ length: 3_000 }, (_, i) => `${i},${i}`)
    const options = { rowGroupRows: 500, compaction: { strategy: 'none', targetFileBytes: 4096 } } as const
    for (const [operation, path, nth] of [
      ['write', /tmp\/.*data\.parquet/, 1],
      ['write', /tmp\/.*data\.parquet/, 3],
      ['sync', /tmp\/.*data\.parquet/, 2],
      ['write', /LOAD/, 1],
      ['rename', /sst/, 1],
      ['rename', /sst/, 3],
      ['syncDirectory', /sst$/, 1],
    ] as const) {
      const memory = new MemoryFileSystem()
      const fs = new FaultyFileSystem(memory)
      const db = await open('db', { fileSystem: fs, ...options })
      const table = await pairsOf(db)
      await table.put({ key: 1, value: 0 })
      const load = await begin(table)
      fs.failAt({ operation, path, nth, code: 'ENOSPC' })
      load.push(...lines)
      load.end()
      const what = `${operation} ${path} ${nth}`
      expect(await failureOf(load.done), what).toMatchObject({ code: 'MARQUETRY_IO' })
      fs.heal()
      expect(await contentOf(table), what).toEqual({ 1: 0 })
      expect(await memory.list('db/pairs/tmp'), what).toEqual([])
      expect(await memory.list('db/pairs/sst'), what).toHaveLength(1)
      const again = await begin(table)
      again.push(...lines)
      again.end()
      await again.done
      expect(await table.scan().count(), what).toBe(3_000)
      await db.close()
    }
  })
})
