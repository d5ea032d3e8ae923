// The eight kinds of memtable (put, get, scan, scan of a range, memory) and the three presets (a whole engine that
// ingests, beside classic-level in the same run). Every run is a process of its own; kinds and engines take turns.
//
//   npm run bench -- memtables [--rows 1000,10000,100000,1000000] [--rounds 3] [--only kinds|presets|plot] [--quick]
//
// Writes bench/results/memtables.json and memtables.md, and docs/memtables.svg; --only plot draws these anew, --quick only prints.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gridPlot } from '../../tools/lib/plot.mjs'
import { fiveFields } from '../data/five-fields.mjs'
import { randomPlace } from '../data/index.mjs'
import { loadEngine } from '../engines/index.mjs'
import { collectGarbage, median, takeTurns } from '../lib/measure.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const batchRows = 1000
const presets = ['classic-level', 'balanced', 'high-performance', 'memory-efficient']
const operations = {
  put: { title: 'put', unit: 'ns/row' },
  firstGet: { title: 'first get after writes', unit: 'ns/row' },
  get: { title: 'get', unit: 'ns' },
  firstScan: { title: 'first scan after writes', unit: 'ns/row' },
  scan: { title: 'scan again', unit: 'ns/row' },
  prefixScan: { title: 'ranges of 100 rows', unit: 'ns/row' },
  bytes: { title: 'memory', unit: 'bytes/row' },
}

if (process.argv[2] === 'child') await child(...process.argv.slice(3))
else await main()

async function child(subject, directory, kind, size) {
  if (kind === 'kind') {
    const { measureKind } = await import('../lib/memtable-load.mjs')
    console.log(JSON.stringify(measureKind(subject, size.split(',').map(Number))))
    return
  }
  const engine = await loadEngine(subject === 'classic-level' ? subject : 'marquetry')
  const data = fiveFields(Number(size))
  const options = subject === 'classic-level' ? engine.optionsFor('load') : { preset: subject }
  const batches = await prepare(await engine.open(`${directory}-shape`, data, options), data)
  await ingest(await engine.open(`${directory}-warm-up`, data, options), [...batches])
  collectGarbage()
  const started = performance.now()
  const cpu = process.cpuUsage()
  await ingest(await engine.open(directory, data, options), [...batches])
  const { user, system } = process.cpuUsage(cpu)
  const milliseconds = performance.now() - started
  let memtableBytes = 0
  if (subject !== 'classic-level') {
    // Once more, without the clock: looking is not free.
    const store = await engine.open(`${directory}-watched`, data, options)
    await ingest(store, batches, () => {
      memtableBytes = Math.max(memtableBytes, store.db.metrics().memtableBytes)
    })
  }
  console.log(JSON.stringify({ milliseconds, cpuMilliseconds: (user + system) / 1000, memtableBytes }))
}

/** The rows in batches, as the engine takes them; closes the store that shaped them. */
async function prepare(store, data) {
  const batches = []
  for (let from = 0; from < data.rows; from += batchRows) {
    const ranks = Array.from({ length: Math.min(batchRows, data.rows - from) }, (_, i) =>
      randomPlace(from + i, data.rows),
    )
    batches.push(ranks.map((k) => store.shape(data.rowAt(k))))
  }
  await store.close()
  return batches
}

/** A batch is let go once it is written, as by a program that does not keep its rows. */
async function ingest(store, batches, watch) {
  for (let i = 0; i < batches.length; i++) {
    await store.write(batches[i])
    batches[i] = undefined
    watch?.()
  }
  await store.close()
}

/** Median of each figure of a kind, by order and rows. */
function summarize(runs) {
  return runs[0].map(({ order, rows }) => {
    const same = runs.flatMap((run) => run.filter((one) => one.order === order && one.rows === rows))
    const figures = Object.keys(operations).map((name) => [name, median(same.map((one) => one[name]))])
    return { order, rows, ...Object.fromEntries(figures) }
  })
}

async function measureKinds(sizes, rounds) {
  const { memtableKinds } = await import('../../dist/options.js')
  const reports = takeTurns(fileURLToPath(import.meta.url), [...memtableKinds], rounds, ['kind', sizes], 0)
  return [...reports].map(([kind, runs]) => ({ kind, figures: summarize(runs) }))
}

function measurePresets(rows, rounds) {
  const reports = takeTurns(fileURLToPath(import.meta.url), presets, rounds, ['preset', String(rows)])
  const peer = reports.get('classic-level')
  return [...reports].map(([name, runs]) => ({
    name,
    rows,
    rowsPerSecond: (rows * 1000) / median(runs.map((run) => run.milliseconds)),
    ratio: median(runs.map((run, round) => peer[round].milliseconds / run.milliseconds)),
    cpuRatio: median(runs.map((run, round) => peer[round].cpuMilliseconds / run.cpuMilliseconds)),
    memtableBytes: median(runs.map((run) => run.memtableBytes)),
  }))
}

function table(head, lines) {
  const all = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...lines]
  return `${all.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`
}

function kindsAsMarkdown(kinds) {
  const points = kinds[0].figures.map(({ order, rows }) => ({ order, rows }))
  const sections = points.map(({ order, rows }) => {
    const lines = kinds.map(({ kind, figures }) => {
      const figure = figures.find((one) => one.order === order && one.rows === rows)
      return [kind, ...Object.keys(operations).map((name) => figure?.[name].toFixed(0) ?? '–')]
    })
    const head = ['kind', ...Object.values(operations).map(({ title, unit }) => `${title}, ${unit}`)]
    return `### ${rows.toLocaleString('en')} rows, ${order} keys\n\n${table(head, lines)}`
  })
  return sections.join('\n')
}

function presetsAsMarkdown(results) {
  const balanced = results.find(({ name }) => name === 'balanced').memtableBytes
  const head = [
    '',
    'krows/s',
    '× classic-level’s rows/s',
    'CPU: classic-level’s ÷ its',
    'peak of memtables, MB',
    '÷ balanced’s',
  ]
  const lines = results.map(({ name, rowsPerSecond, ratio, cpuRatio, memtableBytes }) => [
    name,
    (rowsPerSecond / 1000).toFixed(0),
    ratio.toFixed(2),
    cpuRatio.toFixed(2),
    memtableBytes === 0 ? '–' : (memtableBytes / 1e6).toFixed(1),
    memtableBytes === 0 ? '–' : (memtableBytes / balanced).toFixed(2),
  ])
  return table(head, lines)
}

function kindsAsPlot(kinds) {
  const shown = ['put', 'get', 'firstScan', 'prefixScan', 'bytes']
  const orders = [...new Set(kinds[0].figures.map(({ order }) => order))]
  const panel = (order, operation) => ({
    series: kinds.map(({ kind, figures }) => ({
      name: kind,
      points: figures.filter((one) => one.order === order).map((one) => [one.rows, one[operation]]),
    })),
  })
  return gridPlot({
    title:
      'Kinds of memtable: CPU time and memory by rows and key order (both axes logarithmic; less is better)',
    xLabel: 'rows in the memtable',
    names: kinds.map(({ kind }) => kind),
    columns: shown.map((operation) => operations[operation]),
    rows: orders.map((order) => ({ title: `${order} keys`, panels: shown.map((name) => panel(order, name)) })),
  })
}

async function main() {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  })
  const { quick, only } = values
  const sizes = values.rows ?? (quick ? '1000,10000' : '1000,10000,100000,1000000')
  const rounds = Number(values.rounds ?? (quick ? 1 : 3))
  const file = here('../results/memtables.json')
  const results = !quick && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  const machine = `${cpus().length} × ${cpus()[0].model}, Node.js ${process.version}`
  if (only === undefined || only === 'kinds')
    results.kinds = { machine, rounds, results: await measureKinds(sizes, rounds) }
  if (only === undefined || only === 'presets') {
    results.presets = { machine, rounds, results: measurePresets(quick ? 100_000 : 500_000, rounds) }
  }
  const parts = ['# `npm run bench -- memtables`\n']
  for (const part of ['presets', 'kinds']) {
    if (results[part] === undefined) continue
    const lines = (part === 'kinds' ? kindsAsMarkdown : presetsAsMarkdown)(results[part].results)
    parts.push(`## ${part}\n\nMedians of ${results[part].rounds}; ${results[part].machine}.\n\n${lines}`)
  }
  console.log(parts.join('\n'))
  if (quick) return
  mkdirSync(here('../results'), { recursive: true })
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`)
  writeFileSync(here('../results/memtables.md'), parts.join('\n'))
  if (results.kinds !== undefined)
    writeFileSync(here('../../docs/memtables.svg'), kindsAsPlot(results.kinds.results))
}
