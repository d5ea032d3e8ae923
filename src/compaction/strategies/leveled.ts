// Leveled compaction (O'Neil et al., "The log-structured merge-tree", 1996; as in LevelDB and RocksDB). Flushes gather
// on level 0. Each deeper level is one sorted run of many files, `levelRatio` times bigger than the one before; a level
// that is too big gives files away, each merged with the files of the next level that it meets.
//
//   L0   [a·········z]
//   L0   [a·········z]          flushes, each over all keys
//   L1   [a·f] [h··m] [o··z]    one run: a key is in one file at most
//   L2   [a·c][d·e][g·h]  …     one run, ten times bigger
//
// What does not have this shape, since another strategy made it, counts as level 0: from the oldest run on, levels must
// fall; the first run whose level does not, and all that are newer, are merged down like flushes.

import type { SSTableMeta } from '../../format/sstable-meta.js'
import type { LeveledOptions } from '../../options-compaction.js'
import type { SortedRun, Version } from '../../version/version.js'
import type { CompactionStrategy } from '../plan.js'
import { bytesOf, closeOver, type Merge, nextRange, tablesOf } from './inputs.js'
import { moveDown } from './move-down.js'

/**
 * Acts where a level is fuller than `fill` of its target: at 1 the hard limit, below it work that may wait. Level 0 acts
 * at the hard limit only.
 */
export function leveled(options: LeveledOptions, fill: number): CompactionStrategy {
  return (version, busy) => {
    const { runs } = version
    const first = firstLevel(runs)
    if (fill >= 1 && first >= options.level0RunsMax) {
      const merge = mergeLevel0(version, first, options.jobBytesMax, busy)
      if (merge !== undefined) return { reason: `L0 has ${first} runs`, ...merge }
    }
    const full = runs
      .map((run, index) => ({ index, ...fullness(run, options) }))
      .filter(({ index, share }) => index >= first && share > fill)
      .sort((a, b) => b.share - a.share)
    for (const { index, reason } of full) {
      const merge = moveDown(version, index, options.jobBytesMax, busy)
      if (merge !== undefined) return { reason, ...merge }
    }
    return undefined
  }
}

/** Index of the first run that has its place; all before are level 0. */
export function firstLevel(runs: readonly SortedRun[]): number {
  let first = runs.length
  let deeper = Number.POSITIVE_INFINITY
  while (first > 0 && runs[first - 1]!.level >= 1 && runs[first - 1]!.level < deeper) {
    first--
    deeper = runs[first]!.level
  }
  return first
}

function fullness({ level, tables }: SortedRun, options: LeveledOptions): { share: number; reason: string } {
  const scale = options.levelRatio ** Math.max(0, level - 1)
  const targetBytes = options.levelBytesBase * scale
  const targetRows = options.levelRowsBase * scale
  const ofBytes = bytesOf(tables) / targetBytes
  const ofRows = tables.reduce((rows, table) => rows + table.rows, 0) / targetRows
  const share = Math.max(ofBytes, ofRows)
  const target = ofBytes >= ofRows ? sizeText(targetBytes) : `${Math.round(targetRows)} rows`
  return { share, reason: `L${level} is at ${Math.round(share * 100)} % of ${target}` }
}

/** `640 MiB`, `1.5 KiB`, `200 bytes`: three digits at most. */
function sizeText(bytes: number): string {
  const unit = Math.min(4, Math.max(0, Math.floor(Math.log2(bytes) / 10)))
  return `${Number((bytes / 1024 ** unit).toPrecision(3))} ${['bytes', 'KiB', 'MiB', 'GiB', 'TiB'][unit]}`
}

/** The oldest runs of level 0, as many as fit into a job, and what they meet on level 1. */
function mergeLevel0(
  version: Version,
  first: number,
  jobBytesMax: number,
  busy: ReadonlySet<number>,
): Merge | undefined {
  const level1 = version.runs[first]
  const joins = level1?.level === 1
  const end = joins ? first : first - 1
  const output = joins ? { runId: level1.id, level: 1 } : { level: 1 }
  let inputs: readonly SSTableMeta[] | undefined
  for (let newest = first - 1; newest >= 0; newest--) {
    const closed = closeOver(version, tablesOf(version, newest, first - 1), newest, end, busy)
    if (closed === undefined || bytesOf(closed) > jobBytesMax) break
    inputs = closed
  }
  // Not even one: a run that another strategy has made big goes down range by range.
  inputs ??= nextRange(version, [first - 1, end], jobBytesMax, busy)
  return inputs === undefined ? undefined : { inputs, output }
}
