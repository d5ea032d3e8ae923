// Exports: what is in the file, what it says of itself, and that it is there whole or not at all.

import { readdirSync, readFileSync } from 'node:fs'
import { parquetMetadata } from 'hyparquet'
import { and, type ExportProgress, open, type Table, t } from 'marquetry'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { duckdb, failureOf, openFor, temporaryDirectory } from './support.js'

const schema = {
  columns: {
    origin: t.utf8(),
    number: t.int32(),
    delay: t.int32().nullable(),
    note: t.utf8().nullable(),
  },
  key: ['origin', 'number'],
} as const

type Flights = Table<typeof schema.columns, typeof schema.key>

const origins = ['ATL', 'BOS', 'LAX']
const delayOf = (number: number) => (number % 5 === 0 ? null : (number * 7) % 100)

/** Rows in two SSTables and a memtable, with some overwritten, some deleted. */
async function fill(flights: Flights, rows = 3000): Promise<void> {
  const put = (from: number, to: number, note: string | null) =>
    flights.batch(
      Array.from({ length: to - from }, (_, i) => {
        const number = from + i
        return {
          type: 'put',
          row: { origin: origins[number % 3]!, number, delay: delayOf(number), note },
        } as const
      }),
    )
  await put(0, rows / 2, 'first')
  await flights.flush()
  await put(rows / 3, rows, null)
  await flights.flush()
  await put(rows - 100, rows, 'last')
  for (let number = 0; number < rows; number += 10) await flights.delete([origins[number % 3]!, number])
}

const metadataOf = (path: string) => parquetMetadata(new Uint8Array(readFileSync(path)).buffer)

describe('an export', () => {
  test('holds the rows of its range that pass, in key order, the columns asked for', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const flights = await db.table('flights', schema)
    await fill(flights)
    const path = `${directory}/out.parquet`
    const range = { gte: ['ATL', 1000], lt: ['LAX'], where: { delay: { gt: 50 } } } as const
    const wanted = await flights.scan({ ...range, columns: ['origin', 'number', 'delay'] }).toArray()
    const result = await flights.export(path, {
      ...range,
      columns: ['delay', 'origin', 'number'],
      rowGroupRows: 100,
    })
    expect(wanted.length).toBeGreaterThan(200)
    expect(result).toEqual({ rows: wanted.length, bytes: readFileSync(path).length, files: 1 })
    const rows = await duckdb(`select * from '${path}'`)
    expect(rows).toEqual(wanted.map(({ origin, number, delay }) => [origin, number, delay]))
    const { row_groups, schema: columns } = metadataOf(path)
    expect(row_groups.map((group) => Number(group.num_rows))).toEqual(
      Array.from({ length: Math.ceil(wanted.length / 100) }, (_, i) => Math.min(100, wanted.length - 100 * i)),
    )
    expect(
      columns.slice(1).map(({ name, repetition_type, field_id }) => [name, repetition_type, field_id]),
    ).toEqual([
      ['origin', 'REQUIRED', 1],
      ['number', 'REQUIRED', 2],
      ['delay', 'OPTIONAL', 3],
    ])
    expect(readdirSync(directory).sort()).toEqual(['db', 'out.parquet'])
  })

  test('says by which columns it is sorted, as far as the key is there', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory, { workers: 0 })
    const flights = await db.table('flights', schema)
    await fill(flights, 300)
    const sorting = async (columns?: readonly ('origin' | 'number' | 'delay')[]) => {
      await flights.export(`${directory}/x.parquet`, { columns })
      return metadataOf(`${directory}/x.parquet`).row_groups[0]!.sorting_columns?.map(
        (column) => column.column_idx,
      )
    }
    expect(await sorting()).toEqual([0, 1])
    expect(await sorting(['number', 'delay'])).toBeUndefined()
    expect(await sorting(['delay', 'origin'])).toEqual([0])
  })

  test('of a snapshot is what the table was then', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const flights = await db.table('flights', schema)
    await fill(flights, 300)
    const snapshot = flights.snapshot()
    const before = await flights.scan().count()
    for (const row of await flights.scan().toArray()) await flights.delete([row.origin, row.number])
    await flights.flush()
    expect(await flights.export(`${directory}/x.parquet`, { snapshot })).toMatchObject({ rows: before })
    expect(await flights.export(`${directory}/x.parquet`)).toMatchObject({ rows: 0 })
    snapshot.close()
  })

  test('of no rows is a valid file with all columns', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const flights = await db.table('flights', schema)
    const path = `${directory}/empty.parquet`
    expect(await flights.export(path)).toEqual({ rows: 0, bytes: readFileSync(path).length, files: 1 })
    expect(await duckdb(`select count(*), sum(delay) from '${path}'`)).toEqual([[0n, null]])
    expect(await duckdb(`select column_name, column_type from (describe select * from '${path}')`)).toEqual([
      ['origin', 'VARCHAR'],
      ['number', 'INTEGER'],
      ['delay', 'INTEGER'],
      ['note', 'VARCHAR'],
    ])
    expect(await flights.import(path)).toMatchObject({ rows: 0 })
  })

  test('tells how far it has come, up to the end', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const flights = await db.table('flights', schema)
    await fill(flights, 900)
    const seen: ExportProgress[] = []
    const result = await flights.export(`${directory}/x.parquet`, {
      rowGroupRows: 300,
      compression: 'zstd',
      onProgress: (progress) => seen.push(progress),
    })
    expect(seen.map((progress) => progress.rows)).toEqual([300, 600, 810])
    expect(seen.every(({ bytes }, i) => bytes > (seen[i - 1]?.bytes ?? 0) && bytes < result.bytes)).toBe(true)
    expect(metadataOf(`${directory}/x.parquet`).row_groups[0]!.columns[0]!.meta_data!.codec).toBe('ZSTD')
  })

  test('of wide rows is cut into row groups by size', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory, { rowGroupBytes: 100_000 })
    const flights = await db.table('flights', schema)
    for (let number = 0; number < 40; number++) {
      await flights.put({ origin: 'ATL', number, note: String(number).padEnd(20_000, 'x') })
      if (number % 3 === 0) await flights.flush()
    }
    const path = `${directory}/x.parquet`
    await flights.export(path)
    expect(metadataOf(path).row_groups.length).toBeGreaterThan(1)
    expect(
      await duckdb(`select number, length(note) from '${path}' where note like number || 'x%'`),
    ).toHaveLength(40)
  })
})

describe('an export that fails', () => {
  test('leaves the old file, and nothing else, when it is aborted', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const flights = await db.table('flights', schema)
    await fill(flights, 900)
    const path = `${directory}/out.parquet`
    await flights.export(path, { lt: ['ATL', 100] })
    const old = readFileSync(path)
    const controller = new AbortController()
    const error = await failureOf(
      flights.export(path, {
        rowGroupRows: 100,
        signal: controller.signal,
        onProgress: ({ rows }) => rows === 300 && controller.abort('enough'),
      }),
    )
    expect(error).toMatchObject({ name: 'AbortError', code: 'MARQUETRY_ABORTED', cause: 'enough' })
    const late = new AbortController()
    const whole = flights.export(path, {
      signal: late.signal,
      onProgress: () => late.abort(), // after the last row group
    })
    expect(await failureOf(whole)).toMatchObject({ code: 'MARQUETRY_ABORTED' })
    expect(Buffer.compare(readFileSync(path), old)).toBe(0)
    expect(readdirSync(directory).sort()).toEqual(['db', 'out.parquet'])
  })

  test('says why, as a rejection', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const flights = await db.table('flights', schema)
    await flights.put({ origin: 'ATL', number: 1 })
    const path = `${directory}/x.parquet`
    const bad = (options: object) => failureOf(flights.export(path, options as never))
    expect(await bad({ limit: 3 })).toMatchObject({ code: 'MARQUETRY_INVALID_OPTION', option: 'limit' })
    expect(await bad({ reverse: true })).toMatchObject({ code: 'MARQUETRY_INVALID_OPTION', option: 'reverse' })
    expect(await bad({ columns: [] })).toMatchObject({ code: 'MARQUETRY_INVALID_OPTION', option: 'columns' })
    expect(await bad({ columns: ['x'] })).toMatchObject({ code: 'MARQUETRY_INVALID_OPTION', option: 'columns' })
    expect(await bad({ compression: 'gzip' })).toMatchObject({
      code: 'MARQUETRY_INVALID_OPTION',
      option: 'compression',
    })
    expect(await bad({ rowGroupRows: 0 })).toMatchObject({
      code: 'MARQUETRY_INVALID_OPTION',
      option: 'rowGroupRows',
    })
    expect(await bad({ onProgress: 1 })).toMatchObject({
      code: 'MARQUETRY_INVALID_OPTION',
      option: 'onProgress',
    })
    expect(await bad({ gte: 'ATL' })).toMatchObject({ code: 'MARQUETRY_INVALID_KEY' })
    expect(await failureOf(flights.export(''))).toMatchObject({
      code: 'MARQUETRY_INVALID_OPTION',
      option: 'path',
    })
    expect(await failureOf(flights.export(`${directory}/no/x.parquet`))).toMatchObject({ code: 'MARQUETRY_IO' })
    // A directory with something in it cannot be replaced; the temporary file must go.
    expect(await failureOf(flights.export(`${directory}/db`))).toMatchObject({ code: 'MARQUETRY_IO' })
    expect(readdirSync(directory)).toEqual(['db'])
  })

  test('by what its caller throws passes it on', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const flights = await db.table('flights', schema)
    await fill(flights, 300)
    const mine = new Error('mine')
    const options = {
      onProgress() {
        throw mine
      },
    }
    expect(await failureOf(flights.export(`${directory}/x.parquet`, options))).toBe(mine)
    expect(readdirSync(directory)).toEqual(['db'])
  })
})

test('exports go to the file system of the database, and imports come from it', async () => {
  const fileSystem = new MemoryFileSystem()
  await fileSystem.makeDirectory('/data')
  const db = await open('/data/db', { fileSystem })
  onTestFinished(() => db.close())
  const flights = await db.table('flights', schema)
  await fill(flights, 300)
  const where = and<{ origin: string; number: number; delay: number | null; note: string | null }>({
    number: { gte: 100 },
  })
  const { rows, bytes } = await flights.export('/data/x.parquet', { where })
  expect(rows).toBe(180)
  expect(await fileSystem.list('/data')).toEqual(['db', 'x.parquet'])
  expect(parquetMetadata((await readWhole(fileSystem, '/data/x.parquet')).slice().buffer).num_rows).toBe(180n)
  const copy = await db.table('copy', schema)
  expect(await copy.import('/data/x.parquet')).toEqual({ rows, bytes, rejected: 0 })
  expect(await copy.scan().toArray()).toEqual(await flights.scan({ where }).toArray())
})
