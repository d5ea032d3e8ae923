// What the unified strategy writes per byte flushed, as a formula: docs/compaction.md derives it.

import type { Scaling } from '../../options-compaction.js'
import { shapeAt } from '../strategies/scaling.js'

/**
 * Bytes written to SSTables for each byte flushed, the flush itself included, after so many flushes of equal size
 * `flushBytes` whose keys are all different. `scaling` is one for all levels or a list as the option takes it.
 *
 * Level k gets runs of a_k flushes each (a_0 = 1), and gives c_k of them away as one: a_{k+1} = a_k · c_k. Tiered, c_k
 * runs are written once, together. Leveled, each that comes is merged with what is there, 2 + 3 + … + c_k of them.
 */
export function expectedWriteAmplification(scaling: Scaling | readonly Scaling[], flushes: number): number {
  const list = typeof scaling === 'string' ? [scaling] : scaling
  let end = Math.sqrt(shapeAt(list, 0).fanOut)
  let written = flushes
  for (let level = 0, arriving = 1; arriving <= flushes; level++) {
    const { threshold } = shapeAt(list, level)
    // Runs merged until the level's end is reached: more than its threshold where arrivals are small for it.
    const cycle = mergedUntil(threshold, end / arriving)
    const arrivals = Math.floor(flushes / arriving)
    const full = Math.floor(arrivals / cycle)
    written += arriving * (full * mergesOf(cycle, threshold) + mergesOf(arrivals - full * cycle, threshold))
    arriving *= cycle
    end *= shapeAt(list, level + 1).fanOut
  }
  return written / flushes
}

/** How many runs come before what is merged of them is at least `size` runs big: the first merge takes `threshold`. */
function mergedUntil(threshold: number, size: number): number {
  let runs = 1
  while (runs < size) runs += threshold - 1
  return runs
}

/** Runs' worth of writing by merges of so many arrivals: the first `threshold`, then each further `threshold` − 1. */
function mergesOf(arrivals: number, threshold: number): number {
  let written = 0
  for (let runs = threshold; runs <= arrivals; runs += threshold - 1) written += runs
  return written
}
