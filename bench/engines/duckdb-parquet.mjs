// DuckDB over the Parquet files that marquetry has written: no import, the live files as they lie there.

import { DuckDBInstance, DuckDBTimestampTZValue } from '@duckdb/node-api'
import { filesOf } from '../lib/live-files.mjs'
import { Reader } from './duckdb.mjs'

export const durability = {}

export function optionsFor(_use, { threads }) {
  return { threads: String(threads), parquet_metadata_cache: 'true' }
}

/** Requires: every key stands in the files once, which it does after a compaction. */
export async function open(directory, data, { parquet_metadata_cache, ...options }) {
  const instance = await DuckDBInstance.create(':memory:', options)
  const connection = await instance.connect()
  await connection.run(`set parquet_metadata_cache = ${parquet_metadata_cache}`)
  const files = filesOf(directory).map((path) => `'${path.replaceAll("'", "''")}'`)
  const reader = new Reader(instance, connection, data, `read_parquet([${files.join(', ')}])`)
  // Our timestamps are UTC, which is DuckDB's timestamptz: another type would be cast, row by row.
  reader.timestamp = (milliseconds) => new DuckDBTimestampTZValue(BigInt(milliseconds) * 1000n)
  return reader
}
