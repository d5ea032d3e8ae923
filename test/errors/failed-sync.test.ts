// After a sync that failed, the system takes the pages for clean: they are seen, but nobody will write them any more, and a
// later sync says that all is well.

import { open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { MemoryFileSystem } from '#src/fs/memory.js'

test('what the next opening reads of a log whose sync failed outlives a power cut at any moment after it', async () => {
  const memory = new MemoryFileSystem()
  const fs = new FaultyFileSystem(memory)
  const schema = { columns: { key: t.int32() }, key: ['key'] } as const
  let db = await open('db', { fileSystem: fs, flushOnClose: false })
  let table = await db.table('t', schema)
  await table.put({ key: 1 })
  fs.failAt({ operation: 'sync', path: /\.wal$/, nth: 1, code: 'EIO' })
  await expect(table.put({ key: 2 })).rejects.toMatchObject({ code: 'MARQUETRY_IO' })
  await db.close().catch(() => {})

  db = await open('db', { fileSystem: fs, flushOnClose: false })
  // What is read now, before anything is flushed, may be relied on; and what the next log says about this one.
  const disks = [memory.crash()]
  memory.onOperation = () => disks.push(memory.crash())
  table = await db.table('t', schema)
  expect(await table.scan().toArray()).toEqual([{ key: 1 }, { key: 2 }])
  await table.put({ key: 3 })
  disks.push(memory.crash())
  await db.close()

  const found: string[] = []
  for (const fileSystem of disks) {
    const left = await open('db', { fileSystem, flushOnClose: false })
    const rows = await (await left.table('t', schema)).scan().toArray()
    found.push(rows.map(({ key }) => key).join(' '))
    await left.close()
  }
  expect(new Set(found)).toEqual(new Set(['1 2', '1 2 3']))
  expect(found.at(-1)).toBe('1 2 3')
})
