// Unified compaction (Cassandra's UCS, CEP-26; after Dayan and Idreos, "Dostoevsky", 2018): one parameter per level says
// how many runs gather there before they become one, and how many times bigger the next level is.
//
//   T4         4 runs a level, each 4 times bigger than those of the level above: little writing
//   L10        one run a level, merged with each that comes, until it is 10 times bigger: little reading and space
//   T4 T4 L10  lazy leveling: tiered above, where writing costs most, and one run at the bottom, where the data are
//
// A run's level follows from its size. Where an older run is smaller than a newer one (much was overwritten, or another
// strategy was at work), it counts as of the newer one's level, since only neighbours are merged. A run whose label is
// deeper than its size is being merged range by range: it keeps its level until nothing of it is left, since a rest that
// fell back would be written once more up there.

import type { UnifiedOptions } from '../../options-compaction.js'
import type { Version } from '../../version/version.js'
import type { CompactionStrategy } from '../plan.js'
import { bytesOf, mergeRuns, tablesOf } from './inputs.js'
import { levelOfSize, shapeAt } from './scaling.js'

/** Merges all runs of the first level that has as many as its threshold says. */
export function unified(options: UnifiedOptions): CompactionStrategy {
  const { scaling, flushBytes, jobBytesMax } = options
  const levelOf = (bytes: number) => levelOfSize(scaling, bytes / flushBytes)
  return (version, busy) => {
    for (const { level, newest, oldest } of levelsOf(version, levelOf)) {
      const count = oldest - newest + 1
      const { threshold } = shapeAt(scaling, level)
      if (count < threshold) continue
      // Level 0 is the flushes' own label: what was merged is told from them by it.
      const output = Math.max(1, levelOf(bytesOf(tablesOf(version, newest, oldest))))
      const merge = mergeRuns(version, [newest, oldest], output, jobBytesMax, busy)
      if (merge !== undefined) return { reason: `L${level} has ${count} runs of ${threshold}`, ...merge }
    }
    return undefined
  }
}

/** The runs of each level that has some, as indexes of the first and the last: they are neighbours. */
function levelsOf({ runs }: Version, levelOf: (bytes: number) => number) {
  const levels: { level: number; newest: number; oldest: number }[] = []
  runs.forEach(({ level: label, tables }, index) => {
    const before = levels[levels.length - 1]
    // Label 1 says no more than that the run was merged.
    const level = Math.max(levelOf(bytesOf(tables)), label > 1 ? label : 0, before?.level ?? 0)
    if (before?.level === level) before.oldest = index
    else levels.push({ level, newest: index, oldest: index })
  })
  return levels
}
