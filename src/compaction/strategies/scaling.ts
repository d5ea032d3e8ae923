// The unified strategy's parameter per level, and the sizes that levels have by it.

import type { Scaling } from '../../options-compaction.js'

/** What a scaling means. */
export interface LevelShape {
  /** How many times bigger runs of the next level are. */
  readonly fanOut: number
  /** Runs of the level that are merged as soon as they are there. */
  readonly threshold: number
}

/** `T4`: fan-out and threshold 4. `L10`: fan-out 10, threshold 2. `N`: both 2. */
export function shapeOf(scaling: Scaling): LevelShape {
  if (scaling === 'N') return { fanOut: 2, threshold: 2 }
  const fanOut = Number(scaling.slice(1))
  return { fanOut, threshold: scaling.startsWith('L') ? 2 : fanOut }
}

/** The shape of a level: its own, or that of the last one given. */
export function shapeAt(scaling: readonly Scaling[], level: number): LevelShape {
  return shapeOf(scaling[Math.min(level, scaling.length - 1)] ?? 'N')
}

/**
 * The level of a run by its size. Level 0 ends at √fanOut flushes, the middle between one flush and a run of fanOut of
 * them on a logarithmic scale: so flushes may be half or twice as big as thought. Each further level ends fanOut times
 * higher.
 */
export function levelOfSize(scaling: readonly Scaling[], flushes: number): number {
  let level = 0
  for (let end = Math.sqrt(shapeAt(scaling, 0).fanOut); flushes >= end; end *= shapeAt(scaling, level).fanOut)
    level++
  return level
}
