// What the tests of versions and manifests share: small tables, and a workload of random but sensible edits.

import type { KeyBytes } from '#src/format/key-codec.js'
import type { SchemaJson } from '#src/format/schema.js'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { applyEdit, newTreeState, type TreeState, type VersionEdit } from '#src/version/state.js'
import { placeOutput, type SortedRun } from '#src/version/version.js'

/** Runs a test for many seeds, new ones each time; a failure tells its seed. `MARQUETRY_SEED=n` runs that one alone. */
export async function forSeeds(
  count: number,
  test: (random: () => number, seed: number) => unknown,
): Promise<void> {
  const wanted = process.env['MARQUETRY_SEED']
  const first = wanted === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(wanted)
  for (let seed = first; seed < first + (wanted === undefined ? count : 1); seed++) {
    try {
      await test(seededRandom(seed), seed)
    } catch (error) {
      throw new Error(`MARQUETRY_SEED=${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      })
    }
  }
}

export const below = (random: () => number, count: number) => Math.floor(random() * count)

/** A key for a number up to 65,535, in the same order. */
export function key(number: number): KeyBytes {
  return new Uint8Array([number >>> 8, number & 0xff])
}

export const keyNumber = (bytes: KeyBytes) => (bytes[0]! << 8) | bytes[1]!

/** An SSTable's facts; what is not given is of no matter. */
export function table(number: number, from: number, to: number, facts: Partial<SSTableMeta> = {}): SSTableMeta {
  return {
    number,
    schemaId: 1,
    minKey: key(from),
    maxKey: key(to),
    rows: 1,
    keys: 1,
    tombstones: 0,
    minSeq: 0,
    maxSeq: 0,
    bytes: 100,
    digest: number.toString(16).padStart(64, '0'),
    rowGroupBytesMax: 10,
    createdMs: 1_700_000_000_000,
    ...facts,
  }
}

export const schema: SchemaJson = {
  id: 1,
  columns: [
    { id: 1, name: '{"kind":"edit"', kind: 'utf8' },
    { id: 2, name: 'größe', kind: 'int32', nullable: true },
  ],
  key: ['{"kind":"edit"'],
}

/** A version as text: `3@0[7:10-20 8:30-40] | …`, newest run first. */
export function show(runs: readonly SortedRun[]): string {
  const one = ({ number, minKey, maxKey }: SSTableMeta) => `${number}:${keyNumber(minKey)}-${keyNumber(maxKey)}`
  return runs.map(({ id, level, tables }) => `${id}@${level}[${tables.map(one).join(' ')}]`).join(' | ')
}

/** The newest sequence number of each key of a table: what a merge combines. */
type Content = ReadonlyMap<number, number>

/**
 * A table of the database that is edited as an engine would: logs come, are flushed, tables are merged or moved.
 * Contents are kept beside it, so that reads can be compared with `truth`, the newest version of every key.
 */
export class Workload {
  readonly random: () => number
  readonly keys: number
  state: TreeState = newTreeState({ id: 3, name: 'flights' }, schema)
  readonly truth = new Map<number, number>()
  readonly #contents = new Map<number, Content>()
  #next = 1
  #seq = 0

  constructor(random: () => number, keys = 60) {
    this.random = random
    this.keys = keys
  }

  below(count: number): number {
    return below(this.random, count)
  }

  /** Makes an edit that fits the state, and applies it. */
  step(): VersionEdit {
    const edit = this.#choose()
    this.state = applyEdit(this.state, edit)
    return edit
  }

  /** The newest version of each key as a reader of the version finds it: the first run that has the key. */
  read(): Map<number, number> {
    const found = new Map<number, number>()
    for (const { number } of this.state.version.allTables()) {
      for (const [key, seq] of this.#contents.get(number)!) if (!found.has(key)) found.set(key, seq)
    }
    return found
  }

  #choose(): VersionEdit {
    const { logs, version, schemas } = this.state
    const choice = this.random()
    if (logs.length === 0 || choice < 0.2) return this.#rotate()
    if (choice < 0.5) return this.#flush()
    if (choice < 0.55) {
      const added = { ...schema, id: schemas.length + 1 }
      return { addSchema: added, currentSchemaId: added.id }
    }
    return version.runs.length === 0 ? this.#flush() : (this.#merge() ?? this.#flush())
  }

  #rotate(): VersionEdit {
    const number = this.#next++
    const log = { number, id: number.toString(16).padStart(16, '0'), schemaId: this.state.currentSchemaId }
    return { addLogs: [log], nextNumber: this.#next }
  }

  #flush(): VersionEdit {
    const removeLogs = this.state.logs.slice(0, 1).map(({ number }) => number)
    const content = new Map<number, number>()
    for (let i = 0; i <= this.below(8); i++) content.set(this.below(this.keys), ++this.#seq)
    for (const [key, seq] of content) this.truth.set(key, Math.max(seq, this.truth.get(key) ?? 0))
    const addTables = this.#cut(content)
    const run = placeOutput(this.state.version, [], { level: 0 }, this.state.nextRunId)
    return { removeLogs, addTables, run, nextNumber: this.#next, lastSeq: this.#seq }
  }

  /** Random inputs and a random output, if a merge of them is allowed. */
  #merge(): VersionEdit | undefined {
    const { version, nextRunId } = this.state
    const newest = this.below(version.runs.length)
    const runs = version.runs.slice(newest, newest + 1 + this.below(3))
    const whole = this.random() < 0.3
    const inputs = runs.flatMap(({ tables }) => tables.filter(() => whole || this.random() < 0.7))
    if (inputs.length === 0) return undefined
    const target = version.runs[newest + this.below(version.runs.length - newest)]!
    const output = this.random() < 0.5 ? { level: target.level + 1 } : { runId: target.id, level: target.level }
    try {
      const run = placeOutput(version, inputs, output, nextRunId)
      const removeTables = inputs.map(({ number }) => number)
      if (inputs.length === 1 && this.random() < 0.3) return { removeTables, addTables: inputs, run }
      const content = new Map<number, number>()
      for (const input of inputs) {
        for (const [key, seq] of this.#contents.get(input.number)!) {
          content.set(key, Math.max(seq, content.get(key) ?? 0))
        }
      }
      return { removeTables, addTables: this.#cut(content), run, nextNumber: this.#next }
    } catch {
      return undefined
    }
  }

  /** New tables of one run with this content. */
  #cut(content: Content): SSTableMeta[] {
    const sorted = [...content].sort(([a], [b]) => a - b)
    const tables: SSTableMeta[] = []
    while (sorted.length > 0) {
      const part = sorted.splice(0, 1 + this.below(4))
      const seqs = part.map(([, seq]) => seq)
      const facts = {
        rows: part.length,
        keys: part.length,
        minSeq: Math.min(...seqs),
        maxSeq: Math.max(...seqs),
      }
      const number = this.#next++
      this.#contents.set(number, new Map(part))
      tables.push(table(number, part[0]![0], part[part.length - 1]![0], facts))
    }
    return tables
  }
}
