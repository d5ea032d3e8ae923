// What a sorted load that is under way means for all others. Its rows have one sequence number S, given when it began, and
// nobody sees them before its end; but the place where its run will stand is known from the beginning:
//
//   newest  run 9   written after S                 merged among themselves only; for them the load's
//           run 8   written after S                 run counts as older already, whatever keys it will have
//           ------- the barrier: here it will stand
//           run 7   written before S                merged among themselves only
//   oldest  run 3
//
// Order in the version's list decides which version of a key is the newer, so a merge over the barrier would leave the load
// without a place that agrees with its number. The barrier is in memory only: a crash ends the load.
//
// A snapshot that is taken behind S, and before the load's end, must not see its rows, though they are numbered below
// it: it pins what it saw, as the tree's view does for read-only openers.

import type { KeyBounds } from '../compaction/job.js'
import type { CompactionPlan, CompactionStrategy } from '../compaction/plan.js'
import { keyBytesMax } from '../format/key-codec.js'
import { assert } from '../util/assert.js'
import { type SortedRun, Version } from '../version/version.js'

/** All keys that there can be. */
const allKeys: KeyBounds = {
  minKey: new Uint8Array(0),
  maxKey: new Uint8Array(keyBytesMax + 1).fill(0xff),
}

/** The two sides of the barrier. */
interface Sides {
  readonly version: Version
  readonly newer: Version
  readonly older: Version
}

export class LoadBarrier {
  #seq: number | undefined
  #sides: Sides | undefined

  /** Sequence number of the load under way; undefined: there is none. */
  get seq(): number | undefined {
    return this.#seq
  }

  raise(seq: number): void {
    assert(this.#seq === undefined, 'one load at a time')
    this.#seq = seq
  }

  lower(): void {
    this.#seq = undefined
    this.#sides = undefined
  }

  /** Runs of what was written after the load began. */
  newer(version: Version): Version {
    return this.#seq === undefined ? Version.empty : this.#split(version, this.#seq).newer
  }

  /** Runs of what was written before; all of them, if there is no load. */
  older(version: Version): Version {
    return this.#seq === undefined ? version : this.#split(version, this.#seq).older
  }

  /** The strategy, which is shown each side for itself. */
  around(strategy: CompactionStrategy): CompactionStrategy {
    return (version, busy) => {
      if (this.#seq === undefined) return strategy(version, busy)
      const { newer, older } = this.#split(version, this.#seq)
      return strategy(newer, busy) ?? strategy(older, busy)
    }
  }

  /** Bounds of what is coming and older than a plan's inputs. */
  comingBelow({ inputs }: CompactionPlan): readonly KeyBounds[] {
    const seq = this.#seq
    return seq !== undefined && inputs.some(({ maxSeq }) => maxSeq > seq) ? [allKeys] : []
  }

  #split(version: Version, seq: number): Sides {
    if (this.#sides?.version === version) return this.#sides
    const isNewer = ({ tables }: SortedRun) => tables.some(({ maxSeq }) => maxSeq > seq)
    const first = version.runs.findIndex((run) => !isNewer(run))
    const at = first === -1 ? version.runs.length : first
    const [newer, older] = [version.runs.slice(0, at), version.runs.slice(at)]
    assert(!older.some(isNewer), 'no run stands behind the barrier that is newer than the load')
    this.#sides = { version, newer: new Version(newer), older: new Version(older) }
    return this.#sides
  }
}
