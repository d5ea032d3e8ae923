// Holds docs/inspect.md to the code: its table is made, and every view of it has to be what the page shows.

import { open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { dialects } from '#src/external-dialects.js'
import type { ExternalDialect } from '#src/external-view.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { fencesOf } from './fences.js'

test('docs/inspect.md shows the views of its table', async () => {
  const db = await open('/data/mydata', { fileSystem: new MemoryFileSystem(), workers: 0 })
  const orders = await db.table('orders', {
    columns: { id: t.int32(), customer: t.utf8(), status: t.utf8(), total: t.decimal128(9, 2) },
    key: ['id'],
  })
  await orders.pauseCompaction()
  await orders.put({ id: 1, customer: 'Ada', status: 'paid', total: '12.50' })
  await orders.put({ id: 2, customer: 'Grace', status: 'open', total: '99.00' })
  await orders.put({ id: 3, customer: 'Edsger', status: 'open', total: '7.25' })
  await orders.flush()
  await orders.put({ id: 2, customer: 'Grace', status: 'shipped', total: '99.00' })
  await orders.delete(3)
  await orders.flush()
  const fences = fencesOf(new URL('../../docs/inspect.md', import.meta.url))
  expect([...fences.keys()]).toEqual(Object.keys(dialects))
  for (const [name, { text }] of fences) {
    expect(`${orders.externalView(name as ExternalDialect)}\n`, name).toBe(text)
  }
  await db.close()
})
