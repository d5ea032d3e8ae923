// Compares compaction strategies on a workload that is only simulated, or on the history of a table on disk.
//
//   npm run simulate -- --strategy L10 --rows 1e9

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { expectedWriteAmplification } from '../dist/compaction/simulator/formula.js'
import { ownWriteAmplification, parseHistory, replayWorkload } from '../dist/compaction/simulator/history.js'
import { simulate } from '../dist/compaction/simulator/simulate.js'
import { distributions, makeWorkload } from '../dist/compaction/simulator/workload.js'
import { resolveCompactionOptions } from '../dist/options-compaction.js'
import { linePlot } from './lib/plot.mjs'

const help = `Compares compaction strategies without writing anything.

  npm run simulate -- [options]

  --strategy <name>      leveled, size-tiered, or the unified strategy as L4, T4, N, … or level by level as T4,T4,L10;
                         repeat it to compare; default: leveled, size-tiered, L4, L10, T4, N
  --rows <number>        rows to write; default 5e6
  --row-bytes <number>   bytes of a row in an SSTable; default 28
  --row-saving <number>  bytes that a row takes less with each doubling of the keys around it; default 0
  --memtable-bytes <n>   such as 8MiB; a flush is a quarter of it on disk; default 8MiB
  --memtable-rows <n>    rows of a flush, instead
  --distribution <name>  ${distributions.join(', ')}; default uniform (all keys different, in random order)
  --keys <number>        zipf, overwrite: number of different keys; default a tenth of the rows
  --option <name=value>  any option of compaction, where it applies: --option levelRatio=8; repeat it for more
  --replay <directory>   plays the flushes of a table's directory again, from its HISTORY
  --metric <name>        what --plot shows: write, read or space; default write
  --plot <file.svg>      writes a plot over the rows written
  --seed <number>        of the random keys; default 1
  --help`

const defaultStrategies = ['leveled', 'size-tiered', 'L4', 'L10', 'T4', 'N']
const metrics = {
  write: ['writeAmplification', 'bytes written for each byte flushed'],
  read: ['readAmplification', 'runs that may hold a key'],
  space: ['spaceAmplification', 'bytes on disk for each byte of one clean copy'],
}

/** A mistake of who called: printed without a stack. */
class UsageError extends Error {}

function readArguments() {
  const text = { type: 'string' }
  const list = { type: 'string', multiple: true }
  const options = {
    strategy: list, rows: text, 'row-bytes': text, 'row-saving': text, 'memtable-bytes': text, 'memtable-rows': text, distribution: text,
    keys: text, option: list, replay: text, metric: text, plot: text, seed: text, help: { type: 'boolean' },
  } // biome-ignore format: a table
  try {
    return parseArgs({ options }).values
  } catch (error) {
    throw new UsageError(error.message)
  }
}

/** A number above 0: `1e9`, `5_000_000`, `8MiB`. */
function amount(name, text) {
  const match = /^([\d._]+(?:e\d+)?)\s*([kmgt]i?b)?$/i.exec(text)
  const units = { kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 }
  const value =
    match === null ? Number.NaN : Number(match[1].replaceAll('_', '')) * (units[match[2]?.toLowerCase()] ?? 1)
  if (!(value > 0)) throw new UsageError(`--${name} must be a number above 0, such as 5e6 or 8MiB, not ${text}`)
  return value
}

function workloadOf(values) {
  const rowBytes = amount('row-bytes', values['row-bytes'] ?? '28')
  const rows = Math.round(amount('rows', values.rows ?? '5e6'))
  const flushRows =
    values['memtable-rows'] !== undefined
      ? Math.round(amount('memtable-rows', values['memtable-rows']))
      : Math.floor(amount('memtable-bytes', values['memtable-bytes'] ?? '8MiB') / 4 / rowBytes)
  const distribution = values.distribution ?? 'uniform'
  if (!distributions.includes(distribution)) {
    throw new UsageError(`--distribution must be one of ${distributions.join(', ')}, not ${distribution}`)
  }
  if (flushRows < 1) throw new UsageError('a memtable must hold a row')
  if (rows / flushRows > 100_000) {
    throw new UsageError(
      `${Math.ceil(rows / flushRows)} flushes are too many to simulate: take bigger memtables`,
    )
  }
  const keys = values.keys === undefined ? {} : { keys: Math.round(amount('keys', values.keys)) }
  const seed = amount('seed', values.seed ?? '1')
  const rowSaving = values['row-saving'] === undefined ? 0 : amount('row-saving', values['row-saving'])
  const workload = makeWorkload({ rows, rowBytes, rowSaving, flushRows, distribution, seed, ...keys })
  const what = `${rows.toLocaleString('en')} rows of ${rowBytes} bytes, ${distribution}`
  return {
    workload,
    title: `${what}, ${workload.flushes.length} flushes`,
    flushBytes: Math.round(flushRows * rowBytes),
  }
}

function replayOf(directory) {
  const path = join(directory, 'HISTORY')
  let text
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${error.message}`)
  }
  const history = parseHistory(text)
  if (history.flushes.length === 0) throw new UsageError(`${path} tells of no flush`)
  const bytes = history.flushes.reduce((sum, flush) => sum + flush.bytes, 0)
  const flushBytes = Math.ceil(bytes / history.flushes.length)
  return {
    workload: replayWorkload(history),
    title: `${directory}, ${history.flushes.length} flushes`,
    flushBytes,
    history,
  }
}

function optionsOf(name, flushBytes, given) {
  const own =
    name.startsWith('leveled') || name.startsWith('size')
      ? { strategy: name }
      : { strategy: 'unified', scaling: name.split(',') }
  let options = resolveCompactionOptions({ ...own, flushBytes })
  for (const pair of given) {
    const [option, text = ''] = pair.split('=')
    const value = /^[\d._]+(e\d+)?([kmgt]i?b)?$/i.test(text) ? amount(`option ${option}`, text) : text
    try {
      options = resolveCompactionOptions({ [option]: value }, options)
    } catch (error) {
      // What belongs to one of the strategies compared is left out for the others.
      if (!/belongs to the strategy/.test(error.message)) throw error
    }
  }
  return options
}

const size = (bytes) => {
  const unit = Math.max(0, Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  return `${(bytes / 1024 ** unit).toPrecision(3)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][unit]}`
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const text = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))),
  )
  return text.map((row) => row.join('  ').trimEnd()).join('\n')
}

function row(name, options, result) {
  const { writeAmplification: write, readAmplification: read, spaceAmplification: space } = result
  const formula =
    options.strategy === 'unified' ? expectedWriteAmplification(options.scaling, result.flushes).toFixed(2) : ''
  const levels = result.levels.map(
    ({ level, runs, bytes }) => `L${level} ${size(bytes)}${runs > 1 ? ` in ${runs}` : ''}`,
  )
  return [
    name, write.toFixed(2), formula, `${read.mean.toFixed(1)}/${read.most}`, `${space.mean.toFixed(2)}/${space.peak.toFixed(2)}`,
    String(result.compactions), String(result.moves), size(result.bytesCompacted), levels.join(', '),
  ] // biome-ignore format: as the heading
}

function main() {
  const values = readArguments()
  if (values.help) return console.log(help)
  const metric = values.metric ?? 'write'
  if (!Object.hasOwn(metrics, metric))
    throw new UsageError(`--metric must be write, read or space, not ${metric}`)
  if (values.replay !== undefined && values.rows !== undefined)
    throw new UsageError('--replay brings its own --rows')
  const names = values.strategy ?? defaultStrategies
  const chosen = values.replay === undefined ? workloadOf(values) : replayOf(values.replay)
  const { workload, title, flushBytes, history } = chosen
  const optionsByName = new Map(names.map((name) => [name, optionsOf(name, flushBytes, values.option ?? [])]))
  console.log(`${title} of ${size(flushBytes)}\n`)
  const rows = [
    [
      'strategy',
      'write',
      'formula',
      'read mean/most',
      'space mean/peak',
      'merges',
      'moves',
      'merged',
      'at the end',
    ],
  ]
  const series = []
  for (const [name, options] of optionsByName) {
    const result = simulate(workload, options)
    rows.push(row(name, options, result))
    series.push({ name, points: result.points.map((point) => [point.rows, point[metrics[metric][0]]]) })
  }
  if (history !== undefined) {
    const merged = history.compactions.reduce((sum, { bytesOut }) => sum + bytesOut, 0)
    const count = String(history.compactions.length)
    rows.push(['as it was', ownWriteAmplification(history).toFixed(2), '', '', '', count, '', size(merged), ''])
  }
  console.log(table(rows))
  if (values.plot === undefined) return
  writeFileSync(values.plot, linePlot({ title, xLabel: 'rows written', yLabel: metrics[metric][1], series }))
  console.log(`\n${values.plot}: ${metrics[metric][1]}`)
}

try {
  main()
} catch (error) {
  // Options are checked by the engine, which names them.
  if (!(error instanceof UsageError || error.code === 'MARQUETRY_INVALID_OPTION')) throw error
  console.error(`simulate: ${error.message}\n(--help says more)`)
  process.exitCode = 2
}
