// The whole table: as rows, as one column, as the rows that match. And how many bytes marquetry reads for it.

import { lookupPlace } from '../data/index.mjs'
import { countingFileSystem } from '../lib/counting-fs.mjs'
import { totalsOf } from './expected.mjs'

const countedLookups = 2000
/** Scans of a few milliseconds are repeated for so long: one would tell more of V8's slow tiers than of an engine. */
const roundMsLeast = 200

/** `ops` are the rows of the table, whatever is found among them. */
function scan({ name, title, needs, run, expected }) {
  return {
    name,
    title,
    unit: 'rows/s',
    use: 'hot',
    needs,
    needsLoaded: true,
    // Millions of rows are warm after the first thousands.
    warmUps: (data) => (data.rows > 1e6 ? 0 : undefined),
    async begin({ engine, data, directory, optionsFor }) {
      return { store: await engine.open(directory, data, optionsFor('hot')) }
    },
    async round({ store }, { data }) {
      const began = performance.now()
      let check
      let scans = 0
      for (; scans === 0 || performance.now() - began < roundMsLeast; scans++) check = await run(store, data)
      return { ops: scans * data.rows, milliseconds: performance.now() - began, check }
    },
    end: ({ store }) => store.close(),
    expected,
  }
}

async function readSeq(store, data) {
  let rows = 0
  let sum = 0
  await store.eachRow((row) => {
    rows++
    sum += data.digest(row)
  })
  return { rows, sum }
}

async function scanRows(store, data) {
  if (store.eachChunk === undefined) return await readSeq(store, data)
  let rows = 0
  let sum = 0
  await store.eachChunk((chunk) => {
    rows += chunk.length
    for (let i = 0; i < chunk.length; i++) sum += data.digest(chunk[i])
  })
  return { rows, sum }
}

const allRows = (data) => ({ rows: data.rows, sum: totalsOf(data).digest })

/** Bytes that marquetry reads from files, with nothing in its cache: per lookup, and for scans over one column. */
const bytesRead = {
  name: 'bytes-read',
  title: 'bytes read from files by marquetry, no cache',
  unit: 'figures',
  use: 'cold',
  needs: 'files',
  needsLoaded: true,
  rounds: 1,
  warmUps: () => 0,
  async begin() {},
  async round(_, { engine, data, directory, optionsFor }) {
    const figures = {}
    const counted = async (work) => {
      const { fileSystem, reads } = countingFileSystem()
      const store = await engine.open(directory, data, { ...optionsFor('cold'), fileSystem, workers: 0 })
      const result = await work(store, reads)
      await store.close()
      return result
    }
    await counted((store, reads) => {
      const count = Math.min(countedLookups, data.rows)
      const keys = Array.from({ length: 2 * count }, (_, i) => store.key(data.keyAt(lookupPlace(i, data.rows))))
      // The first ones load filters and sparse indexes, which then stay.
      for (const key of keys.slice(0, count)) store.lookupSync(key)
      reads.count = 0
      reads.bytes = 0
      for (const key of keys.slice(count)) store.lookupSync(key)
      figures.bytesPerLookup = reads.bytes / count
      figures.readsPerLookup = reads.count / count
    })
    for (const name of ['clustered', 'unclustered']) {
      const { column } = data[name]
      // What a scan of the same columns reads that has no predicate to go by.
      const columns = [...new Set([data.sumColumn, column])]
      await counted(async (store, reads) => {
        for await (const _batch of store.table.scan({ columns }).batches());
        figures[`${name}AllBytes`] = reads.bytes
      })
      await counted(async (store, reads) => {
        figures[`${name}Rows`] = (await store.where(data[name])).rows
        figures[`${name}Bytes`] = reads.bytes
      })
    }
    return { ops: 1, milliseconds: 0, figures, check: { rows: figures.clusteredRows } }
  },
  end() {},
  expected: (data) => ({ rows: totalsOf(data).clustered.rows }),
}

export const scanWorkloads = [
  scan({
    name: 'readseq',
    title: 'all rows in key order as objects, one by one',
    needs: 'eachRow',
    run: readSeq,
    expected: allRows,
  }),
  scan({
    name: 'scan-rows',
    title: 'all rows in key order as objects, in the largest portions that the engine offers',
    needs: 'scanRows',
    run: scanRows,
    expected: allRows,
  }),
  scan({
    name: 'scan-sum',
    title: 'the sum of one column',
    needs: 'sum',
    run: async (store, data) => ({ sum: await store.sum(data.sumColumn) }),
    expected: (data) => ({ sum: totalsOf(data).column }),
  }),
  scan({
    name: 'scan-where-clustered',
    title: 'count and sum of the 1 % that match, neighbours in key order (a predicate on the first key column)',
    needs: 'where',
    run: (store, data) => store.where(data.clustered),
    expected: (data) => totalsOf(data).clustered,
  }),
  scan({
    name: 'scan-where-unclustered',
    title: 'count and sum of the 1 % that match, spread over all keys',
    needs: 'where',
    run: (store, data) => store.where(data.unclustered),
    expected: (data) => totalsOf(data).unclustered,
  }),
  bytesRead,
]
