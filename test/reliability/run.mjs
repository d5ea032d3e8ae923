// npm run test:reliability [-- [--long] [--seed N] [MACHINE…]]
//
// Runs the machines of docs/reliability.md, or those that are named, and prints one table. `--long`: a hundred times as
// much. `--seed`: the seed that a run has printed, to see it again.

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const suffix = '.machine.ts'
const machines = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith(suffix))
  .map((name) => name.slice(0, -suffix.length))
  .sort()

function usage(problem) {
  console.error(`${problem}\nUsage: npm run test:reliability [-- [--long] [--seed N] [${machines.join('|')}]…]`)
  process.exit(2)
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { long: { type: 'boolean', default: false }, seed: { type: 'string' } },
    })
  } catch (error) {
    return usage(error.message)
  }
}

const { values, positionals } = parse()
for (const name of positionals) if (!machines.includes(name)) usage(`There is no machine ${name}.`)
if (values.seed !== undefined && !/^\d+$/.test(values.seed)) usage('A seed is a whole number.')

const root = fileURLToPath(new URL('../../', import.meta.url))
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const files = positionals.map((name) => `test/reliability/${name}${suffix}`)
const child = spawn(process.execPath, [vitest, 'run', '--config', 'vitest.reliability.config.ts', ...files], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    MARQUETRY_RELIABILITY: values.long ? 'long' : 'ci',
    // Drawn once, here: the machines run in several processes.
    MARQUETRY_SEED: values.seed ?? process.env.MARQUETRY_SEED ?? String(Date.now() % 2 ** 31),
  },
})
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128)
})
