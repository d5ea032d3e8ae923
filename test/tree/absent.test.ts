// What an absent key costs: filters keep lookups away from files.

import { open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { MemoryFileSystem } from '#src/fs/memory.js'

const sstables = 20
const rows = 20_000
const keyOf = (i: number, ending: number) => `user:${String(i).padStart(8, '0')}${ending}`

test('an absent key over twenty SSTables of one key range touches no file in 98 % of the cases', async () => {
  const fs = new FaultyFileSystem(new MemoryFileSystem())
  const db = await open('db', { fileSystem: fs, workers: 0, compaction: { strategy: 'none' } })
  const definition = { columns: { key: t.utf8(), value: t.int32() }, key: ['key'] } as const
  const table = await db.table('events', definition)
  for (let first = 0; first < sstables; first++) {
    const batch = []
    for (let i = first; i < rows; i += sstables) {
      batch.push({ type: 'put' as const, row: { key: keyOf(i, 0), value: i } })
    }
    await table.batch(batch)
    await table.flush()
  }
  expect(await fs.list('db/events/sst')).toHaveLength(sstables)
  // Warm-up: other absent keys. One in six passes a filter in vain, and brings pages into the cache.
  for (let i = 0; i < rows; i += 2) expect(table.getSync(keyOf(i, 3))).toBeUndefined()
  let touching = 0
  let lookups = 0
  for (let i = 1; i < rows; i += 4) {
    const before = fs.log.length
    expect(i % 8 === 1 ? await table.get(keyOf(i, 7)) : table.getSync(keyOf(i, 7))).toBeUndefined()
    lookups++
    if (fs.log.length > before) touching++
  }
  expect(touching / lookups).toBeLessThanOrEqual(0.02)
  expect(table.getSync(keyOf(4321, 0))?.value).toBe(4321)
  await db.close()
})
