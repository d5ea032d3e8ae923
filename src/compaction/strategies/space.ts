// Triggers that all strategies share: space that is taken by rows nobody can see, and files rich in tombstones.
//
// How much is garbage is told by the samples of keys (`format/key-sample.ts`): of all samples together, cut at the
// lowest limit, the share of hashes that repeat is the share of rows that a newer run replaces. Counting both in the same
// samples makes the estimate exact where nothing repeats, so inserts never look like garbage. Several versions of a key
// within one file are not counted: only a snapshot can have kept them, and a merge would keep them again.

import { keyHashValues } from '../../format/key-sample.js'
import type { SSTableMeta } from '../../format/sstable-meta.js'
import type { ResolvedCompactionOptions } from '../../options-compaction.js'
import type { Version } from '../../version/version.js'
import type { CompactionStrategy } from '../plan.js'
import { bytesOf, closeOver, meeting, mergeRuns, tablesOf } from './inputs.js'

/** Hashes that are looked at, about: enough for an error below 1 %. */
const hashesMax = 32_768

const known = new WeakMap<Version, number>()

const keysOf = (tables: readonly SSTableMeta[]) => tables.reduce((keys, table) => keys + table.keys, 0)

/** Tombstones that a merge of everything would remove; those of the oldest run were kept by the one that made it. */
function tombstonesOf({ runs }: Version): number {
  return runs
    .slice(0, -1)
    .reduce((sum, run) => sum + run.tables.reduce((of, table) => of + table.tombstones, 0), 0)
}

/** Keys stored for each live one, estimated: 1 is no garbage; infinite, if nothing lives. */
export function spaceAmplification(version: Version): number {
  const before = known.get(version)
  if (before !== undefined) return before
  const estimate = version.runs.length < 2 ? 1 : estimateSpace(version)
  known.set(version, estimate)
  return estimate
}

function estimateSpace(version: Version): number {
  const tables = version.allTables()
  const keys = keysOf(tables)
  const limit = tables.reduce(
    (least, { keySample }) => Math.min(least, keySample?.limit ?? 0),
    (keyHashValues * hashesMax) / Math.max(keys, hashesMax),
  )
  if (limit <= 0) return bytesOf(tables) / bytesOf(version.runs[version.runs.length - 1]!.tables)
  let hashes = 0
  const distinct = new Set<number>()
  for (const { keySample } of tables) {
    for (const hash of keySample!.hashes) {
      if (hash >= limit) break
      hashes++
      distinct.add(hash)
    }
  }
  // Different keys share a hash, the more of them the more: of n keys in m values about m(1 − e^(−n/m)) are seen.
  const seen = Math.min(distinct.size, limit - 1)
  const different = Math.min(hashes, -limit * Math.log1p(-seen / limit))
  const live = (hashes === 0 ? 1 : different / hashes) - tombstonesOf(version) / keys
  return live > 0 ? 1 / live : Number.POSITIVE_INFINITY
}

/** What the estimate cannot exceed: the biggest run's keys are all different, and tombstones delete one key each. */
function atMost(version: Version): number {
  if (version.allTables().some(({ keySample }) => keySample === undefined)) return Number.POSITIVE_INFINITY
  const ofRuns = version.runs.map(({ tables }) => keysOf(tables))
  const live = Math.max(...ofRuns) - tombstonesOf(version)
  return live > 0 ? ofRuns.reduce((sum, keys) => sum + keys, 0) / live : Number.POSITIVE_INFINITY
}

/**
 * Merges everything, or as many of the oldest runs as fit into a job (at least two, range by range), where the space
 * taken is above `spaceAmplificationMax`. Quiet with one run, so it comes to an end also where a snapshot keeps garbage.
 */
export function reclaimSpace({
  spaceAmplificationMax,
  jobBytesMax,
}: ResolvedCompactionOptions): CompactionStrategy {
  return (version, busy) => {
    const { runs } = version
    if (runs.length < 2 || spaceAmplificationMax === Number.POSITIVE_INFINITY) return undefined
    if (!known.has(version) && atMost(version) <= spaceAmplificationMax) return undefined
    const amplification = spaceAmplification(version)
    if (amplification <= spaceAmplificationMax) return undefined
    const oldest = runs.length - 1
    let newest = oldest - 1
    while (newest > 0 && bytesOf(tablesOf(version, newest - 1, oldest)) <= jobBytesMax) newest--
    const merge = mergeRuns(version, [newest, oldest], Math.max(1, runs[oldest]!.level), jobBytesMax, busy)
    const percent = Number.isFinite(amplification) ? `${Math.round(100 - 100 / amplification)} %` : 'all'
    return merge && { reason: `about ${percent} of the rows are garbage`, ...merge }
  }
}

/**
 * Merges a file whose share of tombstones is above `tombstoneShareMax` with what it meets in the next older run that it
 * meets. It comes down run by run, and the tombstones with it, to the oldest data that they delete. With nothing older
 * a flush is rewritten, once: its output has level 1, and what a merge has kept there a snapshot needs.
 */
export function dropTombstones({ tombstoneShareMax }: ResolvedCompactionOptions): CompactionStrategy {
  return (version, busy) => {
    for (const [index, run] of version.runs.entries()) {
      for (const table of run.tables) {
        if (table.tombstones <= tombstoneShareMax * table.rows || busy.has(table.number)) continue
        const end = version.runs.findIndex((older, at) => at > index && meeting(older, [table]).length > 0)
        if (end === -1 && run.level > 0) continue
        const inputs = end === -1 ? [table] : closeOver(version, [table], index, end, busy)
        const target = version.runs[end]
        const output = target === undefined ? { level: 1 } : { runId: target.id, level: target.level }
        const reason = `SSTable ${table.number} has ${table.tombstones} tombstones in ${table.rows} rows`
        if (inputs !== undefined) return { reason, inputs, output }
      }
    }
    return undefined
  }
}
