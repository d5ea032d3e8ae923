// Checkpoints: what they hold, under writes that go on; where they may go; and that they are there as a whole or not at all.

import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CheckpointProgress, type Database, open, type Table, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import type { FileSystem } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { expectError, rejected } from '../errors/support.js'
import { testSeed } from '../test-seed.js'

const schema = { columns: { id: t.int32(), stamp: t.int32() }, key: ['id'] } as const
const openTable = async (db: Database, name: string) => (await db.table(name, schema)) as unknown as Table
const put = (table: Table, ids: readonly number[], stamp: number) =>
  table.batch(ids.map((id) => ({ type: 'put', row: { id, stamp } })))
const rowsOf = async (table: Table) => (await table.scan().toArray()).map(({ id, stamp }) => `${id}:${stamp}`)

async function contentOf(fs: FileSystem | undefined, path: string): Promise<Record<string, string[]>> {
  const options = fs === undefined ? {} : { fileSystem: fs }
  const db = await open(path, { ...options, workers: 0, readOnly: true })
  const content: Record<string, string[]> = {}
  for (const name of db.tables()) content[name] = await rowsOf(await db.table(name))
  await db.close()
  return content
}

test('a checkpoint holds what was there at its call, whatever is written, flushed and merged meanwhile', async () => {
  const random = seededRandom(testSeed)
  const whole = (most: number) => Math.floor(random() * most)
  const fs = new MemoryFileSystem()
  const db = await open('db', {
    fileSystem: fs,
    workers: 0,
    memtableRows: 40,
    compaction: { strategy: 'size-tiered', runsMin: 2, targetFileBytes: 4096 },
  })
  const names = ['a', 'b', 'c']
  const tables = await Promise.all(names.map((name) => openTable(db, name)))
  const model = names.map(() => new Map<number, number>())
  let stamp = 0
  const write = (at: number) => {
    const operations = Array.from({ length: 1 + whole(8) }, () => {
      const id = whole(50)
      if (random() < 0.2) {
        model[at]!.delete(id)
        return { type: 'delete', key: id } as const
      }
      model[at]!.set(id, ++stamp)
      return { type: 'put', row: { id, stamp } } as const
    })
    return tables[at]!.batch(operations)
  }
  let checked = 0
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 15; i++) await write(whole(3))
    if (round % 4 === 1) await tables[whole(3)]!.flush()
    const wanted = Object.fromEntries(
      names.map((name, at) => [
        name,
        [...model[at]!].sort(([a], [b]) => a - b).map(([id, value]) => `${id}:${value}`),
      ]),
    )
    const path = `copies/${round}`
    // The moment is that of the call, but for what is queued before it: all writes above have been acknowledged.
    const copying = db.checkpoint(path)
    await new Promise((resolve) => setImmediate(resolve))
    const writes = Array.from({ length: 30 }, () => write(whole(3)))
    const result = await copying
    await Promise.all([...writes, tables[whole(3)]!.compact()])
    expect(await contentOf(fs, path), `seed ${testSeed}, round ${round}`).toEqual(wanted)
    expect(result).toMatchObject({ tables: 3, copiedBytes: 0 })
    checked += result.sstables
    // It is a database like any other: it can be written, and the source does not notice.
    const copy = await open(path, { fileSystem: fs, workers: 0 })
    const table = await openTable(copy, 'a')
    await put(table, [1000], round)
    await table.compact()
    expect(await rowsOf(table)).toEqual([...wanted.a!, `1000:${round}`])
    await copy.close()
  }
  expect(checked).toBeGreaterThan(0)
  for (const [at, table] of tables.entries()) {
    const wanted = [...model[at]!].sort(([a], [b]) => a - b).map(([id, value]) => `${id}:${value}`)
    expect(await rowsOf(table)).toEqual(wanted)
  }
  await db.close()
})

/** A database with rows in SSTables and logs, one of its tables not asked for since it was opened. */
async function shop(fs: FileSystem): Promise<{ db: Database; rows: Table }> {
  const first = await open('db', { fileSystem: fs, workers: 0, flushOnClose: false })
  const idle = await openTable(first, 'idle')
  await put(idle, [1], 1)
  await idle.flush()
  await put(idle, [2], 2)
  await first.close()
  const db = await open('db', { fileSystem: fs, workers: 0 })
  const rows = await openTable(db, 'rows')
  await put(rows, [1, 2], 1)
  await rows.flush()
  await put(rows, [2, 3], 2)
  return { db, rows }
}
const wanted = { idle: ['1:1', '2:2'], rows: ['1:1', '2:2', '3:2'] }

test('tables that nobody has asked for are in it, and it can be made by a reader', async () => {
  const fs = new MemoryFileSystem()
  const { db } = await shop(fs)
  const progress: CheckpointProgress[] = []
  await db.checkpoint('copy', { onProgress: (at) => progress.push(at) })
  expect(progress).toEqual([
    { sstables: 1, sstablesTotal: 2 },
    { sstables: 2, sstablesTotal: 2 },
  ])
  expect(await contentOf(fs, 'copy')).toEqual(wanted)
  const reader = await open('db', { fileSystem: fs, workers: 0, readOnly: true })
  await reader.checkpoint('deep/down/copy/')
  expect(await contentOf(fs, 'deep/down/copy')).toEqual(wanted)
  await reader.close()
  await db.close()
})

describe('a directory', () => {
  test('that is not empty, that is a file, or that lies in the database, is refused', async () => {
    const fs = new MemoryFileSystem()
    const { db } = await shop(fs)
    await fs.makeDirectory('full')
    await (await fs.open('full/notes.txt', 'create')).close()
    const cases: readonly (readonly [unknown, string])[] = [
      ['full', 'notes.txt'], ['full/notes.txt', 'no directory'], ['db', 'in the database'], ['db/backup', 'in the database'],
      ['', 'must be a path'], [7, 'must be a path'],
    ] // biome-ignore format: a table
    for (const [path, says] of cases) {
      const error = await rejected(() => db.checkpoint(path as string))
      expectError(error, { code: 'MARQUETRY_INVALID_OPTION', option: 'directory', says }, String(path))
    }
    expectError(await rejected(() => db.checkpoint('copy', { onprogress: 1 } as never)), {
      code: 'MARQUETRY_INVALID_OPTION',
      option: 'onprogress',
    })
    expect(await fs.list('full')).toEqual(['notes.txt'])
    expect(await fs.list('.')).toEqual(['db', 'full'])
    await db.close()
  })

  test('that is empty is used', async () => {
    const fs = new MemoryFileSystem()
    const { db } = await shop(fs)
    await fs.makeDirectory('copy')
    await db.checkpoint('copy')
    expect(await contentOf(fs, 'copy')).toEqual(wanted)
    await db.close()
  })
})

describe('what is left', () => {
  test('of one that is aborted: nothing', async () => {
    const fs = new MemoryFileSystem()
    const { db } = await shop(fs)
    const controller = new AbortController()
    const error = await rejected(() =>
      db.checkpoint('copy', { signal: controller.signal, onProgress: () => controller.abort() }),
    )
    expectError(error, { code: 'MARQUETRY_ABORTED' })
    expect(await fs.list('.')).toEqual(['db'])
    await db.close()
    expectError(await rejected(() => db.checkpoint('copy')), { code: 'MARQUETRY_CLOSED' })
  })

  test('where files cannot be linked: a copy', async () => {
    for (const code of ['EXDEV', 'EPERM', 'EMLINK']) {
      const fs = new FaultyFileSystem(new MemoryFileSystem())
      const { db } = await shop(fs)
      fs.failAt({ operation: 'link', nth: 1, code, forever: true })
      const { copiedBytes, bytes } = await db.checkpoint('copy')
      expect(copiedBytes).toBeGreaterThan(0)
      expect(bytes).toBeGreaterThan(0)
      await db.close()
      expect(await contentOf(fs, 'copy')).toEqual(wanted)
    }
  })

  test('after a crash, or a failure, at any step: all of it or nothing, and the source as it was', async () => {
    const script = async (fs: FileSystem) => {
      const { db } = await shop(fs)
      const before = fs instanceof FaultyFileSystem ? fs.log.length : 0
      const made = await db.checkpoint('copy').then(
        () => true,
        () => false,
      )
      const after = fs instanceof FaultyFileSystem ? fs.log.length : 0
      return { db, made, before, after }
    }
    const dry = new FaultyFileSystem(new MemoryFileSystem())
    const { before, after } = await script(dry)
    let failed = 0
    for (let nth = before + 1; nth <= after; nth += 2) {
      const memory = new MemoryFileSystem()
      const fs = new FaultyFileSystem(memory)
      fs.failAt({ nth, code: 'EIO', forever: true })
      const { db, made } = await script(fs)
      fs.heal()
      if (!made) failed++
      const random = seededRandom(nth)
      for (const image of [memory, memory.crash(), memory.crash({ unsynced: 'torn', random })]) {
        const there = (await image.stat('copy')) !== undefined
        if (made || there) expect(await contentOf(image, 'copy'), `operation ${nth}`).toEqual(wanted)
        if (image !== memory) expect(await contentOf(image, 'db'), `operation ${nth}`).toEqual(wanted)
      }
      await db.close()
    }
    expect(failed).toBeGreaterThan(10)
  })
})

test('on a real disk the files of a checkpoint are those of the database, and outlive it', async () => {
  const root = mkdtempSync(join(tmpdir(), 'marquetry-checkpoint-'))
  try {
    const db = await open(join(root, 'db'), { workers: 1 })
    const rows = await openTable(db, 'rows')
    await put(rows, [1, 2], 1)
    await rows.flush()
    await put(rows, [3], 2)
    const { sstables, copiedBytes } = await db.checkpoint(join(root, 'copy'))
    expect([sstables, copiedBytes]).toEqual([1, 0])
    const [file] = rows.files()
    expect(statSync(file!.path).nlink).toBe(2)
    await rows.compact()
    await rows.compactionIdle()
    await db.close()
    rmSync(join(root, 'db'), { recursive: true })
    expect(await contentOf(undefined, join(root, 'copy'))).toEqual({ rows: ['1:1', '2:1', '3:2'] })
    expect(existsSync(join(root, 'copy', 'rows', 'tmp'))).toBe(true)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
