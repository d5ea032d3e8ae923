// Random histories: whatever is written, flushed, reopened and kept as snapshots, every way to read gives what a plain
// Map gives; and DuckDB, reading the files, agrees.
//
// MARQUETRY_SEED repeats a history whose seed a failure has told; MARQUETRY_ROUNDS sets how many there are of each of
// the main kinds of memtables in each log mode; of the others there are half as many.

import { afterAll, beforeAll, describe, test } from 'vitest'
import { testSeed } from '../sstable/generator.js'
import { DuckDB } from './duckdb.js'
import { History } from './history.js'
import { cells } from './options.js'
import { live } from './steps.js'

const rounds = Number(process.env['MARQUETRY_ROUNDS'] ?? 2)
const stepsPerHistory = 36

let duckdb: DuckDB
beforeAll(async () => {
  duckdb = await DuckDB.open()
})
afterAll(() => duckdb.close())

for (const cell of cells) {
  describe(`memtable ${cell.memtable}, wal ${cell.wal},`, () => {
    const histories = Math.ceil(rounds * cell.share)
    for (let seed = testSeed; seed < testSeed + histories; seed++) {
      test(`seed ${seed}`, () => History.run(cell, seed, duckdb, (history) => live(history, stepsPerHistory)))
    }
  })
}
