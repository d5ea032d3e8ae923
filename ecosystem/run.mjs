// npm run test:ecosystem: the test suites of the Level ecosystem against marquetry/level, two at a time, each in a process of
// its own. Databases live below the system's directory for temporary files. abstract-level's own suite runs in every
// configuration, the others in the ordinary one and in a hostile one.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const atOnce = 2
/** Lines of a failed suite's output that are shown. */
const shownLines = 80

// Every write becomes an SSTable of its own, every flush is followed by a merge.
const hostile = { memtableRows: 1, compaction: { level0RunsMax: 1 } }
const configurations = [
  ['ordinary', undefined],
  ['hostile, inline', { ...hostile, workers: 0 }],
  ['hostile, 2 workers', { ...hostile, workers: 2 }],
]

const reports = mkdtempSync(join(tmpdir(), 'marquetry-ecosystem-reports-'))
let reported = 0
const newReport = () => join(reports, `${reported++}.json`)
const bin = (name) => join(here, 'node_modules', name)

/** How to run a suite, and how to read from its output or its report what passed and what failed. */
const suites = {
  'abstract-level': () => ({
    args: [join(here, 'suites/abstract-level.cjs')],
    count: (output) => JSON.parse(output.trim().split('\n').at(-1)),
  }),
  keyv: () => {
    const report = newReport()
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    return {
      args: [bin('vitest/vitest.mjs'), 'run', '--root', here, ...reporters],
      count: () => {
        const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
        return { passed: numPassedTests, failed: numFailedTests }
      },
    }
  },
  'aedes-persistence-level': () => ({
    args: ['--require', join(here, 'suites/level-as-package.cjs'), bin('aedes-persistence-level/test/test.js')],
    count: (output) => ({
      passed: Number(/^# pass (\d+)$/m.exec(output)[1]),
      failed: Number(/^# fail (\d+)$/m.exec(output)[1]),
    }),
  }),
  'datastore-level, blockstore-level': () => {
    const report = newReport()
    const reporter = ['--reporter', 'json', '--reporter-option', `output=${report}`]
    return {
      args: [bin('mocha/bin/mocha.js'), '--timeout', '60000', ...reporter, join(here, 'suites/datastore.mjs')],
      count: () => {
        const { passes, failures } = JSON.parse(readFileSync(report, 'utf8')).stats
        return { passed: passes, failed: failures }
      },
    }
  },
}

/** Runs one suite in one configuration. A suite that ends otherwise than well has one failure at the least. */
async function runSuite({ suite, configuration, options }) {
  const { args, count } = suites[suite]()
  const began = performance.now()
  const env = { ...process.env, NODE_NO_WARNINGS: '1', NO_COLOR: '1' }
  if (options !== undefined) env.MARQUETRY_LEVEL_OPTIONS = JSON.stringify(options)
  const child = spawn(process.execPath, args, { cwd: here, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  }
  const status = await new Promise((resolve) => child.on('close', resolve))
  let counts = { passed: 0, failed: 0 }
  try {
    counts = count(output)
  } catch (error) {
    output += `\nits counts cannot be read: ${error.message}`
  }
  if (status !== 0 || counts.passed === 0) counts.failed = Math.max(1, counts.failed)
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  const name = `${suite} (${configuration})`.padEnd(56)
  console.log(`${name} ${counts.passed} passed, ${counts.failed} failed, ${seconds} s`)
  if (counts.failed > 0) console.log(output.trimEnd().split('\n').slice(-shownLines).join('\n'))
  return counts
}

function install() {
  if (existsSync(join(here, 'node_modules'))) return
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--prefix', here], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

install()
const runs = configurations.flatMap(([configuration, options]) =>
  Object.keys(suites)
    .filter((suite) => options?.workers !== 0 || suite === 'abstract-level')
    .map((suite) => ({ suite, configuration, options })),
)
// The longest first, so that they do not run alone at the end.
runs.sort((a, b) => Number(b.suite === 'abstract-level') - Number(a.suite === 'abstract-level'))
const total = { passed: 0, failed: 0 }
const work = Array.from({ length: atOnce }, async () => {
  for (let run = runs.shift(); run !== undefined; run = runs.shift()) {
    const { passed, failed } = await runSuite(run)
    total.passed += passed
    total.failed += failed
  }
})
await Promise.all(work)
rmSync(reports, { recursive: true, force: true })
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exit(total.failed === 0 ? 0 : 1)
