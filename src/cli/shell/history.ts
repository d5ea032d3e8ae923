// The lines of earlier shells, in a file that only its owner may read: `~/.marquetry_history`, or what
// MARQUETRY_HISTORY names; if that is empty, none is kept.

import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const linesMax = 1_000

/** Lines, the newest first, and where new ones go. */
export interface History {
  readonly lines: string[]
  add(line: string): void
}

/** Keeping history is a favour: whatever goes wrong with its file is no reason not to work. */
export function openHistory(env: Readonly<Record<string, string | undefined>>): History {
  const path = env['MARQUETRY_HISTORY'] ?? join(homedir(), '.marquetry_history')
  if (path === '') return { lines: [], add() {} }
  const lines = readLines(path)
  let last = lines[0]
  return {
    lines,
    add(line) {
      if (line.trim() === '' || line === last) return
      last = line
      attempt(() => appendFileSync(path, `${line}\n`, { mode: 0o600 }))
    },
  }
}

function readLines(path: string): string[] {
  let all: string[] = []
  attempt(() => {
    all = readFileSync(path, 'utf8').split('\n').filter(Boolean)
    chmodSync(path, 0o600)
    if (all.length > 2 * linesMax) {
      all = all.slice(-linesMax)
      writeFileSync(path, `${all.join('\n')}\n`, { mode: 0o600 })
    }
  })
  return all.slice(-linesMax).reverse()
}

function attempt(step: () => void): void {
  try {
    step()
  } catch {}
}
