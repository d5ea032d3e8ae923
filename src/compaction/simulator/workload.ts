// What the simulator writes: flushes, each a sorted list of keys, made from a few numbers.
//
// A billion rows are not simulated one by one. A fixed share of all possible keys, chosen by hash, is followed exactly;
// each stands for `scale` keys like it. A merge of such lists repeats keys, replaces and spreads them as the merge of the
// whole would. A key is a fraction of the key space, from 0 up to 1.

import { seededRandom } from '../../util/seeded-random.js'

/** How keys are drawn. `uniform`: all different, in random order. `overwrite`: uniform over `keys`. */
export type Distribution = 'uniform' | 'ascending' | 'zipf' | 'overwrite'

/** Names of the distributions. */
export const distributions: readonly Distribution[] = ['uniform', 'ascending', 'zipf', 'overwrite']

/** What to write. */
export interface WorkloadSettings {
  readonly rows: number
  /** Bytes of a row in the SSTable of a flush, compressed. */
  readonly rowBytes: number
  /**
   * Bytes that a row takes less with each doubling of the keys between two given ones, since neighbours share more: of
   * integers at random a bit, 0.125. Default 0.
   */
  readonly rowSaving?: number
  /** Rows of a memtable: those of a flush, before repeated keys go. */
  readonly flushRows: number
  readonly distribution: Distribution
  /** `zipf`, `overwrite`: number of different keys. Default: a tenth of the rows. */
  readonly keys?: number
  readonly seed?: number
}

/** Flushes to play. */
export interface Workload {
  /** Keys followed of each flush: ascending, different. */
  readonly flushes: readonly Float64Array[]
  /** Keys that each of them stands for: a whole number. */
  readonly scale: number
  readonly rowBytes: number
  readonly rowSaving?: number
}

/** Keys followed in all, about; and in one flush, at least. */
const followedMax = 2 ** 18
const followedOfFlushMin = 48

/** Exponent of the Zipf distribution, as in YCSB. */
const zipfExponent = 0.99

/** The flushes that the settings describe. Requires: rows, rowBytes and flushRows are above 0. */
export function makeWorkload(settings: WorkloadSettings): Workload {
  const { rows, rowBytes, rowSaving = 0, flushRows } = settings
  const followed = Math.max(followedMax, (followedOfFlushMin * rows) / flushRows)
  const scale = Math.ceil(rows / followed)
  const draw = drawer(settings, scale)
  const flushes: Float64Array[] = []
  for (let from = 0; from < rows; from += flushRows) {
    const keys = draw(from, Math.min(rows, from + flushRows))
    if (keys.length > 0) flushes.push(sortedDistinct(keys))
  }
  return { flushes, scale, rowBytes, rowSaving }
}

/** Sorts in place and leaves repeated numbers out. */
export function sortedDistinct(keys: Float64Array): Float64Array {
  keys.sort()
  let count = 0
  for (let i = 0; i < keys.length; i++) if (i === 0 || keys[i] !== keys[i - 1]) keys[count++] = keys[i]!
  return keys.subarray(0, count)
}

/** The keys of rows `from` up to `to`, in any order. */
type Draw = (from: number, to: number) => Float64Array

function drawer(
  { rows, distribution, keys = Math.ceil(rows / 10), seed = 1 }: WorkloadSettings,
  scale: number,
): Draw {
  const random = seededRandom(seed)
  const upTo = (row: number) => Math.floor(row / scale)
  const some = (from: number, to: number, key: (row: number) => number) =>
    Float64Array.from({ length: upTo(to) - upTo(from) }, (_, i) => key(upTo(from) + i))
  if (distribution === 'uniform') {
    // Two draws a key, as one has 32 bits only.
    return (from, to) => some(from, to, () => (Math.floor(random() * 2 ** 21) + random()) / 2 ** 21)
  }
  if (distribution === 'ascending') return (from, to) => some(from, to, (row) => (row * scale) / rows)
  const followed = Math.max(1, Math.round(keys / scale))
  if (distribution === 'overwrite') {
    return (from, to) => some(from, to, () => (Math.floor(random() * followed) + 0.5) / followed)
  }
  return zipfDrawer(keys, scale, followed, random)
}

/**
 * Of the ranks 1 to `keys`, one of `scale` is followed, and stands for its neighbours. The ranks before the first one
 * followed, if any, are left out: they take most of the writes but next to no room in a flush, one row each.
 */
function zipfDrawer(keys: number, scale: number, followed: number, random: () => number): Draw {
  const power = 1 - zipfExponent
  const area = (rank: number) => rank ** power / power
  const first = 0.5 * scale
  const share = (area(keys + 0.5) - area(first)) / (area(keys + 0.5) - area(0.5))
  const span = area(keys) - area(first)
  // Places of the ranks in the key space: scattered, as ranks and keys have nothing to do with each other.
  const places = Float64Array.from({ length: followed }, () => random())
  return (from, to) => {
    const draws = Math.round(((to - from) / scale) * share)
    return Float64Array.from({ length: draws }, () => {
      const rank = (power * (area(first) + random() * span)) ** (1 / power)
      return places[Math.min(followed - 1, Math.floor(rank / scale))]!
    })
  }
}
