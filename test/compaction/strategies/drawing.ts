// Versions drawn as text, as the data-driven tests of strategies write them:
//
//   L0  aaaaaaaaa   bbbb        a run a line, newest first; a column a key; a letter a table
//   L1  cccDDDDDD  eeeee        from the first column to the last that bears its letter

import type { CompactionPlan } from '#src/compaction/plan.js'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import { placeOutput, type SortedRun, Version } from '#src/version/version.js'
import { keyNumber, table } from '../../version/support.js'
import { disjoint } from './model.js'

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
/** Bytes of a table per column, if nothing else is said. */
const columnBytes = 10

export const letterOf = (number: number) => letters[number - 1] ?? '?'
export const numberOf = (letter: string) => letters.indexOf(letter) + 1

/** Reads a drawing. Lines such as `a bytes=500 tombstones=3` behind the runs change single tables. */
export function readDrawing(lines: readonly string[]): Version {
  const facts = new Map<string, Partial<SSTableMeta>>()
  for (const line of lines) {
    const [letter = '', ...pairs] = line.trim().split(/\s+/)
    if (letter.length !== 1) continue
    facts.set(letter, Object.fromEntries(pairs.map((pair) => [pair.split('=')[0], Number(pair.split('=')[1])])))
  }
  const runs = lines.filter((line) => /^\s*L\d+ /.test(line))
  return new Version(runs.map((line, index) => readRun(line.trim(), index + 1, facts)))
}

function readRun(line: string, id: number, facts: ReadonlyMap<string, Partial<SSTableMeta>>): SortedRun {
  const [, level = '', drawn = ''] = /^L(\d+) (.*)$/.exec(line) ?? []
  const tables = [...new Set(drawn.replaceAll(' ', ''))].map((letter) => {
    const from = drawn.indexOf(letter)
    const to = drawn.lastIndexOf(letter)
    const keys = to - from + 1
    const given = { rows: keys, keys, bytes: keys * columnBytes, ...facts.get(letter) }
    return table(numberOf(letter), from, to, given)
  })
  return { id, level: Number(level), tables }
}

/** Draws a version; tables whose bytes are not those of their width are listed below. */
export function draw({ runs }: Version): string {
  const lines = runs.map(({ level, tables }) => {
    const columns: string[] = []
    for (const { number, minKey, maxKey } of tables) {
      for (let at = keyNumber(minKey); at <= keyNumber(maxKey); at++) columns[at] = letterOf(number)
    }
    return `L${level} ${Array.from(columns, (letter) => letter ?? ' ').join('')}`
  })
  const odd = runs
    .flatMap(({ tables }) => tables)
    .filter(({ bytes, minKey, maxKey }) => bytes !== columnBytes * (keyNumber(maxKey) - keyNumber(minKey) + 1))
  return [...lines, ...odd.map(({ number, bytes }) => `${letterOf(number)} bytes=${bytes}`)].join('\n')
}

/** A plan in one line: why, what, where to. */
export function showPlan(version: Version, { reason, inputs, output }: CompactionPlan): string {
  const numbers = new Set(inputs.map(({ number }) => number))
  const byRun = version.runs
    .map(({ tables }) => tables.filter(({ number }) => numbers.has(number)))
    .filter((tables) => tables.length > 0)
    .map((tables) => tables.map(({ number }) => letterOf(number)).join(' '))
  const to = output.runId === undefined ? `a new run on L${output.level}` : `the run on L${output.level}`
  return `${reason}: ${byRun.join(' + ')} -> ${to}`
}

/** The version after a plan, as if no two inputs shared a key: one output over all of them, or the inputs moved. */
export function carryOut(version: Version, { inputs, output }: CompactionPlan): Version {
  const tables = version.allTables()
  const next = Math.max(...tables.map(({ number }) => number)) + 1
  const run = placeOutput(version, inputs, output, Math.max(...version.runs.map(({ id }) => id)) + 1)
  const sum = (of: (table: SSTableMeta) => number) => inputs.reduce((total, input) => total + of(input), 0)
  const merged = () =>
    table(
      next,
      Math.min(...inputs.map(({ minKey }) => keyNumber(minKey))),
      Math.max(...inputs.map(({ maxKey }) => keyNumber(maxKey))),
      { rows: sum(({ rows }) => rows), keys: sum(({ keys }) => keys), bytes: sum(({ bytes }) => bytes) },
    )
  const addTables = disjoint(inputs) ? inputs : [merged()]
  return version.apply({ removeTables: inputs.map(({ number }) => number), addTables, run })
}
