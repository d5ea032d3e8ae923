// Plays a compaction strategy without any files: the same code, the same versions, synthetic tables. After each flush
// every plan is carried out at once, so what is seen is the tree at rest: debt that piles up while merges cannot keep
// pace is not.

import type { SSTableMeta } from '../../format/sstable-meta.js'
import type { ResolvedCompactionOptions } from '../../options-compaction.js'
import { compareBytes } from '../../util/bytes.js'
import { type LevelTotals, placeOutput, Version } from '../../version/version.js'
import type { CompactionPlan } from '../plan.js'
import { overlapDepth } from '../strategies/depth.js'
import { strategyOf } from '../strategies/strategy.js'
import { simulatedTable } from './table.js'
import { sortedDistinct, type Workload } from './workload.js'

/** The tree at one moment. */
export interface SimulatedPoint {
  /** Rows flushed until then. */
  readonly rows: number
  /** Bytes written to SSTables for each byte flushed. */
  readonly writeAmplification: number
  /** Most runs that a key may be in. */
  readonly readAmplification: number
  /** Bytes of SSTables for each byte that one clean copy would take. */
  readonly spaceAmplification: number
}

/** What became of a workload under a strategy. Bytes are those of SSTables. */
export interface SimulationResult {
  readonly writeAmplification: number
  /** Over the points. */
  readonly readAmplification: { readonly mean: number; readonly most: number }
  /** At the points; `peak` counts what a running merge takes besides, at any time. */
  readonly spaceAmplification: { readonly mean: number; readonly last: number; readonly peak: number }
  readonly flushes: number
  readonly compactions: number
  /** Plans whose inputs did not overlap: they cost nothing. */
  readonly moves: number
  readonly bytesFlushed: number
  readonly bytesCompacted: number
  /** At the end. */
  readonly levels: readonly LevelTotals[]
  /** Over time, some two hundred. */
  readonly points: readonly SimulatedPoint[]
}

const pointsMax = 200
/** A strategy that wants more than this after one flush does not come to an end. */
const plansMax = 100_000
const nothingBusy: ReadonlySet<number> = new Set()

/** Plays a workload. The same arguments give the same result. */
export function simulate(workload: Workload, options: ResolvedCompactionOptions): SimulationResult {
  const strategy = strategyOf(options)
  const tree = new SimulatedTree(workload, options.targetFileBytes)
  const points: SimulatedPoint[] = []
  const every = Math.ceil(workload.flushes.length / pointsMax)
  workload.flushes.forEach((keys, index) => {
    tree.flush(keys)
    for (let plans = 0; ; plans++) {
      const plan = strategy(tree.version, nothingBusy)
      if (plan === undefined) break
      if (plans === plansMax) throw new Error(`the strategy does not come to an end: ${plan.reason}`)
      tree.carryOut(plan)
    }
    if ((index + 1) % every === 0 || index + 1 === workload.flushes.length) points.push(tree.point())
  })
  const mean = (of: (point: SimulatedPoint) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / Math.max(1, points.length)
  const last = points[points.length - 1]
  return {
    writeAmplification: last?.writeAmplification ?? 1,
    readAmplification: {
      mean: mean((point) => point.readAmplification),
      most: points.reduce((most, point) => Math.max(most, point.readAmplification), 0),
    },
    spaceAmplification: {
      mean: mean((point) => point.spaceAmplification),
      last: last?.spaceAmplification ?? 1,
      peak: tree.spacePeak,
    },
    flushes: workload.flushes.length,
    compactions: tree.compactions,
    moves: tree.moves,
    bytesFlushed: tree.bytesFlushed,
    bytesCompacted: tree.bytesCompacted,
    levels: tree.version.levels(),
    points,
  }
}

/** What a row takes among so many keys in a part of the key space so wide. */
type RowSize = (keys: number, width: number) => number

const widthOf = (keys: Float64Array): number => (keys.length < 2 ? 0 : keys[keys.length - 1]! - keys[0]!)

/** However dense they are, a row takes half of what it took when it was flushed. */
function rowSizeOf({ flushes, rowBytes, rowSaving = 0 }: Workload): RowSize {
  const densities = flushes.map((keys) => keys.length / widthOf(keys)).filter(Number.isFinite)
  const flushed = densities.reduce((sum, density) => sum + density, 0) / densities.length
  return (keys, width) => {
    const doublings = Math.log2(keys / width / flushed)
    return Number.isFinite(doublings) ? Math.max(rowBytes / 2, rowBytes - rowSaving * doublings) : rowBytes
  }
}

/** A version, and the keys of its tables. */
class SimulatedTree {
  version: Version = Version.empty
  bytesFlushed = 0
  bytesCompacted = 0
  compactions = 0
  moves = 0
  spacePeak = 1
  readonly #workload: Workload
  readonly #targetFileBytes: number
  readonly #rowSize: RowSize
  readonly #keys = new Map<number, Float64Array>()
  readonly #live = new Set<number>()
  #first = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY
  #rows = 0
  #bytes = 0
  #number = 1
  #runId = 1

  constructor(workload: Workload, targetFileBytes: number) {
    this.#workload = workload
    this.#targetFileBytes = targetFileBytes
    this.#rowSize = rowSizeOf(workload)
  }

  flush(keys: Float64Array): void {
    const table = this.#add(keys)
    for (const key of keys) this.#live.add(key)
    this.#first = Math.min(this.#first, keys[0]!)
    this.#last = Math.max(this.#last, keys[keys.length - 1]!)
    this.version = this.version.apply({
      addTables: [table],
      run: placeOutput(this.version, [], { level: 0 }, this.#runId++),
    })
    this.#rows += table.rows
    this.bytesFlushed += table.bytes
    this.#bytes += table.bytes
    this.#seePeak(0)
  }

  carryOut({ inputs, output }: CompactionPlan): void {
    const removeTables = inputs.map(({ number }) => number)
    const run = placeOutput(this.version, inputs, output, this.#runId++)
    const moves = areDisjoint(inputs)
    const addTables = moves ? inputs : this.#merge(inputs)
    this.version = this.version.apply({ removeTables, addTables, run })
    if (moves) {
      this.moves++
      return
    }
    const sum = (tables: readonly SSTableMeta[]) => tables.reduce((bytes, table) => bytes + table.bytes, 0)
    const written = sum(addTables)
    this.#seePeak(written)
    this.compactions++
    this.bytesCompacted += written
    this.#bytes += written - sum(inputs)
    for (const number of removeTables) this.#keys.delete(number)
  }

  point(): SimulatedPoint {
    return {
      rows: this.#rows,
      writeAmplification: (this.bytesFlushed + this.bytesCompacted) / this.bytesFlushed,
      readAmplification: overlapDepth(this.version),
      spaceAmplification: this.#bytes / this.#cleanBytes(),
    }
  }

  #cleanBytes(): number {
    return this.#live.size * this.#workload.scale * this.#rowSize(this.#live.size, this.#last - this.#first)
  }

  #seePeak(written: number): void {
    this.spacePeak = Math.max(this.spacePeak, (this.#bytes + written) / this.#cleanBytes())
  }

  #add(keys: Float64Array): SSTableMeta {
    const number = this.#number++
    this.#keys.set(number, keys)
    const { scale } = this.#workload
    return simulatedTable(number, keys, number, scale, this.#rowSize(keys.length, widthOf(keys)))
  }

  #merge(inputs: readonly SSTableMeta[]): readonly SSTableMeta[] {
    const lists = inputs.map(({ number }) => this.#keys.get(number)!)
    const all = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const list of lists) {
      all.set(list, at)
      at += list.length
    }
    const merged = sortedDistinct(all)
    const rowBytes = this.#rowSize(merged.length, widthOf(merged))
    const fileKeys = Math.max(1, Math.round(this.#targetFileBytes / (rowBytes * this.#workload.scale)))
    const tables: SSTableMeta[] = []
    for (let from = 0; from < merged.length; from += fileKeys) {
      tables.push(this.#add(merged.subarray(from, from + fileKeys)))
    }
    return tables
  }
}

function areDisjoint(tables: readonly SSTableMeta[]): boolean {
  const sorted = [...tables].sort((a, b) => compareBytes(a.minKey, b.minKey))
  return sorted.every((table, i) => i === 0 || compareBytes(sorted[i - 1]!.maxKey, table.minKey) < 0)
}
