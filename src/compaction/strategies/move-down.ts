// How a level of the leveled strategy gives files to the next one: which file goes, and what goes along.
//
//   L1   [a·b]   [d·e] [f·g] [i···m]     d–e meets one small file: the cheapest; f–g lies within its hull: free
//   L2      [b·c][d·········h] [j·k][l·n]

import type { SSTableMeta } from '../../format/sstable-meta.js'
import { compareBytes } from '../../util/bytes.js'
import type { SortedRun, Version } from '../../version/version.js'
import { bytesOf, closeOver, inTurn, type Merge, meeting } from './inputs.js'

/**
 * Merges into the next level the file of run `index` that makes the least be rewritten for its size; of equal ones the
 * next in turn, so that no key range is left behind. Without files to meet, the plan is a mere move.
 */
export function moveDown(
  version: Version,
  index: number,
  jobBytesMax: number,
  busy: ReadonlySet<number>,
): Merge | undefined {
  const run = version.runs[index]!
  const below = version.runs[index + 1]
  const next = below?.level === run.level + 1 ? below : undefined
  const cost = (table: SSTableMeta) => (next === undefined ? 0 : bytesOf(meeting(next, [table])) / table.bytes)
  const end = next === undefined ? index : index + 1
  const candidates = inTurn(run, next)
    .map((table) => ({ table, cost: cost(table) }))
    .sort((a, b) => a.cost - b.cost)
  for (const { table } of candidates) {
    const inputs = closeOver(version, [table], index, end, busy)
    if (inputs === undefined) continue
    const output = next === undefined ? { level: run.level + 1 } : { runId: next.id, level: next.level }
    return { inputs: withFree(run, inputs, jobBytesMax, busy), output }
  }
  return undefined
}

/** Adds files of the upper run that lie within the keys of the inputs: they make nothing else be rewritten. */
function withFree(
  run: SortedRun,
  inputs: readonly SSTableMeta[],
  jobBytesMax: number,
  busy: ReadonlySet<number>,
): readonly SSTableMeta[] {
  const taken = new Set(inputs)
  const edges = [...inputs].sort((a, b) => compareBytes(a.minKey, b.minKey))
  const min = edges[0]!.minKey
  const max = edges.reduce((most, { maxKey }) => (compareBytes(maxKey, most) > 0 ? maxKey : most), min)
  let bytes = bytesOf(inputs)
  for (const table of meeting(run, inputs)) {
    const inside = compareBytes(table.minKey, min) >= 0 && compareBytes(table.maxKey, max) <= 0
    if (taken.has(table) || !inside || busy.has(table.number) || bytes + table.bytes > jobBytesMax) continue
    taken.add(table)
    bytes += table.bytes
  }
  return [...taken]
}
