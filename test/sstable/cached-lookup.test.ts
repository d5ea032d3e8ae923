// Lookups that need no reading: pages that become whole chunks, hints, and what happens when they have to make room.

import { beforeAll, describe, expect, test } from 'vitest'
import { KeySearch } from '#src/format/key-search.js'
import { RowBuilder } from '#src/format/row-builder.js'
import { readSync } from '#src/fs/reading.js'
import { absentRow, deletedRow, unreadRow } from '#src/sstable/cached-lookup.js'
import { hashKey } from '#src/sstable/key-hash.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { SSTableReader } from '#src/sstable/reader.js'
import { compareBytes } from '#src/util/bytes.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { all, both, schema, shapes, type Written, write } from './written.js'

const files = new Map<string, Written>()

beforeAll(async () => {
  const random = seededRandom(seed)
  for (const [name, shape] of Object.entries(shapes)) files.set(name, await write(shape, random))
})

describe.each(Object.keys(shapes))('an SSTable with %s', (name) => {
  // All of it, about half, and next to nothing.
  test.each([1 << 26, 150_000, 3_000])(
    'answers alike, however often it is asked, from a cache of %d',
    (bytes) => {
      const { fs, meta, keys, batch } = files.get(name)!
      const random = seededRandom(seed + bytes)
      const cache = new PageCache(bytes)
      const reader = new SSTableReader(fs, 'table', meta, schema, cache)
      const search = new KeySearch(schema)
      const present = new Set(keys.map((key) => Buffer.from(key).toString('latin1')))
      const builder = new RowBuilder(schema, all)
      const firstRow = (row: number) => {
        let first = row
        while (first > 0 && compareBytes(keys[first - 1]!, keys[row]!) === 0) first--
        return first
      }
      // Without a cache each one reads.
      const lookups = bytes < 10_000 ? 800 : 20_000
      let fromMemory = 0
      for (let i = 0; i < lookups; i++) {
        const first = firstRow(Math.floor(random() ** 2 * keys.length))
        const key = keys[first]!
        const missing = i % 8 === 0 ? Uint8Array.from([...key.subarray(0, -1), key.at(-1)! ^ 0x80]) : undefined
        const wanted = missing ?? key
        const isThere = present.has(Buffer.from(wanted).toString('latin1'))
        if (missing !== undefined && isThere) continue
        search.use(wanted)
        const hash = hashKey(wanted)
        if (reader.excludes(wanted, hash)) {
          expect(isThere, `seed ${seed}`).toBe(false)
          continue
        }
        const row = reader.findCached(wanted, hash, meta.maxSeq, search)
        if (row === unreadRow) {
          const found = readSync(reader.find(wanted, meta.maxSeq, hash))
          if (found !== undefined) readSync(reader.rows(all, found.row, found.row + 1, both))
          continue
        }
        fromMemory++
        if (!isThere) expect(row, `seed ${seed}`).toBe(absentRow)
        else expect(row, `seed ${seed}`).toBe(batch.deleted?.[first] === 1 ? deletedRow : first)
        if (row < 0) continue
        const cached = reader.rowCached(row, builder)
        if (cached === undefined || i % 16 > 0) continue
        expect(cached, `seed ${seed}`).toEqual(builder.row(batch, row))
      }
      expect(cache.bytes).toBeLessThanOrEqual(Math.max(bytes, 4 << 20))
      if (bytes === 1 << 26) expect(fromMemory).toBeGreaterThan(0.6 * lookups)
      reader.close()
    },
  )
})
