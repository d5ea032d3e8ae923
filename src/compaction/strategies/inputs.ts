// From what a strategy wants to merge to inputs that may be merged.
//
//   run 9       [c··f]            wanted, into run 4
//   run 7   [a···d]               would be passed: an input too
//   run 4  [a·b] [d····h]         meets c–f, then also a–f: inputs too, and the hull of all is a–h
//
// Inputs move down to the output's place, so everything between that meets the hull of them all has to come along, and
// that may widen the hull. `version/placement.ts` states the rule and checks it.

import type { KeyBytes } from '../../format/key-codec.js'
import type { SSTableMeta } from '../../format/sstable-meta.js'
import { compareBytes } from '../../util/bytes.js'
import { overlapping, type PlanOutput, type SortedRun, type Version } from '../../version/version.js'

/** First and last key of some tables, both included. */
interface Hull {
  readonly min: KeyBytes
  readonly max: KeyBytes
}

/** Tables' sizes on disk, summed up. */
export function bytesOf(tables: readonly SSTableMeta[]): number {
  let bytes = 0
  for (const table of tables) bytes += table.bytes
  return bytes
}

/** All tables of some neighbouring runs, both ends included. */
export function tablesOf(version: Version, newest: number, oldest: number): readonly SSTableMeta[] {
  return version.runs.slice(newest, oldest + 1).flatMap(({ tables }) => tables)
}

function widen(hull: Hull | undefined, { minKey, maxKey }: SSTableMeta): Hull {
  if (hull === undefined) return { min: minKey, max: maxKey }
  const min = compareBytes(minKey, hull.min) < 0 ? minKey : hull.min
  const max = compareBytes(maxKey, hull.max) > 0 ? maxKey : hull.max
  return min === hull.min && max === hull.max ? hull : { min, max }
}

function hullOf(tables: readonly SSTableMeta[]): Hull | undefined {
  return tables.reduce<Hull | undefined>(widen, undefined)
}

/** Tables of a run that meet a key range, both ends included. */
function within(run: SortedRun, { min, max }: Hull): readonly SSTableMeta[] {
  // The string that follows `max` directly: the search takes its end as excluded.
  const lt = new Uint8Array(max.length + 1)
  lt.set(max)
  return overlapping(run, { gte: min, lt })
}

/** Tables of a run that meet the key range of others. */
export function meeting(run: SortedRun, tables: readonly SSTableMeta[]): readonly SSTableMeta[] {
  const hull = hullOf(tables)
  return hull === undefined ? [] : within(run, hull)
}

/**
 * The wanted tables and all that a merge of them to run `end` (an index) would pass or meet; undefined if a busy table
 * is among that. Requires: no wanted table lies before run `newest` or behind run `end`.
 */
export function closeOver(
  version: Version,
  wanted: readonly SSTableMeta[],
  newest: number,
  end: number,
  busy: ReadonlySet<number>,
): readonly SSTableMeta[] | undefined {
  const inputs = new Set(wanted)
  let hull = hullOf(wanted)
  for (let before: Hull | undefined; hull !== before; ) {
    before = hull
    for (let i = newest + 1; i <= end && hull !== undefined; i++) {
      for (const table of within(version.runs[i]!, hull)) {
        inputs.add(table)
        hull = widen(hull, table)
      }
    }
  }
  for (const { number } of inputs) if (busy.has(number)) return undefined
  return [...inputs]
}

/** The inputs and the place of a merge. */
export interface Merge {
  readonly inputs: readonly SSTableMeta[]
  readonly output: PlanOutput
}

/**
 * Merges neighbouring runs (indexes, both included) into one: into a new run of this level, if all of it fits into a
 * job; otherwise a key range of it into the oldest of them, the next in turn that is not busy. Each range leaves less in
 * the newest run, so that asking again comes to an end.
 */
export function mergeRuns(
  version: Version,
  [newest, oldest]: readonly [newest: number, oldest: number],
  level: number,
  jobBytesMax: number,
  busy: ReadonlySet<number>,
): Merge | undefined {
  const all = tablesOf(version, newest, oldest)
  if (bytesOf(all) <= jobBytesMax) {
    return all.some(({ number }) => busy.has(number)) ? undefined : { inputs: all, output: { level } }
  }
  const target = version.runs[oldest]!
  const inputs = nextRange(version, [newest, oldest], jobBytesMax, busy)
  return inputs === undefined ? undefined : { inputs, output: { runId: target.id, level: target.level } }
}

/**
 * A run's tables in turn: those behind the key where the last merge into the next run ended come first. Its newest table
 * tells where that was, so nothing has to be remembered.
 */
export function inTurn({ tables }: SortedRun, next: SortedRun | undefined): readonly SSTableMeta[] {
  if (next === undefined) return tables
  const { maxKey } = next.tables.reduce((newest, table) => (table.number > newest.number ? table : newest))
  const at = tables.findIndex(({ minKey }) => compareBytes(minKey, maxKey) > 0)
  return at <= 0 ? tables : [...tables.slice(at), ...tables.slice(0, at)]
}

/**
 * From the next table in turn of run `newest` that is free on: as many as can be merged to run `end` by one job, at least
 * one if that is possible at all.
 */
export function nextRange(
  version: Version,
  [newest, end]: readonly [newest: number, end: number],
  jobBytesMax: number,
  busy: ReadonlySet<number>,
): readonly SSTableMeta[] | undefined {
  const run = version.runs[newest]!
  const wanted: SSTableMeta[] = []
  let inputs: readonly SSTableMeta[] | undefined
  for (const table of inTurn(run, newest === end ? undefined : version.runs[end])) {
    if (inputs !== undefined && table === run.tables[0]) break
    wanted.push(table)
    const closed = closeOver(version, wanted, newest, end, busy)
    if (closed !== undefined && (inputs === undefined || bytesOf(closed) <= jobBytesMax)) inputs = closed
    else if (inputs !== undefined) break
    else wanted.length = 0
  }
  return inputs
}
