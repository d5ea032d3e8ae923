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

/** A batch is let go once it is written, as by a program that does not keep its rows. */
export async function ingest(directory, batches) {
  const db = new ClassicLevel(directory, { valueEncoding: 'json' })
  await db.open()
  for (let i = 0; i < batches.length; i++) {
    await db.batch(batches[i])
    batches[i] = undefined
  }
  await db.close()
}
