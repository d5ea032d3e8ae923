// What a process leaves that was killed while it made a database or a table; and what a power cut makes of it after the next
// process has built on it. Found by the crash machine.

import { open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { seededRandom } from '#src/util/seeded-random.js'

const schema = { columns: { key: t.int32() }, key: ['key'] } as const
const options = { flushOnClose: false }

/** A disk that stopped right after the n-th operation of this name on this path, the process alone dead. */
async function killedAfter(operation: string, path: string): Promise<MemoryFileSystem> {
  const fs = new MemoryFileSystem()
  let left: MemoryFileSystem | undefined
  fs.onOperation = (...[done, on]) => {
    if (done === operation && on === path) left = fs.snapshot()
  }
  const db = await open('db', { ...options, fileSystem: fs })
  await db.table('t', schema)
  await db.close()
  if (left === undefined) throw new Error(`there was no ${operation} ${path}`)
  return left
}

test.each([
  ['the catalog is replaced', 'rename', 'db/CATALOG.tmp'],
  ['the format file gets its name', 'rename', 'db/FORMAT.tmp'],
  ['the directory is made', 'makeDirectory', 'db'],
])(
  'killed before the directory was synced, when %s: what the next process writes outlives a power cut',
  async (_, operation, path) => {
    const fs = await killedAfter(operation, path)
    const db = await open('db', { ...options, fileSystem: fs })
    await (await db.table('t', schema)).put({ key: 1 })
    const after = await open('db', { ...options, fileSystem: fs.crash() })
    expect(await (await after.table('t', schema)).get(1)).toEqual({ key: 1 })
    await after.close()
    await db.close()
  },
)

test('a table of which a power cut left any part can be made again', async () => {
  const left = new Set<string>()
  for (const [operation, path] of [
    ['sync', 'db/t/MANIFEST-000001.tmp'],
    ['rename', 'db/t/MANIFEST-000001.tmp'],
  ] as const) {
    const disk = await killedAfter(operation, path)
    for (let seed = 0; seed < 60; seed++) {
      const fs = disk.crash({ unsynced: 'torn', random: seededRandom(seed) })
      if ((await fs.stat('db/t')) !== undefined) left.add((await fs.list('db/t')).join(' '))
      const db = await open('db', { ...options, fileSystem: fs })
      expect(await fs.list('db')).toEqual(['CATALOG', 'FORMAT', 'LOCK'])
      await (await db.table('t', schema)).put({ key: 1 })
      await db.close()
    }
  }
  expect([...left]).toEqual(expect.arrayContaining(['', 'MANIFEST-000001.tmp', 'MANIFEST-000001', 'sst']))
})

test('a dropped table leaves nothing, whatever a power cut keeps of its removal', async () => {
  const fs = new MemoryFileSystem()
  const db = await open('db', { ...options, fileSystem: fs })
  await (await db.table('t', schema)).put({ key: 1 })
  const disks: MemoryFileSystem[] = []
  fs.onOperation = () => disks.push(fs.snapshot())
  await db.dropTable('t')
  await db.close()
  for (const [index, disk] of disks.entries()) {
    for (let seed = 0; seed < 20; seed++) {
      const left = disk.crash({ unsynced: 'torn', random: seededRandom(seed), data: 'kept' })
      await (await open('db', { ...options, fileSystem: left })).close()
      const stray = (await left.list('db')).filter((name) => name.startsWith('.dropped'))
      expect(stray, `after operation ${index}, seed ${seed}`).toEqual([])
    }
  }
})

test('opening removes what a replacement of the catalog left half done', async () => {
  const fs = await killedAfter('write', 'db/CATALOG.tmp')
  await (await open('db', { fileSystem: fs })).close()
  expect(await fs.list('db')).toEqual(['CATALOG', 'FORMAT', 'LOCK'])
})
