// Prints a line for each part of the machines as it ends, and one table of all in the end. Fails a run that found a violation,
// or that did too little.

import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node'
import { type RecordEntry, readRecord } from './record.js'
import { commit, isLong, isReport, recordPath, scale, seed } from './settings.js'
import { rowsOf, seconds, tableOf } from './table.js'

/** The machine that a file is. */
const machineOf = (path: string): string => /([^/\\]+)\.machine\.ts$/.exec(path)?.[1] ?? path

export class ReliabilityReporter implements Reporter {
  readonly #beganMs = performance.now()
  /** By machine, seed and part: what earlier runs have kept, and what this one has done. */
  readonly #entries = new Map<string, RecordEntry>()
  #passed = 0
  #failed = 0

  onTestRunStart(): void {
    if (isLong) for (const entry of readRecord()) if (isReport || entry.seed === seed) this.#add(entry)
    if (isReport) return
    console.log(`reliability, scale ${scale}, seed ${seed}${isLong ? `, kept in ${recordPath}` : ''}`)
  }

  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result()
    if (state === 'skipped') return
    const report = test.meta().reliability
    if (report === undefined && state === 'passed') return // its time was over before it began
    if (report !== undefined) this.#add({ ...report, seed, commit, date: new Date().toISOString() })
    if (state === 'passed') this.#passed++
    else this.#failed++
    const took = seconds(test.diagnostic()?.duration ?? 0)
    const machine = machineOf(test.module.moduleId)
    console.log(
      `${state === 'passed' ? 'ok    ' : 'FAILED'} ${machine}: ${test.name} (${took})${isLong ? `; ${this.#progress(machine)}` : ''}`,
    )
    for (const { message, stack } of errors)
      console.log(stack?.includes(message) ? stack : `${message}\n${stack ?? ''}`)
  }

  onUserConsoleLog({ content }: { readonly content: string }): void {
    process.stdout.write(content)
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.#failed += unhandled.length
    for (const module of modules) {
      for (const { message, stack } of module.errors()) {
        this.#failed++
        console.log(`FAILED ${module.moduleId}: ${message}\n${stack ?? ''}`)
      }
    }
    for (const { message, stack } of unhandled)
      console.log(`FAILED outside of any test: ${message}\n${stack ?? ''}`)
    const rows = rowsOf(this.#entries.values())
    console.log(`\n${tableOf(rows)}\n`)
    for (const { machine, tooFew } of rows) {
      for (const less of tooFew) {
        this.#failed++
        console.log(`FAILED ${machine}: too few: ${less}`)
      }
    }
    for (const row of rows) {
      if (row.isComplete) continue
      console.log(`not over: ${row.machine}, seed ${row.seed}: ${row.progress}`)
      if (!isLong) this.#failed++
    }
    const silent = new Set(modules.map(({ moduleId }) => machineOf(moduleId)))
    for (const { machine } of rows) silent.delete(machine)
    for (const machine of isLong ? [] : silent) {
      this.#failed++
      console.log(`FAILED ${machine}: it did nothing`)
    }
    const violations = rows.reduce((sum, row) => sum + row.violations, 0)
    if (isReport) return
    const took = seconds(performance.now() - this.#beganMs)
    console.log(`scale ${scale}, seed ${seed}, ${took}, ${violations} violations`)
    console.log(`${this.#passed} passed, ${this.#failed} failed`)
    const nothingDone = this.#passed === 0 && rows.length === 0
    if (this.#failed > 0 || nothingDone) process.exitCode = 1
  }

  #add(entry: RecordEntry): void {
    this.#entries.set(JSON.stringify([entry.machine, entry.seed, entry.part]), entry)
  }

  #progress(machine: string): string {
    const entries = [...this.#entries.values()].filter((entry) => entry.machine === machine)
    return rowsOf(entries)[0]?.progress ?? ''
  }
}
