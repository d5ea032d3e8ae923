// Key filters from the option to the lookup: which files are written with one, and what a get asks.

import { isMarquetryError, open, type TableOptions, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { encodeKey } from '#src/format/key-codec.js'
import { KeySearch } from '#src/format/key-search.js'
import { RowBuilder } from '#src/format/row-builder.js'
import { defineSchema } from '#src/format/schema.js'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import { readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { readSync } from '#src/fs/reading.js'
import { KeyFilter } from '#src/sstable/filter.js'
import { FilterBlock } from '#src/sstable/filter-block.js'
import { hashKey } from '#src/sstable/key-hash.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { SSTableReader } from '#src/sstable/reader.js'
import { SSTableWriter } from '#src/sstable/writer.js'
import { findCached, findInRuns } from '#src/tree/lookup.js'
import { Version } from '#src/version/version.js'
import { batchOf } from '../sstable/batches.js'

const definition = { columns: { key: t.int32(), value: t.utf8() }, key: ['key'] } as const

describe('the option `filter`', () => {
  /** The filter in the only SSTable of a table of `rows` rows; undefined: it has none. */
  async function filterAfter(options: TableOptions, defaults: TableOptions = {}, rows = 500) {
    const fs = new MemoryFileSystem()
    const db = await open('db', { ...defaults, fileSystem: fs, workers: 0 })
    const table = await db.table('events', definition, options)
    await table.batch(
      Array.from({ length: rows }, (_, i) => ({ type: 'put' as const, row: { key: 2 * i, value: `${i}` } })),
    )
    await table.flush()
    for (let i = 0; i < rows; i++) {
      expect((await table.get(2 * i))?.value).toBe(`${i}`)
      expect(table.getSync(2 * i + 1)).toBeUndefined()
    }
    await db.close()
    const [folder] = await fs.list('db/events/sst')
    const path = `db/events/sst/${folder}/filter.bloom`
    if ((await fs.stat(path)) === undefined) return undefined
    return new KeyFilter(path, (await readWhole(fs, path)).subarray(48, -4))
  }

  test('is on by default, at 0.1 %', async () => {
    expect(await filterAfter({})).toMatchObject({ errorRate: 0.001, keys: 500, hashes: 10 })
  })

  test('sets the error rate, or turns filters off, for a table or for all', async () => {
    expect(await filterAfter({ filter: { errorRate: 0.01 } })).toMatchObject({ errorRate: 0.01, hashes: 7 })
    expect(await filterAfter({}, { filter: { errorRate: 0.1 } })).toMatchObject({ errorRate: 0.1, hashes: 4 })
    expect(await filterAfter({ filter: { errorRate: 0.2 } }, { filter: false })).toMatchObject({
      errorRate: 0.2,
    })
    expect(await filterAfter({ filter: false }, { filter: { errorRate: 0.1 } })).toBeUndefined()
    expect(await filterAfter({}, { filter: false })).toBeUndefined()
  })

  test('makes no filters for small files', async () => {
    expect(await filterAfter({}, {}, 20)).toBeUndefined()
  })

  test('is the engine’s own once it was checked', async () => {
    const filter = { errorRate: 0.05 }
    const db = await open('db', { fileSystem: new MemoryFileSystem(), workers: 0 })
    const table = await db.table('events', definition, { filter })
    filter.errorRate = 7
    await table.batch(Array.from({ length: 100 }, (_, key) => ({ type: 'put', row: { key, value: '' } })))
    await table.flush()
    await db.close()
  })

  test.each([
    [true, 'filter'],
    [0.01, 'filter'],
    [null, 'filter'],
    ['off', 'filter'],
    [{}, 'filter.errorRate'],
    [{ errorRate: 0 }, 'filter.errorRate'],
    [{ errorRate: 1 }, 'filter.errorRate'],
    [{ errorRate: -0.1 }, 'filter.errorRate'],
    [{ errorRate: Number.NaN }, 'filter.errorRate'],
    [{ errorRate: '0.01' }, 'filter.errorRate'],
    [{ errorRate: 0.01, bits: 8 }, 'filter.bits'],
  ])('refuses %j', async (filter, option) => {
    const options = { filter } as unknown as TableOptions
    const db = await open('db', { fileSystem: new MemoryFileSystem(), workers: 0 })
    const calls = [
      () => db.table('events', definition, options),
      () => open('other', { ...options, fileSystem: new MemoryFileSystem() }),
    ]
    for (const call of calls) {
      const error = await call().then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(isMarquetryError(error, 'MARQUETRY_INVALID_OPTION')).toBe(true)
      expect(error).toMatchObject({ option })
    }
    await db.close()
  })
})

test('a get asks the filter of each run whose file could have the key, and reads the files that may', async () => {
  const fs = new MemoryFileSystem()
  const schema = defineSchema(definition)
  const cache = new PageCache(1 << 20)
  const readers = new Map<number, SSTableReader>()
  const tables: SSTableMeta[] = []
  // Run r, newest first, has the keys that leave r when divided by 3, from 0 to 3000; the last a few others.
  for (const first of [0, 1, 2]) {
    const folder = `run${first}`
    const writer = await SSTableWriter.create(fs, folder, schema, {
      compression: 'snappy',
      pageBytes: 1024,
      sparseIndexInterval: 64,
      hasTombstones: false,
      table: 'events',
      engineVersion: '0',
      filter: { errorRate: 0.001 },
    })
    const keys = Array.from({ length: 1000 }, (_, i) => 3 * i + first)
    const versions = keys.map((key) => ({ row: { key, value: `run ${first}` }, seq: 10 - first }))
    await writer.append(batchOf(schema, versions))
    const table = { ...(await writer.finish(0)), number: first + 1 }
    readers.set(table.number, new SSTableReader(fs, folder, table, schema, cache))
    tables.push(table)
  }
  const version = new Version(tables.map((table, id) => ({ id: id + 1, level: 0, tables: [table] })))
  const readerOf = (table: SSTableMeta) => readers.get(table.number)!
  const lone = tables.map(readerOf)
  const block = new FilterBlock(
    lone.map(({ filter }) => filter),
    cache.sidecars,
  )
  const of = { of: readerOf, ofRuns: () => ({ lone, blocks: [block] }), search: new KeySearch(schema) }
  const builder = new RowBuilder(schema, [0, 1])
  let fromMemory = 0
  for (let key = 3; key < 2997; key++) {
    const encoded = encodeKey(schema, key)
    const wanted = { key: encoded, hash: hashKey(encoded), seq: 10 }
    let row = findCached(version, wanted, builder, of)
    if (typeof row === 'number') {
      const batch = readSync(findInRuns(version, wanted, [0, 1], of, row))
      row = batch && builder.row(batch, 0)
    } else fromMemory++
    expect(row).toEqual({ key, value: `run ${key % 3}` })
  }
  expect(fromMemory).toBeGreaterThan(2900)
  const asked = tables.map((table) => readerOf(table).filterStats)
  for (const [run, { hits, negatives, falsePositives, bypassed, state }] of asked.entries()) {
    expect({ run, hits, bypassed, state }).toEqual({ run, hits: 998, bypassed: 0, state: 'ready' })
    // At the least those that found their key in an older run; those that found it in a newer one may have asked ahead,
    // and those that went on in the files asked again.
    expect(negatives + falsePositives).toBeGreaterThanOrEqual(998 * (2 - run))
    expect(negatives + falsePositives).toBeLessThanOrEqual(998 * 2 + (2994 - fromMemory))
    expect(falsePositives).toBeLessThan(12)
  }
})
