// The command line of the simulator, and the plots it writes.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../../tools/simulate.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'marquetry-simulate-'))
afterAll(() => rmSync(folder, { recursive: true }))

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('compares strategies, and draws them', () => {
  const plot = join(folder, 'plot.svg')
  const small = ['--rows', '1e5', '--memtable-bytes', '256KiB', '--distribution', 'zipf']
  const { status, stdout } = run(...small, '--strategy', 'T4', '--strategy', 'leveled', '--plot', plot)
  expect(status).toBe(0)
  expect(stdout).toMatch(/^T4 +\d+\.\d\d/m)
  expect(stdout).toMatch(/^leveled +\d+\.\d\d/m)
  const svg = readFileSync(plot, 'utf8')
  expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
  expect(svg).toContain('>leveled</text>')
  expect(svg).not.toMatch(/NaN|Infinity|undefined/)
})

test('plays a history again, beside what it cost', () => {
  const flush = {
    kind: 'flush',
    rows: 1000,
    keys: 1000,
    tombstones: 0,
    bytes: 20_000,
    minKey: 'AAA=',
    maxKey: '//8=',
  }
  const lines = Array.from({ length: 8 }, () => JSON.stringify(flush))
  const merge = JSON.stringify({ kind: 'compaction', bytesIn: 160_000, bytesOut: 160_000 })
  writeFileSync(join(folder, 'HISTORY'), [...lines, merge, '{"kind":'].join('\n'))
  const { status, stdout } = run('--replay', folder)
  expect(status).toBe(0)
  expect(stdout).toMatch(/^as it was +2\.00 /m)
  expect(stdout).toMatch(/^T4 +2\.00 /m)
})

test('says what is wrong with its arguments', () => {
  const cases: readonly (readonly [says: RegExp, ...args: string[]])[] = [
    [/--rows must be a number above 0.*not many/, '--rows', 'many'],
    [/Unknown option '--row'/, '--row', '5'],
    [/compaction\.scaling/, '--strategy', 'X4'],
    [/compaction\.levelRatio/, '--option', 'levelRatio=1'],
    [/--distribution must be one of/, '--distribution', 'normal'],
    [/cannot read .*HISTORY/, '--replay', join(folder, 'nowhere')],
    [/too many/, '--rows', '1e12', '--memtable-rows', '10'],
  ]
  for (const [says, ...args] of cases) {
    const { status, stdout, stderr } = run(...args)
    expect(stderr).toMatch(says)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  }
  expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--strategy <name>') })
})
