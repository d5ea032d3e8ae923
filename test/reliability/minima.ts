// The least that a run has to do to prove anything. A run that did less fails, however well it went.

import type { Counts } from './report.js'
import { rounds } from './settings.js'

interface Minimum {
  readonly what: string
  readonly ci: number
  /** Whether a long run has to do a hundred times as much; else it does everything there is, once. */
  readonly grows: boolean
}

const minima: Readonly<Record<string, readonly Minimum[]>> = {
  crash: [
    { what: 'crash points', ci: 2000, grows: true },
    { what: 'images', ci: 20_000, grows: true },
    { what: 'nested images', ci: 2000, grows: true },
  ],
  errors: [
    { what: 'workloads', ci: 2, grows: false },
    { what: 'errors injected', ci: 1000, grows: false },
  ],
  mutants: [{ what: 'mutants caught', ci: 25, grows: false }],
  corruption: [{ what: 'flips', ci: 20_000, grows: true }],
  metamorphic: [
    { what: 'plays', ci: 36, grows: true },
    { what: 'operations', ci: 36 * 2000, grows: true },
  ],
  kill: [{ what: 'kills', ci: 50, grows: true }],
  scans: [
    { what: 'databases', ci: 3000, grows: false },
    { what: 'mutants caught', ci: 6, grows: false },
  ],
}

/** The minima of a machine, with what was done of each. */
export function minimaOf(
  machine: string,
  counts: Counts,
): readonly { readonly what: string; readonly done: number; readonly least: number }[] {
  return (minima[machine] ?? []).map(({ what, ci, grows }) => ({
    what,
    done: counts[what] ?? 0,
    least: grows ? ci * rounds : ci,
  }))
}
