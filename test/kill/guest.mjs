// A process that uses a database for a moment and then does nothing else: it must end by itself. Its argument says how
// it leaves: { directory, options, rows, close, busy }.

import { writeSync } from 'node:fs'
import { open, t } from 'marquetry'

const plan = JSON.parse(process.argv[2])
const db = await open(plan.directory, plan.options)
const table = await db.table('guests', { columns: { id: t.int32(), text: t.utf8() }, key: ['id'] })
for (let id = 0; id < plan.rows; id++) {
  await table.put({ id, text: `guest ${id}` })
}
if (plan.busy) {
  // Everything a program can leave lying about: a scan half read, a snapshot, a flush that nobody waits for.
  await table.scan()[Symbol.asyncIterator]().next()
  table.snapshot()
  table.flush().catch(() => {})
}
if (plan.close) await db.close()
writeSync(1, `${JSON.stringify({ acked: plan.rows, closed: plan.close })}\n`)
