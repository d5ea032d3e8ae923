// What a merge does with its inputs, in key order: row groups that nothing else overlaps are carried over as bytes, the rows
// between them are merged.
//
//   run 0   ──────[ group ]────[ group ]──
//   run 1   ──────            ──────────────        steps: merge, carry, merge, carry, merge
//   run 2   ────               ─────
//
// A row group is carried only if the merge would write what it already says: all its rows lie in the range, no other run has
// a key between its first and last, no key has two versions, none of its rows is a tombstone, and it was written by this
// version of the engine in the schema, compression and layout of the output. Its sequence numbers stay as they are.

import { type KeyBytes, vectorKey } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import { type Reading, readAsync } from '../fs/reading.js'
import type { BulkReader } from '../sstable/bulk-reader.js'
import { codecOfCompression } from '../sstable/encode-row-group.js'
import type { SSTableReader } from '../sstable/reader.js'
import { compareBytes } from '../util/bytes.js'
import { engineVersion } from '../util/engine-version.js'
import type { MergeInput, MergeJob } from './job.js'
import type { MergeInputs } from './merge-input.js'

/** Rows of a table, `from` up to but not with `to`. */
export interface TableRows {
  readonly table: MergeInput
  readonly from: number
  readonly to: number
}

export type MergeStep =
  /** Per run, newest first, rows of its tables in key order. */
  | { readonly kind: 'merge'; readonly runs: readonly (readonly TableRows[])[] }
  /** A row group as it is. */
  | { readonly kind: 'carry'; readonly table: MergeInput; readonly group: number; readonly rows: number }

/** A table of the inputs while the plan is made. */
interface Candidate extends TableRows {
  readonly run: number
  readonly reader: SSTableReader
  /** Rows at which row groups begin and the last one ends; undefined: none of them can be carried. */
  readonly groups: Uint32Array | undefined
}

/** A row group that can be carried, its first key, and how many rows of every table lie before it. */
interface Carried {
  readonly candidate: Candidate
  readonly group: number
  readonly firstKey: KeyBytes
  readonly rowsBefore: ReadonlyMap<Candidate, number>
}

/** Smaller row groups than this share of `rowGroupRows` are merged, so that they do not stay small for ever. */
const carriedShareMin = 1 / 4

/** The steps of a merge, in key order. Reads keys at the ends of row groups, and checks what stands behind them in every table. */
export async function planMerge(
  job: MergeJob,
  schema: Schema,
  hasTombstones: boolean,
  inputs: MergeInputs,
  onRead: (bytes: number) => void,
): Promise<readonly MergeStep[]> {
  const candidates: Candidate[] = []
  for (const [run, tables] of job.inputs.entries()) {
    for (const table of tables) {
      if (isOutside(table, job)) continue
      const opening = { run, table, reader: inputs.searcher(table), bulk: inputs.reader(table) }
      candidates.push(await readAsync(openCandidate(job, schema, hasTombstones, opening), onRead))
    }
  }
  const carried: Carried[] = []
  for (const candidate of candidates) {
    const { groups = [], from, to } = candidate
    for (let group = 0; group + 1 < groups.length; group++) {
      const [first = 0, end = 0] = groups.slice(group, group + 2)
      if (first < from || end > to || end - first < carriedShareMin * job.output.rowGroupRows) continue
      const found = await readAsync(placeGroup(schema, candidates, candidate, group, first, end), onRead)
      if (found !== undefined) carried.push(found)
    }
  }
  carried.sort((a, b) => compareBytes(a.firstKey, b.firstKey))
  return stepsOf(job.inputs.length, candidates, carried)
}

function isOutside({ meta: { minKey, maxKey } }: MergeInput, { range }: MergeJob): boolean {
  const { gte, lt } = range ?? {}
  return (
    (gte !== undefined && compareBytes(maxKey, gte) < 0) || (lt !== undefined && compareBytes(minKey, lt) >= 0)
  )
}

interface Opening {
  readonly run: number
  readonly table: MergeInput
  readonly reader: SSTableReader
  readonly bulk: BulkReader
}

function* openCandidate(
  job: MergeJob,
  schema: Schema,
  hasTombstones: boolean,
  { run, table, reader, bulk }: Opening,
): Reading<Candidate> {
  const { meta } = table
  const from = yield* reader.seek(job.range?.gte)
  const lt = job.range?.lt
  const to = lt === undefined ? meta.rows : Math.max(from, yield* reader.seek(lt))
  // Read in any case: what nobody needs of a damaged input is not to be merged away unseen.
  const codec = codecOfCompression(job.output.compression)
  const isOurs = yield* bulk.isWrittenAs(engineVersion, hasTombstones, codec)
  const isPlain = meta.rows === meta.keys && meta.tombstones === 0 && meta.schemaId === schema.id
  const groups = isOurs && isPlain ? yield* reader.rowGroupFirstRow() : undefined
  return { run, table, reader, from, to, groups }
}

/** Where a row group stands among the other runs; undefined: one of them has a key within it. */
function* placeGroup(
  schema: Schema,
  candidates: readonly Candidate[],
  candidate: Candidate,
  group: number,
  first: number,
  end: number,
): Reading<Carried | undefined> {
  const keyAt = function* (row: number): Reading<KeyBytes> {
    const ordered = [...schema.key].sort((a, b) => a - b)
    const batch = yield* candidate.reader.rows(ordered, row, row + 1, { seq: false, deleted: false })
    const keys = schema.key.map((index) => batch.columns[ordered.indexOf(index)]!)
    return vectorKey(schema, keys, 0)
  }
  const firstKey = yield* keyAt(first)
  const behind = successor(yield* keyAt(end - 1))
  const rowsBefore = new Map<Candidate, number>()
  for (const other of candidates) {
    if (other === candidate) {
      rowsBefore.set(other, first)
      continue
    }
    if (other.run === candidate.run) {
      const isBefore = compareBytes(other.table.meta.maxKey, firstKey) < 0
      rowsBefore.set(other, isBefore ? other.to : other.from)
      continue
    }
    const before = Math.min(Math.max(yield* other.reader.seek(firstKey), other.from), other.to)
    const upTo = Math.min(Math.max(yield* other.reader.seek(behind), other.from), other.to)
    if (before !== upTo) return undefined
    rowsBefore.set(other, before)
  }
  return { candidate, group, firstKey, rowsBefore }
}

/** The least byte string above a key. */
function successor(key: KeyBytes): KeyBytes {
  const behind = new Uint8Array(key.length + 1)
  behind.set(key)
  return behind
}

/** Cuts every run at the carried row groups, which are in key order. */
function stepsOf(runs: number, candidates: readonly Candidate[], carried: readonly Carried[]): MergeStep[] {
  const steps: MergeStep[] = []
  const at = new Map(candidates.map((candidate) => [candidate, candidate.from]))
  const mergeUpTo = (endOf: (candidate: Candidate) => number) => {
    const parts: TableRows[][] = Array.from({ length: runs }, () => [])
    for (const candidate of candidates) {
      const from = at.get(candidate)!
      const to = endOf(candidate)
      if (from < to) parts[candidate.run]!.push({ table: candidate.table, from, to })
      at.set(candidate, Math.max(from, to))
    }
    if (parts.some((part) => part.length > 0)) steps.push({ kind: 'merge', runs: parts })
  }
  for (const { candidate, group, rowsBefore } of carried) {
    mergeUpTo((other) => rowsBefore.get(other)!)
    const end = candidate.groups![group + 1]!
    steps.push({ kind: 'carry', table: candidate.table, group, rows: end - candidate.groups![group]! })
    at.set(candidate, end)
  }
  mergeUpTo(({ to }) => to)
  return steps
}
