// npm run bench                       everything: the comparison with the peers, then the studies
// npm run bench -- peers              the comparison; or a group of it (fill, read, scan, life), or one workload (readrandom)
// npm run bench -- absent             a study of marquetry alone, with its own options behind its name
// npm run bench -- report [RESULTS]   writes the measured part of docs/benchmarks.md, and its plots, from bench/results
// npm run bench -- list               names
//
// Options of the comparison: --rows 500000  --data rows|flights  --engines marquetry,lmdb  --rounds 5  --warm-ups 1  --threads N
// --state compacted|loaded  --work DIR (keeps the loaded databases for the next run)  --results DIR  --profile DIR (CPU profiles)

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { installPeers } from './lib/install.mjs'
import { enginesAsked, resultsFolder, runPeers, UsageError } from './lib/peers.mjs'
import { writeReport } from './report/report.mjs'
import { groups, workloads, workloadsNamed } from './workloads/index.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const studies = readdirSync(`${here}benchmarks`).map((file) => file.replace(/\.mjs$/, ''))

function runStudy(name, args) {
  const run = spawnSync(process.execPath, [`${here}benchmarks/${name}.mjs`, ...args], { stdio: 'inherit' })
  if (run.status !== 0) throw new Error(`${name} failed with status ${run.status}`)
}

function list() {
  for (const group of Object.keys(groups)) {
    console.log(group)
    for (const { name, title } of workloads.filter((workload) => workload.group === group)) {
      console.log(`  ${name.padEnd(24)} ${title}`)
    }
  }
  console.log(`studies\n  ${studies.join(', ')}`)
}

async function main([name, ...args]) {
  if (name === 'list') return list()
  if (name === 'report') return writeReport(args[0] ?? resultsFolder, args[1])
  if (name === undefined || name.startsWith('--'))
    return await runEverything(name === undefined ? [] : [name, ...args])
  const chosen = workloadsNamed(name)
  if (chosen === undefined && !studies.includes(name)) {
    throw new UsageError(`There is no benchmark ${name}: see npm run bench -- list`)
  }
  if (chosen === undefined) {
    await installPeers(['classic-level', 'duckdb'])
    return runStudy(name, args)
  }
  await installPeers(enginesAsked(args))
  await runPeers(chosen, args)
}

async function runEverything(args) {
  await installPeers(enginesAsked(args))
  await runPeers(workloads, args)
  for (const study of studies) runStudy(study, [])
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error.stack)
  process.exit(error instanceof UsageError ? 2 : 1)
}
