// From options to the one function that the engine, the simulator and tests ask what to do next.

import type { NoStrategyOptions, ResolvedCompactionOptions } from '../../options-compaction.js'
import type { CompactionStrategy } from '../plan.js'
import { leveled } from './leveled.js'
import { sizeTiered } from './size-tiered.js'
import { dropTombstones, reclaimSpace } from './space.js'
import { unified } from './unified.js'

/** Share of a level's target above which the leveled strategy begins early, with what nothing more urgent needs. */
const softLimit = 0.85

/** The strategy that these options describe. Its parts are asked in turn; the first that wants something has it. */
export function strategyOf(options: ResolvedCompactionOptions): CompactionStrategy {
  if (options.strategy === 'none') return () => undefined
  const parts = [...ownParts(options), dropTombstones(options)]
  parts.splice(1, 0, reclaimSpace(options))
  return (version, busy) => {
    for (const part of parts) {
      const plan = part(version, busy)
      if (plan !== undefined) return plan
    }
    return undefined
  }
}

/** What is urgent, then what can wait. */
function ownParts(
  options: Exclude<ResolvedCompactionOptions, NoStrategyOptions>,
): readonly CompactionStrategy[] {
  if (options.strategy === 'leveled') return [leveled(options, 1), leveled(options, softLimit)]
  if (options.strategy === 'size-tiered') return [sizeTiered(options)]
  return [unified(options)]
}
