// What other programs see in the files: DuckDB, hyparquet and parquet-wasm's own reader.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { tableFromIPC } from 'apache-arrow'
import { parquetMetadata, parquetReadObjects, readOffsetIndex } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { t } from '#src/format/column.js'
import { defineSchema, type Schema, type SchemaColumn } from '#src/format/schema.js'
import { nodeFileSystem } from '#src/fs/node.js'
import type { Compression } from '#src/sstable/encode-row-group.js'
import { parquetWasm } from '#src/sstable/parquet-wasm.js'
import { decodeSidecar, sidecarKinds } from '#src/sstable/sidecar.js'
import { SparseIndex } from '#src/sstable/sparse-index.js'
import { deletedFieldId, seqFieldId } from '#src/sstable/stored-columns.js'
import { SSTableWriter } from '#src/sstable/writer.js'
import { batchOf, sortVersions, type Version } from './batches.js'

const everything = defineSchema({
  columns: {
    bool: t.bool().nullable(),
    int8: t.int8(),
    int16: t.int16().nullable(),
    int32: t.int32(),
    int64: t.int64().nullable(),
    uint8: t.uint8(),
    uint16: t.uint16().nullable(),
    uint32: t.uint32(),
    float32: t.float32(),
    float64: t.float64().nullable(),
    utf8: t.utf8(),
    binary: t.binary().nullable(),
    date: t.date().nullable(),
    ms: t.timestamp('ms'),
    us: t.timestamp('us').nullable(),
    decimal5: t.decimal128(5, 2),
    decimal18: t.decimal128(18, 4).nullable(),
    decimal38: t.decimal128(38, 10),
    json: t.json().nullable(),
    text: t.utf8().nullable(),
  },
  key: ['utf8', 'uint32', 'decimal5', 'ms'],
})

/** A long string of which a key can hold a part only. */
const big = 'é'.repeat(500_000) // 1 MB in UTF-8
const floats = [0, -0, Number.NaN, Infinity, -Infinity, 5e-324, 1.5, -1.7976931348623157e308]
const texts = ['', 'a', 'a\0b', '\u{1F600}', '\uFFFF', 'zz']

/** The i-th of rows that meet every extreme of every type. */
function extreme(i: number): Version {
  const pick = <T>(...values: readonly T[]): T => values[i % values.length] as T
  const row = {
    bool: pick(true, false, null),
    int8: pick(-128, 127, 0),
    int16: pick(-32768, 32767, null),
    int32: pick(-2147483648, 2147483647, i),
    int64: pick(-(2n ** 63n), 2n ** 63n - 1n, null, 0n),
    uint8: pick(255, 0, 128),
    uint16: pick(65535, 0, null, 32768),
    uint32: i < 4 ? pick(4294967295, 0, 2147483648, 2147483647) : i,
    float32: Math.fround(pick(...floats)),
    float64: pick(...floats, null),
    utf8: i === 300 ? big.slice(0, 30_000) : pick(...texts),
    text: i % 250 === 0 ? big : pick(...texts, null),
    binary: pick(new Uint8Array(0), Uint8Array.of(0, 255, 128), null),
    date: pick(new Date(0), new Date('1600-02-29'), null, new Date('9999-12-31')),
    ms: pick(new Date(0), new Date('1900-01-01T00:00:00.001Z'), new Date('2200-12-31T23:59:59.999Z')),
    us: pick(-1n, 253402300799999999n, null),
    decimal5: pick('-999.99', '999.99', '0.00', '0.01'),
    decimal18: pick('-99999999999999.9999', '99999999999999.9999', null, '0.0001'),
    decimal38: pick(
      `-${'9'.repeat(28)}.${'9'.repeat(10)}`,
      `${'9'.repeat(28)}.${'9'.repeat(10)}`,
      '0.0000000001',
    ),
    json: pick<unknown>({ a: [1, 'x'] }, null, 'text', 1.5),
  }
  return { row, seq: i % 5 === 0 ? 2 ** 53 - 1 - i : i, deleted: i % 11 === 3 }
}

/** A value as DuckDB's text form of it, by the expression that makes it. */
const asText: Partial<Record<string, { sql: (name: string) => string; js: (value: never) => string }>> = {
  binary: {
    sql: (name) => `hex(${name})`,
    js: (value: Uint8Array) => Buffer.from(value).toString('hex').toUpperCase(),
  },
  date: { sql: (name) => `epoch_ms(${name})`, js: (value: Date) => String(value.getTime()) },
  json: { sql: (name) => name, js: (value: unknown) => JSON.stringify(value) },
}
function sqlOf({ name, type }: SchemaColumn): string {
  if (type.kind === 'timestamp') return type.unit === 'us' ? `epoch_us(${name})` : `epoch_ms(${name})`
  if (type.kind === 'float32' || type.kind === 'float64') return `${name}::double`
  return asText[type.kind]?.sql(`"${name}"`) ?? `"${name}"`
}

function textOf({ type }: SchemaColumn, value: unknown): string {
  const own = asText[type.kind]
  if (own !== undefined) return own.js(value as never)
  if (value instanceof Date) return String(value.getTime())
  return String(value)
}

let directory: string
let instance: DuckDBInstance
let duckdb: DuckDBConnection
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'marquetry-sstable-'))
  instance = await DuckDBInstance.create()
  duckdb = await instance.connect()
})
afterAll(() => {
  duckdb.closeSync()
  instance.closeSync()
  rmSync(directory, { recursive: true })
})

async function query(sql: string) {
  return (await duckdb.runAndReadAll(sql)).getRowObjectsJS()
}

let folders = 0
async function write(
  schema: Schema,
  groups: readonly (readonly Version[])[],
  compression: Compression = 'snappy',
) {
  const folder = join(directory, String(folders++))
  const hasTombstones = groups.some((group) => group.some(({ deleted }) => deleted))
  const writer = await SSTableWriter.create(nodeFileSystem(), folder, schema, {
    compression,
    pageBytes: 8192,
    sparseIndexInterval: 64,
    hasTombstones,
    table: 'everything',
    engineVersion: '9.8.7',
  })
  for (const group of groups) await writer.append(batchOf(schema, group))
  const meta = await writer.finish(0)
  const path = join(folder, 'data.parquet')
  const sidecar = new Uint8Array(readFileSync(join(folder, 'index.sparse')))
  const index = new SparseIndex(decodeSidecar('index', sidecarKinds.index, meta.digest, sidecar))
  return { meta, path, bytes: new Uint8Array(readFileSync(path)), index }
}

const versions = sortVersions(
  everything,
  Array.from({ length: 1000 }, (_, i) => extreme(i)),
)
const cuts = [versions.slice(0, 1), versions.slice(1, 400), versions.slice(400)]

/** A row as the file has it: tombstones without values, unsigned integers signed. */
function stored(version: Version, name: string): unknown {
  const isKey = everything.key.includes(everything.indexOf(name) ?? -1)
  return version.deleted && !isKey ? null : (version.row[name] ?? null)
}

describe('DuckDB', () => {
  test.each(['snappy', 'uncompressed', 'lz4_raw', 'zstd'] as const)(
    'reads every value, %s',
    async (compression) => {
      const { path } = await write(everything, cuts, compression)
      const columns = everything.columns.map((column) => `${sqlOf(column)} as "${column.name}"`)
      const rows = await query(`select ${columns.join(', ')}, _seq, _deleted from '${path}'`)
      expect(rows.length).toBe(versions.length)
      rows.forEach((row, i) => {
        const version = versions[i]!
        for (const column of everything.columns) {
          const value = stored(version, column.name)
          const got = row[column.name]
          const where = `row ${i}, ${column.name}`
          if (value === null || got === null) expect(got, where).toBe(value)
          else if (column.type.kind === 'float32' || column.type.kind === 'float64')
            expect(got, where).toBe(value)
          else if (column.type.kind !== 'decimal128') expect(String(got), where).toBe(textOf(column, value))
        }
        expect(row._seq, `row ${i}`).toBe(BigInt(version.seq))
        expect(row._deleted, `row ${i}`).toBe(version.deleted)
      })
      const decimals = await query(
        `select decimal5::varchar as decimal5, decimal18::varchar as decimal18, decimal38::varchar as decimal38 from '${path}'`,
      )
      decimals.forEach((row, i) => {
        for (const name of ['decimal5', 'decimal18', 'decimal38']) {
          expect(row[name], `row ${i}, ${name}`).toBe(stored(versions[i]!, name))
        }
      })
    },
  )

  test('sees signed native types and UTC timestamps', async () => {
    const { path } = await write(everything, cuts)
    const types = await query(`select column_name, column_type from (describe from '${path}')`)
    expect(Object.fromEntries(types.map((row) => [row.column_name, row.column_type]))).toEqual({
      bool: 'BOOLEAN',
      int8: 'TINYINT',
      int16: 'SMALLINT',
      int32: 'INTEGER',
      int64: 'BIGINT',
      uint8: 'SMALLINT',
      uint16: 'INTEGER',
      uint32: 'BIGINT',
      float32: 'FLOAT',
      float64: 'DOUBLE',
      utf8: 'VARCHAR',
      binary: 'BLOB',
      date: 'DATE',
      ms: 'TIMESTAMP WITH TIME ZONE',
      us: 'TIMESTAMP WITH TIME ZONE',
      decimal5: 'DECIMAL(5,2)',
      decimal18: 'DECIMAL(18,4)',
      decimal38: 'DECIMAL(38,10)',
      json: 'VARCHAR',
      text: 'VARCHAR',
      _seq: 'BIGINT',
      _deleted: 'BOOLEAN',
    })
  })

  test('sees field ids, and which columns may be null', async () => {
    const { path } = await write(everything, cuts)
    const rows = await query(`select name, field_id, repetition_type from parquet_schema('${path}') offset 1`)
    const ids = everything.columns.map(({ name, id }) => [name, BigInt(id)])
    expect(rows.map((row) => [row.name, BigInt(row.field_id as number)])).toEqual([
      ...ids,
      ['_seq', BigInt(seqFieldId)],
      ['_deleted', BigInt(deletedFieldId)],
    ])
    const keys = everything.key.map((index) => everything.columns[index]!.name)
    for (const row of rows) {
      const required = [...keys, '_seq', '_deleted'].includes(String(row.name))
      expect(row.repetition_type, String(row.name)).toBe(required ? 'REQUIRED' : 'OPTIONAL')
    }
    const clean = versions.filter(({ deleted }) => !deleted)
    const { path: without } = await write(everything, [clean])
    const sums = await query(
      `select count(*) filter (repetition_type = 'OPTIONAL') as n from parquet_schema('${without}')`,
    )
    expect(sums[0]!.n).toBe(BigInt(everything.columns.filter(({ nullable }) => nullable).length))
  })

  test('sees row groups, their statistics and who wrote the file', async () => {
    const { path, meta } = await write(everything, cuts)
    const groups = await query(
      `select row_group_id, row_group_num_rows, stats_min, stats_max, stats_null_count from parquet_metadata('${path}')
       where path_in_schema = 'int8' order by 1`,
    )
    expect(groups.map((row) => Number(row.row_group_num_rows))).toEqual(cuts.map(({ length }) => length))
    groups.forEach((row, i) => {
      expect(Number(row.stats_null_count)).toBe(cuts[i]!.filter(({ deleted }) => deleted).length)
    })
    const [file] = await query(
      `select created_by, num_rows, num_row_groups from parquet_file_metadata('${path}')`,
    )
    expect(file).toEqual({ created_by: 'marquetry version 9.8.7', num_rows: 1000n, num_row_groups: 3n })
    const pairs = await query(
      `select decode(key) as key, decode(value) as value from parquet_kv_metadata('${path}')`,
    )
    const values = new Map(pairs.map((row) => [row.key, String(row.value)]))
    expect([...values.keys()].sort()).toEqual(
      ['keys', 'schema', 'seq', 'table', 'version'].map((name) => `marquetry.${name}`),
    )
    expect(JSON.parse(values.get('marquetry.schema') ?? '')).toEqual(everything.toJSON())
    expect(JSON.parse(values.get('marquetry.keys') ?? '')).toEqual({
      min: Buffer.from(meta.minKey).toString('base64'),
      max: Buffer.from(meta.maxKey).toString('base64'),
    })
    expect(values.get('marquetry.seq')).toBe(`${meta.minSeq}..${meta.maxSeq}`)
    expect(values.get('marquetry.table')).toBe('everything')
  })

  test('finds rows through statistics and page index', async () => {
    const { path } = await write(everything, cuts)
    const wanted = versions.filter(({ row }) => Number(row.uint32) >= 700 && row.utf8 === 'zz')
    const [count] = await query(`select count(*) as n from '${path}' where uint32 >= 700 and utf8 = 'zz'`)
    expect(Number(count!.n)).toBe(wanted.length)
  })
})

describe('hyparquet', () => {
  test('reads keys, sequence numbers and the sorting columns', async () => {
    const { bytes } = await write(everything, cuts)
    const metadata = parquetMetadata(bytes)
    const expected = [...everything.key, everything.columns.length].map((column_idx, i) => {
      return { column_idx, descending: i === everything.key.length, nulls_first: false }
    })
    metadata.row_groups.forEach((group, ordinal) => {
      expect(group.sorting_columns).toEqual(expected)
      expect(group.ordinal).toBe(ordinal)
    })
    const rows = await parquetReadObjects({
      file: bytes.slice().buffer,
      columns: ['utf8', 'uint32', '_seq', 'int64'],
    })
    expect(rows).toEqual(
      versions.map((version) => {
        const { utf8, uint32 } = version.row
        return {
          utf8,
          uint32: BigInt(uint32 as number),
          _seq: BigInt(version.seq),
          int64: stored(version, 'int64'),
        }
      }),
    )
  })

  test('finds in the offset indexes the pages that the sparse index has', async () => {
    const wide = defineSchema({ columns: { key: t.int32(), text: t.utf8(), f: t.float64() }, key: ['key'] })
    const rows = Array.from({ length: 9000 }, (_, i): Version => {
      return { row: { key: i, text: `text ${i} ${'x'.repeat(i % 50)}`, f: Math.sin(i) }, seq: i }
    })
    const { bytes, index } = await write(wide, [rows.slice(0, 4000), rows.slice(4000)])
    const view = new DataView(bytes.buffer)
    let pages = 0
    parquetMetadata(bytes).row_groups.forEach((group, g) => {
      group.columns.forEach((chunk, c) => {
        const from = index.chunkPages[g * index.columns + c]!
        const offset = Number(chunk.offset_index_offset)
        const { page_locations } = readOffsetIndex({ view, offset })
        expect(page_locations.length).toBe(index.chunkPages[g * index.columns + c + 1]! - from)
        page_locations.forEach((location, i) => {
          expect(index.pageOffset[from + i]).toBe(Number(location.offset))
          expect(index.pageBytes[from + i]).toBe(location.compressed_page_size)
          expect(index.pageFirstRow[from + i]).toBe(
            index.rowGroupFirstRow[g]! + Number(location.first_row_index),
          )
          pages++
        })
        expect(Number(chunk.meta_data?.dictionary_page_offset ?? 0)).toBe(
          index.chunkDictionary[g * index.columns + c],
        )
      })
    })
    expect(pages).toBe(index.pageOffset.length)
    expect(pages).toBeGreaterThan(40)
  })
})

describe('parquet-wasm', () => {
  test('reads any range of rows through the page index', async () => {
    const { bytes } = await write(everything, cuts)
    const file = await parquetWasm().ParquetFile.fromFile(new Blob([bytes as Uint8Array<ArrayBuffer>]))
    for (const [offset, limit] of [
      [0, 1000],
      [0, 1],
      [1, 1],
      [399, 3],
      [777, 100],
      [999, 1],
    ] as const) {
      const read = await file.read({ offset, limit, columns: ['utf8', 'int32', '_seq'] })
      const table = tableFromIPC(read.intoIPCStream())
      const rows = versions.slice(offset, offset + limit)
      expect(table.numRows).toBe(rows.length)
      expect([...table.getChild('utf8')!], `${limit} rows from ${offset}`).toEqual(
        rows.map(({ row }) => row.utf8),
      )
      expect([...table.getChild('_seq')!]).toEqual(rows.map(({ seq }) => BigInt(seq)))
      expect([...table.getChild('int32')!]).toEqual(rows.map((version) => stored(version, 'int32')))
    }
    file.free()
  })

  test("finds Arrow types as they were written, without Arrow's own schema in the footer", async () => {
    const { bytes } = await write(everything, cuts)
    const table = parquetWasm().readParquet(bytes)
    const types = tableFromIPC(table.intoIPCStream()).schema.fields.map(({ name, type }) => [
      name,
      String(type),
    ])
    expect(Object.fromEntries(types)).toMatchObject({
      uint8: 'Int16',
      uint16: 'Int32',
      uint32: 'Int64',
      utf8: 'Utf8',
      binary: 'Binary',
      date: 'Date32<DAY>',
      ms: 'Timestamp<MILLISECOND, UTC>',
      us: 'Timestamp<MICROSECOND, UTC>',
      decimal38: 'Decimal[38e+10]',
    })
  })
})
