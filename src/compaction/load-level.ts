// The level of a run that was loaded past the memtables: where its strategy would have taken it in the end, so that it is not
// written once more on its way there.

import type { ResolvedCompactionOptions } from '../options-compaction.js'
import type { SortedRun } from '../version/version.js'

/**
 * The level for a run of so many bytes above the older ones. Leveled: the first that has room for it, but above that of
 * the next older run; 0, where flushes go, if there is none. Otherwise 1, which says no more than that it is no flush.
 */
export function levelOfLoad(
  options: ResolvedCompactionOptions,
  older: readonly SortedRun[],
  bytes: number,
): number {
  if (options.strategy !== 'leveled') return 1
  let level = 1
  while (bytes > options.levelBytesBase * options.levelRatio ** (level - 1)) level++
  const [next] = older
  return next === undefined ? level : Math.max(0, Math.min(level, next.level - 1))
}
