// Point lookups and short ranges, on the loaded database. The same keys in every round, so that warm is warm.

import { lookupPlace } from '../data/index.mjs'
import { digestOf } from './expected.mjs'

const manyKeys = 100
const rangeRows = 100
const lookupsMost = 100_000
/** Where a lookup has to read and decode, and where many keys make one call. */
const fewerMost = 5000
/** Engines that take a hundred times as long are asked less: what counts is the time of one. */
const lookupsOf = { duckdb: 1000, 'duckdb-parquet': 200, hyparquet: 5 }

const lookups = (engineName, data) => Math.min(data.rows, lookupsOf[engineName] ?? lookupsMost)
const fewer = (engineName, data) => Math.min(fewerMost, lookups(engineName, data))
const spread = (data) => (i) => lookupPlace(i, data.rows)
/** Places that have so many rows behind them. */
const spreadBefore = (data) => (i) => lookupPlace(i, Math.max(1, data.rows - rangeRows))
const rangeOf = (data) => Math.min(rangeRows, data.rows)

/** A workload over the keys at `ops` places; `run(store, keys, data)` gives how many rows it got and their digest. */
function reads({ name, title, unit = 'lookups/s', use = 'hot', needs, run, expected, ...more }) {
  const { keysOf = defaultKeys, opsOf = lookups } = more
  return {
    name,
    title,
    unit,
    use,
    needs,
    needsLoaded: true,
    async begin({ engine, engineName, data, directory, optionsFor }) {
      const store = await engine.open(directory, data, optionsFor(use))
      return { store, keys: keysOf(store, data, opsOf(engineName, data)) }
    },
    async round({ store, keys }, { data }) {
      const began = performance.now()
      const check = await run(store, keys, data)
      const milliseconds = performance.now() - began
      return { ops: keys.length, milliseconds, check }
    },
    end: ({ store }) => store.close(),
    expected,
  }
}

function defaultKeys(store, data, ops) {
  return Array.from({ length: ops }, (_, i) => store.key(data.keyAt(lookupPlace(i, data.rows))))
}

function lookUpSync(method, digestName) {
  return (store, keys, data) => {
    const digest = data[digestName]
    let sum = 0
    for (let i = 0; i < keys.length; i++) sum += digest(store[method](keys[i]))
    return { rows: keys.length, sum }
  }
}

function lookUp(method, digestName) {
  return async (store, keys, data) => {
    const digest = data[digestName]
    let sum = 0
    for (let i = 0; i < keys.length; i++) sum += digest(await store[method](keys[i]))
    return { rows: keys.length, sum }
  }
}

const all = (data, ops) => digestOf(data, ops, spread(data))
const projected = (data, ops) => digestOf(data, ops, spread(data), data.lookupDigest)

async function readMany(store, keys, data) {
  let rows = 0
  let sum = 0
  for (let from = 0; from < keys.length; from += manyKeys) {
    for (const row of await store.getMany(keys.slice(from, from + manyKeys))) {
      rows++
      sum += data.digest(row)
    }
  }
  return { rows, sum }
}

async function readRanges(store, keys, data) {
  const count = rangeOf(data)
  let rows = 0
  let sum = 0
  for (const key of keys) {
    for (const row of await store.seek(key, count)) {
      rows++
      sum += data.digest(row)
    }
  }
  return { rows, sum }
}

function expectedRanges(data, ops) {
  const count = rangeOf(data)
  const placeOf = spreadBefore(data)
  let sum = 0
  for (let i = 0; i < ops; i++) {
    const first = placeOf(i)
    for (let k = first; k < first + count; k++) sum += data.digest(data.rowAt(k))
  }
  return { rows: ops * count, sum }
}

function readMissing(store, keys) {
  let rows = 0
  for (let i = 0; i < keys.length; i++) if (store.getSync(keys[i]) !== undefined) rows++
  return { rows }
}

export const readWorkloads = [
  reads({
    name: 'readrandom',
    title: 'whole rows by key, synchronously, cache larger than the data',
    needs: 'getSync',
    run: lookUpSync('getSync', 'digest'),
    expected: all,
  }),
  reads({
    name: 'readrandom-async',
    title: 'whole rows by key, each awaited, cache larger than the data',
    needs: 'get',
    run: lookUp('get', 'digest'),
    expected: all,
  }),
  reads({
    name: 'readrandom-cold',
    title: 'key and two columns, synchronously, no cache but the system’s',
    use: 'cold',
    needs: 'lookupSync',
    opsOf: fewer,
    run: lookUpSync('lookupSync', 'lookupDigest'),
    expected: projected,
  }),
  reads({
    name: 'readrandom-cold-async',
    title: 'key and two columns, each awaited, no cache but the system’s',
    use: 'cold',
    needs: 'lookup',
    opsOf: fewer,
    run: lookUp('lookup', 'lookupDigest'),
    expected: projected,
  }),
  reads({
    name: 'readmissing',
    title: 'keys that are not there, synchronously',
    needs: 'getSync',
    keysOf: (store, data, ops) =>
      Array.from({ length: ops }, (_, i) => store.key(data.absentKeyAt(lookupPlace(i, data.rows)))),
    run: readMissing,
    expected: () => ({ rows: 0 }),
  }),
  reads({
    name: 'multireadrandom',
    title: `whole rows of ${manyKeys} keys at a time`,
    needs: 'getMany',
    opsOf: fewer,
    run: readMany,
    expected: all,
  }),
  reads({
    name: 'seekrandom',
    title: `${rangeRows} rows in key order from a random key on, as an array`,
    unit: 'ranges/s',
    needs: 'seek',
    opsOf: (engineName, data) => Math.min(data.rows, engineName === 'duckdb' ? 100 : 2000),
    keysOf: (store, data, ops) =>
      Array.from({ length: ops }, (_, i) => store.key(data.keyAt(spreadBefore(data)(i)))),
    run: readRanges,
    expected: expectedRanges,
  }),
]
