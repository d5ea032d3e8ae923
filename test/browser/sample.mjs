// A database worth looking at: real flights, written in an order that makes levels, overlaps and tombstones.

import { fileURLToPath } from 'node:url'
import { open, t } from 'marquetry'

const flights = fileURLToPath(new URL('../../data-samples/flights-20k.parquet', import.meta.url))

/** Makes it in `directory`, the same each time: no thread decides what is merged with what. */
export async function makeSample(directory) {
  const db = await open(directory, {
    workers: 0,
    wal: 'async',
    memtableRows: 1_250,
    rowGroupRows: 1_000,
    compaction: { level0RunsMax: 3, levelRatio: 4, levelBytesBase: 40 * 1024, targetFileBytes: 14 * 1024 },
    clock: () => Date.UTC(2026, 0, 15, 9, 30),
  })
  const source = await db.table('source', schema)
  await source.import(flights, { rowNumber: 'number' })
  const rows = await source.scan().toArray()
  await db.dropTable('source')
  const table = await db.table('flights', schema)
  await table.pauseCompaction()
  // Mostly as time goes by, with flights that are reported late and corrected, and airports that are withdrawn.
  for (let at = 0; at < rows.length; at += 1_000) {
    const late = rows.slice(Math.max(0, at - 6_000), at).filter((_, i) => i % 41 === 7)
    const now = [...rows.slice(at, at + 1_000), ...late.map((row) => ({ ...row, delay: (row.delay ?? 0) + 5 }))]
    await table.batch(now.map((row) => ({ type: 'put', row })))
    if (at % 3_000 === 0) {
      const gone = rows.slice(Math.max(0, at - 2_400), Math.max(0, at - 1_500))
      await table.batch(gone.map((row) => ({ type: 'delete', key: keyOf(row) })))
    }
    await table.flush()
    if (at < 17_000 && at % 4_000 === 0) {
      table.resumeCompaction()
      await table.compactionIdle()
      await table.pauseCompaction()
    }
  }
  await db.close()
}

const schema = {
  columns: {
    date: t.timestamp(),
    origin: t.utf8(),
    destination: t.utf8(),
    number: t.int32(),
    delay: t.int32().nullable(),
    distance: t.int32(),
  },
  key: ['date', 'origin', 'destination', 'number'],
}
const keyOf = ({ date, origin, destination, number }) => [date, origin, destination, number]
