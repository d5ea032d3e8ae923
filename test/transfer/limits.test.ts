// Files that claim too much are refused by what they claim: nothing of them is decoded, and nothing is written.

import { readFileSync, writeFileSync } from 'node:fs'
import { Table as ArrowTable, Dictionary, Int32, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow'
import { type ImportLimits, open, t } from 'marquetry'
import { Compression, Table as WasmTable, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm/node'
import { describe, expect, test } from 'vitest'
import {
  decodeThrift,
  encodeThrift,
  fieldOf,
  type ThriftStruct,
  type ThriftValue,
  withField,
} from '#src/sstable/thrift.js'
import { zstdBytesMax } from '#src/transfer/parquet-pages.js'
import { duckdb, failureOf, temporaryDirectory } from './support.js'

const schema = { columns: { id: t.int32(), v: t.utf8() }, key: ['id'] } as const

const parquet = (path: string, query: string) => duckdb(`copy (${query}) to '${path}' (format parquet)`)

/** What an import of the file comes to; the table has no row of it, and works on. */
async function refusal(path: string, limits?: Partial<ImportLimits>): Promise<unknown> {
  const db = await open(`${temporaryDirectory()}/db`, { workers: 1 })
  try {
    const table = await db.table('t', schema)
    const error = await failureOf(table.import(path, { limits }))
    expect(await table.scan().count()).toBe(0)
    await table.put({ id: 1, v: 'still here' })
    expect(await table.scan().count()).toBe(1)
    return error
  } finally {
    await db.close()
  }
}

/** Changes the footer of a file. */
function refoot(path: string, change: (footer: ThriftStruct) => ThriftStruct): void {
  const bytes = readFileSync(path)
  const end = bytes.length - 8
  const start = end - bytes.readUInt32LE(end)
  const footer = Buffer.from(encodeThrift(change(decodeThrift(bytes.subarray(start, end)).value)))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  writeFileSync(path, Buffer.concat([bytes.subarray(0, start), footer, length, Buffer.from('PAR1')]))
}

/** The struct with field `ids[0]` of field `ids[1]` … replaced; lists are entered at their first element. */
function withNested(struct: ThriftStruct, ids: readonly number[], value: ThriftValue): ThriftStruct {
  const [id = 0, ...inner] = ids
  const old = fieldOf(struct, id)
  const type = struct.fields.find((field) => field.id === id)?.type ?? 6
  if (inner.length === 0) return withField(struct, id, type, value)
  if (typeof old === 'object' && 'items' in old) {
    const [first, ...others] = old.items
    const items = [withNested(first as ThriftStruct, inner, value), ...others]
    return withField(struct, id, type, { ...old, items })
  }
  return withField(struct, id, type, withNested(old as ThriftStruct, inner, value))
}

describe('limits', () => {
  test.each([
    ['rows', { rows: 9_999 }],
    ['columns', { columns: 1 }],
    ['pages', { pages: 1 }],
    ['decodedBytes', { decodedBytes: 100_000 }],
  ] as const)('of %s', async (name, limits) => {
    const path = `${temporaryDirectory()}/x.parquet`
    await parquet(path, `select range::int as id, 'value ' || range as v from range(10000)`)
    expect(await refusal(path, limits)).toMatchObject({
      code: 'MARQUETRY_LIMIT',
      file: path,
      option: `limits.${name}`,
    })
    const db = await open(`${temporaryDirectory()}/db`, { workers: 1 })
    const table = await db.table('t', schema)
    const roomy = { rows: 10_000, columns: 2, pages: 1000, decodedBytes: 10_000_000 }
    expect(await table.import(path, { limits: roomy })).toMatchObject({ rows: 10_000 })
    await db.close()
  })

  test('must be limits', async () => {
    for (const [limits, option] of [
      [{ rowz: 1 }, 'limits.rowz'],
      [{ rows: 0 }, 'limits.rows'],
      [{ pages: 1.5 }, 'limits.pages'],
      [17, 'limits'],
    ] as const) {
      expect(await refusal('/nowhere.parquet', limits as never)).toMatchObject({
        code: 'MARQUETRY_INVALID_OPTION',
        option,
      })
    }
  })
})

describe('a file that claims', () => {
  const rowGroups = 4
  test.each([
    ['a million billion rows', [rowGroups, 3], 10 ** 15, 'MARQUETRY_LIMIT'],
    ['less than no rows', [rowGroups, 3], -1, 'MARQUETRY_INVALID_INPUT'],
    ['billions of rows in a row group', [rowGroups, 3], 4 * 10 ** 9, 'MARQUETRY_LIMIT'],
    ['pages outside of the file', [rowGroups, 1, 3, 9], 10 ** 9, 'MARQUETRY_INVALID_INPUT'],
    ['pages before the file', [rowGroups, 1, 3, 9], -5, 'MARQUETRY_INVALID_INPUT'],
    ['more bytes of pages than there are', [rowGroups, 1, 3, 7], 10 ** 12, 'MARQUETRY_INVALID_INPUT'],
  ] as const)('%s is refused', async (_, ids, value, code) => {
    const path = `${temporaryDirectory()}/x.parquet`
    await parquet(path, `select range::int as id, 'value ' || range as v from range(3000)`)
    refoot(path, (footer) => withNested(footer, ids, value))
    expect(await refusal(path)).toMatchObject({ code, file: path })
  })

  test('a dictionary of one long entry, and hundreds of rows that point at it, is refused', async () => {
    const path = `${temporaryDirectory()}/bomb.parquet`
    const rows = 250
    const longest = 'x'.repeat(600_000)
    const table = new ArrowTable({
      id: vectorFromArray(Array.from({ length: rows }, (_, id) => id), new Int32()),
      v: vectorFromArray(Array.from({ length: rows }, () => longest), new Dictionary(new Utf8(), new Int32())),
    }) // biome-ignore format: lists
    const properties = new WriterPropertiesBuilder().setCompression(Compression.SNAPPY).build()
    writeFileSync(path, writeParquet(WasmTable.fromIPCStream(tableToIPC(table, 'stream')), properties))
    expect(readFileSync(path).length).toBeLessThan(1_000_000)
    expect(await refusal(path, { decodedBytes: 100_000_000 })).toMatchObject({
      code: 'MARQUETRY_LIMIT',
      option: 'limits.decodedBytes',
    })
  })
})

describe('what zstd can unpack to', () => {
  const frame = (...blocks: readonly number[]) => Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, ...blocks)
  const head = (isLast: boolean, type: number, size: number) => {
    const value = (isLast ? 1 : 0) | (type << 1) | (size << 3)
    return [value & 0xff, (value >> 8) & 0xff, value >> 16]
  }

  test('is bounded by the heads of its blocks', () => {
    expect(zstdBytesMax(frame(...head(true, 0, 3), 1, 2, 3))).toBe(3)
    expect(zstdBytesMax(frame(...head(false, 1, 100_000), 7, ...head(true, 1, 50_000), 7))).toBe(150_000)
    expect(zstdBytesMax(frame(...head(true, 2, 2), 1, 2))).toBe(131_072)
    const two = [...frame(...head(true, 0, 1), 1), ...frame(...head(true, 0, 2), 1, 2)]
    expect(zstdBytesMax(Uint8Array.from(two))).toBe(3)
  })

  test('is anything, where they make no sense', () => {
    expect(zstdBytesMax(Uint8Array.of(1, 2, 3, 4, 5))).toBe(Number.POSITIVE_INFINITY)
    expect(zstdBytesMax(frame(...head(false, 0, 1), 1))).toBe(Number.POSITIVE_INFINITY)
  })

  test('is enough for what is written', async () => {
    const path = `${temporaryDirectory()}/x.parquet`
    for (const codec of ['zstd', 'gzip', 'brotli']) {
      await duckdb(
        `copy (select range::int as id, 'value ' || range % 1000 as v from range(100000)) to '${path}' (codec ${codec})`,
      )
      const db = await open(`${temporaryDirectory()}/db`, { workers: 1 })
      expect(await (await db.table('t', schema)).import(path)).toMatchObject({ rows: 100_000 })
      await db.close()
    }
  })
})
