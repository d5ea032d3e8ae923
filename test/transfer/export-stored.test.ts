// Exports that copy row groups as they are stored: the file is one like any other, and only what may be copied is.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parquetMetadata } from 'hyparquet'
import { type Database, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed } from '../test-seed.js'
import { duckdb, failureOf, openFor, temporaryDirectory } from './support.js'

const groupRows = 1_000
const schema = {
  columns: {
    group: t.utf8(),
    number: t.int32(),
    real: t.float64().nullable(),
    text: t.utf8().nullable(),
    tiny: t.int16(),
    at: t.timestamp(),
  },
  key: ['group', 'number'],
} as const

const rowOf = (i: number, value = i) => ({
  group: `group ${Math.floor(i / 100)}`.padEnd(9, '!'),
  number: i % 100,
  real: value % 5 === 0 ? null : value / 7,
  text: value % 3 === 0 ? null : `ü ${(value * 7919) % 100_000} `.repeat(8),
  tiny: value % 1000,
  at: new Date(1e12 + value * 1000),
})
type Row = ReturnType<typeof rowOf>

function tableOf(db: Database, name = 't') {
  return db.table(name, schema)
}

/** A table with some whole row groups in one file. */
async function filled(rows = 10_400) {
  const directory = temporaryDirectory()
  const compaction = { strategy: 'none', targetFileBytes: 64 << 20 } as const
  const db = await openFor(directory, { rowGroupRows: groupRows, compaction })
  const table = await tableOf(db)
  const put = (from: number, to: number, shift = 0) =>
    table.batch(
      Array.from({ length: to - from }, (_, i) => ({ type: 'put', row: rowOf(from + i, from + i + shift) })),
    )
  await put(0, rows)
  await table.compact()
  return { directory, db, table, put }
}

/** How many row groups of a table's only file stand in another file, byte by byte, as far as its texts go: their pages are smaller than exported ones. */
function copiedGroups(path: string, table: Awaited<ReturnType<typeof tableOf>>): number {
  const [file] = table.files()
  const stored = readFileSync(file!.path)
  const exported = readFileSync(path)
  const { buffer, byteOffset, byteLength } = stored
  const { row_groups: groups } = parquetMetadata(
    buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer,
  )
  return groups.filter(({ columns }) => {
    const chunk = columns[3]!
    const {
      data_page_offset: page,
      dictionary_page_offset: first,
      total_compressed_size: length,
    } = chunk.meta_data!
    const from = Number(first ?? page)
    return exported.includes(stored.subarray(from, from + Number(length)))
  }).length
}

describe('an export to Parquet', () => {
  test('copies whole row groups, without what only the engine needs', async () => {
    const { directory, db, table } = await filled(10_800)
    const path = `${directory}/all.parquet`
    expect(await table.export(path, { rowGroupRows: groupRows })).toMatchObject({ rows: 10_800 })
    expect(copiedGroups(path, table)).toBe(11)
    const described = await duckdb(`select column_name from (describe select * from '${path}')`)
    expect(described.flat()).toEqual(Object.keys(schema.columns))
    const groups = await duckdb(
      `select distinct row_group_id, row_group_num_rows, row_group_bytes from parquet_metadata('${path}') order by 1`,
    )
    expect(groups.map(([, rows]) => Number(rows))).toEqual([...Array(10).fill(1_000), 800])
    const sizes = await duckdb(
      `select sum(total_uncompressed_size)::bigint, row_group_id from parquet_metadata('${path}') group by 2 order by 2`,
    )
    expect(groups.map(([, , bytes]) => bytes)).toEqual(sizes.map(([bytes]) => bytes))
    const copy = await tableOf(db, 'copy')
    await copy.import(path, { sorted: true })
    expect(await copy.scan().toArray()).toEqual(await table.scan().toArray())
    const other = `${directory}/zstd.parquet`
    await table.export(other, { rowGroupRows: groupRows, compression: 'zstd' })
    expect(copiedGroups(other, table)).toBe(0)
    await table.export(other, { rowGroupRows: 20 * groupRows })
    expect(copiedGroups(other, table)).toBe(0)
    const one = `select number, length(text), tiny from '${path}' where "group" = 'group 17!' and number = 42`
    expect(await duckdb(one)).toEqual([[42, BigInt(rowOf(1_742).text!.length), 742]])
  })

  test('gives the same rows whatever lies over the row groups, and is asked for', async () => {
    const random = seededRandom(testSeed)
    const below = (most: number) => Math.floor(random() * most)
    const { directory, db, table, put } = await filled()
    const changes = [
      async () => {},
      () => put(600, 640, 7),
      () => table.flush(),
      () => table.delete(['group 30!', 5]),
      () => table.deleteRange({ gte: ['group 41!'], lt: ['group 43!'] }),
      () => table.compact(),
    ]
    let copied = 0
    for (const [step, change] of changes.entries()) {
      const snapshot = table.snapshot()
      await change()
      for (const columns of [
        undefined,
        ['group', 'number', 'real'],
        ['tiny', 'at'],
        ['group', 'number', 'text'],
      ] as const) {
        const isWhole = step === 0 && columns === undefined
        const bounds = [
          {},
          { gte: [rowOf(below(10_400)).group] as [string] },
          { lt: [rowOf(4_000 + below(6_400)).group, below(100)] as [string, number] },
        ][isWhole ? 0 : below(3)]!
        const options = {
          ...bounds,
          ...(columns === undefined ? {} : { columns }),
          ...(below(3) === 0 ? { snapshot } : {}),
        }
        const path = `${directory}/${step}.parquet`
        const what = `seed ${testSeed}: ${JSON.stringify([step, columns, bounds, 'snapshot' in options])}`
        const { rows } = await table.export(path, { rowGroupRows: groupRows, ...options })
        const expected = (await table.scan(options as object).toArray()) as Partial<Row>[]
        expect(rows, what).toBe(expected.length)
        const names = columns ?? (Object.keys(schema.columns) as (keyof Row)[])
        const found = await duckdb(
          `select ${names.map((name) => (name === 'at' ? 'epoch_ms("at")' : `"${name}"`)).join(', ')} from '${path}'`,
        )
        const plain = expected.map((row) =>
          names.map((name) => (name === 'at' ? BigInt(row.at!.getTime()) : row[name])),
        )
        expect(found, what).toEqual(plain)
        if (table.files().length === 1) copied += copiedGroups(path, table)
      }
      snapshot.close()
    }
    expect(copied).toBeGreaterThan(5)
    await db.close()
  })

  test('does not copy types that files store as others, and says so of damaged pages', async () => {
    const { directory, db, table } = await filled(2_000)
    const unsigned = await db.table('unsigned', { columns: { id: t.int32(), small: t.uint8() }, key: ['id'] })
    await unsigned.batch(
      Array.from({ length: 2_000 }, (_, id) => ({ type: 'put', row: { id, small: id % 256 } })),
    )
    await unsigned.flush()
    const path = `${directory}/x.parquet`
    await unsigned.export(path, { rowGroupRows: groupRows })
    expect(await duckdb(`select typeof(small), sum(small)::int from '${path}' group by 1`)).toEqual([
      ['UTINYINT', 250_008],
    ])
    const [file] = table.files()
    const bytes = readFileSync(file!.path)
    bytes[1_000]! ^= 1
    writeFileSync(file!.path, bytes)
    expect(
      await failureOf(table.export(`${directory}/bad.parquet`, { rowGroupRows: groupRows })),
    ).toMatchObject({ code: 'MARQUETRY_CORRUPTION' })
    expect(readdirSync(directory).filter((name) => name.startsWith('bad'))).toEqual([])
  })
})
