// What random histories have found out about flushes, told plainly.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenOptions, open, t } from 'marquetry'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'marquetry-flushing-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

async function opened(name: string, options: OpenOptions) {
  const db = await open(join(directory, name), { workers: 0, ...options })
  return { db, table: await db.table('t', { columns: { key: t.int32(), value: t.utf8() }, key: ['key'] }) }
}

const row = (key: number) => ({ key, value: `value ${key}` })

describe('flush()', () => {
  test.each([
    [
      'a refused write',
      (table: Awaited<ReturnType<typeof opened>>['table']) =>
        expect(table.put({ key: 'no number', value: '' } as never)).rejects.toThrow('expects an integer'),
    ],
    ['an empty batch', (table: Awaited<ReturnType<typeof opened>>['table']) => table.batch([])],
  ])('flushes a full memtable also after %s', async (name, nothing) => {
    const { db, table } = await opened(name, { memtableRows: 2 })
    await table.batch([
      { type: 'put', row: row(1) },
      { type: 'put', row: row(2) },
    ])
    await nothing(table)
    await table.flush()
    expect(table.stats()).toMatchObject({ memtableRows: 0, sstableRows: 2 })
    await db.close()
  })

  test('waits for what an earlier call is still sealing', async () => {
    const { db, table } = await opened('twice', {})
    const written = table.put(row(1))
    const first = table.flush()
    await table.flush()
    expect(table.stats()).toMatchObject({ memtableRows: 0, sstableRows: 1 })
    await Promise.all([written, first])
    await db.close()
  })
})

describe('close()', () => {
  test('that leaves rows in their logs lets no write wait for a flush', async () => {
    const options = { memtableRows: 1, immutableMemtablesMax: 1, flushOnClose: false, stallTimeoutMs: 2_000 }
    const { db, table } = await opened('close', options)
    const writes = Array.from({ length: 12 }, (_, i) => table.put(row(i)))
    await Promise.all([db.close(), ...writes])
    const again = await opened('close', options)
    expect(await again.table.scan().toArray()).toEqual(Array.from({ length: 12 }, (_, i) => row(i)))
    await again.db.close()
  })
})
