// What the lookups of an SSTable read, how much of it they decode, and what they keep.

import { beforeAll, describe, expect, test } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import { t } from '#src/format/column.js'
import { encodeKey } from '#src/format/key-codec.js'
import { defineSchema } from '#src/format/schema.js'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { type Reading, readSync } from '#src/fs/reading.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { SSTableReader } from '#src/sstable/reader.js'
import { SSTableWriter } from '#src/sstable/writer.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { batchOf } from './batches.js'
import { countReads } from './count-reads.js'
import { plainValues } from './pages.js'
import { all, both, openReader, shapes, write } from './written.js'

const rows = 30_000
const words = ['alpha', 'beta', 'gamma', 'delta']
const schema = defineSchema({
  columns: { key: t.utf8(), value: t.float64(), word: t.utf8(), town: t.utf8() },
  key: ['key'],
})
const keyOf = (row: number) => `user:${String(row).padStart(10, '0')}`
/** The pages of `word` hold 20,000 rows, its dictionary lies close before them. That of `town` is large. */
const [value, word, town] = [1, 2, 3]

let fs: MemoryFileSystem
let meta: SSTableMeta

beforeAll(async () => {
  const versions = Array.from({ length: rows }, (_, row) => ({
    row: {
      key: keyOf(row),
      value: Math.sin(row),
      word: words[row % 4],
      town: `town ${String((Math.imul(row, 0x9e37_79b1) >>> 8) % 480).padStart(20, '-')}`,
    },
    seq: 5,
  }))
  fs = new MemoryFileSystem()
  const writer = await SSTableWriter.create(fs, 'table', schema, {
    compression: 'snappy',
    pageBytes: 8192,
    sparseIndexInterval: 256,
    hasTombstones: false,
    table: 'rows',
    engineVersion: '0',
    filter: { errorRate: 0.01 },
  })
  await writer.append(batchOf(schema, versions))
  meta = await writer.finish(0)
})

function opened(cacheBytes: number) {
  const cache = new PageCache(cacheBytes)
  const reader = new SSTableReader(fs, 'table', meta, schema, cache)
  // Filter, index and checksums are not what is counted here.
  readSync(reader.find(encodeKey(schema, keyOf(1)), 5))
  return {
    reader,
    pageBytes: () => cache.bytes - cache.sidecars.bytes,
    lookUp: (row: number, projection = [value, word]) => countReads(lookUp(reader, row, projection)),
  }
}

function* lookUp(reader: SSTableReader, row: number, projection: number[]): Reading<unknown[]> {
  const found = yield* reader.find(encodeKey(schema, keyOf(row)), 5)
  if (found === undefined) return []
  const wants = { seq: false, deleted: false }
  const batch = yield* reader.rows(projection, found.row, found.row + 1, wants, { isLookup: true })
  return batch.columns.flatMap(plainValues)
}

const hex = (text: string) => Buffer.from(text).toString('hex')

describe('a lookup', () => {
  test('decodes no page that it may never see again, and keeps those it comes back to', () => {
    const { lookUp, pageBytes } = opened(64 << 20)
    const expected = [Math.sin(12_345), hex('beta')]
    const first = lookUp(12_345)
    expect([first.result, first.reads]).toEqual([expected, 3])
    expect(pageBytes(), 'a dictionary').toBeLessThan(1000)
    const second = lookUp(12_345)
    expect([second.result, second.reads]).toEqual([expected, 3])
    expect(pageBytes(), 'pages, one of them of 20,000 words').toBeGreaterThan(20_000 * 8)
    const third = lookUp(12_346)
    expect([third.result, third.reads]).toEqual([[Math.sin(12_346), hex('gamma')], 0])
  })

  test('keeps nothing without a cache, and finds all the same', () => {
    const { lookUp, pageBytes } = opened(0)
    for (let i = 0; i < 3; i++) {
      const { result, reads, bytes } = lookUp(20_000)
      expect([result, reads]).toEqual([[Math.sin(20_000), hex('alpha')], 3])
      expect(bytes).toBeLessThan(40_000)
    }
    expect(pageBytes()).toBe(0)
  })

  test('reads a dictionary with its page where both lie together, and else by itself', () => {
    const { lookUp } = opened(0)
    expect(lookUp(100, []).reads).toBe(1)
    expect(lookUp(100, [word]).reads).toBe(2)
    expect(lookUp(29_000, [word]).reads).toBe(2)
    expect(lookUp(29_000, [town]).reads).toBe(3)
  })

  test('over more data than the cache holds decodes whole only what is found again in time', () => {
    const { lookUp, pageBytes } = opened(200_000)
    let hot = 0
    for (let round = 0; round < 10; round++) {
      // Each on pages of its own: half a megabyte of them before the first ones come again.
      for (let row = 0; row < rows - 2000; row += 1100) {
        expect(lookUp(row, [value]).result).toEqual([Math.sin(row)])
        // One page among them is asked for all the time.
        if (lookUp(rows - 10, [value]).reads === 0) hot++
      }
    }
    expect(pageBytes(), 'a few pages and a dictionary').toBeLessThan(60_000)
    expect(hot, 'of 260 lookups').toBeGreaterThan(255)
  })
})

describe.each(Object.keys(shapes))('an SSTable with %s', (name) => {
  test('gives rows by place as it gives them in ranges', async () => {
    const random = seededRandom(seed)
    const file = await write(shapes[name]!, random)
    const whole = readSync(openReader(file).rows(all, 0, file.meta.rows, both))
    const columns = whole.columns.map(plainValues)
    for (const cacheBytes of [0, 100_000]) {
      const reader = openReader(file, cacheBytes)
      for (let i = 0; i < 80; i++) {
        const from = Math.floor(random() * file.meta.rows)
        const to = Math.min(file.meta.rows, from + (i % 4 === 0 ? 1 + Math.floor(random() * 400) : 1))
        const batch = readSync(reader.rows(all, from, to, both, { isLookup: true }))
        expect(batch.columns.map(plainValues), `seed ${seed}, rows ${from} to ${to}`).toEqual(
          columns.map((values) => values.slice(from, to)),
        )
        expect(batch.seq, `seed ${seed}`).toEqual(whole.seq.subarray(from, to))
        expect(batch.deleted, `seed ${seed}`).toEqual(whole.deleted?.subarray(from, to))
      }
    }
  })
})

test('a flipped bit is found by the lookup that comes upon it, and by no other', async () => {
  const random = seededRandom(seed)
  const file = await fs.open('table/data.parquet', 'write')
  let found = 0
  for (let i = 0; i < 40; i++) {
    const at = Math.floor(random() * meta.bytes)
    const byte = new Uint8Array(1)
    await file.read(byte, at)
    await file.write(Uint8Array.of(byte[0]! ^ (1 << (i % 8))), at)
    const reader = new SSTableReader(fs, 'table', meta, schema, new PageCache(0))
    for (let row = i; row < rows; row += 997) {
      try {
        expect(readSync(lookUp(reader, row, [value, word]))).toEqual([Math.sin(row), hex(words[row % 4]!)])
      } catch (error) {
        if (!isMarquetryError(error, 'MARQUETRY_CORRUPTION')) throw error
        expect(error.file).toBe('table/data.parquet')
        found++
      }
    }
    await file.write(byte, at)
  }
  await file.close()
  expect(found).toBeGreaterThan(5)
})
