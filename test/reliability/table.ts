// One row per machine and seed, as Markdown, so that a run can be kept in docs/reliability.md.

import { minimaOf } from './minima.js'
import type { RecordEntry } from './record.js'
import { added, type Counts, type SlowestCase } from './report.js'
import { isLong } from './settings.js'

export class Row {
  readonly machine: string
  readonly seed: number
  counts: Counts = {}
  parts = 0
  of = 0
  violations = 0
  ms = 0
  cpuMs = 0
  slowest: SlowestCase | undefined
  readonly commits = new Set<string>()
  readonly days = new Set<string>()

  constructor(machine: string, seed: number) {
    this.machine = machine
    this.seed = seed
  }

  add(entry: RecordEntry): void {
    this.counts = added(this.counts, entry.counts)
    this.parts++
    this.of = entry.of
    this.violations += entry.violations.length
    this.ms += entry.ms
    this.cpuMs += entry.cpuMs
    if (entry.slowest && entry.slowest.ms > (this.slowest?.ms ?? -1)) this.slowest = entry.slowest
    this.commits.add(entry.commit)
    this.days.add(entry.date.slice(0, 10))
  }

  get isComplete(): boolean {
    return this.parts >= this.of
  }

  /** What it has done less of than it must; undecided while it has parts left. */
  get tooFew(): readonly string[] {
    const short = minimaOf(this.machine, this.counts).filter(({ done, least }) => done < least)
    return this.isComplete
      ? short.map(({ what, done, least }) => `${whole.format(done)} ${what} of ${whole.format(least)}`)
      : []
  }

  /** How far it has come. */
  get progress(): string {
    const done = minimaOf(this.machine, this.counts).map(
      ({ what, done, least }) => `${whole.format(done)}/${whole.format(least)} ${what}`,
    )
    return [`${whole.format(this.parts)}/${whole.format(this.of)} parts`, ...done].join(', ')
  }
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

export function seconds(ms: number): string {
  return ms < 3_600_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 3_600_000).toFixed(1)} h`
}

/** Rows by machine and seed, in this order. */
export function rowsOf(entries: Iterable<RecordEntry>): readonly Row[] {
  const rows = new Map<string, Row>()
  for (const entry of entries) {
    const name = `${entry.machine} ${entry.seed}`
    const row = rows.get(name) ?? new Row(entry.machine, entry.seed)
    rows.set(name, row)
    row.add(entry)
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

/** How a row's run can be told from others: of a long run, which may have been several. */
const kept: readonly (readonly [head: string, cell: (row: Row) => string])[] = [
  ['parts', ({ parts, of }) => `${whole.format(parts)} of ${whole.format(of)}`],
  ['seed', ({ seed }) => String(seed)],
  ['commits', ({ commits }) => [...commits].join(' ')],
  ['dates', ({ days }) => [...new Set([[...days].sort()[0], [...days].sort().at(-1)])].join(' to ')],
]

export function tableOf(rows: readonly Row[]): string {
  const columns: readonly (readonly [head: string, cell: (row: Row) => string])[] = [
    ['machine', ({ machine }) => machine],
    [
      'done',
      ({ counts }) =>
        Object.entries(counts)
          .map(([what, count]) => `${whole.format(count)} ${what}`)
          .join(', '),
    ],
    ['violations', ({ violations }) => whole.format(violations)],
    ['time', ({ ms }) => seconds(ms)],
    ['CPU', ({ cpuMs }) => seconds(cpuMs)],
    ['slowest case', ({ slowest }) => (slowest === undefined ? '' : `${slowest.case}: ${seconds(slowest.ms)}`)],
    ...(isLong ? kept : []),
  ]
  const lines = [columns.map(([head]) => head), ...rows.map((row) => columns.map(([, cell]) => cell(row)))]
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => cells[i]!.length)))
  const [head, ...body] = lines.map(
    (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`,
  )
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n')
}
