import { beforeAll, describe, expect, test } from 'vitest'
import type { Batch } from '#src/format/batch.js'
import { encodeKey, encodeRange, type KeyBytes } from '#src/format/key-codec.js'
import { KeySearch } from '#src/format/key-search.js'
import { Schema } from '#src/format/schema.js'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { readAsync, readSync } from '#src/fs/reading.js'
import { absentRow, deletedRow, unreadRow } from '#src/sstable/cached-lookup.js'
import { hashKey } from '#src/sstable/key-hash.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { SSTableReader } from '#src/sstable/reader.js'
import { compareBytes, prefixSuccessor } from '#src/util/bytes.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { countReads } from './count-reads.js'
import { plainValues } from './pages.js'
import { all, both, openReader, origins, schema, shapes, slice, type Written, write } from './written.js'

const files = new Map<string, Written>()

beforeAll(async () => {
  const random = seededRandom(seed)
  for (const [name, shape] of Object.entries(shapes)) files.set(name, await write(shape, random))
})

const plainBatch = ({ rows, columns, seq, deleted }: Batch) => ({
  rows,
  columns: columns.map(plainValues),
  seq: [...seq],
  deleted: deleted && [...deleted],
})

describe.each(Object.keys(shapes))('an SSTable with %s', (name) => {
  const file = () => files.get(name)!

  test('gives any range of rows, synchronously and not, with any cache', async () => {
    const { batch } = file()
    const random = seededRandom(seed + 1)
    for (const cacheBytes of [0, 20_000, 1 << 24]) {
      const reader = openReader(file(), cacheBytes)
      for (let i = 0; i < 40; i++) {
        const from = Math.floor(random() * (batch.rows + 1))
        const to = i === 0 ? batch.rows : Math.min(batch.rows, from + Math.floor(random() ** 4 * batch.rows))
        const start = i === 0 ? 0 : Math.min(from, to)
        const projection = all.filter(() => random() < 0.5)
        const wanted = slice(batch, start, to)
        const expected = plainBatch({ ...wanted, columns: projection.map((index) => wanted.columns[index]!) })
        const context = `seed ${seed}, rows ${start} to ${to}`
        expect(plainBatch(readSync(reader.rows(projection, start, to, both))), context).toEqual(expected)
        expect(plainBatch(await readAsync(reader.rows(projection, start, to, both))), context).toEqual(expected)
      }
      reader.close()
    }
  })

  test('gives sequence numbers and tombstones only where wanted', () => {
    const { meta } = file()
    const reader = openReader(file())
    const plain = readSync(reader.rows([0], 0, meta.rows, { seq: false, deleted: false }))
    expect(plain.deleted).toBeUndefined()
    expect([...plain.seq]).toEqual(new Array(meta.rows).fill(0))
  })

  test('is sought by present keys, absent keys, prefixes and their successors', async () => {
    const { keys, meta } = file()
    const random = seededRandom(seed + 2)
    const reader = openReader(file(), 1 << 22)
    expect(readSync(reader.seek(undefined))).toBe(0)
    const wanted: KeyBytes[] = []
    for (const key of keys) {
      if (random() < 300 / keys.length)
        wanted.push(key, prefixSuccessor(key)!, key.subarray(0, Math.floor(random() * key.length)))
    }
    for (let i = 0; i < 300; i++) {
      const parts = [
        new Date(Math.floor(random() * 45) * 86_400_000 - 10 ** 9),
        origins[i % 6]!,
        Math.floor(random() * 500) - 250,
      ]
      wanted.push(encodeKey(schema, parts))
      const { gte, lt } = encodeRange(schema, {
        gt: parts.slice(0, 1 + (i % 3)),
        lte: parts.slice(0, 1 + (i % 2)),
      })
      wanted.push(gte!, lt!)
    }
    wanted.push(new Uint8Array(0), new Uint8Array(200).fill(255))
    for (const key of wanted) {
      const expected = keys.findIndex((present) => compareBytes(present, key) >= 0)
      const row = expected < 0 ? meta.rows : expected
      expect(readSync(reader.seek(key)), `seed ${seed}`).toBe(row)
      expect(await readAsync(reader.seek(key)), `seed ${seed}`).toBe(row)
    }
  })

  test('finds the newest version at or below a sequence number', async () => {
    const { keys, meta, batch } = file()
    const random = seededRandom(seed + 3)
    const reader = openReader(file(), 1 << 22)
    const search = new KeySearch(schema)
    const findModel = (key: KeyBytes, seq: number) => {
      const row = keys.findIndex((present, i) => compareBytes(present, key) === 0 && batch.seq[i]! <= seq)
      return row < 0 ? undefined : { row, deleted: batch.deleted?.[row] === 1 }
    }
    for (let i = 0; i < 600; i++) {
      const row = Math.floor(random() * keys.length)
      const around = batch.seq[row]! - 2 + Math.floor(random() * 4)
      const seq = [around, around, meta.maxSeq, meta.minSeq, meta.minSeq - 1, Number.MAX_SAFE_INTEGER][i % 6]!
      const absent = [
        new Date(Math.floor(random() * 42) * 86_400_000 - 10 ** 9),
        'ATL',
        Math.floor(random() * 450) - 225,
      ]
      const key = random() < 0.8 ? keys[row]! : encodeKey(schema, absent)
      const expected = findModel(key, seq)
      expect(readSync(reader.find(key, seq)), `seed ${seed}`).toEqual(expected)
      expect(await readAsync(reader.find(key, seq)), `seed ${seed}`).toEqual(expected)
      if (reader.excludes(key, hashKey(key))) {
        expect(expected, `seed ${seed}`).toBeUndefined()
        continue
      }
      search.use(key)
      const cached = reader.findCached(key, hashKey(key), seq, search)
      if (cached === unreadRow) {
        // All pages are in the cache by now: only older versions are left to the long way.
        expect(seq, `seed ${seed}`).toBeLessThan(meta.maxSeq)
        continue
      }
      const wanted = expected === undefined ? absentRow : expected.deleted ? deletedRow : expected.row
      expect(cached, `seed ${seed}`).toBe(wanted)
    }
  })

  test('names the rows at which row groups begin', () => {
    const { meta } = file()
    const starts = [...readSync(openReader(file()).rowGroupFirstRow())]
    expect(starts[0]).toBe(0)
    expect(starts.at(-1)).toBe(meta.rows)
  })
})

test('one page that covers the rows is not copied', () => {
  const reader = openReader(files.get('one version per key')!)
  const a = readSync(reader.rows([8], 0, 5, both)).columns[0]!
  const b = readSync(reader.rows([8], 2, 7, both)).columns[0]!
  expect(a.values.buffer).toBe(b.values.buffer)
})

test('what was read once is read from the cache, until the file is closed', () => {
  const file = files.get('many versions, tombstones')!
  const cache = new PageCache(1 << 24)
  const reader = new SSTableReader(file.fs, 'table', file.meta, schema, cache)
  const first = countReads(reader.rows(all, 0, file.meta.rows, both))
  expect(first.bytes).toBeGreaterThan(0)
  const again = countReads(reader.rows(all, 0, file.meta.rows, both))
  expect(again.reads).toBe(0)
  expect(plainBatch(again.result)).toEqual(plainBatch(first.result))
  expect(cache.bytes).toBeGreaterThan(0)
  reader.close()
  expect(cache.bytes).toBe(0)
})

test('a lookup reads sequence numbers and tombstones only if it must', () => {
  const file = files.get('many versions, tombstones')!
  const key = file.keys[1_000]!
  const reads = (seq: number, meta: SSTableMeta) => {
    const reader = openReader({ ...file, meta }, 0)
    readSync(reader.seek(file.keys[0]))
    readSync(reader.rows([], 0, 0, both)) // sidecars are there
    return countReads(reader.find(key, seq)).reads
  }
  const { meta } = file
  const least = reads(meta.maxSeq, { ...meta, tombstones: 0 })
  expect(reads(meta.maxSeq, meta)).toBe(least + 1)
  expect(reads(meta.maxSeq - 1, { ...meta, tombstones: 0 })).toBeGreaterThan(least)
})

test('a cold lookup reads a few pages, not the file', () => {
  const file = files.get('one version per key')!
  const reader = openReader(file)
  readSync(reader.rows([], 0, 0, both))
  const { result, reads } = countReads(reader.find(file.keys[2_345]!, file.meta.maxSeq))
  expect(result).toEqual({ row: 2_345, deleted: false })
  expect(reads).toBeLessThan(10)
})

test('columns are matched by field id; one that the file lacks reads as null', () => {
  const file = files.get('one version per key')!
  const json = schema.toJSON()
  const columns = [...json.columns].reverse().map((column) => ({ ...column, name: `new ${column.name}` }))
  const added = { id: 99, name: 'added', kind: 'utf8', nullable: true } as const
  const newer = new Schema({ id: 2, columns: [added, ...columns], key: json.key.map((name) => `new ${name}`) })
  const reader = openReader(file, 1 << 20, newer)
  const batch = readSync(
    reader.rows(
      newer.columns.map((_, index) => index),
      100,
      3_000,
      both,
    ),
  )
  const expected = plainBatch(slice(file.batch, 100, 3_000)).columns.reverse()
  expect(plainBatch(batch).columns).toEqual([new Array(2_900).fill(null), ...expected])
  expect(readSync(reader.find(file.keys[77]!, file.meta.maxSeq))).toEqual({ row: 77, deleted: false })
})

test('nothing is opened before the first read', () => {
  const file = files.get('one version per key')!
  const reader = new SSTableReader(new MemoryFileSystem(), 'nowhere', file.meta, schema, new PageCache(0))
  expect(readSync(reader.seek(undefined))).toBe(0)
  expect(readSync(reader.find(new Uint8Array(0), 1))).toBeUndefined()
  expect(() => readSync(reader.rows([0], 0, 1, both))).toThrow()
  reader.close()
  reader.close()
})
