// Compaction: four overlapping files become one run of the newest versions, by a merge job in worker threads and by DuckDB,
// which reads the same four files and writes Parquet with the same compression. Both run in this process, both warmed up,
// taking turns.
//
//   npm run bench -- merge [--rows 1000000] [--workers 1,2] [--rounds 3] [--overlap random,tenth]
//
// `random`: of every four keys each file holds one at random, so that rows interleave and a third of them are overwritten.
// `tenth`: each file begins with the last tenth of the keys of the one before.
// Processor time is that of the whole process, helper threads included: the steadier figure on a machine with other work, where
// our workers, which run at lower priority, also have to wait longer.
// With two workers the caller cuts the key range in two; DuckDB gets as many threads.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { poolExecutor } from '../../dist/compaction/executor.js'
import { encodeKey } from '../../dist/format/key-codec.js'
import { defineSchema } from '../../dist/format/schema.js'
import { nodeFileSystem } from '../../dist/fs/node.js'
import { t } from '../../dist/index.js'
import { SSTableWriter } from '../../dist/sstable/writer.js'
import { engineVersion } from '../../dist/util/engine-version.js'
import { keyOf, rowsAsVectors } from '../data/rows.mjs'
import { median } from '../lib/measure.mjs'

const schema = defineSchema({
  columns: { key: t.utf8(), ts: t.timestamp(), value: t.float64(), category: t.utf8(), payload: t.utf8() },
  key: ['key'],
})
const output = {
  table: 'bench',
  compression: 'snappy',
  rowGroupRows: 131_072,
  rowGroupBytes: 32 << 20,
  pageBytes: 8192,
  sparseIndexInterval: 256,
  filter: { errorRate: 0.01 },
  targetFileBytes: 64 << 20,
}
const files = 4
const fs = nodeFileSystem()

/** The places in key order of the rows of file `f`, ascending. */
const overlaps = {
  random: (f, rows) => {
    const ranks = new Float64Array(rows)
    let state = 12_345 + f
    for (let i = 0; i < rows; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      ranks[i] = i * files + Math.floor((state / 2 ** 32) * files)
    }
    return ranks
  },
  tenth: (f, rows) => Float64Array.from({ length: rows }, (_, i) => Math.floor(f * rows * 0.9) + i),
}

async function writeInputs(directory, overlap, rows) {
  const inputs = []
  for (let f = 0; f < files; f++) {
    const folder = join(directory, `input-${f}`)
    const writer = await SSTableWriter.create(fs, folder, schema, {
      ...output,
      hasTombstones: false,
      engineVersion,
    })
    const ranks = overlaps[overlap](f, rows)
    for (let from = 0; from < rows; from += output.rowGroupRows) {
      const part = ranks.subarray(from, from + output.rowGroupRows)
      const columns = rowsAsVectors(part)
      const seq = Float64Array.from(part, (rank) => f * rows + ((rank * 7919) % rows))
      await writer.append({ rows: part.length, columns, seq, deleted: undefined })
    }
    inputs.unshift([{ folder, meta: await writer.finish(0) }]) // the last one is the newest
  }
  return inputs
}

/** Merges with as many jobs as workers; returns milliseconds and what came out. */
async function mergeHere(executor, directory, inputs, middle, round) {
  const cuts = executor.threads === 1 ? [] : [middle]
  const cpu = process.cpuUsage()
  const started = performance.now()
  const results = await Promise.all(
    Array.from({ length: cuts.length + 1 }, (_, i) =>
      executor.run({
        kind: 'merge',
        folder: join(directory, `out-${round}-${i}`),
        schema: schema.toJSON(),
        output,
        inputs,
        range: { gte: cuts[i - 1], lt: cuts[i] },
        snapshots: [],
        older: [],
        memoryBytes: 256 << 20,
        createdMs: 0,
      }),
    ),
  )
  const milliseconds = performance.now() - started
  const tables = results.flatMap((result) => result.tables)
  const sum = (values) => values.reduce((a, b) => a + b, 0)
  return {
    milliseconds,
    cpu: cpuSince(cpu),
    rows: sum(tables.map((table) => table.rows)),
    bytes: sum(tables.map((table) => table.bytes)),
    carried: sum(results.map((result) => result.rowGroupsCarried)),
  }
}

async function mergeInDuckDB(connection, directory, round) {
  const cpu = process.cpuUsage()
  const started = performance.now()
  await connection.run(
    `copy (select key, ts, value, category, payload from read_parquet('${directory}/input-*/data.parquet')
     qualify row_number() over (partition by key order by _seq desc) = 1 order by key)
     to '${directory}/duckdb-${round}.parquet' (format parquet, compression snappy, row_group_size ${output.rowGroupRows})`,
  )
  return { milliseconds: performance.now() - started, cpu: cpuSince(cpu) }
}

function cpuSince(start) {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

async function compare(overlap, workers, rows, rounds) {
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-merge-'))
  mkdirSync(directory, { recursive: true })
  try {
    const inputs = await writeInputs(directory, overlap, rows)
    const span = overlap === 'random' ? files * rows : rows * (0.9 * (files - 1) + 1)
    const middle = encodeKey(schema, keyOf(Math.floor(span / 2)))
    const executor = poolExecutor(workers)
    const instance = await DuckDBInstance.create(':memory:', { threads: String(workers) })
    const connection = await instance.connect()
    const ours = []
    const theirs = []
    for (let round = -2; round < rounds; round++) {
      const mine = await mergeHere(executor, directory, inputs, middle, round)
      const other = await mergeInDuckDB(connection, directory, round)
      if (round === 0) {
        const result = await connection.runAndReadAll(`select count(*) from '${directory}/duckdb-0.parquet'`)
        if (Number(result.getRows()[0][0]) !== mine.rows) throw new Error('the two do not agree on the rows')
      }
      if (round >= 0) {
        ours.push(mine)
        theirs.push(other)
      }
    }
    connection.closeSync()
    report(overlap, workers, rows, ours, theirs)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function report(overlap, workers, rows, ours, theirs) {
  const middle = (runs, field) => median(runs.map((run) => run[field])).toFixed(0)
  const ratio = (field) => median(ours.map((run, i) => theirs[i][field] / run[field])).toFixed(2)
  const [{ rows: left, bytes, carried }] = ours
  console.log(
    `  ${overlap.padEnd(7)} workers: ${workers}  ${files} × ${rows} → ${left} rows, ${(bytes / 1e6).toFixed(1)} MB, ${carried} row groups carried`,
  )
  for (const [what, field] of [
    ['wall', 'milliseconds'],
    ['cpu', 'cpu'],
  ]) {
    console.log(
      `    ${what.padEnd(5)} marquetry ${middle(ours, field)} ms  DuckDB ${middle(theirs, field)} ms  ${ratio(field)} × DuckDB's rate`,
    )
  }
}

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    workers: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '3' },
    overlap: { type: 'string', default: 'random,tenth' },
  },
})
console.log(
  `merge: the newest version of each key of ${files} files; medians of ${values.rounds}, taking turns`,
)
for (const overlap of values.overlap.split(',')) {
  for (const workers of values.workers.split(',')) {
    await compare(overlap, Number(workers), Number(values.rows), Number(values.rounds))
  }
}
process.exit(0)
