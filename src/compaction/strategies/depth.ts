// How many runs a read may have to look into: what back-pressure is about. Limits count overlapping runs rather than
// level-0 files, so that they mean the same under each strategy and after a change of it.

import type { KeyBytes } from '../../format/key-codec.js'
import type { ResolvedCompactionOptions } from '../../options-compaction.js'
import { compareBytes } from '../../util/bytes.js'
import type { Version } from '../../version/version.js'
import { levelOfSize, shapeAt } from './scaling.js'

/**
 * The largest number of runs that hold tables over one key. A version of at most `careless` runs is not looked at: the
 * answer then is its number of runs, which is never too low.
 */
export function overlapDepth({ runs }: Version, careless = 1): number {
  if (runs.length <= careless) return runs.length
  const edges: { readonly key: KeyBytes; readonly step: 1 | -1 }[] = []
  for (const { tables } of runs) {
    for (const { minKey, maxKey } of tables) edges.push({ key: minKey, step: 1 }, { key: maxKey, step: -1 })
  }
  // Bounds are inclusive: at one key, what begins comes before what ends.
  edges.sort((a, b) => compareBytes(a.key, b.key) || b.step - a.step)
  let depth = 0
  let most = 0
  for (const { step } of edges) {
    depth += step
    if (depth > most) most = depth
  }
  return most
}

/** The number of runs that a tree of this size may have where the strategy has nothing left to do. */
export function normalDepth(options: ResolvedCompactionOptions, bytes: number): number {
  if (options.strategy === 'none') return Number.POSITIVE_INFINITY
  const flushes = Math.max(1, bytes / options.flushBytes)
  if (options.strategy === 'leveled') {
    const levels = Math.ceil(
      Math.log(Math.max(1, bytes / options.levelBytesBase)) / Math.log(options.levelRatio),
    )
    return options.level0RunsMax + 1 + levels
  }
  if (options.strategy === 'size-tiered') {
    const { runsMin, sizeRatio } = options
    return Math.ceil((runsMin - 1) * (1 + Math.log(flushes) / Math.log(Math.max(sizeRatio, 1.2))))
  }
  let depth = 1
  for (let level = levelOfSize(options.scaling, flushes); level >= 0; level--) {
    depth += shapeAt(options.scaling, level).threshold - 1
  }
  return depth
}
