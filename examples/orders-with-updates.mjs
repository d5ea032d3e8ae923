// Orders: rows that change. Updates that read what they write, a snapshot for a report, and atomic batches.
//   node examples/orders-with-updates.mjs [directory]

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { and, isMarquetryError, open, t } from 'marquetry'

const directory = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'orders-'))
const db = await open(directory)
const orders = await db.table('orders', {
  columns: {
    customer: t.utf8(),
    id: t.int32(),
    status: t.utf8(),
    total: t.decimal128(10, 2),
    note: t.utf8().nullable(),
  },
  key: ['customer', 'id'],
})

await orders.batch([
  { type: 'put', row: { customer: 'ada', id: 1, status: 'open', total: '12.50' } },
  { type: 'put', row: { customer: 'ada', id: 2, status: 'open', total: '99.00' } },
  { type: 'put', row: { customer: 'grace', id: 1, status: 'open', total: '7.25', note: 'gift' } },
])

// A report sees one moment, whatever is written meanwhile.
const snapshot = orders.snapshot()

// Updates of one key wait for each other: none is lost.
const pay = (row) => row && { ...row, status: 'paid' }
const addNote = (row) => row && { ...row, note: 'call first' }
await Promise.all([orders.update(['ada', 1], pay), orders.update(['ada', 1], addNote)])
await orders.delete(['grace', 1])

console.log(await orders.get(['ada', 1]))
console.log(`open then: ${await orders.scan({ snapshot, where: { status: { eq: 'open' } } }).count()}`)
console.log(`open now:  ${await orders.scan({ where: { status: { eq: 'open' } } }).count()}`)
snapshot.close()

const large = and({ status: { eq: 'open' } }, { total: { gte: '50.00' } })
for await (const { id, total } of orders.scan({ prefix: ['ada'], where: large }))
  console.log(`order ${id}: ${total}`)

// A row that does not fit is refused before anything is written.
const refused = await orders
  .put({ customer: 'ada', id: 3, status: 'open', total: 'free' })
  .catch((error) => error)
console.log(isMarquetryError(refused, 'MARQUETRY_INVALID_ROW'), refused.message)
await db.close()
if (process.argv[2] === undefined) rmSync(directory, { recursive: true })
