// Schemas from files: what each format says, and that a table of such a schema takes the file.

import { writeFileSync } from 'node:fs'
import { inferSchema, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { duckdb, failureOf, openFor, temporaryDirectory } from './support.js'

const described = ({ columns }: Awaited<ReturnType<typeof inferSchema>>) =>
  columns.map(([name, { type, isNullable }]) => {
    const { kind, unit, precision, scale } = type
    const details = unit ?? (precision === undefined ? undefined : `${precision},${scale}`)
    return `${name} ${kind}${details === undefined ? '' : `(${details})`}${isNullable ? '?' : ''}`
  })

describe('the schema of a file', () => {
  test('of Parquet is its own, with nested columns as json', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    await duckdb(`copy (select range::int as id, range::utinyint as small, (range / 3)::float as real, 'n' || range as name,
      date '2001-01-01' as day, time '01:02:03.000004' as clock, timestamp '2001-01-01 00:00:00.000001' as moment,
      1.5::decimal(9,2) as money, [range, null] as list, {'a': range, 'b': [true]} as struct, map {'k': range} as map,
      '\\x00\\xff'::blob as bytes, 9007199254740993 + range as wide from range(100)) to '${path}' (format parquet)`)
    const schema = await inferSchema(path, { key: ['name', 'id'] })
    expect(schema.key).toEqual(['name', 'id'])
    expect(described(schema)).toEqual([
      'id int32', 'small uint8?', 'real float32?', 'name utf8', 'day date?', 'clock int64?', 'moment timestamp(us)?',
      'money decimal128(9,2)?', 'list json?', 'struct json?', 'map json?', 'bytes binary?', 'wide int64?',
    ]) // biome-ignore format: a list
    const db = await openFor(directory)
    const table = await db.table('x', schema)
    expect(await table.import(path)).toMatchObject({ rows: 100 })
    expect(await table.get(['n7', 7])).toEqual({
      id: 7, small: 7, real: Math.fround(7 / 3), name: 'n7', day: new Date(Date.UTC(2001, 0)), clock: 3_723_000_004n,
      moment: 978_307_200_000_001n, money: '1.50', list: [7, null], struct: { a: 7, b: [true] }, map: { k: 7 },
      bytes: Uint8Array.of(0, 255), wide: 9_007_199_254_741_000n,
    }) // biome-ignore format: a row
  })

  test('of text is what its first rows have in common', async () => {
    const directory = temporaryDirectory()
    const csv = `${directory}/x.csv`
    writeFileSync(
      csv,
      'id,zip,n,mixed,x,flag,day,at,fine,none\n1,01234,1,1,1.5,true,2001-01-01,2001-01-01 00:00:00,2001-01-01T00:00:00.000001Z,\n' +
        '2,99999,-5,x,2,FALSE,2001-01-02,2001-01-01,2001-01-01,\n',
    )
    const schema = await inferSchema(csv, { key: ['id'] })
    expect(described(schema)).toEqual([
      'id int64', 'zip utf8?', 'n int64?', 'mixed utf8?', 'x float64?', 'flag bool?', 'day date?', 'at timestamp(ms)?',
      'fine timestamp(us)?', 'none utf8?',
    ]) // biome-ignore format: a list
    expect(described(await inferSchema(csv, { key: ['id'], sampleRows: 1 }))[3]).toBe('mixed int64?')
    const ndjson = `${directory}/x.ndjson`
    writeFileSync(ndjson, '{"1":1,"b":{"c":1},"d":"2001-01-01"}\n{"1":2.5,"0":"5","d":null,"e":true}\n')
    const rows = await inferSchema(ndjson, { rowNumber: 'row' })
    expect(described(rows)).toEqual(['1 float64?', 'b json?', 'd date?', '0 utf8?', 'e bool?', 'row int64'])
    const db = await openFor(directory)
    for (const [name, path, options] of [
      ['csv', csv, { key: ['day', 'id'] }],
      ['json', ndjson, { rowNumber: 'row' }],
    ] as const) {
      const table = await db.table(name, await inferSchema(path, options))
      expect(await table.import(path, name === 'json' ? { rowNumber: 'row' } : {})).toMatchObject({ rows: 2 })
    }
  })

  test('of Arrow is what an export was made of', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const columns = {
      id: t.uint16(),
      at: t.timestamp(),
      money: t.decimal128(20, 4).nullable(),
      raw: t.binary(),
    }
    const table = await db.table('x', { columns, key: ['id'] })
    await table.export(`${directory}/x.arrow`)
    const schema = await inferSchema(`${directory}/x.arrow`, { key: ['id'] })
    expect(described(schema)).toEqual([
      'id uint16',
      'at timestamp(ms)',
      'money decimal128(20,4)?',
      'raw binary',
    ])
  })

  test('is refused where the key is none, or a column has no type', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    await duckdb(`copy (select 1.5::double as x, interval 1 day as span) to '${path}' (format parquet)`)
    expect(await failureOf(inferSchema(path, {}))).toMatchObject({ option: 'key' })
    const result = await inferSchema(path, { key: ['x'] }).catch((error: unknown) => error)
    expect(result).toMatchObject({ code: expect.stringMatching(/INVALID/) })
    writeFileSync(`${directory}/x.csv`, 'x,y\n1.5,2\n')
    expect(await failureOf(inferSchema(`${directory}/x.csv`, { key: ['x'] }))).toMatchObject({ column: 'x' })
    expect(await failureOf(inferSchema(`${directory}/x.csv`, { key: ['z'] }))).toMatchObject({ option: 'key' })
    expect(await failureOf(inferSchema(`${directory}/x.csv`, { rowNumber: 'y' }))).toMatchObject({
      option: 'rowNumber',
    })
    expect(await failureOf(inferSchema(`${directory}/none.parquet`, { key: ['x'] }))).toMatchObject({
      code: 'MARQUETRY_IO',
    })
  })
})
