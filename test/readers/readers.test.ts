// Read-only openers beside a writer, in one process over a file system in memory: what they see, what is kept for them and for how
// long, and what becomes of those that cannot register.

import { type Database, type OpenOptions, open, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { type FileSystem, readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { expectError, rejected } from '../errors/support.js'

const schema = { columns: { id: t.int32(), text: t.utf8() }, key: ['id'] } as const
const openRows = (db: Database) => db.table('rows', schema)
type Rows = Awaited<ReturnType<typeof openRows>>

async function write(fs: FileSystem, options: OpenOptions = {}): Promise<{ db: Database; rows: Rows }> {
  const db = await open('db', { workers: 0, fileSystem: fs, ...options })
  const rows = await openRows(db)
  await rows.pauseCompaction()
  return { db, rows }
}

async function read(fs: FileSystem): Promise<{ db: Database; rows: Rows }> {
  const db = await open('db', { workers: 0, fileSystem: fs, readOnly: true })
  return { db, rows: await openRows(db) }
}

const put = (rows: Rows, ids: readonly number[], text: string) =>
  rows.batch(ids.map((id) => ({ type: 'put', row: { id, text } })))
const seen = async (rows: Rows) => (await rows.scan().toArray()).map(({ id, text }) => `${id} ${text}`)
const folders = (fs: FileSystem, table = 'rows') => fs.list(`db/${table}/sst`)
const readers = (fs: FileSystem) => fs.list('db/readers')
const logs = async (fs: FileSystem) => (await fs.list('db/rows')).filter((name) => name.endsWith('.wal'))

describe('what a reader sees', () => {
  test('flushed rows and whole logs as of its opening, and later ones only after a refresh', async () => {
    const fs = new MemoryFileSystem()
    const writer = await write(fs)
    await put(writer.rows, [1, 2], 'old')
    await writer.rows.flush()
    await put(writer.rows, [2, 3], 'new')
    const first = await read(fs)
    await put(writer.rows, [4], 'later')
    const second = await read(fs)
    expect(await seen(first.rows)).toEqual(['1 old', '2 new', '3 new'])
    expect(await seen(second.rows)).toEqual(['1 old', '2 new', '3 new', '4 later'])
    await writer.rows.flush()
    await writer.rows.delete(1)
    expect(await seen(first.rows)).toEqual(['1 old', '2 new', '3 new'])
    expect(await first.rows.get(4)).toBeUndefined()
    await first.db.refresh()
    expect(await seen(first.rows)).toEqual(['2 new', '3 new', '4 later'])
    expect(first.rows.getSync(4)).toEqual({ id: 4, text: 'later' })
    expect(await first.rows.has(1)).toBe(false)
    expectError(await rejected(() => first.rows.put({ id: 9, text: '' })), { code: 'MARQUETRY_READ_ONLY' })
    for (const { db } of [first, second, writer]) await db.close()
  })

  test('scans under way and snapshots go on with the old state', async () => {
    const fs = new MemoryFileSystem()
    const writer = await write(fs)
    await put(writer.rows, [1, 2, 3], 'old')
    await writer.rows.flush()
    const { db, rows } = await read(fs)
    const scan = rows.scan()[Symbol.asyncIterator]()
    expect((await scan.next()).value).toEqual({ id: 1, text: 'old' })
    const snapshot = rows.snapshot()
    const { sections: oldSections } = await rows.scan().explain()
    await put(writer.rows, [1, 2, 3], 'new')
    await writer.rows.compact()
    await db.refresh()
    expect(await seen(rows)).toEqual(['1 new', '2 new', '3 new'])
    // The merge has dropped the versions that the snapshot sees, but not their files.
    expect((await rows.scan({ snapshot }).toArray()).map(({ text }) => text)).toEqual(['old', 'old', 'old'])
    expect(await rows.get(2, { snapshot })).toEqual({ id: 2, text: 'old' })
    expect(rows.getSync(3, { snapshot })).toEqual({ id: 3, text: 'old' })
    expect((await rows.getMany([3], { snapshot }))[0]).toEqual({ id: 3, text: 'old' })
    expect(await rows.has(1, { snapshot })).toBe(true)
    expect(await rows.scan({ snapshot }).count()).toBe(3)
    const { sections, readings } = await rows.scan({ snapshot }).explain({ analyze: true })
    expect([sections, readings?.rows]).toEqual([oldSections, 3])
    expect((await scan.next()).value).toEqual({ id: 2, text: 'old' })
    await scan.return?.()
    snapshot.close()
    await db.close()
    await writer.db.close()
  })

  test('a record that is being written is no damage, and not seen before it is whole', async () => {
    const fs = new MemoryFileSystem()
    const writer = await write(fs, { wal: 'async' })
    await put(writer.rows, [1], 'whole')
    const [log] = await logs(fs)
    const path = `db/rows/${log}`
    const before = await readWhole(fs, path)
    await put(writer.rows, [2, 3], 'half')
    const after = await readWhole(fs, path)
    const file = await fs.open(path, 'write')
    const reader = await read(fs)
    for (let bytes = before.length; bytes < after.length; bytes++) {
      await file.truncate(bytes)
      await reader.db.refresh()
      expect(await seen(reader.rows)).toEqual(['1 whole'])
      expect(await file.size()).toBe(bytes)
    }
    await file.write(after, 0)
    await reader.db.refresh()
    expect(await seen(reader.rows)).toEqual(['1 whole', '2 half', '3 half'])
    await reader.db.close()
    await writer.db.close()
  })

  test('tables that come and go', async () => {
    const fs = new MemoryFileSystem()
    const writer = await write(fs)
    await put(writer.rows, [1], 'first')
    await writer.rows.flush()
    const reader = await read(fs)
    const others = await writer.db.table('others', schema)
    await put(others, [7], 'other')
    expect(reader.db.tables()).toEqual(['rows'])
    await reader.db.refresh()
    expect(reader.db.tables()).toEqual(['others', 'rows'])
    expect(await seen((await reader.db.table('others')) as unknown as Rows)).toEqual(['7 other'])
    await writer.db.dropTable('rows')
    // Its files stay for those who have not heard of it.
    expect(await seen(reader.rows)).toEqual(['1 first'])
    const again = await openRows(writer.db)
    await put(again, [1], 'second')
    await reader.db.refresh()
    expectError(await rejected(() => reader.rows.get(1)), { code: 'MARQUETRY_CLOSED' })
    expect(await seen(await openRows(reader.db))).toEqual(['1 second'])
    // Nobody reads the dropped one any more: the next change of the catalog removes it.
    await writer.db.table('third', schema)
    expect((await fs.list('db')).filter((name) => name.startsWith('.dropped'))).toEqual([])
    await reader.db.close()
    await writer.db.close()
  })
})

describe('what is kept for a reader', () => {
  test('merged files stay until no reader can need them', async () => {
    const fs = new MemoryFileSystem()
    const writer = await write(fs)
    for (const text of ['a', 'b']) {
      await put(writer.rows, [1, 2], text)
      await writer.rows.flush()
    }
    const early = await read(fs)
    await put(writer.rows, [2], 'c')
    const late = await read(fs)
    await writer.rows.compact()
    await writer.rows.compactionIdle()
    // The flushed table between is not needed: both came before it. The log is, until they have read it.
    expect(await folders(fs)).toHaveLength(3)
    expect(await logs(fs)).toHaveLength(1)
    expect(await seen(early.rows)).toEqual(['1 b', '2 b'])
    expect(await seen(late.rows)).toEqual(['1 b', '2 c'])
    await late.db.refresh()
    await writer.rows.flush()
    await early.db.close()
    await late.db.close()
    expect(await readers(fs)).toEqual([])
    // The next deletion finds that nobody is left.
    await put(writer.rows, [3], 'd')
    await writer.rows.compact()
    await writer.rows.compactionIdle()
    expect(await folders(fs)).toHaveLength(1)
    expect(await logs(fs)).toEqual([])
    await writer.db.close()
  })

  test('a reader that came after an edit keeps nothing that left by it', async () => {
    const fs = new MemoryFileSystem()
    const writer = await write(fs)
    for (const text of ['a', 'b']) {
      await put(writer.rows, [1, 2], text)
      await writer.rows.flush()
    }
    await writer.rows.compact()
    const reader = await read(fs)
    await writer.db.close()
    const next = await write(fs)
    expect(await folders(fs)).toHaveLength(1)
    await put(next.rows, [1], 'c')
    await next.rows.compact()
    await next.rows.compactionIdle()
    // The merged table is needed, the log and the flushed table between are not.
    expect(await folders(fs)).toHaveLength(2)
    expect(await logs(fs)).toEqual([])
    expect(await seen(reader.rows)).toEqual(['1 b', '2 b'])
    await reader.db.close()
    await next.db.close()
  })

  test('also over the end of the writer, and into the next', async () => {
    const fs = new MemoryFileSystem()
    const writer = await write(fs)
    await put(writer.rows, [1, 2], 'a')
    await writer.rows.flush()
    await put(writer.rows, [2], 'b')
    const reader = await read(fs)
    await writer.rows.compact()
    await writer.db.close()
    expect(await folders(fs)).toHaveLength(2)
    const next = await write(fs)
    await put(next.rows, [1], 'c')
    await next.rows.compact()
    expect(await seen(reader.rows)).toEqual(['1 a', '2 b'])
    await reader.db.close()
    await next.db.close()
    const last = await write(fs)
    expect(await folders(fs)).toHaveLength(1)
    await last.db.close()
  })

  test('a new manifest under a reader', async () => {
    const fs = new MemoryFileSystem()
    const writer = await write(fs)
    await put(writer.rows, [1, 2], 'first')
    await writer.rows.flush()
    await writer.db.close()
    const reader = await read(fs)
    const torn = await fs.open('db/rows/MANIFEST-000001', 'write')
    await torn.write(Buffer.from('a frame that was not finished'), await torn.size())
    const next = await write(fs)
    expect((await fs.list('db/rows')).filter((name) => /^MANIFEST/.test(name))).toEqual(['MANIFEST-000002'])
    await put(next.rows, [2], 'later')
    await next.rows.compact()
    await next.rows.compactionIdle()
    expect(await seen(reader.rows)).toEqual(['1 first', '2 first'])
    await reader.db.refresh()
    expect(await seen(reader.rows)).toEqual(['1 first', '2 later'])
    await reader.db.close()
    await next.db.close()
  })

  test('nothing is kept for the dead', async () => {
    const fs = new MemoryFileSystem()
    const writer = await write(fs)
    await put(writer.rows, [1, 2], 'a')
    await writer.rows.flush()
    await fs.makeDirectory('db/readers')
    const file = await fs.open('db/readers/4711-9f86d081884c', 'create')
    await file.write(Buffer.from('{"pid":4711,"views":[]}\n'), 0)
    await file.close()
    await (await fs.open('db/readers/notes.txt', 'create')).close()
    await put(writer.rows, [2], 'b')
    await writer.rows.compact()
    await writer.rows.compactionIdle()
    expect(await readers(fs)).toEqual(['notes.txt'])
    expect(await folders(fs)).toHaveLength(1)
    await writer.db.close()
  })

  test('a writer without readers looks for them once for each deletion, and else never', async () => {
    const fs = new FaultyFileSystem(new MemoryFileSystem())
    const writer = await write(fs)
    const looks = () => fs.log.filter((line) => line.includes('readers')).length
    const before = looks()
    await put(writer.rows, [1], 'a')
    await writer.rows.get(1)
    expect(looks()).toBe(before)
    await writer.rows.flush()
    expect(looks()).toBe(before + 1)
    await writer.db.close()
  })

  test('where readers cannot be listed, nothing is removed', async () => {
    const fs = new FaultyFileSystem(new MemoryFileSystem())
    const writer = await write(fs)
    await put(writer.rows, [1], 'a')
    fs.failAt({ operation: 'list', path: /readers/, nth: 1, code: 'EIO', forever: true })
    await writer.rows.flush()
    expect(await logs(fs)).toHaveLength(1)
    fs.heal()
    await put(writer.rows, [2], 'b')
    await writer.rows.flush()
    expect(await logs(fs)).toEqual([])
    await writer.db.close()
  })
})

describe('a reader that cannot register', () => {
  for (const code of ['EROFS', 'EACCES', 'ENOSPC']) {
    test(`because of ${code} reads all the same, and is told when it has fallen behind`, async () => {
      const memory = new MemoryFileSystem()
      const writer = await write(memory)
      await put(writer.rows, [1, 2], 'old')
      await writer.rows.flush()
      const fs = new FaultyFileSystem(memory)
      fs.failAt({ operation: 'makeDirectory', nth: 1, code, forever: true })
      const { db, rows } = await read(fs)
      await put(writer.rows, [2], 'new')
      await writer.rows.compact()
      await writer.rows.compactionIdle()
      expect(await folders(memory)).toHaveLength(1)
      const stale = { code: 'MARQUETRY_STALE', file: 'db/rows/sst/000002/data.parquet', says: 'db.refresh()' }
      expectError(await rejected(() => rows.get(1)), stale)
      expectError(await rejected(() => rows.scan().toArray()), stale)
      await db.refresh()
      expect(await seen(rows)).toEqual(['1 old', '2 new'])
      await db.close()
      await writer.db.close()
    })
  }

  test('and one whose log vanishes while it opens begins again', async () => {
    const memory = new MemoryFileSystem()
    const writer = await write(memory)
    await put(writer.rows, [1, 2], 'old')
    const fs = new FaultyFileSystem(memory)
    fs.failAt({ operation: 'makeDirectory', nth: 1, code: 'EROFS', forever: true })
    fs.failAt({ operation: 'open', path: /wal$/, nth: 1, code: 'ENOENT' })
    const { db, rows } = await read(fs)
    expect(await seen(rows)).toEqual(['1 old', '2 old'])
    await db.close()
    await writer.db.close()
  })

  test('what stays wrong is reported as what it is', async () => {
    const fs = new MemoryFileSystem()
    const writer = await write(fs)
    await put(writer.rows, [1, 2], 'old')
    const [log] = await logs(fs)
    await writer.db.close()
    const closed = await write(fs)
    await put(closed.rows, [3], 'logged')
    await fs.remove(`db/rows/${(await logs(fs))[0] ?? log}`)
    expectError(await rejected(() => read(fs)), { code: 'MARQUETRY_CORRUPTION', says: 'missing' })
  })
})

test('refresh does nothing on a database that writes, and is refused once it is closed', async () => {
  const { db, rows } = await write(new MemoryFileSystem())
  await put(rows, [1], 'a')
  await db.refresh()
  expect(await seen(rows)).toEqual(['1 a'])
  await db.close()
  expectError(await rejected(() => db.refresh()), { code: 'MARQUETRY_CLOSED' })
})
