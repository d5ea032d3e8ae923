// Telemetry: many producers put readings, a dashboard asks for the last minutes of one sensor, old days go.
//   node examples/telemetry-ingest.mjs [directory]

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, t } from 'marquetry'

const directory = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'telemetry-'))
// Group commit: what resolves is on the disk within ten milliseconds.
const db = await open(directory, { wal: 'batch', compaction: { strategy: 'size-tiered' } })
const readings = await db.table('readings', {
  columns: { sensor: t.utf8(), at: t.timestamp(), celsius: t.float64(), battery: t.int8().nullable() },
  key: ['sensor', 'at'],
})

const start = Date.UTC(2026, 0, 1)
const minute = 60_000

/** One sensor's day: a reading a minute, sent in batches of an hour. */
async function produce(sensor, phase) {
  for (let hour = 0; hour < 24; hour++) {
    const operations = Array.from({ length: 60 }, (_, i) => {
      const at = new Date(start + (hour * 60 + i) * minute)
      const celsius = 20 + 5 * Math.sin(phase + hour / 4)
      return { type: 'put', row: { sensor, at, celsius, battery: i === 0 ? 100 - hour : null } }
    })
    await readings.batch(operations)
  }
}

const sensors = Array.from({ length: 50 }, (_, i) => `sensor-${String(i).padStart(3, '0')}`)
await Promise.all(sensors.map(produce))
console.log(`${await readings.scan().count()} readings`)

const noon = new Date(start + 12 * 60 * minute)
const recent = await readings.scan({ prefix: ['sensor-007'], reverse: true, limit: 5 }).toArray()
console.log(`the last of sensor-007: ${recent.map(({ celsius }) => celsius.toFixed(2)).join(' ')}`)

const warm = await readings
  .scan({ gte: ['sensor-010', noon], lt: ['sensor-011'], where: { celsius: { gt: 22 } } })
  .count()
console.log(`sensor-010 was above 22 degrees for ${warm} minutes of the afternoon`)

await readings.deleteRange({ prefix: ['sensor-049'] })
console.log(`${await readings.scan().count()} readings without sensor-049`)
await db.close()
if (process.argv[2] === undefined) rmSync(directory, { recursive: true })
