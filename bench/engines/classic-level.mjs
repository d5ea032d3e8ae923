import { ClassicLevel } from 'classic-level'
import { makeRow } from '../lib/rows.mjs'

/** LevelDB with its defaults: JSON values, no sync. */
export const label = 'classic-level'

export function prepare(count, batchRows) {
  const batches = []
  for (let from = 0; from < count; from += batchRows) {
    const batch = []
    for (let i = from; i < Math.min(from + batchRows, count); i++) {
      const { key, ...value } = makeRow(i, count)
      batch.push({ type: 'put', key, value })
    }
    batches.push(batch)
  }
  return batches
}

export async function ingest(directory, batches) {
  const db = new ClassicLevel(directory, { valueEncoding: 'json' })
  await db.open()
  for (const batch of batches) await db.batch(batch)
  await db.close()
}
