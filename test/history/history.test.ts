// Random histories: whatever is written, updated, flushed, dropped, reopened and kept as snapshots, every way to read
// gives what a plain Map gives; and DuckDB, reading the files, agrees. Every kind of memtable lives through them in
// every log mode.
//
// MARQUETRY_HISTORY_SEEDS=20 makes so many histories of each; MARQUETRY_SEED repeats one whose seed a failure has told.

import { afterAll, beforeAll, describe, test } from 'vitest'
import { testSeed } from '../test-seed.js'
import { DuckDB } from './duckdb.js'
import { History } from './history.js'
import { cells } from './options.js'
import { live } from './steps.js'

const seedsPerCell = Number(process.env['MARQUETRY_HISTORY_SEEDS'] ?? 1)
/** MARQUETRY_HISTORY_STEPS makes longer ones. */
const stepsPerHistory = Number(process.env['MARQUETRY_HISTORY_STEPS'] ?? 24)

let duckdb: DuckDB
beforeAll(async () => {
  duckdb = await DuckDB.open()
})
afterAll(() => duckdb.close())

for (const cell of cells) {
  describe(`memtable ${cell.memtable}, wal ${cell.wal},`, () => {
    for (let seed = testSeed; seed < testSeed + seedsPerCell; seed++) {
      test(`seed ${seed}`, () => History.run(cell, seed, duckdb, (history) => live(history, stepsPerHistory)))
    }
  })
}
