import { open, t } from '../../dist/index.js'
import { makeRow } from '../lib/rows.mjs'

export const label = 'marquetry'

const schema = {
  columns: { key: t.utf8(), ts: t.timestamp(), value: t.float64(), category: t.utf8(), payload: t.utf8() },
  key: ['key'],
}

export function prepare(count, batchRows) {
  const batches = []
  for (let from = 0; from < count; from += batchRows) {
    const batch = []
    for (let i = from; i < Math.min(from + batchRows, count); i++) {
      const row = makeRow(i, count)
      batch.push({ type: 'put', row: { ...row, ts: new Date(row.ts) } })
    }
    batches.push(batch)
  }
  return batches
}

/**
 * `wal: 'async'` promises what classic-level's default does. Memtables of 8 MiB (LevelDB's have 4), flushed two at a
 * time, let flushes run beside writes; with the default of 64 MiB all of this would be flushed at the end. Ends when everything is in Parquet.
 * A batch is let go once it is written, as by a program that does not keep its rows. `watch` is called with the
 * database after each batch.
 */
export async function ingest(directory, batches, variant, watch) {
  const variants = {
    balanced: { preset: 'balanced' },
    'high-performance': { preset: 'high-performance' },
    'memory-efficient': { preset: 'memory-efficient' },
    default: { wal: 'async' },
  }
  const options = variants[variant] ?? {
    wal: 'async',
    memtable: variant,
    memtableBytes: 8 << 20,
    immutableMemtablesMax: 8,
    flushWorkers: 2,
  }
  const db = await open(directory, options)
  const table = await db.table('rows', schema)
  for (let i = 0; i < batches.length; i++) {
    await table.batch(batches[i])
    batches[i] = undefined
    watch?.(db)
  }
  await db.close()
}
