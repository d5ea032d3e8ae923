// Writing. Rows are made before the clock starts; a process first writes some of them into a database that it throws away.

import { cpSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { randomPlace } from '../data/index.mjs'
import { collectGarbage } from '../lib/measure.mjs'
import { totalsOf } from './expected.mjs'
import { batchRows, finishLoading, removeLoaded } from './load.mjs'

/** The first flushes of a process run in the slow tiers of V8 and WASM, those of its workers too. */
const warmUpRows = 500_000
const callers = 64
/** Where every write waits for the disk, a few thousand tell as much as a million. */
const syncedMost = 1000
const concurrentMost = 6400
const syncedBatchesMost = 100_000
const overwrittenMost = 500_000
/** Up to here every round is read again; of more rows only the last. */
const alwaysCheckedMost = 100_000

const places = {
  seq: (i) => i,
  random: randomPlace,
}

async function writeBatches(store, shapes) {
  for (let from = 0; from < shapes.length; from += batchRows) {
    await store.write(shapes.slice(from, from + batchRows))
  }
}

async function writeSingly(store, shapes) {
  for (const shape of shapes) await store.put(shape)
}

async function writeConcurrently(store, shapes) {
  let next = 0
  const caller = async () => {
    while (next < shapes.length) await store.put(shapes[next++])
  }
  await Promise.all(Array.from({ length: callers }, caller))
}

function shapesOf(store, data, order, count, change = (row) => row) {
  return Array.from({ length: count }, (_, i) => store.shape(change(data.rowAt(places[order](i, data.rows)))))
}

/**
 * A workload that writes to an empty database, or over the loaded one (`over`). With `closes`, the clock stops when
 * close() has returned, all flushed. `keeps`: the last round's database is what the reads are measured on.
 */
function fill({ name, title, order, use, write, most = Number.POSITIVE_INFINITY, ...more }) {
  const { closes = false, keeps = false, over = false, needs = 'write' } = more
  const countOf = (data) => Math.min(data.rows, most)
  // What is overwritten is made to differ by one.
  const change = (data) => (row) => (over ? { ...row, [data.sumColumn]: row[data.sumColumn] + 1 } : row)
  return {
    name,
    title,
    unit: 'rows/s',
    use,
    needs,
    needsLoaded: over,
    warmUps: () => 0,
    /** Larger data sets would do the same again. */
    rowsMost: keeps || over ? undefined : 1e6,

    async begin({ engine, data, optionsFor, scratch }) {
      const directory = join(scratch, 'warm-up')
      const store = await engine.open(directory, data, optionsFor(use))
      const shapes = shapesOf(store, data, order, countOf(data), change(data))
      await write(store, shapes.slice(0, most < warmUpRows ? most / 10 : warmUpRows))
      await store.close()
      rmSync(directory, { recursive: true, force: true })
      return { shapes }
    },

    async round({ shapes }, context) {
      const { engine, data, optionsFor, isLast } = context
      const directory = join(context.scratch, 'fill')
      if (over) cpSync(context.directory, directory, { recursive: true })
      collectGarbage()
      let began = performance.now()
      const store = await engine.open(directory, data, optionsFor(use))
      store.overwrites = over
      if (!closes) began = performance.now()
      await write(store, shapes)
      let milliseconds = performance.now() - began
      await store.close()
      if (closes) milliseconds = performance.now() - began
      const result = { ops: shapes.length, milliseconds }
      if (isLast || shapes.length <= alwaysCheckedMost) {
        const again = await engine.open(directory, data, optionsFor(use))
        result.check = { sum: await again.sum(data.sumColumn) }
        await again.close()
      }
      if (keeps && isLast) {
        removeLoaded(context)
        renameSync(directory, context.directory)
        await finishLoading(context)
      }
      rmSync(directory, { recursive: true, force: true })
      return result
    },

    expected(data) {
      const count = countOf(data)
      if (over) return { sum: totalsOf(data).column + count }
      if (count === data.rows) return { sum: totalsOf(data).column }
      let sum = 0
      for (let i = 0; i < count; i++) sum += data.rowAt(places[order](i, data.rows))[data.sumColumn]
      return { sum }
    },
  }
}

export const fillWorkloads = [
  fill({
    name: 'fillseq',
    title: `rows in key order, batches of ${batchRows}, no sync, until closed`,
    order: 'seq',
    use: 'load',
    write: writeBatches,
    closes: true,
  }),
  fill({
    name: 'fillbatch',
    title: `rows in random key order, batches of ${batchRows}, each on the disk`,
    order: 'random',
    use: 'sync',
    write: writeBatches,
    most: syncedBatchesMost,
  }),
  fill({
    name: 'fillsync',
    title: 'rows in random key order, one by one, each on the disk',
    order: 'random',
    use: 'sync',
    write: writeSingly,
    most: syncedMost,
    needs: 'put',
  }),
  fill({
    name: 'fillconcurrent',
    title: `rows in random key order, ${callers} callers with one row each at a time, each on the disk`,
    order: 'random',
    use: 'sync',
    write: writeConcurrently,
    most: concurrentMost,
    needs: 'putConcurrently',
  }),
  fill({
    name: 'fillrandom',
    title: `rows in random key order, batches of ${batchRows}, no sync, until closed`,
    order: 'random',
    use: 'load',
    write: writeBatches,
    closes: true,
    keeps: true,
  }),
  fill({
    name: 'overwrite',
    title: `rows whose keys are there, random order, batches of ${batchRows}, no sync, until closed`,
    order: 'random',
    use: 'load',
    write: writeBatches,
    most: overwrittenMost,
    closes: true,
    over: true,
  }),
]
