// Random merges, and what a merge must make of them by a model of arrays and maps.

import type { KeyBounds, MergeInput, MergeJob, OutputOptions } from '#src/compaction/job.js'
import { t } from '#src/format/column.js'
import type { KeyBytes, KeyRange } from '#src/format/key-codec.js'
import { defineSchema, extendSchema, type Schema } from '#src/format/schema.js'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import type { FileSystem } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { readSync } from '#src/fs/reading.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { SSTableReader } from '#src/sstable/reader.js'
import { SSTableWriter } from '#src/sstable/writer.js'
import { compareBytes } from '#src/util/bytes.js'
import { engineVersion } from '#src/util/engine-version.js'
import { batchOf, contentOf, keyOf, ownObject, type Random, type Row, randomWorld, sortVersions, type Version, type World } from '../scan/support.js' // biome-ignore format: a list

export const output: OutputOptions = {
  table: 'events',
  compression: 'snappy',
  rowGroupRows: 50,
  rowGroupBytes: 1 << 20,
  pageBytes: 1024,
  sparseIndexInterval: 4,
  filter: { errorRate: 0.01 },
}

/** The world's schema with one more nullable column, as a later `db.table` would have made it. */
function extended(schema: Schema): Schema {
  const added = defineSchema({
    columns: [
      ...schema.key.map((i) => [schema.columns[i]!.name, t.int8()] as const),
      ['added', t.utf8().nullable()],
    ],
    key: schema.key.map((i) => schema.columns[i]!.name),
  })
  return extendSchema(schema, added, schema.id + 1)!
}

/** Writes versions, which are sorted, as one table with row groups of about `groupRows` rows. */
export async function writeTable(
  fs: FileSystem,
  folder: string,
  schema: Schema,
  versions: readonly Version[],
  groupRows: number,
  options: OutputOptions = output,
): Promise<SSTableMeta> {
  const hasTombstones = versions.some(({ deleted }) => deleted)
  const writer = await SSTableWriter.create(fs, folder, schema, {
    ...options,
    hasTombstones,
    engineVersion,
  })
  for (const group of cutAtKeys(schema, versions, groupRows)) {
    await writer.append(batchOf(schema, schema.columns.map((_, i) => i), group)) // biome-ignore format: one call
  }
  return writer.finish(0)
}

/** Pieces of about `rows` versions that do not split a key. */
function cutAtKeys(schema: Schema, versions: readonly Version[], rows: number): Version[][] {
  const pieces: Version[][] = []
  let before: KeyBytes | undefined
  for (const version of versions) {
    const key = keyOf(schema, version.row)
    const isNew = before === undefined || compareBytes(before, key) !== 0
    if (pieces.length === 0 || (isNew && pieces.at(-1)!.length >= rows)) pieces.push([])
    pieces.at(-1)!.push(version)
    before = key
  }
  return pieces
}

/** Inputs that were written, and what is in them: newest run first. */
export interface MergeCase {
  readonly fs: MemoryFileSystem
  /** The table's current schema. */
  readonly schema: Schema
  readonly runs: readonly (readonly Version[])[]
  readonly job: MergeJob
}

export interface CaseShape {
  readonly rowsMax: number
  readonly world?: World
}

/** A history of puts and deletes, cut into runs; the oldest one may already have zeros for numbers. */
export async function randomCase(
  random: Random,
  { rowsMax, world = randomWorld(random) }: CaseShape,
): Promise<MergeCase> {
  const fs = new MemoryFileSystem()
  await fs.makeDirectory('sst')
  await fs.makeDirectory('tmp')
  const current = random.chance(0.3) ? extended(world.schema) : world.schema
  const pool = Array.from({ length: 1 + random.below(rowsMax) }, () => world.row(random))
  const runCount = 1 + random.below(4)
  const snapshots: number[] = []
  const tombstones = random.pick([0, 0.2, 0.6])
  const versionsPerKey = random.pick([1, 1, 4])
  let seq = random.pick([0, 2 ** 33])
  const runs: Version[][] = []
  for (let r = 0; r < runCount; r++) {
    const run = new Map<string, Version>()
    for (let i = random.below(rowsMax * versionsPerKey) + 1; i > 0; i--) {
      const row = withValues(world, random, random.pick(pool))
      seq += random.below(3) + 1
      if (random.chance(0.03)) snapshots.push(seq + random.below(2))
      const key = keyOf(world.schema, row).join()
      run.set(versionsPerKey === 1 ? key : `${key} ${seq}`, { row, seq, deleted: random.chance(tombstones) })
    }
    runs.unshift([...run.values()])
  }
  const kept = random.chance(0.4) ? [] : [...new Set(snapshots)].sort((a, b) => a - b)
  if (random.chance(0.3)) runs[runCount - 1] = numberAsZero(world.schema, runs[runCount - 1]!, kept)
  const firstWithColumn = current === world.schema ? 0 : random.below(runCount + 1)
  const inputs: MergeInput[][] = []
  let number = 0
  for (const [r, run] of runs.entries()) {
    const tables: MergeInput[] = []
    const schema = r < firstWithColumn ? current : world.schema
    const sorted = sortVersions(world.schema, run)
    if (r < firstWithColumn) for (const { row } of sorted) row['added'] = random.pick([null, 'x'])
    for (const piece of cutAtKeys(schema, sorted, random.pick([20, 1000]))) {
      const folder = `sst/${++number}`
      tables.push({ folder, meta: await writeTable(fs, folder, schema, piece, random.pick([1, 7, 100])) })
    }
    inputs.push(tables)
  }
  const job: MergeJob = {
    kind: 'merge',
    folder: 'tmp/000001',
    schema: current.toJSON(),
    output: {
      ...output,
      rowGroupRows: random.pick([1, 5, 40, 300]),
      rowGroupBytes: random.pick([1, 500, 1 << 20]),
      compression: random.pick(['snappy', 'uncompressed']),
      targetFileBytes: random.pick([1, 4000, 1 << 20]),
    },
    inputs,
    snapshots: kept,
    older: random.chance(0.5) ? [] : randomBounds(random, world.schema, pool),
    memoryBytes: random.pick([1, 2000, 64 << 20]),
    createdMs: 5,
  }
  return { fs, schema: current, runs: runs.map((run) => sortVersions(world.schema, run)), job }
}

/** A row with the key of another and values of its own. */
function withValues({ schema, row }: World, random: Random, like: Row): Row {
  const names = schema.key.map((index) => schema.columns[index]!.name)
  const key = names.map((name): [string, unknown] => [name, like[name]])
  return ownObject([...Object.entries(row(random)), ...key, ['added', null]])
}

/** What an earlier merge may have made of the oldest run. */
function numberAsZero(schema: Schema, run: readonly Version[], snapshots: readonly number[]): Version[] {
  const keys = run.map(({ row }) => keyOf(schema, row).join())
  return run.map((version, i) => {
    const isSole = keys.indexOf(keys[i]!) === keys.lastIndexOf(keys[i]!)
    const isOld = snapshots.every((snapshot) => version.seq <= snapshot)
    return isSole && isOld && !version.deleted ? { ...version, seq: 0 } : version
  })
}

function randomBounds(random: Random, schema: Schema, pool: readonly Version['row'][]): KeyBounds[] {
  return Array.from({ length: 1 + random.below(3) }, () => {
    const [minKey, maxKey] = [random.pick(pool), random.pick(pool)]
      .map((row) => keyOf(schema, row))
      .sort(compareBytes)
    return { minKey: minKey!, maxKey: maxKey! }
  })
}

export function isWithin(key: KeyBytes, { gte, lt }: KeyRange): boolean {
  return (gte === undefined || compareBytes(key, gte) >= 0) && (lt === undefined || compareBytes(key, lt) < 0)
}

/** A version that a merge keeps; `was`: its number, where the merge may write 0 instead. */
interface Kept extends Version {
  readonly was?: number
}

/** The rules, version by version. `rowsIn` counts what lies in the range. */
export function expectedOf({ runs, job, schema }: MergeCase): {
  readonly rows: Kept[]
  readonly rowsIn: number
} {
  const range = job.range ?? { gte: undefined, lt: undefined }
  const byKey = new Map<string, Version[]>()
  let rowsIn = 0
  for (const version of runs.flat()) {
    const key = keyOf(schema, version.row)
    if (!isWithin(key, range)) continue
    rowsIn++
    byKey.set(key.join(), [...(byKey.get(key.join()) ?? []), version])
  }
  const rows: Kept[] = []
  for (const versions of byKey.values()) {
    const key = keyOf(schema, versions[0]!.row)
    const hasOlder = job.older.some(
      ({ minKey, maxKey }) => compareBytes(minKey, key) <= 0 && compareBytes(key, maxKey) <= 0,
    )
    const kept: Kept[] = versions.filter(
      ({ seq }, i) =>
        i === 0 || job.snapshots.some((snapshot) => seq <= snapshot && snapshot < versions[i - 1]!.seq),
    )
    while (!hasOlder && kept.at(-1)?.deleted) kept.pop()
    const [only] = kept
    if (kept.length === 1 && !hasOlder && !only!.deleted && job.snapshots.every((s) => s >= only!.seq)) {
      kept[0] = { ...only!, seq: 0, was: only!.seq }
    }
    rows.push(...kept)
  }
  return { rows: sortVersions(schema, rows), rowsIn }
}

/** The content with 0 for numbers that a merge may leave as they were, which it does in row groups that it carries over. */
export function withoutNumbers(content: readonly unknown[], expected: readonly Kept[]): unknown[] {
  return (content as [unknown, number, boolean][]).map(([values, seq, deleted], i) => {
    return [values, seq === expected[i]?.was ? 0 : seq, deleted]
  })
}

/** All rows of the outputs, in order, as `contentOf` says them. */
export function contentOfTables(
  fs: FileSystem,
  schema: Schema,
  folder: string,
  tables: readonly SSTableMeta[],
): unknown[] {
  const all = schema.columns.map((_, index) => index)
  return tables.flatMap((meta, i) => {
    const reader = new SSTableReader(
      fs,
      `${folder}/${String(i).padStart(6, '0')}`,
      meta,
      schema,
      new PageCache(0),
    )
    const batch = readSync(reader.rows(all, 0, meta.rows, { seq: true, deleted: true }))
    reader.close()
    return contentOf(schema, all, batch)
  })
}
