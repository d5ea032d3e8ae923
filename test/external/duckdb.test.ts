// External views for DuckDB, run by it and compared with scans; and what is refused.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { open, t } from 'marquetry'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { testSeed } from '../test-seed.js'
import { linesOf, randomDatabase } from './databases.js'

const databases = 20

let instance: DuckDBInstance
let connection: DuckDBConnection
beforeAll(async () => {
  instance = await DuckDBInstance.create()
  connection = await instance.connect()
})
afterAll(() => {
  connection.closeSync()
  instance.closeSync()
})

const query = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJS()

/** A table of a database in memory; nothing reads its files. */
async function inMemory(names: readonly string[], path = 'db') {
  const db = await open(path, { fileSystem: new MemoryFileSystem(), workers: 0 })
  const columns = names.map((name) => [name, t.int32()] as const)
  const table = await db.table('rows', { columns, key: [names[0]] } as never)
  return { db, table }
}

describe('DuckDB', () => {
  test(`reads what a scan reads, of ${databases} databases from seed ${testSeed}`, async () => {
    for (let i = 0; i < databases; i++) {
      const { table, names, close } = await randomDatabase(testSeed + i)
      const sql = await table.externalView('duckdb', { flush: true })
      const expected = linesOf(await table.scan().toArray(), names)
      const rows = await query(sql)
      expect(linesOf(rows, names), `seed ${testSeed + i}\n${sql}`).toEqual(expected)
      if (rows[0] !== undefined) expect(Object.keys(rows[0]), `seed ${testSeed + i}`).toEqual(names)
      // Through a view, as people keep it.
      await connection.run(`CREATE OR REPLACE VIEW rows AS ${sql}`)
      expect(await query('SELECT count(*) AS n FROM rows')).toEqual([{ n: BigInt(expected.length) }])
      await close()
    }
  })

  test('gets a plain scan where each key is there once; memtables are in it once they are flushed', async () => {
    const path = mkdtempSync(join(tmpdir(), 'marquetry-external-'))
    const db = await open(path, { workers: 0 })
    const table = await db.table('rows', { columns: { a: t.int32(), b: t.int32().nullable() }, key: ['a'] })
    const empty = table.externalView('duckdb')
    expect(await query(empty)).toEqual([])
    await table.put({ a: 1, b: 2 })
    expect(table.externalView('duckdb')).toBe(empty)
    const plain = await table.externalView('duckdb', { flush: true })
    expect(plain).not.toContain('_seq')
    expect(await query(plain)).toEqual([{ a: 1, b: 2 }])
    // Another version, first in a run of its own, then in the file itself.
    await table.put({ a: 1, b: 3 })
    expect(table.externalView('duckdb')).toBe(plain)
    expect(await query(await table.externalView('duckdb', { flush: true }))).toEqual([{ a: 1, b: 3 }])
    const snapshot = table.snapshot()
    await table.put({ a: 1, b: 4 })
    await table.compact()
    expect(table.files()).toMatchObject([{ rows: 2, keys: 1 }])
    expect(await query(table.externalView('duckdb'))).toEqual([{ a: 1, b: 4 }])
    snapshot.close()
    await table.delete(1)
    expect(await query(await table.externalView('duckdb', { flush: true }))).toEqual([])
    await db.close()
    rmSync(path, { recursive: true })
  })
})

describe('what an external view refuses', () => {
  test('dialects and options that it does not know', async () => {
    const { db, table } = await inMemory(['a'])
    const invalid = { code: 'MARQUETRY_INVALID_OPTION' }
    expect(() => table.externalView('sqlite' as never)).toThrow(expect.objectContaining(invalid))
    expect(() => table.externalView('toString' as never)).toThrow(expect.objectContaining(invalid))
    expect(() => table.externalView('duckdb', { flsh: true } as never)).toThrow(
      expect.objectContaining(invalid),
    )
    expect(() => table.externalView('duckdb', { flush: 1 } as never)).toThrow(expect.objectContaining(invalid))
    await db.close()
  })

  test.each(['duckdb', 'spark'] as const)('columns that %s cannot tell apart', async (dialect) => {
    for (const names of [
      ['a', 'A'],
      ['a', '_SEQ'],
      ['a', ''],
    ]) {
      const { db, table } = await inMemory(names)
      expect(() => table.externalView(dialect)).toThrow(expect.objectContaining({ column: names[1] }))
      expect(table.externalView('pandas')).toContain(JSON.stringify(names[1]))
      await db.close()
    }
  })

  test.each(['clickhouse', 'spark'] as const)('paths in which %s sees wildcards', async (dialect) => {
    const { db, table } = await inMemory(['a'], 'what?')
    await table.put({ a: 1 })
    await table.flush()
    expect(() => table.externalView(dialect)).toThrow(expect.objectContaining({ option: 'dialect' }))
    expect(table.externalView('duckdb')).toContain('what[?]')
    await db.close()
  })
})
