// Five million rows stream in while merges run behind: does the program that hosts the engine feel it?
//
// The event loop's delay is measured by a 1 ms timer (perf_hooks.monitorEventLoopDelay) while rows are written in batches of
// 1,000, a single put among them every so often, timed by itself. The baseline is another process that does the same without an
// engine: it makes the same rows, keeps the event loop busy for as long per batch as the engine did, and as many threads,
// at the same low priority, as the engine has workers spin beside it. Both let the loop turn after each batch.
//
//   npm run bench -- stream [--rows 5000000] [--memtable-mib 16] [--rate 0]

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { makeRow } from '../data/rows.mjs'

const batchRows = 1000
const putEvery = 10
const mebibyte = 1 << 20
const cacheBytes = 64 * mebibyte
const mergeMemoryBytes = 256 * mebibyte
const immutableMemtablesMax = 4
/** The default. */
const rowGroupBytes = 32 * mebibyte

if (!isMainThread) spin()
else if (process.argv[2] === 'engine') await engine(...process.argv.slice(3))
else if (process.argv[2] === 'baseline') await baseline(...process.argv.slice(3))
else main()

/** A thread that is busy, at the priority of the engine's own. */
async function spin() {
  const { lowerThreadPriority } = await import('../../dist/fs/thread-priority.js')
  lowerThreadPriority()
  const flag = new Int32Array(workerData)
  while (Atomics.load(flag, 0) === 0);
}

function makeBatch(from, rows) {
  const batch = []
  for (let i = from; i < Math.min(from + batchRows, rows); i++) {
    const row = makeRow(i, rows)
    batch.push({ type: 'put', row: { ...row, ts: new Date(row.ts) } })
  }
  return batch
}

function turn() {
  return new Promise((resolve) => setImmediate(resolve))
}

function quantiles(values) {
  const sorted = Float64Array.from(values).sort()
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) }
}

function loopQuantiles(histogram) {
  const ms = (nanoseconds) => nanoseconds / 1e6
  return {
    p50: ms(histogram.percentile(50)),
    p99: ms(histogram.percentile(99)),
    p999: ms(histogram.percentile(99.9)),
    max: ms(histogram.max),
  }
}

async function engine(directory, rowsText, memtableMib) {
  const { open, t } = await import('../../dist/index.js')
  const rows = Number(rowsText)
  const memtableBytes = Number(memtableMib) * mebibyte
  const db = await open(directory, {
    wal: 'async',
    memtableBytes,
    immutableMemtablesMax,
    cacheBytes,
    mergeMemoryBytes,
  })
  const table = await db.table('rows', {
    columns: { key: t.utf8(), ts: t.timestamp(), value: t.float64(), category: t.utf8(), payload: t.utf8() },
    key: ['key'],
  })
  const startRss = process.memoryUsage.rss()
  let peakRss = startRss
  let peakMemtables = 0
  let writtenMs = 0
  const puts = []
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const started = performance.now()
  for (let from = 0, n = 0; from < rows; from += batchRows, n++) {
    const batch = makeBatch(from, rows)
    const before = performance.now()
    const written = table.batch(batch)
    writtenMs += performance.now() - before // what the call itself keeps the loop busy; the rest is in the queue
    if (n % putEvery === 0) {
      const putStarted = performance.now()
      puts.push(table.put(batch[0].row).then(() => performance.now() - putStarted))
    }
    await written
    await turn()
    if (n % 50 === 0) {
      peakRss = Math.max(peakRss, process.memoryUsage.rss())
      peakMemtables = Math.max(peakMemtables, table.stats().memtableBytes)
    }
  }
  const streamMs = performance.now() - started
  delay.disable()
  const { stalls, stalledMs, compactions, compactedRowsIn } = table.stats()
  const cpu = process.cpuUsage()
  await db.close()
  console.log(
    JSON.stringify({
      streamMs,
      busyMsPerBatch: (writtenMs / rows) * batchRows,
      loop: loopQuantiles(delay),
      put: quantiles(await Promise.all(puts)),
      rss: { startRss, peakRss, peakMemtables },
      cpuMs: (cpu.user + cpu.system) / 1000,
      stalls,
      stalledMs,
      compactions,
      compactedRowsIn,
    }),
  )
}

async function baseline(rowsText, busyText, threadsText, streamText) {
  const rows = Number(rowsText)
  const busyMs = Number(busyText)
  const flag = new SharedArrayBuffer(4)
  const workers = Array.from(
    { length: Number(threadsText) },
    () => new Worker(fileURLToPath(import.meta.url), { workerData: flag }),
  )
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('online', resolve))))
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const started = performance.now()
  let peakRss = 0
  for (let from = 0; from < rows && performance.now() - started < Number(streamText); from += batchRows) {
    makeBatch(from, rows)
    for (const until = performance.now() + busyMs; performance.now() < until; );
    await turn()
    if (from % (50 * batchRows) === 0) peakRss = Math.max(peakRss, process.memoryUsage.rss())
  }
  delay.disable()
  Atomics.store(new Int32Array(flag), 0, 1)
  await Promise.all(workers.map((worker) => worker.terminate()))
  console.log(JSON.stringify({ loop: loopQuantiles(delay), peakRss }))
}

function child(...args) {
  const run = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...args.map(String)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  })
  if (run.status !== 0) throw new Error(`${args[0]} failed with status ${run.status}`)
  return JSON.parse(run.stdout)
}

function main() {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '5000000' },
      'memtable-mib': { type: 'string', default: '16' },
    },
  })
  const directory = mkdtempSync(join(os.tmpdir(), 'marquetry-bench-'))
  try {
    const ours = child('engine', join(directory, 'db'), values.rows, values['memtable-mib'])
    // One thread flushes, the others merge: by default cores − 1, at least 1.
    const threads = 1 + Math.max(1, os.availableParallelism() - 1)
    const theirs = child('baseline', values.rows, ours.busyMsPerBatch, threads, ours.streamMs)
    report(values, ours, theirs)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function report(values, ours, theirs) {
  const rows = Number(values.rows)
  const line = (name, { p50, p99, p999, max }) =>
    console.log(
      `  ${name.padEnd(30)} p50 ${p50.toFixed(2)}  p99 ${p99.toFixed(2)}  p99.9 ${p999.toFixed(2)}  max ${max.toFixed(1)} ms`,
    )
  console.log(
    `stream: ${rows} rows in ${(ours.streamMs / 1000).toFixed(1)} s (${(rows / ours.streamMs).toFixed(0)} krows/s), ` +
      `${ours.compactions} merges of ${ours.compactedRowsIn} rows behind, ${ours.stalls} stalls of ${(ours.stalledMs / 1000).toFixed(1)} s`,
  )
  line('event loop, engine', ours.loop)
  line('event loop, baseline', theirs.loop)
  console.log(`  difference at p99.9             ${(ours.loop.p999 - theirs.loop.p999).toFixed(2)} ms`)
  line('put', ours.put)
  const memtableBytes = Number(values['memtable-mib']) * mebibyte
  const budget = {
    // The active one, those that wait, and one more that is being filled when the limit is noticed.
    memtables: memtableBytes * (immutableMemtablesMax + 2),
    cache: cacheBytes,
    merges: mergeMemoryBytes * Math.max(1, os.availableParallelism() - 1),
    // A flush holds its log, and a row group as columns, as Arrow and in WASM.
    flush: memtableBytes + 3 * rowGroupBytes,
  }
  const total = Object.values(budget).reduce((sum, bytes) => sum + bytes, 0)
  const mib = (bytes) => `${(bytes / mebibyte).toFixed(0)} MiB`
  const parts = Object.entries(budget).map(([name, bytes]) => `${mib(bytes)} ${name}`)
  console.log(
    `  memory: ${mib(ours.rss.peakRss)} resident at most, the baseline ${mib(theirs.peakRss)}: ${mib(ours.rss.peakRss - theirs.peakRss)} for the engine\n` +
      `          budget ${mib(total)}: ${parts.join(' + ')}; memtables took ${mib(ours.rss.peakMemtables)}`,
  )
}
