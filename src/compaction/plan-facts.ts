// What the engine has to know of a plan before it carries it out: whether it is a mere move, what is older than it, what
// it may run beside, and where it can be cut for several workers. Pure functions of a version.

import type { KeyBytes, KeyRange } from '../format/key-codec.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { compareBytes } from '../util/bytes.js'
import { overlapping, type SortedRun, type Version } from '../version/version.js'
import type { KeyBounds } from './job.js'
import type { CompactionPlan } from './plan.js'

/** First and last key of the tables together. Requires: there is one. */
export function hullOf(tables: readonly KeyBounds[]): KeyBounds {
  let { minKey, maxKey } = tables[0]!
  for (const table of tables) {
    if (compareBytes(table.minKey, minKey) < 0) minKey = table.minKey
    if (compareBytes(table.maxKey, maxKey) > 0) maxKey = table.maxKey
  }
  return { minKey, maxKey }
}

/** Whether two key ranges share a key; both ends count. */
export function meet(a: KeyBounds, b: KeyBounds): boolean {
  return compareBytes(a.minKey, b.maxKey) <= 0 && compareBytes(b.minKey, a.maxKey) <= 0
}

/** A run's tables that meet a key range, both ends included. */
export function meeting(run: SortedRun, { minKey, maxKey }: KeyBounds): readonly SSTableMeta[] {
  const from = overlapping(run, { gte: minKey, lt: undefined })
  return from.filter((table) => compareBytes(table.minKey, maxKey) <= 0)
}

/** The inputs as sorted runs, newest first. */
export function inputRuns(version: Version, inputs: readonly SSTableMeta[]): readonly SortedRun[] {
  const numbers = new Set(inputs.map(({ number }) => number))
  return version.runs
    .map((run) => ({ ...run, tables: run.tables.filter(({ number }) => numbers.has(number)) }))
    .filter(({ tables }) => tables.length > 0)
}

/** Indexes of the runs from the newest input to the place of the output. */
export function spanOf(version: Version, { inputs, output }: CompactionPlan): { from: number; to: number } {
  const numbers = new Set(inputs.map(({ number }) => number))
  const holds = version.runs.map(({ tables }) => tables.some(({ number }) => numbers.has(number)))
  const to = output.runId === undefined ? -1 : version.runs.findIndex(({ id }) => id === output.runId)
  return { from: holds.indexOf(true), to: Math.max(to, holds.lastIndexOf(true)) }
}

/**
 * Bounds of the tables that are no inputs and may hold older versions of the inputs' keys. Tables between the newest
 * input and the output are among them, although a valid plan has none there that matter: better one tombstone too many.
 */
export function olderThan(version: Version, plan: CompactionPlan): readonly KeyBounds[] {
  const numbers = new Set(plan.inputs.map(({ number }) => number))
  const hull = hullOf(plan.inputs)
  const { from } = spanOf(version, plan)
  return version.runs
    .slice(from)
    .flatMap((run) => meeting(run, hull))
    .filter(({ number }) => !numbers.has(number))
    .map(({ minKey, maxKey }) => ({ minKey, maxKey }))
}

/**
 * Whether a plan only needs an edit: its inputs lie in one run and go to another as they are. Not if a rewrite could
 * drop something: older versions, or tombstones that hide nothing where they arrive.
 */
export function isMove(version: Version, plan: CompactionPlan): boolean {
  const { inputs, output } = plan
  const [run, ...more] = inputRuns(version, inputs)
  if (run === undefined || more.length > 0 || output.runId === run.id) return false
  if (output.runId === undefined && output.level === run.level) return false
  const older = olderThan(version, plan)
  return inputs.every(
    (table) =>
      table.rows === table.keys && (table.tombstones === 0 || older.some((bounds) => meet(bounds, table))),
  )
}

/**
 * Whether a plan may run while another does: either they share no key, or all that one touches lies behind all that the
 * other touches, so that neither's output is in the other's way.
 */
export function mayRunBeside(version: Version, plan: CompactionPlan, other: CompactionPlan): boolean {
  if (!meet(hullOf(plan.inputs), hullOf(other.inputs))) return true
  const a = spanOf(version, plan)
  const b = spanOf(version, other)
  return a.to < b.from || b.to < a.from
}

/**
 * The plan that leaves one version of every key of a range: all tables that meet it, and those that these meet in turn,
 * into the oldest of their runs. Undefined: there is nothing to gain, or a busy table is in the way.
 */
export function wholePlan(
  version: Version,
  range: KeyRange,
  busy: ReadonlySet<number>,
): CompactionPlan | undefined {
  let inputs = version.runs.flatMap((run) => overlapping(run, range))
  if (inputs.length === 0) return undefined
  for (;;) {
    const hull = hullOf(inputs)
    const more = version.runs.flatMap((run) => meeting(run, hull))
    if (more.length === inputs.length) break
    inputs = more
  }
  const runs = inputRuns(version, inputs)
  const oldest = runs.at(-1)!
  if (runs.length === 1) inputs = inputs.filter(isWorthRewriting)
  if (inputs.length === 0 || inputs.some(({ number }) => busy.has(number))) return undefined
  return {
    reason: 'asked for',
    inputs: runs.length === 1 ? contiguous(oldest, inputs) : inputs,
    // Level 0 is for flushes: strategies take what lies there for never merged.
    output: oldest.level === 0 ? { level: 1 } : { runId: oldest.id, level: oldest.level },
  }
}

/** Whether a table without anything older below would come out of a rewrite any different. */
function isWorthRewriting({ rows, keys, tombstones, maxSeq }: SSTableMeta): boolean {
  return rows > keys || tombstones > 0 || maxSeq > 0
}

/** The tables of the run from the first to the last of these: what a merge within the run needs. */
function contiguous(run: SortedRun, tables: readonly SSTableMeta[]): readonly SSTableMeta[] {
  return meeting(run, hullOf(tables))
}

/** A key of the inputs, and how many bytes of them begin there. */
export interface WeightedKey {
  readonly key: KeyBytes
  readonly bytes: number
}

/**
 * Cuts all keys into at most `pieces` half-open ranges with about the same number of bytes, as far as the sampled keys
 * tell. `lt` of one is `gte` of the next, so that no key is in two ranges, or in none.
 */
export function cutRanges(sample: readonly WeightedKey[], pieces: number): readonly KeyRange[] {
  const sorted = [...sample].sort((a, b) => compareBytes(a.key, b.key))
  const total = sorted.reduce((bytes, point) => bytes + point.bytes, 0)
  const cuts: KeyBytes[] = []
  let before = 0
  for (const { key, bytes } of sorted) {
    const previous = cuts.at(-1) ?? sorted[0]!.key
    const isDue = cuts.length < pieces - 1 && before * pieces >= total * (cuts.length + 1)
    if (isDue && compareBytes(key, previous) > 0) cuts.push(key)
    before += bytes
  }
  return [undefined, ...cuts].map((gte, index) => ({ gte, lt: cuts[index] }))
}
