// What abstract-level's own suite does not look at: what failures are called, what a directory goes through, what it costs
// to have many databases open.

import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MarquetryError, open, t } from 'marquetry'
import { LevelError, MarquetryLevel } from 'marquetry/level'
import { describe, expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { expectLevelError, rejected, temporaryDirectory } from './support.js'

const root = temporaryDirectory()
let made = 0
const newPath = () => join(root, String(made++))
const inline = { marquetry: { workers: 0 } } as const

describe('errors have codes of Level and the engine as their cause:', () => {
  /** The cause of a failed open: abstract-level puts its own error on top. */
  async function openingFails(location: string, options: object): Promise<unknown> {
    const error = await rejected(() => new MarquetryLevel(location, { ...inline, ...options }).open())
    expect(error.code).toBe('LEVEL_DATABASE_NOT_OPEN')
    return error.cause
  }

  test('a location that is none', () => {
    for (const location of ['', 5, undefined]) {
      expect(() => new MarquetryLevel(location as string)).toThrow(TypeError)
    }
  })

  test('a database that somebody else has open', async () => {
    const path = newPath()
    const db = new MarquetryLevel(path, inline)
    await db.open()
    expectLevelError(await openingFails(path, {}), 'LEVEL_LOCKED', 'MARQUETRY_LOCKED')
    expectLevelError(await rejected(() => MarquetryLevel.destroy(path)), 'LEVEL_LOCKED', 'MARQUETRY_LOCKED')
    await db.close()
  })

  test('a directory that is no database, one that is not there, one that is', async () => {
    const path = newPath()
    const code = 'LEVEL_INVALID_ARGUMENT'
    expectLevelError(await openingFails(path, { createIfMissing: false }), code, 'MARQUETRY_NOT_A_DATABASE')
    mkdirSync(path)
    writeFileSync(join(path, 'holiday.jpg'), '')
    expectLevelError(await openingFails(path, {}), code, 'MARQUETRY_NOT_A_DATABASE')
    rmSync(join(path, 'holiday.jpg'))
    const db = new MarquetryLevel(path, { ...inline, errorIfExists: true })
    await db.open()
    await db.close()
    expectLevelError(await openingFails(path, { errorIfExists: true }), code, 'MARQUETRY_INVALID_OPTION')
  })

  test('a table `entries` that is somebody else’s; the database is closed again', async () => {
    const path = newPath()
    const db = await open(path, { workers: 0 })
    await db.table('entries', { columns: { id: t.int32() }, key: ['id'] })
    await db.close()
    expectLevelError(await openingFails(path, {}), 'LEVEL_INVALID_ARGUMENT', 'MARQUETRY_SCHEMA_MISMATCH')
    await (await open(path, { workers: 0 })).close()
  })

  test('a damaged file', async () => {
    const path = newPath()
    const db = new MarquetryLevel(path, inline)
    await db.put('key', 'value')
    await db.close()
    const [folder] = readdirSync(join(path, 'entries', 'sst'))
    writeFileSync(join(path, 'entries', 'sst', folder!, 'data.parquet'), 'PAR1')
    await db.open()
    const reads = [() => db.get('key'), () => db.getMany(['key']), () => db.iterator().all()]
    for (const read of [...reads, async () => db.getSync('key')]) {
      expectLevelError(await rejected(read), 'LEVEL_CORRUPTION', 'MARQUETRY_CORRUPTION')
    }
    await db.close()
  })

  test('a disk that fails: the write has the reason, later ones find the database read-only', async () => {
    const fileSystem = new FaultyFileSystem(new MemoryFileSystem())
    const db = new MarquetryLevel('db', { marquetry: { fileSystem } })
    await db.put('key', 'value')
    fileSystem.failAt({ operation: 'write', nth: 1, code: 'ENOSPC' })
    expectLevelError(await rejected(() => db.put('b', '1')), 'LEVEL_IO_ERROR', 'MARQUETRY_IO')
    expectLevelError(await rejected(() => db.del('key')), 'LEVEL_READONLY', 'MARQUETRY_READ_ONLY')
    expect(await db.get('key')).toBe('value')
    await db.close().catch(() => {})
  })

  test('a database that is opened for reading', async () => {
    const path = newPath()
    const db = new MarquetryLevel(path, inline)
    await db.put('key', 'value')
    await db.close()
    const reader = new MarquetryLevel(path, { marquetry: { workers: 0, readOnly: true } })
    expect(await reader.get('key')).toBe('value')
    for (const write of [
      () => reader.put('a', '1'),
      () => reader.batch().del('a').write(),
      () => reader.clear(),
    ]) {
      expectLevelError(await rejected(write), 'LEVEL_READONLY', 'MARQUETRY_READ_ONLY')
    }
    await reader.close()
  })

  test('a key that is too long; nothing of its batch is written', async () => {
    const db = new MarquetryLevel(newPath(), inline)
    const long = 'x'.repeat(70_000)
    const batch = [
      { type: 'put', key: 'a', value: '1' },
      { type: 'put', key: long, value: '2' },
    ] as const
    const calls = [() => db.batch([...batch]), () => db.put(long, ''), () => db.get(long)]
    for (const call of calls) {
      expectLevelError(await rejected(call), 'LEVEL_INVALID_ARGUMENT', 'MARQUETRY_LIMIT')
    }
    expect(() => db.iterator({ gt: long })).toThrow(LevelError)
    expect(await db.keys().all()).toEqual([])
    await db.close()
  })

  test('a snapshot of another database', async () => {
    const [one, other] = [new MarquetryLevel(newPath(), inline), new MarquetryLevel(newPath(), inline)]
    await Promise.all([one.open(), other.open()])
    const snapshot = other.snapshot()
    expect(await rejected(() => one.get('a', { snapshot }))).toMatchObject({ code: 'LEVEL_INVALID_ARGUMENT' })
    expect(() => one.iterator({ snapshot })).toThrow(LevelError)
    await Promise.all([one.close(), other.close()])
  })

  test('a wrong option of the engine', async () => {
    const cause = await openingFails(newPath(), { marquetry: { memtableRows: 0 } })
    expectLevelError(cause, 'LEVEL_INVALID_ARGUMENT', 'MARQUETRY_INVALID_OPTION')
    expect(((cause as Error).cause as MarquetryError).option).toBe('memtableRows')
  })
})

describe('a directory', () => {
  test('is a marquetry database, whose entries are rows of binary columns', async () => {
    const path = newPath()
    const level = new MarquetryLevel<string, object>(path, { ...inline, valueEncoding: 'json' })
    await level.batch([
      { type: 'put', key: 'b', value: { n: 2 } },
      { type: 'put', key: 'a', value: { n: 1 } },
    ])
    expect(await level.table.scan().count()).toBe(2)
    expect(level.database.metrics().uptimeMs).toBeGreaterThanOrEqual(0)
    await level.close()
    expect(() => level.table).toThrow(LevelError)
    const db = await open(path, { workers: 0 })
    const rows = await (await db.table('entries')).scan().toArray()
    expect(rows.map(({ key, value }) => `${key} ${Buffer.from(value as Uint8Array)}`)).toEqual([
      `${Buffer.from('a').join()} {"n":1}`,
      `${Buffer.from('b').join()} {"n":2}`,
    ])
    await db.close()
  })

  test('keeps what was written with `sync` when the power goes; without, LevelDB promises nothing either', async () => {
    const fileSystem = new MemoryFileSystem()
    const db = new MarquetryLevel('db', { marquetry: { fileSystem } })
    await db.open()
    const writes = Array.from({ length: 20 }, (_, i) => db.put(`key ${i}`, String(i), { sync: true }))
    await Promise.all([...writes, db.batch().put('chained', '').write({ sync: true })])
    await db.put('lost', '')
    const after = new MarquetryLevel('db', { marquetry: { fileSystem: fileSystem.crash() } })
    expect(await after.keys({ gte: 'key' }).all()).toHaveLength(20)
    expect(await after.hasMany(['chained', 'lost'])).toEqual([true, false])
    await Promise.all([after.close(), db.close()])
  })

  test('can be destroyed, damaged or not, and made anew', async () => {
    const path = newPath()
    const db = new MarquetryLevel(path, inline)
    for (const damage of ['nothing', 'CATALOG', 'entries/MANIFEST-000001']) {
      await db.open()
      await db.put('key', damage)
      await db.close()
      if (damage !== 'nothing') writeFileSync(join(path, damage), 'damaged')
      await MarquetryLevel.destroy(path)
      expect(existsSync(path), damage).toBe(false)
    }
    await MarquetryLevel.destroy(path)
    await db.open()
    expect(await db.keys().all()).toEqual([])
    await db.close()
  })

  test('a snapshot of a reader shows what it saw, whatever is written and merged beside it', async () => {
    const path = newPath()
    const db = new MarquetryLevel(path, inline)
    for (const key of ['a', 'b']) await db.put(key, 'old')
    const reader = new MarquetryLevel(path, { marquetry: { workers: 0, readOnly: true } })
    await reader.open()
    const snapshot = reader.snapshot()
    for (const key of ['a', 'b', 'c']) await db.put(key, 'new')
    await db.table.compact()
    await reader.database.refresh()
    expect(await reader.values().all()).toEqual(['new', 'new', 'new'])
    expect(await reader.values({ snapshot }).all()).toEqual(['old', 'old'])
    expect([await reader.get('a', { snapshot }), reader.getSync('b', { snapshot })]).toEqual(['old', 'old'])
    expect(await reader.getMany(['c', 'a'], { snapshot })).toEqual([undefined, 'old'])
    await snapshot.close()
    await reader.close()
    await db.close()
  })

  test('can be repaired, unless it is open', async () => {
    const path = newPath()
    const db = new MarquetryLevel(path, inline)
    await db.put('key', 'value')
    expectLevelError(await rejected(() => MarquetryLevel.repair(path)), 'LEVEL_LOCKED', 'MARQUETRY_LOCKED')
    await db.close()
    rmSync(join(path, 'entries', 'MANIFEST-000001'))
    expect((await rejected(() => db.open())).cause).toMatchObject({ code: 'LEVEL_CORRUPTION' })
    await MarquetryLevel.repair(path)
    await db.open()
    expect(await db.get('key')).toBe('value')
    await db.close()
  })

  test('is destroyed without what is not the engine’s', async () => {
    const path = newPath()
    mkdirSync(path)
    writeFileSync(join(path, 'holiday.jpg'), '')
    await MarquetryLevel.destroy(path)
    rmSync(join(path, 'holiday.jpg'))
    const db = new MarquetryLevel(path, inline)
    await db.put('key', 'value')
    await db.close()
    mkdirSync(join(path, 'photos'))
    writeFileSync(join(path, 'holiday.jpg'), '')
    await MarquetryLevel.destroy(path)
    expect(readdirSync(path)).toEqual(['holiday.jpg', 'photos'])
  })
})

describe('compactRange and approximateSize', () => {
  const key = (i: number) => String(i).padStart(6, '0')

  test('see files, not memtables, and give space back', async () => {
    const db = new MarquetryLevel(newPath(), inline)
    const rows = Array.from({ length: 5000 }, (_, i) => i)
    await db.batch(rows.map((i) => ({ type: 'put', key: key(i), value: `${Math.sin(i)}` })))
    expect(await db.approximateSize('', '~')).toBe(0)
    await db.compactRange('', '~')
    const whole = await db.approximateSize('', '~')
    expect(whole).toBeGreaterThan(10_000)
    expect(await db.approximateSize('a', 'b')).toBe(0)
    const half = await db.approximateSize(key(0), key(2500))
    expect(half / whole).toBeGreaterThan(0.4)
    expect(half / whole).toBeLessThan(0.6)
    await db.clear({ lt: key(4000) })
    await db.compactRange(key(0), '~')
    expect(await db.approximateSize('', '~')).toBeLessThan(whole / 2)
    await db.close()
  })

  test('wait for a database that opens, refuse one that is closed, encode what they are given', async () => {
    const db = new MarquetryLevel<number, string>(newPath(), { ...inline, keyEncoding: 'json' })
    expect(await db.approximateSize(1, 2)).toBe(0)
    await db.compactRange(Buffer.from('a'), Buffer.from('b'), { keyEncoding: 'buffer' })
    await expect(db.compactRange(undefined as never, 1)).rejects.toThrow(TypeError)
    await db.close()
    for (const call of [() => db.approximateSize(1, 2), () => db.compactRange(1, 2)]) {
      expect(await rejected(call)).toMatchObject({ code: 'LEVEL_DATABASE_NOT_OPEN' })
    }
  })
})

describe.runIf(process.platform === 'linux')('500 databases', () => {
  test('have four descriptors each at the most, whatever was done to them, and none when closed', async () => {
    const parent = newPath()
    mkdirSync(parent)
    const options = { marquetry: { workers: 0, flushOnClose: false } }
    const all = Array.from({ length: 500 }, (_, i) => new MarquetryLevel(join(parent, String(i)), options))
    for (const db of all) await db.open()
    expect(descriptors(parent).length).toBeLessThanOrEqual(2 * all.length)
    for (const [i, db] of all.entries()) {
      if (i % 5 === 0) await db.put('a', '1')
      if (i % 25 !== 0) continue
      // A flush and a merge leave files that reads then open, and a line in HISTORY each; the log is a new one.
      await db.table.flush()
      await db.put('b', '2')
      await db.compactRange('a', 'z')
      await db.put('c', '3')
      expect(await db.values().all()).toEqual(['1', '2', '3'])
    }
    const open = descriptors(parent)
    expect(open.length).toBeLessThanOrEqual(4 * all.length)
    for (const db of all) {
      const own = open.filter((file) => file.startsWith(`${db.location}/`))
      expect(own.length, own.join()).toBeLessThanOrEqual(4)
    }
    for (const db of all) await db.close()
    expect(descriptors(parent)).toEqual([])
  })
})

/** The files below a directory that this process has open. */
function descriptors(directory: string): string[] {
  const files = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return '' // that of the listing itself
    }
  })
  return files.filter((file) => file.startsWith(`${directory}/`))
}
