// Where keys lie between 0 and 1, so that SSTables can be drawn: an axis on which rows are spread as evenly as their
// files' bounds tell. The bounds cut all keys into stretches; each SSTable's rows count for equal parts in the stretches
// it covers, and a stretch is as wide as the rows in it, with a little for all alike, so that none vanishes.

import { compareBytes } from '../../util/bytes.js'
import type { DepthFacts } from './facts.js'

/** What the axis knows of an SSTable. */
export interface AxisTable {
  readonly minKey: Uint8Array
  readonly maxKey: Uint8Array
  readonly rows: number
  readonly run: number
}

export interface KeyAxis {
  /** Per table, in the order given. */
  readonly places: readonly { readonly from: number; readonly to: number }[]
  readonly depths: readonly DepthFacts[]
}

/** A stretch is at least as wide as this share of an even one. */
const evenShare = 0.15

export function keyAxis(tables: readonly AxisTable[]): KeyAxis {
  const cuts = cutsOf(tables)
  const spans = tables.map(({ minKey, maxKey }) => ({
    from: indexOfCut(cuts, { key: minKey, after: false }),
    to: indexOfCut(cuts, { key: maxKey, after: true }),
  }))
  const stretches = Math.max(1, cuts.length - 1)
  const weights = new Float64Array(stretches)
  spans.forEach(({ from, to }, i) => {
    const rows = tables[i]!.rows / Math.max(1, to - from)
    for (let stretch = from; stretch < to; stretch++) weights[stretch] = weights[stretch]! + rows
  })
  const total = weights.reduce((sum, weight) => sum + weight, 0) || 1
  const ends = [0]
  for (const weight of weights) {
    const width = (weight / total) * (1 - evenShare) + evenShare / stretches
    ends.push(ends.at(-1)! + width)
  }
  const scale = ends.at(-1)!
  const at = (cut: number) => ends[cut]! / scale
  return {
    places: spans.map(({ from, to }) => ({ from: at(from), to: at(to) })),
    depths: depthsOf(tables, spans, stretches, at),
  }
}

/** A place between keys: before a key, or after it. */
interface Cut {
  readonly key: Uint8Array
  readonly after: boolean
}

function compareCuts(a: Cut, b: Cut): number {
  return compareBytes(a.key, b.key) || Number(a.after) - Number(b.after)
}

function cutsOf(tables: readonly AxisTable[]): readonly Cut[] {
  const all = tables.flatMap(({ minKey, maxKey }): Cut[] => [
    { key: minKey, after: false },
    { key: maxKey, after: true },
  ])
  all.sort(compareCuts)
  return all.filter((cut, i) => i === 0 || compareCuts(all[i - 1]!, cut) !== 0)
}

function indexOfCut(cuts: readonly Cut[], wanted: Cut): number {
  let low = 0
  let high = cuts.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareCuts(cuts[middle]!, wanted) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Neighbouring stretches of the same depth are one. */
function depthsOf(
  tables: readonly AxisTable[],
  spans: readonly { readonly from: number; readonly to: number }[],
  stretches: number,
  at: (cut: number) => number,
): readonly DepthFacts[] {
  const runs = Array.from({ length: stretches }, () => new Set<number>())
  spans.forEach(({ from, to }, i) => {
    for (let stretch = from; stretch < to; stretch++) runs[stretch]!.add(tables[i]!.run)
  })
  const depths: DepthFacts[] = []
  runs.forEach(({ size }, stretch) => {
    const last = depths.at(-1)
    if (last?.runs === size) depths[depths.length - 1] = { ...last, to: at(stretch + 1) }
    else depths.push({ from: at(stretch), to: at(stretch + 1), runs: size })
  })
  return tables.length === 0 ? [] : depths
}
