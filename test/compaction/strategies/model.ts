// A tree whose merges are done in memory: what the tests of strategies apply plans to. It keeps every table's entries,
// so that what a reader finds can be compared with what was written.

import type { CompactionPlan } from '#src/compaction/plan.js'
import { KeySampler } from '#src/format/key-sample.js'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import { placeOutput, type SortedRun, Version, validatePlan } from '#src/version/version.js'
import { keyNumber, table } from '../../version/support.js'

/** A version of a key. */
export interface Entry {
  readonly key: number
  readonly seq: number
  readonly deleted: boolean
}

export const rowBytes = 10

/** A hash of a key's number, of 32 bits. */
export function hashOf(number: number): number {
  let mixed = Math.imul(number + 1, 0x9e3779b1)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae3d)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

export class ModelTree {
  version: Version = Version.empty
  readonly truth = new Map<number, Entry>()
  readonly fileRows: number
  /** Whether tables come with samples of their keys. */
  readonly samples: boolean
  /** As if a snapshot saw all versions: merges drop nothing. */
  snapshot = false
  bytesWritten = 0
  readonly #entries = new Map<number, readonly Entry[]>()
  #number = 1
  #runId = 1
  #seq = 0

  constructor(fileRows = 40, samples = true) {
    this.fileRows = fileRows
    this.samples = samples
  }

  get bytes(): number {
    return this.version.allTables().reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Writes keys, or deletes them, and flushes them as one table at the front. */
  flush(keys: readonly number[], isDeleted: (key: number) => boolean = () => false): void {
    const entries = new Map<number, Entry>()
    for (const key of keys) {
      const entry = { key, seq: ++this.#seq, deleted: isDeleted(key) }
      entries.set(key, entry)
      this.truth.set(key, entry)
    }
    const sorted = [...entries.values()].sort((a, b) => a.key - b.key)
    const run = placeOutput(this.version, [], { level: 0 }, this.#runId++)
    this.version = this.version.apply({ addTables: [this.#make(sorted)], run })
  }

  /** Puts a run behind all others: what some other strategy may have left. */
  add(level: number, tables: readonly (readonly number[])[]): void {
    const made = tables.map((keys) => this.#make(keys.map((key) => this.#old(key, -this.#runId))))
    const run: SortedRun = { id: this.#runId++, level, tables: made }
    this.version = new Version([...this.version.runs, run])
  }

  /** Checks a plan, carries it out, and checks what came of it. */
  apply(plan: CompactionPlan): void {
    const { inputs, output } = plan
    validatePlan(this.version, inputs, output)
    const run = placeOutput(this.version, inputs, output, this.#runId++)
    const numbers = new Set(inputs.map(({ number }) => number))
    const addTables = disjoint(inputs) ? inputs : this.#merge(numbers)
    this.version = this.version.apply({ removeTables: [...numbers], addTables, run })
  }

  /** What a reader finds: the first entry of each key, deleted ones left out. */
  read(): Map<number, number> {
    const found = new Map<number, Entry>()
    for (const { number } of this.version.allTables()) {
      for (const entry of this.#entries.get(number)!) {
        // Versions within one table are newest first, too.
        if (!found.has(entry.key)) found.set(entry.key, entry)
      }
    }
    return live(found)
  }

  expected(): Map<number, number> {
    return live(this.truth)
  }

  #old(key: number, seq: number): Entry {
    const entry = { key, seq, deleted: false }
    if (!this.truth.has(key)) this.truth.set(key, entry)
    return entry
  }

  #merge(numbers: ReadonlySet<number>): SSTableMeta[] {
    const entries = this.version
      .allTables()
      .filter(({ number }) => numbers.has(number))
      .flatMap(({ number }) => this.#entries.get(number)!)
    // Stable: of equal keys the newest stays first.
    entries.sort((a, b) => a.key - b.key)
    const older = this.#olderThan(numbers)
    const kept = this.snapshot ? entries : entries.filter((entry, i) => entries[i - 1]?.key !== entry.key)
    const dropped = (entry: Entry) =>
      entry.deleted &&
      !this.snapshot &&
      !older.some(({ minKey, maxKey }) => keyNumber(minKey) <= entry.key && entry.key <= keyNumber(maxKey))
    const out = kept.filter((entry) => !dropped(entry))
    const made: SSTableMeta[] = []
    for (let from = 0; from < out.length; ) {
      let to = Math.min(out.length, from + this.fileRows)
      while (to < out.length && out[to]!.key === out[to - 1]!.key) to++
      made.push(this.#make(out.slice(from, to)))
      from = to
    }
    this.bytesWritten += made.reduce((sum, { bytes }) => sum + bytes, 0)
    return made
  }

  /** Tables behind the newest input that are none: what tombstones may still be needed for. */
  #olderThan(numbers: ReadonlySet<number>): readonly SSTableMeta[] {
    const newest = this.version.runs.findIndex(({ tables }) => tables.some((one) => numbers.has(one.number)))
    return this.version.runs
      .slice(newest + 1)
      .flatMap(({ tables }) => tables)
      .filter(({ number }) => !numbers.has(number))
  }

  #make(entries: readonly Entry[]): SSTableMeta {
    const number = this.#number++
    this.#entries.set(number, entries)
    const sampler = new KeySampler()
    for (const { key } of entries) sampler.add(hashOf(key))
    return table(number, entries[0]!.key, entries[entries.length - 1]!.key, {
      rows: entries.length,
      keys: new Set(entries.map(({ key }) => key)).size,
      tombstones: entries.filter(({ deleted }) => deleted).length,
      bytes: entries.length * rowBytes,
      ...(this.samples ? { keySample: sampler.finish() } : {}),
    })
  }
}

function live(entries: ReadonlyMap<number, Entry>): Map<number, number> {
  const rows = [...entries].filter(([, { deleted }]) => !deleted).map(([key, { seq }]) => [key, seq] as const)
  return new Map(rows.sort(([a], [b]) => a - b))
}

/** Whether no two tables meet: merging them is a mere move. */
export function disjoint(tables: readonly SSTableMeta[]): boolean {
  const sorted = [...tables].sort((a, b) => keyNumber(a.minKey) - keyNumber(b.minKey))
  return sorted.every(
    ({ minKey, tombstones }, i) =>
      tombstones === 0 && (i === 0 || keyNumber(sorted[i - 1]!.maxKey) < keyNumber(minKey)),
  )
}

/** Numbers of keys from `from` on, `count` of them, every `step`. */
export function keysFrom(from: number, count: number, step = 1): number[] {
  return Array.from({ length: count }, (_, i) => from + i * step)
}
