// The engines that are compared, and what an adapter is.
//
// An adapter does what a user of its engine would write, no more: `optionsFor(use, context)` are the options for a use
// (see `uses`), printed with the results; `durability` says when its writes are on the disk; `open(directory, data,
// options)` gives a store. A store has, as far as the engine can do it:
//
//   shape(row)            a row as the engine takes it, made before the clock starts
//   write(shapes)         an atomic batch;  put(shape): one row;  both as durable as the use says
//   key(parts)            a key as the engine takes it
//   get, getSync(key)     a row, or its value if the key is no part of that;  lookup, lookupSync: only data.lookupColumns
//   getMany(keys)         seek(key, count): the rows from a key on
//   eachRow(visit)        all rows in key order, one by one;  eachChunk(visit): many at once, as objects too
//   sum(column)           where({ column, gte, lt }): { rows, sum } of the rows that match, the sum of data.sumColumn
//   compact()  settle()  close()

/** What a database is opened for. `load` and `sync` write, the others read. */
export const uses = {
  load: 'writes that nobody syncs',
  sync: 'writes that are on the disk when their promise resolves',
  hot: 'reads, with a cache larger than the data',
  cold: 'lookups, with no cache to speak of',
  recover: 'writes that nobody syncs, until the process is killed',
}

const writes = ['write', 'put', 'recover', 'bytes']
const columns = ['sum', 'where', 'scanRows']

/** In the order of the tables. The readers of Parquet come last: marquetry has to have made their files. */
export const engines = {
  marquetry: {
    does: [
      ...writes,
      ...columns,
      ...['putConcurrently', 'get', 'getSync', 'lookup', 'lookupSync', 'getMany', 'seek', 'eachRow'],
      ...['compact', 'open', 'files'],
    ],
  },
  'classic-level': {
    package: 'classic-level',
    does: [
      ...writes,
      ...columns,
      ...['putConcurrently', 'get', 'getSync', 'lookup', 'lookupSync', 'getMany', 'seek', 'eachRow'],
      ...['compact', 'open'],
    ],
  },
  lmdb: {
    package: 'lmdb',
    does: [
      ...writes,
      ...columns,
      ...['putConcurrently', 'getSync', 'lookupSync', 'getMany', 'seek', 'eachRow', 'open'],
    ],
  },
  'better-sqlite3': {
    package: 'better-sqlite3',
    does: [
      ...writes,
      ...columns,
      ...['putConcurrently', 'getSync', 'lookupSync', 'getMany', 'seek', 'eachRow', 'compact', 'open'],
    ],
  },
  // One connection runs one statement at a time: concurrent callers would only queue.
  duckdb: {
    package: '@duckdb/node-api',
    slowly: ['scanRows'],
    does: [...writes, ...columns, 'get', 'lookup', 'getMany', 'seek', 'open'],
  },
  'duckdb-parquet': {
    package: '@duckdb/node-api',
    readsParquet: true,
    slowly: ['scanRows'],
    does: [...columns, 'lookup'],
  },
  hyparquet: {
    package: 'hyparquet',
    readsParquet: true,
    slowly: ['scanRows', 'where'],
    does: [...columns, 'lookup'],
  },
}

export const engineNames = Object.keys(engines)

/** Above so many rows an engine is not asked for what it does `slowly`: a run would take half as long again. */
const slowRowsMost = 1e6

export function isAble(name, ability, rows) {
  const { does, slowly = [] } = engines[name]
  return does.includes(ability) && (rows <= slowRowsMost || !slowly.includes(ability))
}

export async function loadEngine(name) {
  return await import(`./${name}.mjs`)
}

/** Names what is missing: packages of the engines that are not installed in bench/. */
export async function missingPackages(names) {
  const missing = []
  for (const name of new Set(names.map((engine) => engines[engine].package))) {
    if (name === undefined) continue
    const found = await import(name).then(
      () => true,
      () => false,
    )
    if (!found) missing.push(name)
  }
  return missing
}
