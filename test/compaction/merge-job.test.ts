import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import type { MergeInput, MergeJob } from '#src/compaction/job.js'
import { JobControl } from '#src/compaction/job-control.js'
import { type MergeMemory, runMerge } from '#src/compaction/merge-job.js'
import { t } from '#src/format/column.js'
import type { KeyBytes } from '#src/format/key-codec.js'
import { defineSchema } from '#src/format/schema.js'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { readSync } from '#src/fs/reading.js'
import { blockBytes } from '#src/sstable/checksums.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { SSTableReader } from '#src/sstable/reader.js'
import { compareBytes } from '#src/util/bytes.js'
import { contentOfVersions, keyOf, property, type Random, sortVersions, type Version } from '../scan/support.js'
import { contentOfTables, expectedOf, type MergeCase, output, randomCase, withoutNumbers, writeTable } from './merge-support.js' // biome-ignore format: a list

const allOf = ({ schema }: MergeCase) => schema.columns.map((_, index) => index)

async function merged(given: MergeCase, job: MergeJob = given.job) {
  const result = await runMerge(given.fs, job)
  return { result, content: contentOfTables(given.fs, given.schema, job.folder, result.tables) }
}

/** A key of the case, a prefix of one, or one that lies right behind one. */
function randomBound(random: Random, { runs, schema }: MergeCase): KeyBytes {
  const key = keyOf(schema, random.pick(random.pick(runs.filter((run) => run.length > 0))).row)
  const form = random.below(4)
  if (form === 0) return key.subarray(0, random.below(key.length + 1))
  return form === 1 ? Uint8Array.of(...key, 0) : key
}

describe('a merge', () => {
  property('keeps what its rules say, whatever goes in', 200, async (random) => {
    const base = await randomCase(random, { rowsMax: random.pick([5, 60]) })
    const [gte, lt] = [randomBound(random, base), randomBound(random, base)]
    const range = random.pick([
      undefined,
      undefined,
      { gte, lt },
      { gte, lt: undefined },
      { gte: undefined, lt },
    ])
    const given = { ...base, job: { ...base.job, ...(range && { range }) } }
    const expected = expectedOf(given)
    const { result, content } = await merged(given)
    const comparable = result.rowGroupsCarried > 0 ? withoutNumbers(content, expected.rows) : content
    expect(comparable).toEqual(contentOfVersions(given.schema, allOf(given), expected.rows))
    expect(result.rowsIn).toBe(expected.rowsIn)
    // What the metadata says of the files that were written.
    const keys = expected.rows.map(({ row }) => keyOf(given.schema, row))
    let at = 0
    for (const [i, meta] of result.tables.entries()) {
      const rows = expected.rows.slice(at, at + meta.rows)
      const inTable = keys.slice(at, at + meta.rows)
      at += meta.rows
      expect(meta.tombstones).toBe(rows.filter(({ deleted }) => deleted).length)
      const seqs = (content as [unknown, number][]).slice(at - meta.rows, at).map(([, seq]) => seq)
      expect(meta.minSeq).toBe(Math.min(...seqs))
      expect(meta.maxSeq).toBe(Math.max(...seqs))
      expect(meta.keys).toBe(new Set(inTable.map(String)).size)
      expect([meta.minKey, meta.maxKey]).toEqual([inTable[0], inTable.at(-1)])
      const next = result.tables[i + 1]
      if (next !== undefined) expect(compareBytes(meta.maxKey, next.minKey)).toBeLessThan(0)
    }
    expect(at).toBe(keys.length)
  })

  property('cut into ranges gives together what it gives as one', 40, async (random) => {
    const given = await randomCase(random, { rowsMax: 60 })
    const whole = await merged(given)
    const cuts = Array.from({ length: 1 + random.below(3) }, () => randomBound(random, given)).sort(
      compareBytes,
    )
    const pieces: unknown[] = []
    let rowsIn = 0
    for (let i = 0; i <= cuts.length; i++) {
      const range = { gte: cuts[i - 1], lt: cuts[i] }
      const { content, result } = await merged(given, { ...given.job, folder: `tmp/00000${i + 2}`, range })
      pieces.push(...content)
      rowsIn += result.rowsIn
    }
    const { rows } = expectedOf(given)
    expect(withoutNumbers(pieces, rows)).toEqual(withoutNumbers(whole.content, rows))
    expect(rowsIn).toBe(whole.result.rowsIn)
  })
})

const schema = defineSchema({ columns: { id: t.int32(), text: t.utf8() }, key: ['id'] })

interface Plain {
  readonly runs: readonly (readonly Version[])[]
  readonly change?: Partial<MergeJob>
  readonly groupRows?: number
}

/** Runs of one table each, newest first. */
async function plainCase({ runs, change = {}, groupRows = 50 }: Plain): Promise<MergeCase> {
  const fs = new MemoryFileSystem()
  await fs.makeDirectory('sst')
  await fs.makeDirectory('tmp')
  const sorted = runs.map((run) => sortVersions(schema, run))
  const inputs = await Promise.all(
    sorted.map(async (run, i) => [
      { folder: `sst/${i}`, meta: await writeTable(fs, `sst/${i}`, schema, run, groupRows) },
    ]),
  )
  const job: MergeJob = {
    kind: 'merge',
    folder: 'tmp/000001',
    schema: schema.toJSON(),
    output: { ...output, targetFileBytes: 1 << 20 },
    inputs,
    snapshots: [],
    older: [],
    memoryBytes: 64 << 20,
    createdMs: 5,
    ...change,
  }
  return { fs, schema, runs: sorted, job }
}

const put = (id: number, seq: number): Version => ({
  row: { id, text: `text ${id} ${seq}` },
  seq,
  deleted: false,
})
const gone = (id: number, seq: number): Version => ({ row: { id, text: '' }, seq, deleted: true })
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const seqs = (content: readonly unknown[]) => (content as [unknown, number, boolean][]).map(([, seq]) => seq)

describe('what a merge keeps', () => {
  test('of tombstones: none without something older, and none that only newer versions follow', async () => {
    const given = await plainCase({ runs: [[put(1, 20), gone(2, 21)], [gone(1, 10), put(2, 11), gone(3, 12)]] }) // biome-ignore format: rows
    const { result, content } = await merged(given)
    expect(content).toEqual(contentOfVersions(schema, [0, 1], [{ ...put(1, 20), seq: 0 }]))
    expect(result.tables[0]).toMatchObject({ tombstones: 0 })
  })

  test('of a file without survivors among the tombstones: REQUIRED columns', async () => {
    const given = await plainCase({ runs: [[gone(1, 20)], [put(1, 10), put(2, 11)]] })
    const { result } = await merged(given)
    const data = await readWhole(given.fs, 'tmp/000001/000000/data.parquet')
    const { schema: columns } = parquetMetadata(data.slice().buffer)
    expect(columns.slice(1).map(({ repetition_type }) => repetition_type)).toEqual(Array(4).fill('REQUIRED'))
    expect(result.tables.map(({ rows }) => rows)).toEqual([1])
  })

  test('nothing, where nothing is left', async () => {
    const given = await plainCase({ runs: [[gone(1, 20)], [put(1, 10)]] })
    expect(await merged(given)).toMatchObject({ content: [], result: { tables: [], rowsIn: 2 } })
  })

  test('a version in the place of its snapshot, even one that equals its number', async () => {
    const runs = [[put(1, 30)], [put(1, 20)], [put(1, 10)]]
    for (const [snapshots, kept] of [
      [[9], [30]],
      [[10], [30, 10]],
      [[19], [30, 10]],
      [[20], [30, 20]],
      [[29], [30, 20]],
      [[30], [0]],
      [
        [10, 15, 20, 31],
        [30, 20, 10],
      ],
    ] as const) {
      const given = await plainCase({ runs, change: { snapshots } })
      expect(seqs((await merged(given)).content), snapshots.join()).toEqual(kept)
    }
  })

  test('tombstones and numbers where older files may hold the key, both ends included', async () => {
    const key = (id: number) => keyOf(schema, { id })
    const older = [{ minKey: key(2), maxKey: key(3) }]
    const runs = [[gone(1, 11), gone(2, 12), gone(3, 13), gone(4, 14)], range(1, 6).map((id) => put(id, id))]
    const puts = await plainCase({ runs: [runs[1]!], change: { older } })
    expect(seqs((await merged(puts)).content)).toEqual([0, 2, 3, 0, 0])
    const both = await plainCase({ runs, change: { older } })
    expect(seqs((await merged(both)).content)).toEqual([12, 13, 0])
  })
})

describe('row groups that nothing overlaps', () => {
  const groups = [range(0, 300), range(600, 900), range(850, 1000)]
  const runs = groups.map((ids, run) => ids.map((id) => put(id, 10_000 - 1000 * run + id)))
  const small = { rowGroupRows: 100, targetFileBytes: 1 << 20 }

  test('are carried over, with their numbers, and are found like all others', async () => {
    const given = await plainCase({ runs, groupRows: 100, change: { output: { ...output, ...small } } })
    const { result, content } = await merged(given)
    expect(result.rowGroupsCarried).toBe(3 + 2 + 1) // all but [800, 900) and [850, 950)
    const expected = expectedOf(given).rows
    expect(withoutNumbers(content, expected)).toEqual(contentOfVersions(schema, [0, 1], expected))
    expect(seqs(content).slice(0, 300)).toEqual(range(0, 300).map((id) => 10_000 + id))
    const [meta] = result.tables
    const reader = new SSTableReader(given.fs, 'tmp/000001/000000', meta!, schema, new PageCache(1 << 20))
    for (const id of [0, 99, 100, 299, 600, 849, 850, 899, 950, 999]) {
      const found = readSync(reader.find(keyOf(schema, { id }), 100_000))
      const batch = readSync(reader.rows([0], found!.row, found!.row + 1, { seq: false, deleted: false }))
      expect(batch.columns[0]!.values[0]).toBe(id)
    }
    expect(readSync(reader.find(keyOf(schema, { id: 400 }), 100_000))).toBeUndefined()
    reader.close()
  })

  test('are not if something in them could go, or would be written in another way', async () => {
    const [first, ...others] = runs
    const change = { output: { ...output, ...small } }
    const carried = async (given: Plain) => {
      const made = await plainCase({ groupRows: 100, ...given })
      return (await merged(made)).result.rowGroupsCarried
    }
    expect(await carried({ runs: [first!], change })).toBe(3)
    const smaller = { ...change, range: { gte: keyOf(schema, { id: 1 }), lt: keyOf(schema, { id: 299 }) } }
    expect(await carried({ runs: [first!], change: smaller })).toBe(1)
    expect(await carried({ runs: [[put(50, 50_000), put(299, 50_001)], first!], change })).toBe(1)
    expect(await carried({ runs: [[...first!, put(0, 1)], ...others], change })).toBe(3) // the first has two versions
    expect(await carried({ runs: [[...first!.slice(1), gone(0, 1)]], change })).toBe(0)
    const zstd = { output: { ...output, ...small, compression: 'zstd' as const } }
    expect(await carried({ runs: [first!], change: zstd })).toBe(0)
    const big = { output: { ...output, ...small, rowGroupRows: 1000 } }
    expect(await carried({ runs: [first!], change: big })).toBe(0)
  })

  test('are read by others', async () => {
    const given = await plainCase({ runs, groupRows: 100, change: { output: { ...output, ...small } } })
    await runMerge(given.fs, given.job)
    const data = await readWhole(given.fs, 'tmp/000001/000000/data.parquet')
    const rows = await parquetReadObjects({ file: data.slice().buffer })
    expect(rows.map(({ id }) => id)).toEqual([...range(0, 300), ...range(600, 1000)])
    expect(rows[650]).toMatchObject({ id: 950, text: 'text 950 8950' })
  })
})

describe('memory', () => {
  test('stays within the budget, whatever the row groups of the inputs', async () => {
    // The same keys but for every hundredth: without a limit many batches would wait with few rows each.
    const runs = range(0, 16).map((run) =>
      range(0, 2500).map((i) => put(100 * i + (i % 100 === 0 ? run : 0), 90_000 - 5000 * run + i)),
    )
    const memoryBytes = 64 << 10
    const sizes = { ...output, rowGroupRows: 2500, targetFileBytes: 1 << 30 }
    const given = await plainCase({ runs, groupRows: 2500, change: { memoryBytes, output: sizes } })
    for (const [{ meta }] of given.job.inputs as [MergeInput][])
      expect(meta.rowGroupBytesMax).toBeGreaterThan(memoryBytes)
    const uses: MergeMemory[] = []
    const result = await runMerge(given.fs, given.job, (use) => uses.push(use))
    expect(uses.length).toBeGreaterThan(10)
    expect(Math.max(...uses.map(({ inputs }) => inputs))).toBeLessThan(0.76 * memoryBytes)
    expect(Math.max(...uses.map(({ output: bytes }) => bytes))).toBeLessThan(0.3 * memoryBytes)
    expect(result.tables[0]!.rowGroupBytesMax).toBeLessThan(0.15 * memoryBytes)
    const { rows } = expectedOf(given)
    expect(contentOfTables(given.fs, schema, given.job.folder, result.tables)).toEqual(
      contentOfVersions(schema, [0, 1], rows),
    )
  })
})

describe('a merge of large row groups', () => {
  property('uses their memory again only when all rows were copied out of it', 1, async (random) => {
    // Large enough for the pool. Runs meet at random, but for stretches that one of them has to itself, passed on as views.
    const runs = range(0, 3).map((run) =>
      range(0, 12_000)
        .filter((i) => random.below(5) > 0 && (i % 6_000 < 4_500 || Math.floor(i / 6_000) === run % 2))
        .map((i) => put(3 * i + random.below(3), 90_000 - 30_000 * run + i)),
    )
    // The smaller row groups are cut by bytes: rows of a batch wait for the next.
    for (const rowGroupBytes of [1 << 20, 90_000]) {
      const sizes = {
        ...output,
        rowGroupRows: 4_500 + random.below(1_000),
        rowGroupBytes,
        targetFileBytes: 1 << 30,
      }
      const given = await plainCase({ runs, groupRows: 5_000, change: { output: sizes } })
      const { content } = await merged(given)
      const { rows } = expectedOf(given)
      const numbered = rows.map((row) => ({ ...row, seq: 0 }))
      expect(withoutNumbers(content, rows)).toEqual(contentOfVersions(schema, [0, 1], numbered))
    }
  })
})

describe('a merge that fails', () => {
  // Up to key 1800 the two interleave; of the second the last row group is carried.
  const two = () =>
    plainCase({
      runs: [range(0, 900).map((i) => put(2 * i, 5000 + i)), range(0, 900).map((i) => put(3 * i, i))],
      groupRows: 250,
    })

  test('names the input in which any block is damaged, and leaves nothing', async () => {
    for (const damaged of [0, 1]) {
      const size = (await two()).job.inputs[damaged]![0]!.meta.bytes
      for (let block = 0; block * blockBytes < size; block++) {
        const given = await two()
        const path = `sst/${damaged}/data.parquet`
        const file = await given.fs.open(path, 'write')
        const at = Math.min(block * blockBytes + 1234, size - 1)
        const byte = new Uint8Array(1)
        await file.read(byte, at)
        await file.write(Uint8Array.of(byte[0]! ^ 4), at)
        await expect(runMerge(given.fs, given.job)).rejects.toMatchObject({
          code: 'MARQUETRY_CORRUPTION',
          file: path,
          offset: block * blockBytes,
        })
        expect(await given.fs.stat(given.job.folder)).toBeUndefined()
      }
    }
  })

  test('whichever operation it is that fails, tells so and leaves nothing', async () => {
    const clean = await two()
    const counting = new FaultyFileSystem(clean.fs)
    await runMerge(counting, clean.job)
    const operations = counting.log.length
    expect(operations).toBeGreaterThan(20)
    for (let nth = 1; nth <= operations; nth++) {
      const given = await two()
      const fs = new FaultyFileSystem(given.fs)
      fs.failAt({ nth, code: 'EIO' })
      const failed = await runMerge(fs, given.job).then(
        () => false,
        (error) => error.code === 'MARQUETRY_IO',
      )
      if (failed) expect(await given.fs.stat(given.job.folder), counting.log[nth - 1]).toBeUndefined()
      else expect(counting.log[nth - 1]).toMatch(/^close/) // of a file that was only read
    }
  })

  test('by request ends as aborted, and says before how far it is', async () => {
    const given = await two()
    const control = new JobControl()
    await runMerge(given.fs, { ...given.job, control: control.shared })
    expect(control.rows).toBe(1800)
    control.cancel()
    const again = { ...given.job, folder: 'tmp/000002', control: control.shared }
    await expect(runMerge(given.fs, again)).rejects.toMatchObject({ code: 'MARQUETRY_ABORTED' })
    expect(await given.fs.stat('tmp/000002')).toBeUndefined()
  })
})
