// One kind of memtable under load, without an engine around it: what put, get and scans cost by rows and key order.

import { encodeKey } from '../../dist/format/key-codec.js'
import { defineSchema } from '../../dist/format/schema.js'
import { t } from '../../dist/index.js'
import { Memtable } from '../../dist/memtable/memtable.js'
import { memtableSource } from '../../dist/memtable/source.js'
import { memtableReps } from '../../dist/tree/memtable-kinds.js'
import { flat } from '../data/rows.mjs'

export const orders = ['ascending', 'random', 'shared-prefix']
const schema = defineSchema({
  columns: { key: t.utf8(), ts: t.timestamp(), value: t.float64(), category: t.utf8() },
  key: ['key'],
})
const allColumns = schema.columns.map((_, index) => index)
const everything = { gte: undefined, lt: undefined }
const batchRows = 1000
const rangeRows = 100
/** Runs that only the compiler sees. */
const warmUps = 3
/** Small memtables are filled until so many rows were put: else the clock and the compiler are measured. */
const rowsLeast = 20_000
/** A size is left out when the one before lets expect that it takes longer. */
const putMillisecondsMost = 20_000

/** Ranks 0 to `rows` - 1 in an order of their own: Fisher and Yates over a generator with a fixed seed. */
function shuffled(rows) {
  const ranks = Uint32Array.from({ length: rows }, (_, i) => i)
  let state = 0x9e3779b9
  for (let i = rows - 1; i > 0; i--) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const j = (state >>> 0) % (i + 1)
    ;[ranks[i], ranks[j]] = [ranks[j], ranks[i]]
  }
  return ranks
}

/** The key of a rank: 15 bytes, or behind one of 16 prefixes of 47 bytes that differ near their end. */
function keyOf(order, rank, rows) {
  const digits = String(rank).padStart(10, '0')
  if (order !== 'shared-prefix') return flat(`user:${digits}`)
  const tenant = Math.floor((rank * 16) / rows).toString(16)
  return flat(`https://data.example.com/v1/tenants/eu-west/00${tenant}/user:${digits}`)
}

/** Keys in the order of their writes, and in key order. */
function keysOf(order, rows) {
  const sorted = Array.from({ length: rows }, (_, rank) => keyOf(order, rank, rows))
  const written = order === 'ascending' ? sorted : Array.from(shuffled(rows), (rank) => sorted[rank])
  return { sorted, written }
}

function fill(kind, keys) {
  const memtable = new Memtable({
    schema,
    rep: memtableReps[kind],
    baseSeq: 1,
    bytesMax: Math.max(keys.length * 160, 1 << 16),
    rowsMax: Number.POSITIVE_INFINITY,
  })
  const row = { key: '', ts: new Date(1.7e12), value: 0.5, category: 'alpha' }
  for (let from = 0; from < keys.length; from += batchRows) {
    const start = memtable.beginRecord()
    const to = Math.min(from + batchRows, keys.length)
    for (let i = from; i < to; i++) {
      row.key = keys[i]
      row.value = i
      memtable.addPut(row, 1 + i)
    }
    memtable.endRecord(start, 1 + from, 0)
    memtable.publish(memtable.encodedBytes)
  }
  return memtable
}

/** Nanoseconds of CPU time that `rows` rows take each: what else runs on the machine counts for little in it. */
function clocked(rows, work) {
  const started = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(started)
  return ((user + system) * 1000) / rows
}

function scan(memtable, range, seq) {
  const source = memtableSource(memtable, schema, range, seq, allColumns, false)
  let rows = 0
  for (let batch = source.next(); batch !== undefined; batch = source.next()) rows += batch.rows
  source.close()
  return rows
}

function check(isTrue, what) {
  if (!isTrue) throw new Error(`The memtable is wrong: ${what}`)
}

function measureOnce(kind, { sorted, written }) {
  const rows = written.length
  let memtable
  const put = clocked(rows, () => {
    memtable = fill(kind, written)
  })
  const firstScan = clocked(rows, () =>
    check(scan(memtable, everything, rows) === rows, 'a scan gives all rows'),
  )
  const scanAgain = clocked(rows, () => scan(memtable, everything, rows))
  const find = (rank) => check(memtable.find(encodeKey(schema, sorted[rank]), rows) !== 0, 'every key is found')
  const firstGet = clocked(rows, () => find(0))
  const lookups = Math.min(rows, 20_000)
  const stride = 104_729
  const get = clocked(lookups, () => {
    for (let i = 0; i < lookups; i++) find((i * stride) % rows)
  })
  const ranges = Math.min(200, Math.floor(rows / rangeRows) - 1)
  const bounds = Array.from({ length: ranges }, (_, i) => {
    const rank = (i * stride) % (rows - rangeRows)
    return { gte: encodeKey(schema, sorted[rank]), lt: encodeKey(schema, sorted[rank + rangeRows]) }
  })
  const prefixScan = clocked(ranges * rangeRows, () => {
    for (const range of bounds) check(scan(memtable, range, rows) === rangeRows, 'a range gives its rows')
  })
  const bytes = memtable.memoryBytes / rows // at the end, when what is made by reads is there too
  return { put, firstGet, get, firstScan, scan: scanAgain, prefixScan, bytes }
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1]
}

/** Figures of a kind by order and rows: nanoseconds per row or lookup; bytes per row, arena and index. */
export function measureKind(kind, sizes) {
  const results = []
  for (const order of orders) {
    for (let i = 0; i < warmUps; i++) measureOnce(kind, keysOf(order, 10_000))
    let last
    let before
    for (const rows of sizes) {
      if (last !== undefined && (last.put * (last.put / before) * rows) / 1e6 > putMillisecondsMost) break
      const keys = keysOf(order, rows)
      const runs = []
      for (let done = 0; done < Math.max(rows, rowsLeast); done += rows) runs.push(measureOnce(kind, keys))
      const figures = Object.keys(runs[0]).map((name) => [name, median(runs.map((run) => run[name]))])
      before = last?.put ?? runs[0].put
      last = { order, rows, ...Object.fromEntries(figures) }
      results.push(last)
    }
  }
  return results
}
