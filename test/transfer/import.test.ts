// Imports: what arrives, what is refused and where, and what happens on the way.

import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type ImportProgress, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { duckdb, failureOf, openFor, temporaryDirectory } from './support.js'

const invalid = 'MARQUETRY_INVALID_INPUT'

/** Makes a Parquet file of a query. */
async function parquet(path: string, query: string, options = ''): Promise<void> {
  await duckdb(`copy (${query}) to '${path}' (format parquet${options})`)
}

const everything = {
  columns: {
    id: t.int64(),
    flag: t.bool(),
    tiny: t.int8(),
    small: t.int16().nullable(),
    utiny: t.uint8(),
    usmall: t.uint16(),
    uint: t.uint32().nullable(),
    real: t.float32().nullable(),
    double: t.float64(),
    text: t.utf8().nullable(),
    bytes: t.binary().nullable(),
    day: t.date(),
    ms: t.timestamp(),
    us: t.timestamp('us').nullable(),
    money: t.decimal128(20, 3),
    json: t.json().nullable(),
  },
  key: ['id', 'flag'],
} as const

describe('an import', () => {
  test('of an export gives the same rows, for every type', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const table = await db.table('everything', everything)
    for (let i = -50; i < 50; i++) {
      const some = i % 3 === 0
      await table.put({
        id: BigInt(i) * 2n ** 40n,
        flag: i % 2 === 0,
        tiny: i,
        small: some ? null : i * 300,
        utiny: i + 60,
        usmall: (i + 50) * 600,
        uint: some ? null : (i + 50) * 40_000_000,
        real: some ? null : Math.fround(i / 7),
        double: i / 7,
        text: some ? null : `text ü ${i}`,
        bytes: some ? null : Uint8Array.of(0, i & 255),
        day: new Date(i * 86_400_000),
        ms: new Date(i * 1_234_567_891),
        us: some ? null : BigInt(i) * 1_234_567_891_234n,
        money: `${i}.125`,
        json: some ? null : { i, list: [i] },
      })
    }
    const path = `${directory}/x.parquet`
    const written = await table.export(path, { rowGroupRows: 30 })
    const copy = await db.table('copy', everything)
    const { rows: count, bytes } = written
    expect(await copy.import(path, { batchRows: 7 })).toEqual({ rows: count, bytes, rejected: 0 })
    const rows = await copy.scan().toArray()
    expect(rows).toHaveLength(100)
    expect(rows).toEqual(await table.scan().toArray())
    expect(
      await duckdb(
        `select typeof(utiny), typeof(usmall), typeof(uint), typeof(money), typeof(ms) from '${path}' limit 1`,
      ),
    ).toEqual([['UTINYINT', 'USMALLINT', 'UINTEGER', 'DECIMAL(20,3)', 'TIMESTAMP WITH TIME ZONE']])
  })

  test('takes the columns of the table, by name or by another name, and leaves the others', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    await parquet(
      path,
      `select range::bigint as id, 'n' || range as "full name", [range] as list from range(5000)`,
    )
    const db = await openFor(directory)
    const table = await db.table('people', {
      columns: { id: t.int32(), name: t.utf8(), age: t.int32().nullable() },
      key: ['id'],
    })
    expect(await table.import(path, { columns: { name: 'full name' } })).toEqual({
      rows: 5000,
      bytes: readFileSync(path).length,
      rejected: 0,
    })
    expect(await table.get(4999)).toEqual({ id: 4999, name: 'n4999', age: null })
    expect(await table.scan().count()).toBe(5000)
  })

  test('tells how far it has come, and awaits what it writes', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    await parquet(path, 'select range::int as id from range(9000)', ', row_group_size 4096')
    const db = await openFor(directory, { wal: 'sync', memtableRows: 1000, immutableMemtablesMax: 1 })
    const table = await db.table('numbers', { columns: { id: t.int32() }, key: ['id'] })
    const seen: ImportProgress[] = []
    await table.import(path, { batchRows: 500, onProgress: (progress) => seen.push(progress) })
    expect(seen.map(({ rows }) => rows)).toEqual([...seen.map(({ rows }) => rows)].sort((a, b) => a - b))
    const last = seen.at(-1)
    expect(last).toMatchObject({ rows: 9000, rowsTotal: 9000, bytes: last?.bytesTotal })
    expect(await table.scan().count()).toBe(9000)
  })

  test('of rows that share a key leaves the last of them', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    await parquet(path, 'select (range % 100)::int as id, range::int as place from range(5000)')
    const db = await openFor(directory)
    const table = await db.table('numbers', { columns: { id: t.int32(), place: t.int32() }, key: ['id'] })
    await table.import(path)
    const last = Array.from({ length: 100 }, (_, id) => ({ id, place: 4900 + id }))
    expect(await table.scan().toArray()).toEqual(last)
    await table.flush()
    expect(await table.scan().toArray()).toEqual(last)
    const files = `${directory}/db/numbers/sst/*/data.parquet`
    expect(await duckdb(`select min(_seq), max(_seq), count(distinct _seq) from '${files}'`)).toEqual([
      [4901n, 5000n, 100n],
    ])
  })

  test('that is aborted ends with an AbortError and leaves the table usable', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    await parquet(path, 'select range::int as id from range(9000)', '')
    const db = await openFor(directory)
    const table = await db.table('numbers', { columns: { id: t.int32() }, key: ['id'] })
    const controller = new AbortController()
    const importing = table.import(path, {
      batchRows: 100,
      signal: controller.signal,
      onProgress: ({ rows }) => rows > 3000 && controller.abort(new Error('why')),
    })
    expect(await failureOf(importing)).toMatchObject({ code: 'MARQUETRY_ABORTED', cause: new Error('why') })
    expect(await failureOf(table.import(path, { signal: controller.signal }))).toMatchObject({
      code: 'MARQUETRY_ABORTED',
    })
    const rows = await table.scan().count()
    expect(rows).toBeGreaterThan(3000)
    expect(rows).toBeLessThan(9000)
    await table.import(path)
    expect(await table.scan().count()).toBe(9000)
  })
})

describe('row numbers', () => {
  const schema = {
    columns: { a: t.utf8(), n: t.uint8(), b: t.int32(), place: t.int32() },
    key: ['a', 'n', 'b'],
  } as const

  test('count the rows that agree in all other key columns, in the order of the file', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    await parquet(
      path,
      `select 'k' || ((range * 7919) % 100) as a, (range % 3)::int as b, range::int as place from range(6000)`,
      ', row_group_size 2048',
    )
    const db = await openFor(directory)
    const table = await db.table('t', schema)
    await table.import(path, { rowNumber: 'n' })
    const rows = await table.scan().toArray()
    expect(rows).toHaveLength(6000)
    const expected = await duckdb(
      `select a, (row_number() over (partition by a, b order by place) - 1)::int as n, b, place from '${path}' order by a, n, b`,
    )
    expect(rows.map(({ a, n, b, place }) => [a, n, b, place])).toEqual(expected)
    await table.import(path, { rowNumber: 'n' })
    expect(await table.scan().toArray()).toEqual(rows)
  })

  test('may be all of the key', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    await parquet(path, `select 'v' || range as v from range(3000)`)
    const db = await openFor(directory)
    const table = await db.table('t', { columns: { row: t.int64(), v: t.utf8() }, key: ['row'] })
    await table.import(path, { rowNumber: 'row' })
    expect(await table.get(2999n)).toEqual({ row: 2999n, v: 'v2999' })
    expect(await table.scan().count()).toBe(3000)
  })

  test('are refused where they do not fit, or where the file has them', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    await parquet(path, `select 'same' as a, 1::int as b, range::int as place from range(300)`)
    const db = await openFor(directory)
    const table = await db.table('t', schema)
    expect(await failureOf(table.import(path, { rowNumber: 'n' }))).toMatchObject({
      code: invalid,
      column: 'n',
      message: `${path}, column "n", row 256: its number 256 is too large for uint8`,
    })
    expect(await failureOf(table.import(path, { rowNumber: 'place' }))).toMatchObject({ option: 'rowNumber' })
    expect(await failureOf(table.import(path, { rowNumber: 'a' }))).toMatchObject({ option: 'rowNumber' })
    await table.export(`${directory}/y.parquet`)
    expect(await failureOf(table.import(`${directory}/y.parquet`, { rowNumber: 'n' }))).toMatchObject({
      code: invalid,
    })
  })
})

describe('a file that does not fit', () => {
  const schema = {
    columns: { id: t.int32(), delay: t.int16(), note: t.utf8().nullable(), when: t.timestamp().nullable() },
    key: ['id'],
  } as const

  async function refused(query: string, options = '') {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    await parquet(path, query, options)
    const db = await openFor(directory)
    const table = await db.table('t', schema)
    const error = (await failureOf(table.import(path))) as {
      code: string
      message: string
      column: string
      file: string
    }
    expect(error).toMatchObject({ code: invalid, file: path })
    expect(error.message).toContain(path)
    return { error, rows: await table.scan().count() }
  }

  test('is refused before anything is written, if its columns cannot be the table’s', async () => {
    const missing = await refused('select range::int as id from range(10)')
    expect(missing).toMatchObject({ error: { column: 'delay' }, rows: 0 })
    const wrong = await refused(`select range::int as id, 'x' as delay from range(10)`)
    expect(wrong).toMatchObject({ error: { column: 'delay' }, rows: 0 })
    expect(wrong.error.message).toContain('Utf8 cannot become int16')
    const nested = await refused(`select range::int as id, 1::int as delay, {'a': 1} as note from range(10)`)
    expect(nested).toMatchObject({ error: { column: 'note' }, rows: 0 })
  })

  test('is refused at the row that cannot be converted', async () => {
    const query = (delay: string, when = 'null::timestamp') =>
      `select range::int as id, (${delay})::int as delay, ${when} as "when" from range(6000)`
    const large = await refused(query('case when range = 5000 then 32768 else 1 end'), ', row_group_size 2048')
    expect(large.error.message).toContain('column "delay", row 5000: 32768 is not from -32768 to 32767')
    expect(large.rows).toBe(4096)
    const none = await refused(query('nullif(range, 4321)'), ', row_group_size 2048')
    expect(none.error.message).toContain('column "delay", row 4321: it is null')
    const time = await refused(query('1', "timestamp '2001-01-01' + to_microseconds(if(range = 77, 1, 1000))"))
    expect(time.error.message).toContain('column "when", row 77: 978307200000001 is no whole number')
    expect(time.rows).toBe(0)
  })
})

describe('a file that is none', () => {
  test('gives a typed error, and the table works on', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    const db = await openFor(directory)
    const table = await db.table('t', { columns: { id: t.int32(), v: t.utf8() }, key: ['id'] })
    expect(await failureOf(table.import(path))).toMatchObject({ code: 'MARQUETRY_IO', file: path })
    expect(await failureOf(table.import(directory))).toMatchObject({ code: 'MARQUETRY_IO' })
    for (const bytes of [
      '',
      'PAR1',
      'PAR1PAR1PAR1PAR1',
      `PAR1${'x'.repeat(1000)}PAR1`,
      'a,b\n1,2\n'.repeat(100),
    ]) {
      writeFileSync(path, bytes)
      expect(await failureOf(table.import(path))).toMatchObject({ code: invalid, file: path })
    }
    await parquet(`${directory}/good.parquet`, `select range::int as id, 'v' || range as v from range(50000)`)
    for (const length of [13, 1000, 100_000]) {
      copyFileSync(`${directory}/good.parquet`, path)
      truncateSync(path, length)
      expect(await failureOf(table.import(path))).toMatchObject({ code: invalid, file: path })
    }
    await table.import(`${directory}/good.parquet`)
    expect(await table.scan().count()).toBe(50_000)
  })

  test('with damaged pages gives a typed error or rows, never a hang', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.parquet`
    await parquet(path, `select range::int as id, 'v' || (range * 7919) % 1000 as v from range(20000)`)
    const good = readFileSync(path)
    const db = await openFor(directory)
    const table = await db.table('t', { columns: { id: t.int32(), v: t.utf8() }, key: ['id'] })
    const outcomes = { error: 0, rows: 0 }
    for (let at = 4; at < good.length; at += Math.ceil(good.length / 25)) {
      const bytes = Buffer.from(good)
      bytes.fill(bytes[at]! ^ 0xff, at, at + 8)
      writeFileSync(path, bytes)
      const result = await table.import(path, { rowGroupTimeoutMs: 20_000 }).catch((error: unknown) => error)
      if (result instanceof Error) {
        expect(result).toMatchObject({ code: invalid, file: path })
        outcomes.error++
      } else outcomes.rows++
    }
    expect(outcomes.error).toBeGreaterThan(0)
    await table.put({ id: -1, v: 'still here' })
    expect(await table.get(-1)).toEqual({ id: -1, v: 'still here' })
  })
})

// Eight malformed files of apache/parquet-testing; what each is broken by stands in its README.
const badData = '/work/shared/parquet-bad-data'
const badFiles = [
  ['ARROW-GH-41317', { int8: t.int8() }],
  ['ARROW-GH-41321', { uint8: t.uint8().nullable(), string: t.utf8().nullable() }],
  ['ARROW-GH-41321', { int64: t.int64().nullable() }],
  ['ARROW-GH-41321', { large_binary: t.binary().nullable() }],
  ['ARROW-GH-43605', { min_fl: t.uint16().nullable() }],
  ['ARROW-GH-45185', { x: t.int32().nullable() }],
  ['ARROW-GH-47662', { flba_field: t.binary().nullable() }],
  ['ARROW-RS-GH-6229-DICTHEADER', { nation_key: t.int32().nullable(), name: t.binary().nullable() }],
  ['ARROW-RS-GH-6229-LEVELS', { outer: t.utf8().nullable() }],
  ['PARQUET-1481', { x: t.int32().nullable() }],
] as const

describe('malformed files of apache/parquet-testing', () => {
  if (!existsSync(badData)) {
    test('are not there: NOT TESTED', () => console.warn(`${badData} is absent: nothing was tested with it`))
    return
  }
  test.each(badFiles)(
    '%s gives a typed error, or what DuckDB reads, and the table works on',
    async (name, columns) => {
      const path = `${badData}/${name}.parquet`
      const db = await openFor(temporaryDirectory())
      const table = await db.table('t', { columns: { row: t.int32(), ...columns }, key: ['row'] })
      const options = { rowNumber: 'row', rowGroupTimeoutMs: 20_000 } as const
      const result = await table.import(path, options).catch((error: unknown) => error)
      if (result instanceof Error) expect(result).toMatchObject({ code: invalid, file: path })
      else {
        const names = Object.keys(columns)
        const rows: readonly Readonly<Record<string, unknown>>[] = await table.scan().toArray()
        const theirs = await duckdb(`select ${names.join(', ')} from '${path}'`)
        expect(rows.map((row) => names.map((column) => row[column]))).toEqual(theirs)
      }
      const other = await db.table('other', { columns: { id: t.int32() }, key: ['id'] })
      await other.put({ id: 1 })
      await other.flush()
      expect(await other.scan().toArray()).toEqual([{ id: 1 }])
    },
  )
})

test('real data: 20,000 flights in, their numbers counted, and out again', async () => {
  const sample = fileURLToPath(new URL('../../data-samples/flights-20k.parquet', import.meta.url))
  const directory = temporaryDirectory()
  const db = await openFor(directory, { wal: 'sync' })
  const flights = await db.table('flights', {
    columns: {
      date: t.timestamp(),
      origin: t.utf8(),
      destination: t.utf8(),
      number: t.int32(),
      delay: t.int32().nullable(),
      distance: t.int32(),
    },
    key: ['date', 'origin', 'destination', 'number'],
  })
  for (let time = 0; time < 2; time++) {
    expect(await flights.import(sample, { rowNumber: 'number' })).toMatchObject({ rows: 20_000 })
    expect(await flights.scan().count()).toBe(20_000)
  }
  await flights.export(`${directory}/out.parquet`)
  const columns = 'date::timestamp, origin, destination, delay::bigint, distance::bigint'
  const differences = await duckdb(
    `select count(*) from (
       (select ${columns} from '${sample}' except all select ${columns} from '${directory}/out.parquet')
       union all (select ${columns} from '${directory}/out.parquet' except all select ${columns} from '${sample}'))`,
  )
  expect(differences).toEqual([[0n]])
  expect(await duckdb(`select sum(number > 0) from '${directory}/out.parquet'`)).toEqual([[54n]])
})
