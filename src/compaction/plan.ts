// What a compaction strategy decides: which SSTables to merge, and where the result goes. Plain data, made by pure
// functions of a version, so that a test, the simulator and the engine run the same code.

import type { SSTableMeta } from '../format/sstable-meta.js'
import type { PlanOutput, Version } from '../version/version.js'

/** A merge that should be done. `validatePlan` says whether it may. */
export interface CompactionPlan {
  /** For people: what made the strategy act, such as "L0 has 4 runs". */
  readonly reason: string
  /** Tables of the version, each once, in any order. */
  readonly inputs: readonly SSTableMeta[]
  /** A run that is there, or a new one where the oldest input's run stands. */
  readonly output: PlanOutput
}

/**
 * Looks at a version and says what to do next; undefined: nothing. `busy` holds the numbers of tables that take part in
 * running jobs or must be left alone: a plan has none of them. Pure: the same arguments give the same plan.
 */
export type CompactionStrategy = (version: Version, busy: ReadonlySet<number>) => CompactionPlan | undefined
