// The deletion of a range beside writes that come later, snapshots, refusals and a machine that stops.

import { type OpenOptions, open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { MemoryFileSystem } from '#src/fs/memory.js'

const small: OpenOptions = { memtableRows: 1000, compaction: { strategy: 'none' } }

async function opened(fileSystem: FaultyFileSystem | MemoryFileSystem, options: OpenOptions = {}) {
  const db = await open('db', { ...small, ...options, fileSystem })
  const table = await db.table('t', { columns: { key: t.int32(), value: t.int32() }, key: ['key'] })
  const put = (from: number, to: number, value: number) =>
    table.batch(
      Array.from({ length: to - from }, (_, i) => ({ type: 'put' as const, row: { key: from + i, value } })),
    )
  const values = async () => (await table.scan().toArray()).map(({ key, value }) => `${key}=${value}`).join(' ')
  return { db, table, put, values }
}

test('files that lie wholly inside leave without being read', async () => {
  const fs = new FaultyFileSystem(new MemoryFileSystem())
  const { db, table, put, values } = await opened(fs, { cacheBytes: 0 })
  for (const from of [0, 100, 200]) {
    await put(from, from + 100, 1)
    await table.flush()
  }
  const inside = table.files().find(({ rows }, i) => rows === 100 && i === 1)!
  const before = fs.log.length
  await table.deleteRange({ gte: 99, lt: 201 })
  const done = fs.log
    .slice(before)
    .filter((operation) => operation.includes(inside.path.replace('/data.parquet', '')))
  expect(done.filter((operation) => !operation.startsWith('remove '))).toEqual([])
  expect(table.files().map(({ number }) => number)).not.toContain(inside.number)
  expect(await table.scan().count()).toBe(198)
  expect(await values()).toMatch(/^0=1 .* 98=1 201=1 /)
  await db.close()
})

test('what is written after the call stays, what was written before it goes', async () => {
  const { db, table, put, values } = await opened(new MemoryFileSystem())
  await put(0, 10, 1)
  await table.flush()
  const before = put(3, 7, 2)
  const deleted = table.deleteRange({ gte: 2 })
  const after = put(5, 6, 3)
  await Promise.all([before, deleted, after])
  expect(await values()).toBe('0=1 1=1 5=3')
  await table.compact()
  expect(await values()).toBe('0=1 1=1 5=3')
  await db.close()
})

test('snapshots opened before it and while it runs keep what they saw', async () => {
  const { db, table, put } = await opened(new MemoryFileSystem())
  await put(0, 10, 1)
  await table.flush()
  const count = (snapshot: ReturnType<typeof table.snapshot>) => table.scan({ snapshot }).count()
  const early = table.snapshot()
  await table.deleteRange({ lt: 5 })
  expect([await count(early), await table.scan().count()]).toEqual([10, 5])
  early.close()
  await put(0, 5, 2)
  await table.flush()
  const deleted = table.deleteRange()
  const during = table.snapshot()
  const seen = await count(during)
  await deleted
  expect([await count(during), await table.scan().count()]).toEqual([seen, 0])
  await table.compact()
  expect(await count(during)).toBe(seen)
  during.close()
  await table.compact()
  expect(table.files()).toEqual([])
  await db.close()
})

test('a later put that is refused in the end does not keep its key', async () => {
  const fs = new FaultyFileSystem(new MemoryFileSystem())
  const options = { memtableRows: 4, immutableMemtablesMax: 1, stallTimeoutMs: 1000 }
  const { db, table, put, values } = await opened(fs, options)
  await put(0, 4, 1)
  await table.flush()
  // Two memtables that wait for their flush, which fails: the next write has to wait too.
  fs.failAt({ operation: 'write', path: /data\.parquet/, nth: 1, forever: true, code: 'ENOSPC' })
  await put(10, 14, 1)
  await put(20, 24, 1)
  const deleted = table.deleteRange({ gte: 1, lt: 2 })
  const refused = put(1, 2, 2)
  await expect(refused).rejects.toMatchObject({ code: 'MARQUETRY_BUSY' })
  fs.heal()
  await table.flush()
  await deleted
  expect(await values()).toMatch(/^0=1 2=1 3=1 10=1 /)
  await db.close()
})

test.each(['sync', 'async'] as const)(
  'a machine that stops brings back nothing that dropped files hid, wal %s',
  async (wal) => {
    // Keys 0 to 9: an old version in a file that stays, a newer one in a file that is dropped.
    const prepare = async (fs: MemoryFileSystem) => {
      const { db, table, put } = await opened(fs, { wal })
      await put(-5, 10, 1)
      await table.flush()
      await put(0, 10, 2)
      await db.close()
    }
    const whole = new MemoryFileSystem()
    await prepare(whole)
    let stops = 0
    for (let at = whole.operations; ; at++, stops++) {
      const fs = new MemoryFileSystem()
      await prepare(fs)
      const { table } = await opened(fs, { wal, flushOnClose: false })
      fs.crashAfter(at)
      const ended = await table.deleteRange({ gte: 0 }).then(() => true, () => false) // biome-ignore format: short
      const again = await opened(fs.crash({ unsynced: 'lost' }), { wal })
      const found = await again.values()
      expect(found, `operation ${at}`).not.toMatch(/(^| )[0-9]=1/)
      await again.db.close()
      if (ended) break
    }
    expect(stops).toBeGreaterThan(5)
  },
)
