// Parquet's own Bloom filters in data files, asked by DuckDB.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { open, type Table, t } from 'marquetry'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed } from '../test-seed.js'

let query: (sql: string) => Promise<Record<string, unknown>[]>
let end: () => void
beforeAll(async () => {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  query = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS()
  end = () => {
    connection.closeSync()
    instance.closeSync()
  }
})
afterAll(() => end())

const columns = {
  i8: t.int8(), i16: t.int16(), i32: t.int32(), i64: t.int64(), u8: t.uint8(), u16: t.uint16(), u32: t.uint32(),
  text: t.utf8(), long: t.utf8(), date: t.date(), ms: t.timestamp(), us: t.timestamp('us'), flag: t.bool(), money: t.decimal128(20, 2),
  plain: t.int32(),
} // biome-ignore format: a list
const key = Object.keys(columns).filter((name) => name !== 'plain')
const filtered = key.filter((name) => !['flag', 'money', 'ms'].includes(name))

const random = seededRandom(testSeed)
const below = (limit: number) => Math.floor(random() * limit)

/** A row whose first key column says in which row group it will lie. */
function rowOf(group: number) {
  const n = below(2 ** 31)
  return {
    i8: group - 5, i16: below(65_536) - 32_768, i32: n - 2 ** 30, i64: BigInt(n) * -4_000_000_001n, u8: below(256), u16: below(65_536),
    u32: 2 ** 31 + n, text: `é${n}`, long: `${n}`.padStart(50, 'x'), date: new Date(below(20_000) * 86_400_000),
    ms: new Date(n * 1000), us: BigInt(n) * 1_000_003n, flag: n % 2 === 0, money: `${n}.50`, plain: n,
  } // biome-ignore format: a list
}

async function openTable(filter: { errorRate: number; parquet?: boolean } | undefined) {
  const path = mkdtempSync(join(tmpdir(), 'marquetry-parquet-filter-'))
  const db = await open(path, { wal: 'async', workers: 0, rowGroupRows: 100, filter })
  onTestFinished(async () => {
    await db.close()
    rmSync(path, { recursive: true })
  })
  const table = (await db.table('rows', { columns, key } as never)) as unknown as Table
  await table.pauseCompaction()
  return table
}

const sqlOf = (value: unknown): string => {
  if (value instanceof Date) return `'${value.toISOString().replace('Z', '+00')}'`
  return typeof value === 'string' ? `'${value}'` : String(value)
}

/** The row groups of a file that DuckDB would not read for this value of a column. */
async function skipped(path: string, column: string, value: unknown): Promise<Set<number>> {
  let literal = sqlOf(value)
  if (column === 'date') literal = `(${literal}::timestamptz at time zone 'UTC')::date`
  if (column === 'us') literal = `make_timestamptz(${literal})`
  const rows = await query(
    `select row_group_id as id from parquet_bloom_probe('${path}', '${column}', ${literal}) where bloom_filter_excludes`,
  )
  return new Set(rows.map(({ id }) => Number(id)))
}

/** No row group is skipped that has the value, and of the others nearly all are. */
async function probeAll(path: string): Promise<void> {
  const read = await query(
    `select * replace (epoch_us(us) as us, epoch_us(date::timestamp) as date), file_row_number from read_parquet('${path}', file_row_number = true)`,
  )
  const groups = await query(
    `select row_group_id as id, any_value(row_group_num_rows) as rows from parquet_metadata('${path}') group by all order by id`,
  )
  let end = 0
  const ends = groups.map(({ rows }) => (end += Number(rows)))
  const groupOf = (row: Record<string, unknown>) =>
    ends.findIndex((end) => Number(row['file_row_number']) < end)
  let kept = 0
  let asked = 0
  for (const column of filtered) {
    for (let i = 0; i < 12; i++) {
      const row = read[below(read.length)]!
      const value = column === 'date' ? new Date(Number(row[column]) / 1000) : row[column]
      const having = new Set(read.filter((other) => other[column] === row[column]).map(groupOf))
      const excluded = await skipped(path, column, value)
      for (const group of having)
        expect(excluded.has(group), `${column} = ${sqlOf(value)}, group ${group}`).toBe(false)
      asked += groups.length - having.size
      kept += groups.length - having.size - excluded.size
    }
  }
  expect(asked).toBeGreaterThan(100)
  expect(kept / asked).toBeLessThan(0.05)
}

const filtersOf = async (path: string) =>
  (
    await query(
      `select distinct path_in_schema as name from parquet_metadata('${path}') where bloom_filter_offset is not null`,
    )
  ).map(({ name }) => name)

describe("Parquet's own filters", () => {
  test(`skip row groups for DuckDB, after a flush and after a merge that carries them, seed ${testSeed}`, async () => {
    const table = await openTable({ errorRate: 0.01, parquet: true })
    for (let group = 0; group < 4; group++) {
      for (let i = 0; i < 100; i++) await table.put(rowOf(group))
    }
    await table.flush()
    expect((await filtersOf(table.files()[0]!.path)).sort()).toEqual([...filtered].sort())
    await probeAll(table.files()[0]!.path)
    // Two versions of one key each: the row groups between are carried.
    const rows = await table.scan().toArray()
    await table.put(rows[0]!)
    await table.put(rows.at(-1)!)
    await table.flush()
    await table.compact()
    expect(table.stats().rowGroupsCarried).toBeGreaterThan(0)
    expect((await filtersOf(table.files()[0]!.path)).sort()).toEqual([...filtered].sort())
    await probeAll(table.files()[0]!.path)
  })

  test('are there only if they are asked for', async () => {
    const table = await openTable(undefined)
    await table.put(rowOf(0))
    await table.flush()
    expect(await filtersOf(table.files()[0]!.path)).toEqual([])
  })
})
