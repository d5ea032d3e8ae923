// A database may come from anywhere: symbolic links in it lead nowhere that the engine would write, tidy up or truncate.
// And what it makes is its owner's alone, but for exports, which leave it.

import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs' // biome-ignore format: a list
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, t } from 'marquetry'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { expectError, rejected } from './support.js'

const schema = { columns: { id: t.int32(), text: t.utf8() }, key: ['id'] } as const
const rows = [1, 2, 3].map((id) => ({ id, text: `row ${id}` }))

let root: string
let directory: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'marquetry-links-'))
  directory = join(root, 'db')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const openHere = (path = directory) => open(path, { workers: 0, flushOnClose: false })

/** A database with an SSTable and a log. */
async function make(): Promise<void> {
  const db = await openHere()
  const table = await db.table('notes', schema)
  await table.put(rows[0]!)
  await table.flush()
  await table.put(rows[1]!)
  await table.put(rows[2]!)
  await db.close()
}

async function expectWhole(path = directory): Promise<void> {
  const db = await openHere(path)
  expect(await (await db.table('notes', schema)).scan().toArray()).toEqual(rows)
  await db.close()
}

describe.skipIf(process.platform === 'win32')('a symbolic link', () => {
  /** Moves a file or directory out of the database and leaves a link to it. */
  function moveOut(name: string): string {
    const target = join(root, 'elsewhere')
    renameSync(join(directory, name), target)
    symlinkSync(target, join(directory, name))
    return target
  }

  const inTable = (pattern: RegExp) => {
    const name = readdirSync(join(directory, 'notes')).find((entry) => pattern.test(entry))
    return `notes/${name}`
  }

  test.each([
    ['a table', () => 'notes', 'no directory'],
    ['the folder of SSTables', () => 'notes/sst', 'no directory'],
    ['the folder of temporary files', () => 'notes/tmp', 'no directory'],
    ['an SSTable', () => `notes/sst/${readdirSync(join(directory, 'notes/sst'))[0]}`, 'no directory'],
    ['a log', () => inTable(/wal$/), 'missing'],
    ['a manifest', () => inTable(/^MANIFEST/), 'no file'],
    ['the catalog', () => 'CATALOG', 'no file'],
  ])('in the place of %s is corruption, and its target is left alone', async (_, nameOf, says) => {
    await make()
    const name = nameOf()
    const target = moveOut(name)
    const before = statSync(target).mtimeMs
    expectError(await rejected(() => openHere()), {
      code: 'MARQUETRY_CORRUPTION',
      file: join(directory, name),
      says,
    })
    expect(statSync(target).mtimeMs).toBe(before)
    rmSync(join(directory, name))
    renameSync(target, join(directory, name))
    await expectWhole()
  })

  test('in the place of the lock is refused, and its target keeps its content', async () => {
    await make()
    rmSync(join(directory, 'LOCK'))
    const target = join(root, 'precious')
    writeFileSync(target, 'precious')
    symlinkSync(target, join(directory, 'LOCK'))
    expectError(await rejected(() => openHere()), { code: 'MARQUETRY_IO', file: join(directory, 'LOCK') })
    expect(readFileSync(target, 'utf8')).toBe('precious')
  })

  test('in the place of HISTORY ends the recording, and its target keeps its content', async () => {
    await make()
    rmSync(join(directory, 'notes/HISTORY'))
    const target = join(root, 'precious')
    writeFileSync(target, 'precious')
    symlinkSync(target, join(directory, 'notes/HISTORY'))
    const db = await openHere()
    const table = await db.table('notes', schema)
    await table.flush()
    expect(table.stats().sstables).toBe(2)
    await db.close()
    expect(readFileSync(target, 'utf8')).toBe('precious')
  })

  test('to the whole database is followed', async () => {
    await make()
    const link = join(root, 'link')
    symlinkSync(directory, link)
    await expectWhole(link)
  })
})

describe.skipIf(process.platform === 'win32')('permissions', () => {
  test('of all that is in a database are its owner’s alone; an export gets what the umask leaves', async () => {
    const before = process.umask(0o022)
    try {
      await make()
      const visit = (path: string): void => {
        const { mode } = lstatSync(path)
        const isDirectory = lstatSync(path).isDirectory()
        expect(mode & 0o777, path).toBe(isDirectory ? 0o700 : 0o600)
        if (isDirectory) for (const name of readdirSync(path)) visit(join(path, name))
      }
      visit(directory)
      mkdirSync(join(root, 'out'))
      const db = await openHere()
      await (await db.table('notes', schema)).export(join(root, 'out/notes.parquet'))
      await db.close()
      expect(statSync(join(root, 'out/notes.parquet')).mode & 0o777).toBe(0o644)
    } finally {
      process.umask(before)
    }
  })
})
