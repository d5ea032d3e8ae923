// Tables of a given number of SSTables, all of the same key range: made by so many flushes of interleaved keys.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { open, t } from '../../dist/index.js'

const schema = { columns: { key: t.utf8(), value: t.float64(), category: t.utf8() }, key: ['key'] }
const categories = ['alpha', 'beta', 'gamma', 'delta']

/** The key of row `i`; all end in 0. */
export const keyOf = (i) => `user:${String(i).padStart(9, '0')}0`

const makeRow = (i) => ({
  key: keyOf(i),
  value: Math.round(1e6 * Math.sin(i)) / 100,
  category: categories[i % 4],
})

/** Makes the table `rows` in a new database: row i goes to SSTable i mod `sstables`. Closes it. */
export async function buildTable(directory, { sstables, rows }) {
  const db = await open(directory, { wal: 'async', compaction: { strategy: 'none' } })
  const table = await db.table('rows', schema)
  for (let first = 0; first < sstables; first++) {
    for (let from = first; from < rows; from += 1000 * sstables) {
      const batch = []
      for (let i = from; i < Math.min(from + 1000 * sstables, rows); i += sstables) {
        batch.push({ type: 'put', row: makeRow(i) })
      }
      await table.batch(batch)
    }
    await table.flush()
  }
  await db.close()
  const made = readdirSync(join(directory, 'rows', 'sst')).length
  if (made !== sstables) throw new Error(`the table has ${made} SSTables instead of ${sstables}`)
}
