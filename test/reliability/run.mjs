// npm run test:reliability [-- [--long] [--report] [--seed N] [--minutes N] [MACHINE…]]
//
// Runs the machines of docs/reliability.md, or those that are named, and prints one table. `--seed`: the seed that a run has
// printed, to see it again.
//
// `--long`: a hundred times as much, in parts. What each part has done is kept in .reliability/long.jsonl when it is over; a
// run that was stopped goes on there with the same seed when it is started again, whatever machines are named, until `--seed`
// begins another. `--minutes`: after so many no part begins. `--report`: runs nothing, and prints the table of all that is kept.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))
const suffix = '.machine.ts'
const machines = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith(suffix))
  .map((name) => name.slice(0, -suffix.length))
  .sort()

function usage(problem) {
  const options = '[--long] [--report] [--seed N] [--minutes N]'
  console.error(`${problem}\nUsage: npm run test:reliability [-- ${options} [${machines.join('|')}]…]`)
  process.exit(2)
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        long: { type: 'boolean', default: false },
        report: { type: 'boolean', default: false },
        seed: { type: 'string' },
        minutes: { type: 'string' },
      },
    })
  } catch (error) {
    return usage(error.message)
  }
}

/** The seed of the newest part that a long run has kept. */
function keptSeed() {
  const path = join(root, process.env.MARQUETRY_RELIABILITY_RECORD ?? '.reliability/long.jsonl')
  if (!existsSync(path)) return undefined
  const seeds = [...readFileSync(path, 'utf8').matchAll(/"seed":(\d+)/g)]
  return seeds.at(-1)?.[1]
}

/** The commit that is tested; with a `+`, if files of it have been changed. */
function commitOf() {
  try {
    const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '-uno') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}

const { values, positionals } = parse()
for (const name of positionals) if (!machines.includes(name)) usage(`There is no machine ${name}.`)
if (values.seed !== undefined && !/^\d+$/.test(values.seed)) usage('A seed is a whole number.')
if (values.minutes !== undefined && !/^\d+$/.test(values.minutes)) usage('Minutes are a whole number.')
if (values.minutes !== undefined && !values.long) usage('Only a long run can be taken up again: --long.')

const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const files = positionals.map((name) => `test/reliability/${name}${suffix}`)
const seed = values.seed ?? process.env.MARQUETRY_SEED ?? (values.long ? keptSeed() : undefined)
const child = spawn(
  process.execPath,
  [vitest, 'run', '--config', 'vitest.reliability.config.ts', ...(values.report ? [] : files)],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      MARQUETRY_RELIABILITY: values.long || values.report ? 'long' : 'ci',
      ...(values.report && { MARQUETRY_RELIABILITY_REPORT: '1' }),
      ...(values.minutes && { MARQUETRY_RELIABILITY_UNTIL_MS: String(Date.now() + values.minutes * 60_000) }),
      MARQUETRY_COMMIT: commitOf(),
      // Drawn once, here: the machines run in several processes.
      MARQUETRY_SEED: seed ?? String(Date.now() % 2 ** 31),
    },
  },
)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128)
})
