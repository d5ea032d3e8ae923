// The benchmarks run, and check what they measure; tiny, and without the peers, which are installed in bench/ only.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'marquetry-bench-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(...args: string[]) {
  const program = join(root, 'bench/run.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

interface Result {
  readonly unit: string
  readonly engines: { readonly marquetry: { readonly costs: readonly number[]; readonly options: object } }
}

test('every workload runs on marquetry alone, and the report tells of it', { timeout: 60_000 }, () => {
  const results = join(folder, 'results')
  const tiny = ['--engines', 'marquetry', '--rows', '500', '--rounds', '1', '--warm-ups', '0']
  const { status, stderr } = run('peers', ...tiny, '--results', results)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const { workloads } = JSON.parse(readFileSync(join(results, 'peers-rows-500.json'), 'utf8'))
  const names = Object.keys(workloads)
  expect(names).toEqual(expect.arrayContaining(['fillrandom', 'readrandom', 'seekrandom', 'scan-sum', 'open']))
  for (const { unit, engines } of Object.values(workloads) as Result[]) {
    if (unit !== 'figures') expect(engines.marquetry.costs[0]).toBeGreaterThan(0)
    expect(engines.marquetry.options).toHaveProperty('preset')
  }

  copyFileSync(join(root, 'docs/benchmarks.md'), join(folder, 'benchmarks.md'))
  expect(run('report', results, `${folder}/`)).toMatchObject({ status: 0 })
  const report = readFileSync(join(folder, 'benchmarks.md'), 'utf8')
  for (const name of names.filter((one) => one !== 'bytes-read')) expect(report).toContain(`| ${name} | `)
  const svg = readFileSync(join(folder, 'benchmarks-rows-500.svg'), 'utf8')
  expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
  expect(`${report}${svg}`).not.toMatch(/NaN|Infinity|undefined/)
})

test('says what is wrong with its arguments', () => {
  const cases: readonly (readonly [says: RegExp, ...args: string[]])[] = [
    [/There is no benchmark readrandon/, 'readrandon'],
    [/Unknown option '--row'/, 'peers', '--row', '5'],
    [/--rows must be a whole number/, 'peers', '--rows', 'many'],
    [/--engines: there are marquetry, .* not leveldb/, 'peers', '--engines', 'leveldb'],
    [/reads what marquetry writes/, 'scan', '--engines', 'duckdb,hyparquet'],
  ]
  for (const [says, ...args] of cases) {
    const { status, stdout, stderr } = run(...args)
    expect(stderr).toMatch(says)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  }
})

test('a report is not written into a document that has lost its marks', () => {
  writeFileSync(join(folder, 'benchmarks.md'), '# Benchmarks\n')
  const { status, stderr } = run('report', join(folder, 'nowhere'), `${folder}/`)
  expect(stderr).toMatch(/has lost its marks/)
  expect(status).toBe(1)
})
