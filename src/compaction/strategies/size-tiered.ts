// Size-tiered compaction: neighbouring runs of similar size become one (as in Bigtable, HBase and Cassandra). Least
// writing, most runs to read, and a while with twice the space.
//
//   newest  1  1  2 | 9  8  10  9 | 40 …        four neighbours of similar size: merged into one of 36
//
// Only neighbours in the version's order are merged, since a merge must not pass what is older than one input and newer
// than another. Going from a run to older ones, a run is similar if it is at most `sizeRatio` times bigger than the
// biggest before; smaller ones always are, or a small run behind a big one would stay for ever. So wherever nothing is
// to be done, the biggest size so far grows by `sizeRatio` at least once in `runsMin` − 1 runs: the number of runs is at
// most (runsMin − 1) · (1 + log(biggest / flush) / log(sizeRatio)).

import type { SizeTieredOptions } from '../../options-compaction.js'
import type { Version } from '../../version/version.js'
import type { CompactionStrategy } from '../plan.js'
import { bytesOf, mergeRuns } from './inputs.js'

/** Merges the newest neighbours of similar size, if they are enough. */
export function sizeTiered(options: SizeTieredOptions): CompactionStrategy {
  return (version, busy) => {
    for (const [newest, oldest] of similarNeighbours(version, options)) {
      const level = 1 + Math.max(...version.runs.slice(newest, oldest + 1).map((run) => run.level))
      const merge = mergeRuns(version, [newest, oldest], level, options.jobBytesMax, busy)
      if (merge === undefined) continue
      return { reason: `${oldest - newest + 1} neighbouring runs are of similar size`, ...merge }
    }
    return undefined
  }
}

/** First and last index of each series of neighbours, newest first; series may overlap. */
function similarNeighbours(
  { runs }: Version,
  { runsMin, sizeRatio, flushBytes }: SizeTieredOptions,
): readonly (readonly [newest: number, oldest: number])[] {
  // What is smaller than a flush counts as one: its size says nothing.
  const sizes = runs.map(({ tables }) => Math.max(bytesOf(tables), flushBytes))
  return sizes.flatMap((size, newest) => {
    let biggest = size
    let oldest = newest
    while (oldest + 1 < sizes.length && sizes[oldest + 1]! <= sizeRatio * biggest) {
      oldest++
      biggest = Math.max(biggest, sizes[oldest]!)
    }
    return oldest - newest + 1 >= runsMin ? [[newest, oldest] as const] : []
  })
}
