// Prints a line for each test of the machines as it ends, and one table of all of them in the end.

import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node'
import type { MachineReport } from './report.js'
import { scale, seed } from './settings.js'

interface Row {
  readonly machine: string
  readonly counts: Map<string, number>
  violations: number
  ms: number
  slowest: { readonly case: string; readonly ms: number } | undefined
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** The machine of a test that reported nothing: its file. */
const machineOf = (test: TestCase): string =>
  /([^/\\]+)\.machine\.ts$/.exec(test.module.moduleId)?.[1] ?? test.name

function add(row: Row, report: MachineReport | undefined): void {
  for (const [what, count] of Object.entries(report?.counts ?? {})) {
    row.counts.set(what, (row.counts.get(what) ?? 0) + count)
  }
  row.violations += report?.violations.length ?? 0
  const slowest = report?.slowest
  if (slowest !== undefined && slowest.ms > (row.slowest?.ms ?? -1)) row.slowest = slowest
}

/** One row per machine, as Markdown, so that a run can be kept in docs/reliability.md. */
function tableOf(rows: readonly Row[]): string {
  const head = ['machine', 'done', 'violations', 'time', 'slowest case']
  const body = rows.map(({ machine, counts, violations, ms, slowest }) => [
    machine,
    [...counts].map(([what, count]) => `${whole.format(count)} ${what}`).join(', '),
    whole.format(violations),
    seconds(ms),
    slowest === undefined ? '' : `${slowest.case}: ${seconds(slowest.ms)}`,
  ])
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((cells) => cells[i]!.length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}

export class ReliabilityReporter implements Reporter {
  #beganMs = 0

  onTestRunStart(): void {
    this.#beganMs = performance.now()
    console.log(`reliability, scale ${scale}, seed ${seed}`)
  }

  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result()
    if (state === 'skipped') return
    const took = seconds(test.diagnostic()?.duration ?? 0)
    console.log(`${state === 'passed' ? 'ok    ' : 'FAILED'} ${machineOf(test)}: ${test.name} (${took})`)
    for (const { message, stack } of errors)
      console.log(stack?.includes(message) ? stack : `${message}\n${stack ?? ''}`)
  }

  onUserConsoleLog({ content }: { readonly content: string }): void {
    process.stdout.write(content)
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const rows = new Map<string, Row>()
    let [passed, failed] = [0, unhandled.length]
    for (const module of modules) {
      for (const { message, stack } of module.errors()) {
        failed++
        console.log(`FAILED ${module.moduleId}: ${message}\n${stack ?? ''}`)
      }
      for (const test of module.children.allTests()) {
        if (test.result().state === 'skipped') continue
        const report = test.meta().reliability
        const machine = report?.machine ?? machineOf(test)
        const row: Row = rows.get(machine) ?? {
          machine,
          counts: new Map(),
          violations: 0,
          ms: 0,
          slowest: undefined,
        }
        rows.set(machine, row)
        add(row, report)
        row.ms += test.diagnostic()?.duration ?? 0
        if (test.result().state === 'passed') passed++
        else failed++
      }
    }
    for (const { message, stack } of unhandled)
      console.log(`FAILED outside of any test: ${message}\n${stack ?? ''}`)
    const sorted = [...rows.values()].sort((a, b) => (a.machine < b.machine ? -1 : 1))
    console.log(`\n${tableOf(sorted)}\n`)
    const violations = sorted.reduce((sum, row) => sum + row.violations, 0)
    const took = seconds(performance.now() - this.#beganMs)
    console.log(`scale ${scale}, seed ${seed}, ${took}, ${violations} violations`)
    console.log(`${passed} passed, ${failed} failed`)
    if (failed > 0 || passed === 0) process.exitCode = 1
  }
}
