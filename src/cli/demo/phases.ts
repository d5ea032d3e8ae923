// The phases of the tour. Each explains, shows the code, runs it, and shows what came of it.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import type { Database } from '../../database.js'
import { t } from '../../format/column.js'
import { nodeFileSystem } from '../../fs/node.js'
import { open } from '../../open.js'
import { rowFormatter } from '../format-rows.js'
import { readFacts } from '../inspect/database-facts.js'
import { factsText } from '../inspect/text.js'
import { bytesText, countText, plural } from '../quantities.js'
import { statsText } from '../stats.js'

/** What a phase works with. */
export interface Demo {
  readonly directory: string
  /** Where the database is. */
  readonly database: string
  readonly signal: AbortSignal
  say(text: string): Promise<void>
  /** Shows code, as a reader would write it. */
  code(text: string): Promise<void>
  /** Shows what came of it. */
  show(text: string): Promise<void>
}

export interface Phase {
  readonly title: string
  run(demo: Demo): Promise<void>
}

const schema = {
  columns: {
    city: t.utf8(),
    time: t.timestamp(),
    celsius: t.float64(),
    note: t.utf8().nullable(),
  },
  key: ['city', 'time'],
} as const

const cities = ['Bergen', 'Cairo', 'Lima', 'Oslo', 'Quito', 'Tokyo']
const start = Date.UTC(2026, 0, 1)
const hour = 3_600_000

function reading(i: number) {
  const city = cities[i % cities.length] ?? ''
  const celsius = Math.round(150 + 100 * Math.sin(i / 40)) / 10
  return { city, time: new Date(start + Math.floor(i / cities.length) * hour), celsius }
}

/** Opens the database for one phase. The table is asked for by its schema, so that rows are typed. */
async function withReadings<T>(
  { database }: Demo,
  use: (readings: Awaited<ReturnType<typeof readingsOf>>, db: Database) => Promise<T>,
): Promise<T> {
  const db = await open(database, { flushOnClose: false })
  try {
    return await use(await readingsOf(db), db)
  } finally {
    await db.close()
  }
}

const readingsOf = (db: Database) => db.table('readings', schema)

const tables: Phase = {
  title: 'Typed tables',
  async run(demo) {
    await demo.say(
      'A database is a directory. A table has typed columns and a key of one or more of them;\nrows are checked before anything is written.',
    )
    await demo.code(`const db = await open('mydata')
const readings = await db.table('readings', {
  columns: { city: t.utf8(), time: t.timestamp(), celsius: t.float64(), note: t.utf8().nullable() },
  key: ['city', 'time'],
})
await readings.put({ city: 'Oslo', time: new Date('2026-01-01'), celsius: -4.5 })
await readings.get(['Oslo', new Date('2026-01-01')])`)
    await withReadings(demo, async (readings) => {
      const time = new Date(start)
      await readings.put({ city: 'Oslo', time, celsius: -4.5 })
      const row = await readings.get(['Oslo', time])
      await demo.show(JSON.stringify(row))
      const wrong: unknown = { city: 'Oslo', time, celsius: 'cold' }
      const refused = await readings.put(wrong as never).catch((error: Error) => error.message)
      await demo.say('\nA value of the wrong type is refused, with the column that is wrong:')
      await demo.show(String(refused))
    })
  },
}

const log: Phase = {
  title: 'Durability: the write-ahead log',
  async run(demo) {
    await demo.say(
      'A put resolves once its row is in the log and the log is on the disk. Many writers share one sync.\nA batch is atomic: all of it or nothing, also over a crash.',
    )
    await demo.code("await readings.batch([{ type: 'put', row: … }, { type: 'delete', key: … }])")
    await withReadings(demo, async (readings) => {
      const began = performance.now()
      const rows = Array.from({ length: 3_000 }, (_, i) => reading(i))
      await Promise.all(rows.map((row) => readings.put(row)))
      const { logSyncs: syncs, logGroups: groups } = readings.stats()
      await demo.show(
        `${plural(rows.length, 'put')} in ${Math.round(performance.now() - began)} ms, ${plural(groups, 'write')} and ${plural(syncs, 'sync')} of the log`,
      )
    })
    const names = await readdir(join(demo.database, 'readings'))
    const logName = names.find((name) => name.endsWith('.wal')) ?? ''
    const { size } = await stat(join(demo.database, 'readings', logName))
    await demo.say(
      '\nThe database was closed without a flush. What was put lies in the log, and the next opening reads it:',
    )
    await demo.show(`readings/${logName}  ${bytesText(size)}`)
    await withReadings(demo, async (readings) =>
      demo.show(`${countText(await readings.scan().count())} rows after reopening`),
    )
  },
}

const flush: Phase = {
  title: 'SSTables are Parquet files',
  async run(demo) {
    await demo.say(
      'When a memtable is full, or at flush(), a worker thread writes it as a Parquet file.\nAny tool that reads Parquet reads it; here hyparquet, which knows nothing of this engine:',
    )
    await demo.code('await readings.flush()')
    await withReadings(demo, async (readings) => {
      await readings.flush()
      const [file] = readings.files()
      if (file === undefined) return
      const handle = await nodeFileSystem().open(file.path, 'read')
      try {
        const byteLength = await handle.size()
        const slice = async (from: number, to: number = byteLength) => {
          const bytes = new Uint8Array(to - from)
          await handle.read(bytes, from)
          return bytes.buffer
        }
        const rows = await parquetReadObjects({ file: { byteLength, slice }, rowEnd: 3 })
        await demo.show(
          `${file.path.slice(demo.directory.length + 1)}  ${bytesText(file.bytes)}, ${plural(file.rows, 'row')}`,
        )
        await demo.show(
          rows
            .map((row) =>
              JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
            )
            .join('\n'),
        )
      } finally {
        await handle.close()
      }
    })
  },
}

const scans: Phase = {
  title: 'Range scans, predicates, Arrow',
  async run(demo) {
    await demo.say(
      'Keys lie in order, so a range is read in one go. Only the columns that are asked for are decoded.',
    )
    await demo.code(
      "readings.scan({ prefix: ['Oslo'], where: { celsius: { gt: 24.9 } }, columns: ['time', 'celsius'], limit: 4 })",
    )
    await withReadings(demo, async (readings) => {
      const scan = readings.scan({
        prefix: ['Oslo'],
        where: { celsius: { gt: 24.9 } },
        columns: ['time', 'celsius'],
        limit: 4,
      })
      const columns = readings.schema.columns.filter(({ name }) => name === 'time' || name === 'celsius')
      const formatter = rowFormatter('table', columns)
      const text = formatter.rows(await scan.toArray()) + formatter.end()
      await demo.show(text.trimEnd())
      const arrow = await readings.scan({ columns: ['city', 'celsius'] }).toArrow()
      await demo.say('\nThe same rows come as Arrow columns, for analytics without row objects:')
      await demo.show(`${arrow.schema}  ${countText(arrow.numRows)} rows`)
    })
  },
}

const versions: Phase = {
  title: 'Updates, deletions and snapshots',
  async run(demo) {
    await demo.say(
      'A file is never changed. A new version of a row hides the old one, a tombstone hides a row;\na snapshot goes on seeing what was there when it was taken.',
    )
    await demo.code(
      "const before = readings.snapshot()\nawait readings.deleteRange({ prefix: ['Cairo'] })\nreadings.scan({ snapshot: before }).count()",
    )
    await withReadings(demo, async (readings) => {
      using before = readings.snapshot()
      for (let i = 0; i < 3_000; i += 10) await readings.put({ ...reading(i), note: 'corrected' })
      await readings.deleteRange({ prefix: ['Cairo'] })
      const [then, now] = [await readings.scan({ snapshot: before }).count(), await readings.scan().count()]
      await demo.show(`${countText(then)} rows in the snapshot, ${countText(now)} now`)
      await readings.flush()
      await demo.say('\nOn the disk that makes a second run, whose keys overlap those of the first:')
      await demo.show(statsText(readings.name, readings.stats()).trimEnd())
    })
  },
}

const compaction: Phase = {
  title: 'Compaction',
  async run(demo) {
    await demo.say(
      'Merges run in worker threads and keep one version of each key. They start by themselves;\nhere by hand, so that there is something to see.',
    )
    await demo.code('await readings.compact()')
    await withReadings(demo, async (readings) => {
      await readings.compact({ signal: demo.signal })
      await readings.compactionIdle()
      await demo.show(statsText(readings.name, readings.stats()).trimEnd())
    })
  },
}

const inside: Phase = {
  title: 'Look inside',
  async run(demo) {
    await demo.say(
      '`marquetry inspect mydata` shows levels, files, encodings and filters, `--html page.html` draws them.',
    )
    const facts = await readFacts(nodeFileSystem(), demo.database)
    const same = (text: string) => text
    const text = factsText(facts, { bold: same, dim: same, accent: same })
    await demo.show(text.replaceAll(`${demo.directory}/`, '').trimEnd())
    await demo.say('\nThat was the tour. Next: `marquetry shell mydata`, or the README.')
  },
}

/** In their order: each builds on what the ones before have written. */
export const phases: readonly Phase[] = [tables, log, flush, scans, versions, compaction, inside]
