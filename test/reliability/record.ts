// What long runs have done so far: a line of JSON per part, appended when the part is over. Whatever ends a run, the lines stay;
// the last one of a part counts.

import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { PartReport } from './report.js'
import { recordPath } from './settings.js'

export interface RecordEntry extends PartReport {
  /** Of the run, not of the part. */
  readonly seed: number
  /** The engine that was put to the test. */
  readonly commit: string
  readonly date: string
}

export function keep(entry: RecordEntry): void {
  mkdirSync(dirname(recordPath), { recursive: true })
  appendFileSync(recordPath, `${JSON.stringify(entry)}\n`)
}

/** The last entry of each part of each machine and seed. */
export function readRecord(): readonly RecordEntry[] {
  if (!existsSync(recordPath)) return []
  const entries = new Map<string, RecordEntry>()
  for (const line of readFileSync(recordPath, 'utf8').split('\n')) {
    const entry = parsed(line)
    if (entry !== undefined) entries.set(JSON.stringify([entry.machine, entry.seed, entry.part]), entry)
  }
  return [...entries.values()]
}

/** Undefined: a line that was cut off when its process ended. */
function parsed(line: string): RecordEntry | undefined {
  try {
    return JSON.parse(line) as RecordEntry
  } catch {
    return undefined
  }
}
