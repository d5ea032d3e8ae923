// The command line of the comparison: `npm run bench -- peers`, or a group or workload by its name.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { dataNames, openData, prepareData } from '../data/index.mjs'
import { engineNames, engines } from '../engines/index.mjs'
import { printHead, printResult } from '../report/print.mjs'
import { saveResults } from '../report/results.mjs'
import { compare } from './compare.mjs'

export const resultsFolder = fileURLToPath(new URL('../results/', import.meta.url))

const options = {
  rows: { type: 'string', default: '500000' },
  data: { type: 'string', default: 'rows' },
  engines: { type: 'string', default: engineNames.join(',') },
  rounds: { type: 'string', default: '5' },
  'warm-ups': { type: 'string', default: '1' },
  threads: { type: 'string', default: String(os.availableParallelism()) },
  state: { type: 'string', default: 'compacted' },
  work: { type: 'string' },
  results: { type: 'string', default: resultsFolder },
  profile: { type: 'string' },
}

class UsageError extends Error {}

function settingsOf(args) {
  let values
  try {
    values = parseArgs({ args, options }).values
  } catch (error) {
    throw new UsageError(error.message)
  }
  const whole = (name) => {
    const number = Number(values[name].replaceAll('_', ''))
    if (!(Number.isInteger(number) && number >= 0)) throw new UsageError(`--${name} must be a whole number`)
    return number
  }
  const oneOf = (name, choices) => {
    for (const part of values[name].split(',')) {
      if (!choices.includes(part))
        throw new UsageError(`--${name}: there are ${choices.join(', ')}, not ${part}`)
    }
    return values[name]
  }
  const asked = oneOf('engines', engineNames).split(',')
  const reader = asked.find((name) => engines[name].readsParquet)
  if (reader !== undefined && !asked.includes('marquetry')) {
    throw new UsageError(`--engines: ${reader} reads what marquetry writes, so name both`)
  }
  return {
    data: oneOf('data', dataNames),
    state: oneOf('state', ['compacted', 'loaded']),
    engines: engineNames.filter((name) => asked.includes(name)),
    rows: whole('rows'),
    rounds: Math.max(1, whole('rounds')),
    warmUps: whole('warm-ups'),
    threads: Math.max(1, whole('threads')),
    work: values.work && resolve(values.work),
    results: resolve(values.results),
    profile: values.profile && resolve(values.profile),
  }
}

/** Engines that are asked for, before anything is run. */
export function enginesAsked(args) {
  return settingsOf(args).engines
}

/** Runs the workloads and saves their results. `--work` keeps the loaded databases for the next run. */
export async function runPeers(workloads, args) {
  const given = settingsOf(args)
  if (given.work !== undefined) mkdirSync(given.work, { recursive: true })
  const work = given.work ?? mkdtempSync(join(os.tmpdir(), 'marquetry-bench-'))
  const machine = `${os.availableParallelism()} cores (${os.cpus()[0].model}), ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()}, Node.js ${process.version}`
  try {
    await prepareData(given.data, work, given.rows)
    const { rows } = openData(given.data, work, given.rows)
    const settings = { ...given, rows, work }
    printHead({ ...settings, machine })
    const { threads, state } = settings
    const about = { machine, commit: commit(), threads, state, versions: versions() }
    const began = performance.now()
    let path
    await compare(workloads, settings, (workload, result) => {
      printResult(workload, result)
      path = saveResults(settings.results, settings, { [workload.name]: result }, about)
    })
    console.log(`${((performance.now() - began) / 1000).toFixed(0)} s; written to ${path}`)
  } finally {
    if (given.work === undefined) rmSync(work, { recursive: true, force: true })
  }
}

/** Of the peers, as pinned in bench/package.json. */
function versions() {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).dependencies
}

/** Of the engine that was measured; undefined without git, with `+` if files were changed since. */
function commit() {
  const git = (...args) => spawnSync('git', args, { cwd: resultsFolder, encoding: 'utf8' })
  const { status, stdout } = git('rev-parse', '--short', 'HEAD')
  if (status !== 0) return undefined
  const isChanged = git('status', '--porcelain', '--', '../../src').stdout !== ''
  return `${stdout.trim()}${isChanged ? '+' : ''}`
}

export { UsageError }
