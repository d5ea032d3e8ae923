// External views of random databases, run by ClickHouse and Polars and compared with scans. pandas is not on npm: hyparquet
// reads the files that its code names, and what the code does with them is done here.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parquetReadObjects } from 'hyparquet'
import type { Table } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { linesOf, randomDatabase } from '../../test/external/databases.js'
import { testSeed } from '../../test/test-seed.js'

const databases = 25
const require = createRequire(import.meta.url)

type Rows = readonly Readonly<Record<string, unknown>>[]

/** Runs the view of each database by `read`, and compares its rows with a scan's. */
async function compare(read: (table: Table) => Promise<Rows>): Promise<void> {
  for (let i = 0; i < databases; i++) {
    const { table, names, close } = await randomDatabase(testSeed + i)
    await table.flush()
    const rows = await read(table)
    expect(linesOf(rows, names), `seed ${testSeed + i}`).toEqual(linesOf(await table.scan().toArray(), names))
    if (rows[0] !== undefined) expect(Object.keys(rows[0]), `seed ${testSeed + i}`).toEqual(names)
    await close()
  }
}

describe(`external views of ${databases} databases from seed ${testSeed}`, () => {
  test('ClickHouse', async () => {
    const { query } = require('chdb') as { query(sql: string, format: string): string }
    await compare(async (table) => {
      const lines = query(table.externalView('clickhouse'), 'JSONCompactEachRowWithNames')
        .split('\n')
        .filter(Boolean)
      const [names = [], ...rows] = lines.map((line) => JSON.parse(line) as unknown[])
      return rows.map((row) => Object.fromEntries(row.map((given, i) => [names[i], given])))
    })
  })

  test('Polars', async () => {
    const { default: pl } = require('nodejs-polars') as { default: object }
    await compare(async (table) => {
      const code = table.externalView('nodejs-polars').replace(/^import .*$/m, '')
      const frame = new Function('pl', `${code}\nreturn rows.collectSync()`)(pl) as Frame
      const columns = frame.columns.map((name) => [name, frame.getColumn(name).toArray()] as const)
      return Array.from({ length: frame.height }, (_, row) =>
        Object.fromEntries(columns.map(([name, values]) => [name, values[row]])),
      )
    })
  })

  test("hyparquet, over the files of pandas' code", async () => {
    await compare(async (table) => {
      const paths = /^files = (\[[\s\S]*?\n\])/m.exec(table.externalView('pandas'))?.[1] ?? '[]'
      const newest = new Map<string, Readonly<Record<string, unknown>>>()
      for (const path of JSON.parse(paths.replace(/,\n\]$/, '\n]')) as string[]) {
        const bytes = readFileSync(path)
        const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
        for (const row of (await parquetReadObjects({ file })) as Record<string, unknown>[]) {
          const key = table.schema.key.map((name) => String(row[name])).join('\0')
          if (!((newest.get(key)?.['_seq'] as bigint) > (row['_seq'] as bigint))) newest.set(key, row)
        }
      }
      const names = table.schema.columns.map(({ name }) => name)
      return [...newest.values()]
        .filter((row) => row['_deleted'] !== true)
        .map((row) => Object.fromEntries(names.map((name) => [name, row[name] ?? null])))
    })
  })
})

interface Frame {
  readonly columns: readonly string[]
  readonly height: number
  getColumn(name: string): { toArray(): unknown[] }
}
