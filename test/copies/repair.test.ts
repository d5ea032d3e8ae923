// Repairs: what is whole comes through a lost manifest, catalog or sidecar unchanged; and after any damage the database opens, is clean, and
// returns no row that was never written.

import { open, type RepairReport, repair, type Table, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { type FileSystem, readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { expectError, rejected } from '../errors/support.js'
import { contentsOf } from '../fs/helpers.js'
import { testSeed } from '../test-seed.js'

const schema = { columns: { id: t.int32(), text: t.utf8().nullable() }, key: ['id'] } as const
const options = {
  workers: 0,
  memtableRows: 60,
  rowGroupRows: 32,
  pageBytes: 1024,
  compaction: { strategy: 'leveled', level0RunsMax: 2, levelRatio: 2, targetFileBytes: 4096, flushBytes: 4096 },
} as const

/** What was ever written, and what is there, by table and key. */
interface Model {
  readonly written: Set<string>
  readonly now: Map<string, Map<number, string>>
}

/** A database with files on some levels; closed, with some rows in a log where `logged`. */
async function make(fs: FileSystem, seed: number, logged: boolean): Promise<Model> {
  const random = seededRandom(seed)
  const model: Model = { written: new Set(), now: new Map() }
  const db = await open('db', { ...options, fileSystem: fs, flushOnClose: false })
  for (const name of ['left', 'right']) {
    const table = (await db.table(name, schema)) as unknown as Table
    const rows = new Map<number, string>()
    model.now.set(name, rows)
    const put = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const id = Math.floor(random() * 120)
        const text = `${name} ${id} ${i} ${random()}`
        if (random() < 0.15) {
          rows.delete(id)
          await table.delete(id)
        } else {
          rows.set(id, text)
          model.written.add(`${id} ${text}`)
          await table.put({ id, text })
        }
      }
    }
    await put(350)
    await table.flush()
    await table.compactionIdle()
    if (logged) await put(90)
    await table.compactionIdle()
  }
  await db.close()
  return model
}

async function rowsOf(fs: FileSystem, name: string): Promise<Map<number, string>> {
  const db = await open('db', { ...options, fileSystem: fs, readOnly: true })
  const rows = await (await db.table(name)).scan().toArray()
  await db.close()
  return new Map(rows.map(({ id, text }) => [id as number, text as string]))
}

const sorted = (rows: ReadonlyMap<number, string>) => [...rows].sort(([a], [b]) => a - b)

async function expectModel(fs: FileSystem, model: Model): Promise<void> {
  for (const [name, rows] of model.now) expect(sorted(await rowsOf(fs, name)), name).toEqual(sorted(rows))
}

/** It opens for writing, has no problems, and works. */
async function expectClean(fs: FileSystem, what: string): Promise<void> {
  const db = await open('db', { ...options, fileSystem: fs })
  expect((await db.verify()).problems, what).toEqual([])
  for (const name of db.tables()) {
    const table = await db.table(name)
    await table.put({ id: 1000, text: 'new' })
    await table.compact()
    expect(await table.get(1000)).toEqual({ id: 1000, text: 'new' })
  }
  await db.close()
}

const mend = (fs: FileSystem, more = {}): Promise<RepairReport> =>
  repair('db', { fileSystem: fs, ...more } as object)
const manifests = async (fs: FileSystem, table: string) =>
  (await fs.list(`db/${table}`))
    .filter((name) => name.startsWith('MANIFEST'))
    .map((name) => `db/${table}/${name}`)

describe('what is whole', () => {
  test('is left as it is', async () => {
    const fs = new MemoryFileSystem()
    const model = await make(fs, testSeed, true)
    const before = await contentsOf(fs, 'db')
    const report = await mend(fs)
    expect(report.lost).toEqual([])
    expect(report.wasWhole).toBe(true)
    expect(String(report)).toBe('db: nothing to repair')
    const after = await contentsOf(fs, 'db')
    expect({ ...after, 'db/LOCK': '' }).toEqual({ ...before, 'db/LOCK': '' })
    await expectModel(fs, model)
  })

  test('comes through the loss of manifests, of logs and SSTables too', async () => {
    for (let seed = testSeed; seed < testSeed + 4; seed++) {
      const fs = new MemoryFileSystem()
      const model = await make(fs, seed, seed % 2 === 0)
      for (const table of ['left', 'right'])
        for (const path of await manifests(fs, table)) await fs.remove(path)
      expectError(await rejected(() => rowsOf(fs, 'left')), { code: 'MARQUETRY_CORRUPTION' })
      const report = await mend(fs)
      expect(String(report)).toContain('there is no manifest')
      await expectModel(fs, model)
      await expectClean(fs, `seed ${seed}`)
    }
  })

  test('comes through the loss of catalog and mark', async () => {
    const fs = new MemoryFileSystem()
    const model = await make(fs, testSeed, true)
    await fs.remove('db/CATALOG')
    await fs.remove('db/FORMAT')
    const report = await mend(fs)
    expect(String(report)).toContain('lists left, right')
    await expectModel(fs, model)
    await expectClean(fs, '')
  })

  test('gets its sidecars again', async () => {
    const fs = new MemoryFileSystem()
    const model = await make(fs, testSeed, false)
    const folders = await fs.list('db/left/sst')
    for (const folder of folders) {
      for (const name of ['index.sparse', 'checksums.crc', 'filter.bloom']) {
        const path = `db/left/sst/${folder}/${name}`
        if ((await fs.stat(path)) === undefined) continue
        const file = await fs.open(path, 'write')
        await file.write(Buffer.from('damage'), 20)
        await file.close()
      }
    }
    const before = await contentsOf(fs, 'db/left')
    const dry = await mend(fs, { dryRun: true })
    expect(await contentsOf(fs, 'db/left')).toEqual(before)
    const report = await mend(fs)
    expect(report.actions).toEqual(dry.actions)
    expect(report.lost).toEqual([])
    expect(report.actions.filter(({ action }) => action === 'rebuilt')).toHaveLength(folders.length)
    await expectModel(fs, model)
    await expectClean(fs, '')
  })
})

describe('what is damaged', () => {
  test('a log loses the record that is damaged, and no other', async () => {
    const fs = new MemoryFileSystem()
    const db = await open('db', { ...options, fileSystem: fs, flushOnClose: false })
    const table = await db.table('left', schema)
    for (let id = 0; id < 20; id++) await table.put({ id, text: `row ${id}` })
    await db.close()
    const [log] = (await fs.list('db/left')).filter((name) => name.endsWith('.wal'))
    const path = `db/left/${log}`
    const at = Buffer.from(await readWhole(fs, path)).indexOf('row 7')
    const file = await fs.open(path, 'write')
    await file.write(Buffer.from('wor'), at)
    await file.close()
    expectError(await rejected(() => rowsOf(fs, 'left')), { code: 'MARQUETRY_CORRUPTION' })
    const report = await mend(fs)
    expect(report.lost.map(({ file }) => file)).toEqual([path])
    expect([...(await rowsOf(fs, 'left')).keys()]).toEqual([...Array(20).keys()].filter((id) => id !== 7))
    expect(await fs.list('db/left/lost')).toContain(log)
    await expectClean(fs, '')
  })

  test('a manifest that was cut, with no log to say so, is not believed', async () => {
    const fs = new MemoryFileSystem()
    const db = await open('db', { ...options, fileSystem: fs })
    const table = await db.table('left', schema)
    const [manifest] = await manifests(fs, 'left')
    const bytes = (await fs.stat(manifest as string))?.bytes ?? 0
    await table.put({ id: 1, text: 'one' })
    await db.close()
    expect(await manifests(fs, 'left')).toEqual([manifest])
    const file = await fs.open(manifest as string, 'write')
    await file.truncate(bytes)
    await file.close()
    expectError(await rejected(() => rowsOf(fs, 'left')), { code: 'MARQUETRY_CORRUPTION' })
    expect(String(await mend(fs))).toContain('the manifest has lost the edit that lists it')
    expect([...(await rowsOf(fs, 'left'))]).toEqual([[1, 'one']])
    await expectClean(fs, '')
  })

  test('wherever it is: afterwards the database opens, is clean, and has only rows that were written', async () => {
    const counts = { rounds: 0, lost: 0, rows: 0 }
    for (let seed = testSeed; seed < testSeed + 12; seed++) {
      const random = seededRandom(seed)
      const fs = new MemoryFileSystem()
      const model = await make(fs, seed, random() < 0.6)
      const files = Object.entries(await contentsOf(fs, 'db')).flatMap(([path, text]) =>
        text === null || path.endsWith('LOCK') || path.endsWith('HISTORY') ? [] : [path],
      )
      const done: string[] = []
      for (let i = 1 + Math.floor(random() * 5); i > 0; i--) {
        const path = files[Math.floor(random() * files.length)] as string
        const bytes = (await fs.stat(path))?.bytes ?? 0
        const at = Math.floor(random() * bytes)
        const way = random()
        done.push(`${path} at ${at} of ${bytes}, ${way}`)
        if (way < 0.2) await fs.remove(path)
        else if (bytes > 0) {
          const file = await fs.open(path, 'write')
          if (way < 0.4) await file.truncate(at)
          else
            await file.write(
              Uint8Array.from({ length: 1 + Math.floor(random() * 40) }, () => random() * 256),
              at,
            )
          await file.close()
        }
      }
      const what = `seed ${seed}: ${done.join('; ')}`
      let report: RepairReport
      try {
        report = await mend(fs)
        for (const name of (await open('db', { ...options, fileSystem: fs, readOnly: true })).tables()) {
          for (const [id, text] of await rowsOf(fs, name)) {
            counts.rows++
            expect(model.written.has(`${id} ${text}`), `${id} ${text}`).toBe(true)
          }
        }
        await expectClean(fs, what)
      } catch (error) {
        throw new Error(what, { cause: error })
      }
      counts.rounds++
      counts.lost += report.lost.length
      expect((await mend(fs)).lost, `${what}; again`).toEqual([])
    }
    console.log(JSON.stringify(counts))
    expect(counts.lost).toBeGreaterThan(0)
  })
})

test('a repair needs a database, and has it for itself', async () => {
  const fs = new MemoryFileSystem()
  expectError(await rejected(() => mend(fs)), { code: 'MARQUETRY_NOT_A_DATABASE' })
  await fs.makeDirectory('db')
  expectError(await rejected(() => mend(fs)), { code: 'MARQUETRY_NOT_A_DATABASE' })
  const db = await open('db', { ...options, fileSystem: fs })
  expectError(await rejected(() => mend(fs)), { code: 'MARQUETRY_LOCKED' })
  await db.close()
  expectError(await rejected(() => mend(fs, { dry: true })), {
    code: 'MARQUETRY_INVALID_OPTION',
    option: 'dry',
  })
})
