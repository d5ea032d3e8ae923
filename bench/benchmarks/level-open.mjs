// Opening Level databases: one that is empty, again and again, beside LevelDB, the two taking turns; and many at once, with what
// they take of descriptors and memory. Every database is a directory of its own below the system's directory for temporary files.
//
//   npm run bench -- level-open [--opens 300] [--databases 500]

import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ClassicLevel } from 'classic-level'
import { MarquetryLevel } from '../../dist/level/index.js'
import { collectGarbage, median } from '../lib/measure.mjs'

const warmUps = 30
const mebibyte = 1024 * 1024

const { values } = parseArgs({
  options: { opens: { type: 'string', default: '300' }, databases: { type: 'string', default: '500' } },
})
const root = mkdtempSync(join(tmpdir(), 'marquetry-bench-'))
try {
  await reopen(Number(values.opens))
  await openMany(Number(values.databases))
} finally {
  rmSync(root, { recursive: true, force: true })
}

async function reopen(opens) {
  const engines = [
    ['MarquetryLevel', MarquetryLevel],
    ['classic-level', ClassicLevel],
  ]
  const times = new Map(engines.map(([name]) => [name, []]))
  for (let i = -warmUps; i < opens; i++) {
    for (const [name, Level] of engines) {
      const started = performance.now()
      const db = new Level(join(root, name))
      await db.open()
      if (i >= 0) times.get(name).push(performance.now() - started)
      await db.close()
    }
  }
  console.log(`level-open: an empty database, ${opens} times each, by turns`)
  for (const [name, taken] of times) {
    taken.sort((a, b) => a - b)
    const fast = taken[Math.floor(taken.length / 10)]
    console.log(
      `  ${name.padEnd(16)} median ${median(taken).toFixed(2)} ms, a tenth below ${fast.toFixed(2)} ms`,
    )
  }
}

async function openMany(count) {
  const all = Array.from({ length: count }, (_, i) => new MarquetryLevel(join(root, 'many', String(i))))
  for (const db of all) await db.open()
  for (const db of all) await db.close()
  collectGarbage()
  const before = process.memoryUsage().rss
  const report = (what) => {
    const perDatabase = `${(descriptors() / count).toFixed(1)} descriptors each`
    console.log(`  ${what.padEnd(22)} ${perDatabase}, ${memory(before)} MiB more in memory`)
  }
  console.log(`level-open: ${count} databases`)
  const started = performance.now()
  for (const db of all) await db.open()
  report('open')
  console.log(`  reopened one after the other in ${((performance.now() - started) / count).toFixed(2)} ms each`)
  for (const db of all) await db.put('key', 'value')
  report('with an entry in a log')
  for (const db of all) {
    await db.table.flush()
    await db.get('key')
  }
  report('flushed, and read')
  await Promise.all(all.map((db) => db.close()))
}

function memory(before) {
  collectGarbage()
  return ((process.memoryUsage().rss - before) / mebibyte).toFixed(0)
}

/** Open files below the benchmark's directory; not known but on Linux. */
function descriptors() {
  if (process.platform !== 'linux') return Number.NaN
  const files = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return files.filter((file) => file.startsWith(root)).length
}
