// Every type through every format, there and back; what DuckDB reads from the files, and what it writes.

import { deepStrictEqual } from 'node:assert/strict'
import { createReadStream, createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { isMarquetryError, type Table, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { testSeed } from '../test-seed.js'
import { duckdb, failureOf, generator, openFor, temporaryDirectory } from './support.js'

const invalid = 'MARQUETRY_INVALID_INPUT'
const formats = ['parquet', 'csv', 'ndjson', 'arrow'] as const

const everything = {
  columns: {
    id: t.int64(),
    flag: t.bool(),
    tiny: t.int8().nullable(),
    small: t.int16().nullable(),
    int: t.int32().nullable(),
    wide: t.int64().nullable(),
    utiny: t.uint8().nullable(),
    usmall: t.uint16().nullable(),
    uint: t.uint32().nullable(),
    real: t.float32().nullable(),
    double: t.float64().nullable(),
    text: t.utf8().nullable(),
    bytes: t.binary().nullable(),
    day: t.date().nullable(),
    ms: t.timestamp().nullable(),
    us: t.timestamp('us').nullable(),
    money: t.decimal128(38, 5).nullable(),
    json: t.json().nullable(),
  },
  key: ['id', 'flag'],
} as const

/** Values that have gone wrong somewhere, in somebody's format. */
const edges: { readonly [name: string]: readonly unknown[] } = {
  tiny: [-128, 127, 0],
  small: [-32768, 32767],
  int: [-(2 ** 31), 2 ** 31 - 1, 0],
  wide: [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 0n, -1n],
  utiny: [0, 255],
  usmall: [0, 65535],
  uint: [0, 2 ** 32 - 1],
  real: [0, -0, Number.NaN, Infinity, -Infinity, Math.fround(0.1), 2 ** -149, Math.fround(3.4e38)],
  double: [0, -0, Number.NaN, Infinity, -Infinity, 0.1, 5e-324, 1.7976931348623157e308, 1e21, 123456789012345680000],
  text: ['', ' ', 'null', 'NULL', '"', ',', 'a,b', 'line\nbreak', '\r\n', '\t', 'ü€😀', '\u0000', '007', '\\N', "it's", '=1'],
  bytes: [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(255, 254, 0, 10, 13, 34)],
  day: [new Date(0), new Date(-86_400_000), new Date(Date.UTC(9999, 11, 31)), new Date(8.64e15), new Date(-8.64e15)],
  ms: [new Date(0), new Date(-1), new Date(1), new Date(Date.UTC(2001, 2, 5, 6, 7, 8, 9)), new Date(8.64e15), new Date(-8.64e15)],
  us: [0n, -1n, 1n, 999_999n, -1_000_001n, 2n ** 63n - 1n, -(2n ** 63n)],
  money: ['0.00000', '-0.00001', '999999999999999999999999999999999.99999', '-12.50000', '12345678901234567.00000'],
  json: [{}, [], 'text', 0, -1.5, true, { a: [1, null, { b: 'ü"\n' }] }, '', 'null'],
} // biome-ignore format: lists

function randomValue(name: string, random: (below: number) => number): unknown {
  if (random(8) === 0) return null
  const values = edges[name]!
  return values[random(values.length)]
}

type Everything = Table<typeof everything.columns, typeof everything.key>

async function fill(table: Everything, random: (below: number) => number, rows: number): Promise<void> {
  for (let i = 0; i < rows; i++) {
    const row: Record<string, unknown> = { id: BigInt(i - 5) * 2n ** 57n + BigInt(i), flag: i % 2 === 0 }
    for (const name of Object.keys(edges)) row[name] = randomValue(name, random)
    if (i === 3) Object.assign(row, { text: 'x",\n'.repeat(2 ** 18), bytes: new Uint8Array(2 ** 20).fill(7) })
    await table.put(row as never)
  }
}

describe(`every type (seed ${testSeed})`, () => {
  test.each(formats)('comes back from %s as it went, from a file and through streams', async (format) => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const table = await db.table('everything', everything)
    await fill(table, generator(testSeed), 60)
    const rows = await table.scan().toArray()
    const path = `${directory}/x.${format}`
    const written = await table.export(path, { rowGroupRows: 25 })
    expect(written).toEqual({ rows: 60, bytes: readFileSync(path).length, files: 1 })
    const copy = await db.table('copy', everything)
    expect(await copy.import(path)).toEqual({ rows: 60, bytes: written.bytes, rejected: 0 })
    // Not vitest's comparison, which takes a minute for a megabyte of bytes.
    deepStrictEqual(await copy.scan().toArray(), rows)

    const stream = new PassThrough({ highWaterMark: 1000 })
    const piped = await db.table('piped', everything)
    if (format === 'parquet') {
      await Promise.all([table.export(stream, { format, rowGroupRows: 25 }), collect(stream, path)])
      await piped.import(path)
    } else await Promise.all([table.export(stream, { format }), piped.import(stream, { format })])
    deepStrictEqual(await piped.scan().toArray(), rows)
  })

  test('of no rows is a file with its columns', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const table = await db.table('everything', everything)
    for (const format of formats) {
      const path = `${directory}/x.${format}`
      expect(await table.export(path)).toMatchObject({ rows: 0, files: 1 })
      expect(await table.import(path)).toMatchObject({ rows: 0 })
    }
    expect(readFileSync(`${directory}/x.csv`, 'utf8')).toBe(`${Object.keys(everything.columns).join(',')}\n`)
  })
})

async function collect(stream: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  writeFileSync(path, Buffer.concat(parts))
}

describe('DuckDB', () => {
  const plain = {
    columns: {
      id: t.int64(),
      flag: t.bool().nullable(),
      int: t.int32().nullable(),
      wide: t.int64().nullable(),
      double: t.float64().nullable(),
      text: t.utf8().nullable(),
      day: t.date().nullable(),
      us: t.timestamp('us').nullable(),
      money: t.decimal128(18, 3).nullable(),
    },
    key: ['id'],
  } as const
  const types =
    'id bigint, flag bool, int int, wide bigint, double double, text varchar, day date, us timestamptz, money decimal(18,3)'
  const query = `
    select (range * 7919) % 1000 as id, range % 3 = 0 as flag, (range - 500)::int as int,
      if(range % 5 = 0, null, 9223372036854775807 - range) as wide, range / 7 as double,
      case range % 6 when 0 then null when 1 then '' when 2 then 'a "quoted", text' when 3 then 'two
lines' else 'ü' || range end as text,
      date '1999-12-31' + range::int as day,
      (timestamp '2001-02-03 04:05:06' + to_microseconds(range * 1234567))::timestamptz as us,
      (range / 8)::decimal(18,3) as money
    from range(1000)`
  const read = {
    parquet: (path: string) => `read_parquet('${path}')`,
    csv: (path: string) =>
      `read_csv('${path}', columns = {${types.replace(/(\w+) ([\w(),]+)(,|$)/g, "'$1': '$2'$3")}}, allow_quoted_nulls = false, strict_mode = true)`,
    ndjson: (path: string) =>
      `read_json('${path}', format = 'newline_delimited', columns = {${types.replace(/(\w+) ([\w(),]+)(,|$)/g, "'$1': '$2'$3")}})`,
  }
  const copyOptions = { parquet: 'format parquet', csv: 'format csv, header', ndjson: 'format json' }

  test.each(['parquet', 'csv', 'ndjson'] as const)(
    'writes %s that we read, and reads what we write',
    async (format) => {
      const directory = temporaryDirectory()
      const theirs = `${directory}/theirs.${format}`
      const ours = `${directory}/ours.${format}`
      await duckdb(`copy (${query}) to '${theirs}' (${copyOptions[format]})`)
      const db = await openFor(directory)
      const table = await db.table('plain', plain)
      expect(await table.import(theirs)).toMatchObject({ rows: 1000, rejected: 0 })
      await table.export(ours)
      const expected = await duckdb(`select * from (${query}) order by id`)
      expect(await duckdb(`select * from ${read[format](ours)} order by id`)).toEqual(expected)
    },
  )

  test('reads the tree of files that an export makes by columns', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const table = await db.table('places', {
      columns: { country: t.utf8().nullable(), year: t.int32(), id: t.int32(), name: t.utf8() },
      key: ['id'],
    })
    const countries = ['DE', 'a/b', 'x=y', '100%', 'ü', null]
    for (let id = 0; id < 600; id++) {
      await table.put({ id, country: countries[id % 6]!, year: 1990 + Math.floor(id / 60), name: `n${id}` })
    }
    for (const format of ['parquet', 'csv', 'ndjson'] as const) {
      const path = `${directory}/tree-${format}`
      const result = await table.export(path, { format, partitionBy: ['country', 'year'] })
      expect(result).toMatchObject({ rows: 600 })
      // 60 parts, of which 32 are open at a time.
      expect(result.files).toBe(60)
      const reader = { parquet: 'read_parquet', csv: 'read_csv', ndjson: 'read_json' }[format]
      const rows = await duckdb(
        `select id::int, country, year::int, name from ${reader}('${path}/**/*.${format}', hive_partitioning = true) order by 1`,
      )
      expect(rows).toEqual(
        (await table.scan().toArray()).map(({ id, country, year, name }) => [id, country, year, name]),
      )
      expect(await failureOf(table.export(path, { format, partitionBy: ['country'] }))).toMatchObject({
        option: 'path',
      })
    }
  })
})

describe('bad records', () => {
  const schema = {
    columns: { id: t.int32(), wide: t.int64().nullable(), day: t.date().nullable() },
    key: ['id'],
  } as const

  test.each([
    [
      'csv',
      'id,wide,day\n1,1,2001-01-01\n2,"a\nb",\n3,,2001-02-30\n,4,\n5\n6,"x"y,\n7,9223372036854775808,\n8,8,\n',
      [
        [3, 'wide'],
        [5, 'day'],
        [6, 'id'],
        [7, undefined],
        [8, undefined],
        [9, 'wide'],
      ],
      [1, 8],
    ],
    [
      'ndjson',
      '{"id":1}\n{"id":2,"wide":1.5}\n\n{"id":3,"day":"tomorrow"}\n{"wide":4}\nnot json\n[6]\n{"id":7,"wide":9223372036854775808}\n{"id":8,"wide":null}\n',
      [
        [2, 'wide'],
        [4, 'day'],
        [5, 'id'],
        [6, undefined],
        [7, undefined],
        [8, 'wide'],
      ],
      [1, 8],
    ],
  ] as const)('of %s stop the import with their line, or go to a file', async (format, text, places, good) => {
    // biome-ignore format: data
    const directory = temporaryDirectory()
    const path = `${directory}/x.${format}`
    const rejects = `${directory}/rejects.ndjson`
    writeFileSync(path, text)
    const lines = format === 'csv' ? [3, 'wide'] : [2, 'wide']
    const db = await openFor(directory)
    const table = await db.table('t', schema)
    const error = await failureOf(table.import(path))
    // The first of them: in CSV it begins on line 3, since the header is line 1.
    expect(error).toMatchObject({ code: invalid, file: path, line: lines[0], column: lines[1] })
    expect(
      isMarquetryError(error) && error.message.startsWith(`${path}, line ${lines[0]}, column "wide": `),
    ).toBe(true)
    expect(await table.scan().count()).toBe(0)
    expect(await table.import(path, { rejects })).toMatchObject({ rows: 2, rejected: 6 })
    const rejected = readFileSync(rejects, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rejected.map(({ line, column }) => [line, column])).toEqual(places)
    for (const { error, record } of rejected)
      expect([typeof error, text.includes(record)]).toEqual(['string', true])
    expect((await table.scan().toArray()).map(({ id }) => id)).toEqual(good)
  })

  test('a file that is not text, or has no such columns, is refused', async () => {
    const directory = temporaryDirectory()
    const path = `${directory}/x.csv`
    const db = await openFor(directory)
    const table = await db.table('t', schema)
    const refused = async (content: string | Uint8Array, format?: 'ndjson' | 'arrow' | 'csv') => {
      writeFileSync(path, content)
      return await failureOf(table.import(path, { format }))
    }
    expect(await refused('')).toMatchObject({ code: invalid, line: 1 })
    expect(await refused('wide,day\n1,\n')).toMatchObject({ code: invalid, column: 'id', line: 1 })
    expect(await refused('id,wide,wide\n')).toMatchObject({ code: invalid, column: 'wide' })
    expect(await refused(Uint8Array.of(0x69, 0x64, 10, 0x31, 10, 0xff, 10))).toMatchObject({ code: invalid })
    expect(await refused(Uint8Array.of(0xc3, 0x28), 'ndjson')).toMatchObject({ code: invalid })
    for (const text of [
      '',
      'x',
      'ARROW1',
      'ARROW1\0\0',
      'ARROW1\0\0nonsense that is long enough to be something',
    ])
      expect(await refused(text, 'arrow')).toMatchObject({ code: invalid, file: path })
    expect(await failureOf(table.import(createReadStream(path)))).toMatchObject({ option: 'format' })
    expect(await failureOf(table.import(createReadStream(path), { format: 'parquet' }))).toMatchObject({
      option: 'format',
    })
    expect(await failureOf(table.import(path, { format: 'arrow', rejects: 'x' }))).toMatchObject({
      option: 'rejects',
    })
  })
})

describe('a stream', () => {
  const schema = { columns: { id: t.int32(), text: t.utf8() }, key: ['id'] } as const

  test('that is not read holds the export back, and one that fails ends it', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const table = await db.table('t', schema)
    for (let id = 0; id < 200; id++) await table.put({ id, text: 'x'.repeat(20_000) })
    const slow = new PassThrough({ highWaterMark: 1 })
    let bytes = 0
    const exporting = table.export(slow, {
      format: 'csv',
      onProgress: (progress) => {
        bytes = progress.bytes
      },
    })
    // Nobody reads: what the stream has been given is one piece.
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    expect(bytes).toBeLessThan(1_000_000)
    slow.destroy(new Error('enough'))
    expect(await failureOf(exporting)).toMatchObject({ code: 'MARQUETRY_IO', cause: new Error('enough') })
    const aborted = new PassThrough({ highWaterMark: 1 })
    const controller = new AbortController()
    const stopping = table.export(aborted, { format: 'ndjson', signal: controller.signal })
    await new Promise(setImmediate)
    controller.abort()
    expect(await failureOf(stopping)).toMatchObject({ code: 'MARQUETRY_ABORTED' })
    expect(aborted.destroyed).toBe(true)
    const web = new TransformStream<Uint8Array, Uint8Array>()
    const copy = await db.table('copy', schema)
    await Promise.all([
      table.export(web.writable, { format: 'arrow' }),
      copy.import(web.readable as never, { format: 'arrow' }),
    ])
    expect(await copy.scan().toArray()).toEqual(await table.scan().toArray())
    await table.export(createWriteStream(`${directory}/x.csv`), { format: 'csv' })
    expect(await copy.import(createReadStream(`${directory}/x.csv`), { format: 'csv' })).toMatchObject({
      rows: 200,
    })
  })

  test('that fails ends the import with its error', async () => {
    const directory = temporaryDirectory()
    const db = await openFor(directory)
    const table = await db.table('t', schema)
    const failing = async function* () {
      yield Buffer.from('\n')
      throw new Error('gone')
    }
    for (const format of ['csv', 'ndjson', 'arrow'] as const)
      expect(await failureOf(table.import(failing(), { format }))).toMatchObject({
        code: format === 'arrow' ? expect.any(String) : 'MARQUETRY_IO',
      })
    let returned = false
    const endless = async function* () {
      try {
        yield Buffer.from('id,text\n')
        for (let id = 0; ; id++) yield Buffer.from(`${id},x\n`)
      } finally {
        returned = true
      }
    }
    const controller = new AbortController()
    const importing = table.import(endless(), {
      format: 'csv',
      signal: controller.signal,
      onProgress: () => controller.abort(),
    })
    expect(await failureOf(importing)).toMatchObject({ code: 'MARQUETRY_ABORTED' })
    expect(returned).toBe(true)
  })
})
