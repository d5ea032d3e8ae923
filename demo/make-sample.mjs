// Makes data-samples/flights-20k.parquet: the first 20,000 flights of March 2001, rows that lie side by side in the
// 3 M flights of the npm package vega-datasets. Run it from the root of the repository: node demo/make-sample.mjs

import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url)).replaceAll("'", "''")
const source = path('../node_modules/vega-datasets/data/flights-3m.parquet')
const target = path('../data-samples/flights-20k.parquet')

const connection = await (await DuckDBInstance.create()).connect()
await connection.run(`
  copy (
    select * exclude (file_row_number)
    from read_parquet('${source}', file_row_number = true)
    where date >= timestamp '2001-03-01'
    order by file_row_number
    limit 20000
  ) to '${target}' (format parquet, compression snappy, row_group_size 8192)`)
const summary = `select count(*), min(date), max(date), sum(delay), sum(distance) from '${target}'`
console.log((await connection.runAndReadAll(summary)).getRowsJson()[0].join('  '))
connection.closeSync()
