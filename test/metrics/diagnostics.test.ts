// Events on diagnostics_channel: the same as those of `db.on`, with the database's path.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'

const events = ['flush', 'compaction', 'stall', 'backgroundError'] as const

test('channels carry what db.on carries, and whose it is, as long as somebody listens', async () => {
  const db = await open('some/db', { fileSystem: new MemoryFileSystem(), workers: 0 })
  const heard: unknown[] = []
  const published: unknown[] = []
  const listener = (message: unknown, name: string | symbol) => published.push([name, message])
  for (const event of events) {
    db.on(event, (payload) => heard.push([`marquetry:${event}`, { ...payload, database: 'some/db' }]))
    subscribe(`marquetry:${event}`, listener)
  }
  const table = await db.table('rows', { columns: { key: t.int32() }, key: ['key'] })
  await table.put({ key: 1 })
  await table.flush()
  await table.put({ key: 1 })
  await table.compact()
  expect(heard.length).toBeGreaterThanOrEqual(4)
  expect(published).toEqual(heard)
  for (const event of events) unsubscribe(`marquetry:${event}`, listener)
  const before = published.length
  await table.put({ key: 2 })
  await table.flush()
  expect(published.length).toBe(before)
  await db.close()
})
