// Files, tables and Parquet readers for the tests of imports and exports.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type Database, type OpenOptions, open } from 'marquetry'
import { onTestFinished } from 'vitest'
import { seededRandom } from '#src/util/seeded-random.js'

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-transfer-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A database that is closed after the test. */
export async function openFor(directory: string, options: OpenOptions = {}): Promise<Database> {
  const db = await open(`${directory}/db`, { wal: 'async', workers: 1, ...options })
  onTestFinished(() => db.close())
  return db
}

/** Runs SQL in a DuckDB of its own. Rows come as plain values: bigints as such, timestamps and decimals as strings. */
export async function duckdb(sql: string): Promise<readonly (readonly unknown[])[]> {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  try {
    await connection.run("set timezone = 'UTC'")
    await connection.run('set enable_geoparquet_conversion = false')
    const reader = await connection.runAndReadAll(sql)
    return reader
      .getRows()
      .map((row) => row.map((value) => (typeof value === 'object' && value !== null ? `${value}` : value)))
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it should have failed')
}

/** Numbers below `below`, the same for the same seed. */
export function generator(seed: number): (below: number) => number {
  const random = seededRandom(seed)
  return (below) => Math.floor(random() * below)
}
