// What db.metrics() and table.stats() tell after workloads that are known to the last row.

import { type OpenOptions, open, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { inlineExecutor } from '#src/compaction/executor.js'
import { MergeSlots } from '#src/compaction/slots.js'
import { defineSchema } from '#src/format/schema.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { resolveTableOptions } from '#src/options.js'
import { OpenFiles } from '#src/sstable/open-files.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { newSidecarStats } from '#src/sstable/reader-host.js'
import { Table } from '#src/table.js'
import type { TreeEnvironment } from '#src/tree/environment.js'
import { LsmTree } from '#src/tree/lsm-tree.js'
import { TreeFiles } from '#src/tree/tree-files.js'
import { Readers } from '#src/version/readers.js'
import { order, rejected, Shop } from '../errors/support.js'

const schema = { columns: { key: t.int32(), value: t.utf8() }, key: ['key'] } as const
const row = (key: number) => ({ key, value: `value ${key}` })
const puts = (count: number, step = 1) =>
  Array.from({ length: count }, (_, i) => ({ type: 'put' as const, row: row(i * step) }))

async function openTable(options: OpenOptions = {}) {
  const db = await open('db', { fileSystem: new MemoryFileSystem(), workers: 0, ...options })
  return { db, table: await db.table('rows', schema) }
}

describe('operations', () => {
  test('are counted, each by its kind', async () => {
    const { db, table } = await openTable()
    for (let key = 0; key < 5; key++) await table.put(row(key))
    await table.batch([...puts(10), { type: 'delete', key: 9 }, { type: 'delete', key: 77 }])
    await table.batch([])
    await table.delete(0)
    await table.update(1, (old) => ({ key: 1, value: `${old?.value}!` }))
    await table.update(1, () => undefined)
    expect(await table.get(1)).toBeDefined()
    expect(table.getSync(0)).toBeUndefined()
    expect(await table.has(2)).toBe(true)
    expect(await table.getMany([1, 2, 3, 0, 100])).toHaveLength(5)
    await table.getMany([])
    expect(await table.scan({ gte: 2, limit: 4 }).toArray()).toHaveLength(4)
    expect(await table.scan().count()).toBe(8)
    expect(await table.scan({ gte: 1000 }).toArray()).toEqual([])
    expect(table.stats()).toMatchObject({
      writes: 8,
      batches: 2,
      puts: 16,
      deletes: 3,
      getHits: 4,
      getMisses: 1,
      getManys: 2,
      getManyHits: 3,
      getManyMisses: 2,
      scans: 3,
      scannedRows: 12,
      visibleSeq: 19,
      memtableRows: 19,
      activeMemtableRows: 19,
    })
    const { latencies } = table.stats()
    expect(latencies.writeUs.count).toBe(8)
    expect(latencies.scanFirstBatchUs.count).toBe(3)
    expect(latencies.getUs.count).toBe(1)
    expect(db.metrics()).toMatchObject({
      puts: 16,
      deletes: 3,
      getHits: 4,
      scannedRows: 12,
      lastSeq: 19,
      tables: 1,
    })
    await db.close()
  })

  test('that are refused or fail are not counted', async () => {
    const { db, table } = await openTable()
    await rejected(() => table.put({ key: 'x' } as never))
    await rejected(() => table.batch([...puts(3), { type: 'nothing' } as never]))
    await rejected(() => table.delete('x' as never))
    await rejected(() => table.get('x' as never))
    await rejected(() => table.getMany([1, 'x' as never]))
    expect(() => table.scan({ gte: 'x' as never })).toThrow()
    const { writes, batches, puts: rows, deletes, getHits, getMisses, getManys, scans } = table.stats()
    expect([writes, batches, rows, deletes, getHits, getMisses, getManys, scans]).toEqual(new Array(8).fill(0))
    expect(table.stats()).toMatchObject({ logBytes: 0, logGroups: 0, memtableRows: 0 })
    await db.close()
  })

  test('of point reads are timed one in sixteen', async () => {
    const { db, table } = await openTable()
    await table.put(row(1))
    for (let i = 0; i < 33; i++) i % 2 === 0 ? table.getSync(1) : await table.get(1)
    expect(table.stats()).toMatchObject({ getHits: 33, latencies: { getUs: { count: 3 } } })
    await db.close()
  })
})

describe('the log', () => {
  test('in mode sync is synced once for all writes of a turn', async () => {
    const { db, table } = await openTable({ wal: 'sync' })
    await table.put(row(0))
    await Promise.all(Array.from({ length: 50 }, (_, i) => table.put(row(i))))
    expect(table.stats()).toMatchObject({ writes: 51, logGroups: 2, logSyncs: 2 })
    expect(table.stats().latencies.logSyncUs.count).toBe(2)
    await table.flush() // finds it synced
    expect(table.stats()).toMatchObject({ flushes: 1, logSyncs: 2 })
    await db.close()
  })

  test('in mode async is synced when it ends', async () => {
    const { db, table } = await openTable({ wal: 'async' })
    await table.put(row(0))
    expect(table.stats()).toMatchObject({ logGroups: 1, logSyncs: 0 })
    await table.flush()
    expect(table.stats()).toMatchObject({ logGroups: 1, logSyncs: 1 })
    await db.close()
  })

  test('is as long as its header and the bytes that were counted', async () => {
    const fileSystem = new MemoryFileSystem()
    const { db, table } = await openTable({ fileSystem, flushOnClose: false })
    const header = async () => {
      const logs = (await fileSystem.list('db/rows')).filter((name) => name.endsWith('.wal'))
      expect(logs).toHaveLength(1)
      return ((await fileSystem.stat(`db/rows/${logs[0]}`))?.bytes ?? 0) - table.stats().logBytes
    }
    await table.put(row(0))
    const bytes = await header()
    await Promise.all([table.batch(puts(100)), table.delete(5), table.put(row(7))])
    expect(await header()).toBe(bytes)
    await db.close()
  })
})

describe('flushes', () => {
  test('move rows from memtables to a level, and are timed on the clock of the database', async () => {
    let nowMs = 1_000_000
    const { db, table } = await openTable({ clock: () => nowMs++ })
    await table.batch([...puts(100), { type: 'delete', key: 3 }])
    expect(table.stats()).toMatchObject({ memtableRows: 101, sstables: 0, levels: [], flushes: 0 })
    await table.flush()
    const { sstableBytes, ...stats } = table.stats()
    expect(stats).toMatchObject({
      memtableRows: 0,
      memtableBytes: 0,
      immutableMemtables: 0,
      sstables: 1,
      sstableRows: 100,
      levels: [{ level: 0, runs: 1, tables: 1, rows: 100, tombstones: 1, bytes: sstableBytes }],
      flushes: 1,
      flushedRows: 100,
      flushedBytes: sstableBytes,
      flushFailures: 0,
      loads: 0,
      loadedRows: 0,
      loadedBytes: 0,
    })
    const { count, min, max } = stats.latencies.flushMs
    expect(count).toBe(1)
    expect(Number.isInteger(min) && min === max && min > 0).toBe(true)
    nowMs = 2_000_000
    expect(db.metrics().uptimeMs).toBe(1_000_000)
    await db.close()
  })

  test('that fail are counted apart, and so are the writes that waited in vain', async () => {
    const shop = await Shop.open({
      memtableRows: 4,
      immutableMemtablesMax: 1,
      stallTimeoutMs: 20,
      flushOnClose: false,
    })
    await shop.orders.flush()
    const before = shop.orders.stats()
    shop.fs.failAt({ operation: 'write', path: /data\.parquet/, nth: 1, forever: true, code: 'ENOSPC' })
    await shop.put(...Array.from({ length: 8 }, (_, i) => 100 + i))
    await rejected(() => shop.orders.put(order(1000)))
    const { stalls, stalledMs, refusedWrites, flushes, flushFailures, puts: rows } = shop.orders.stats()
    expect({ stalls, refusedWrites, rows }).toEqual({ stalls: 1, refusedWrites: 1, rows: before.puts + 8 })
    expect(flushes).toBe(before.flushes)
    expect(flushFailures).toBeGreaterThan(0)
    expect(stalledMs).toBeGreaterThan(0)
    expect(shop.db.metrics()).toMatchObject({
      stalls,
      stalledMs,
      refusedWrites,
      backgroundErrors: flushFailures,
    })
    await shop.db.close()
  })

  test('that are waited for make the stall longer while it lasts', async () => {
    const shop = await Shop.open({ memtableRows: 4, immutableMemtablesMax: 1 })
    await shop.orders.flush()
    shop.fs.failAt({ operation: 'write', path: /data\.parquet/, nth: 1, forever: true, code: 'ENOSPC' })
    const stalled = new Promise((resolve) => shop.db.on('stall', resolve))
    await shop.put(...Array.from({ length: 8 }, (_, i) => 100 + i))
    const waiting = shop.put(1000)
    await stalled
    const first = shop.db.metrics().stalledMs
    while (shop.db.metrics().stalledMs <= first) await new Promise((resolve) => setImmediate(resolve))
    shop.fs.heal()
    await Promise.all([waiting, shop.orders.flush()])
    const { stalls, stalledMs } = shop.db.metrics()
    expect(stalls).toBe(1)
    expect(shop.db.metrics().stalledMs).toBe(stalledMs)
    await shop.db.close()
  })
})

describe('key filters', () => {
  test('end lookups of keys that are not in a file, or are counted as wrong or bypassed', async () => {
    const { db, table } = await openTable()
    await table.batch(puts(1000, 2))
    await table.flush()
    for (let key = 0; key < 1000; key++) await table.get(key)
    expect(table.stats()).toMatchObject({ getHits: 500, getMisses: 500, filters: { hits: 500, bypassed: 0 } })
    const { negatives, falsePositives } = table.stats().filters
    expect(negatives + falsePositives).toBe(500)
    expect(falsePositives).toBeLessThan(50)
    expect(db.metrics().filters).toEqual(table.stats().filters)
    await db.close()
  })

  test('keep their counts when their files are closed', async () => {
    const { db, table } = await openTable()
    await table.batch(puts(1000, 2))
    await table.flush()
    for (let key = 0; key < 100; key++) await table.get(key)
    const before = table.stats().filters
    expect(before.hits).toBe(50)
    await db.close()
    expect(table.stats().filters).toEqual(before)
  })

  test('keep their counts when a file goes because no version holds it', async () => {
    const { tree, files } = await bareTree()
    const table = new Table(tree)
    await table.batch(puts(1000, 2))
    await table.flush()
    for (let key = 0; key < 100; key++) table.getSync(key as never)
    const { filters } = table.stats()
    expect(filters.hits).toBe(50)
    await files.edit({ removeTables: files.version.allTables().map(({ number }) => number) })
    expect(table.stats()).toMatchObject({ sstables: 0, filters })
    expect(table.getSync(2 as never)).toBeUndefined()
    await tree.close()
  })
})

/** A tree without a database, and its files, whose manifest the test edits. */
async function bareTree(): Promise<{ readonly tree: LsmTree; readonly files: TreeFiles }> {
  const fs = new MemoryFileSystem()
  const fail = (error: unknown) => {
    throw error
  }
  const environment: TreeEnvironment = {
    fs,
    executor: inlineExecutor(fs),
    mergeSlots: new MergeSlots(1),
    openFiles: new OpenFiles(),
    sidecars: newSidecarStats(),
    mergeMemoryBytes: 1 << 20,
    cache: new PageCache(1 << 20),
    health: { check() {}, fail, failure: undefined },
    clock: Date.now,
    readOnly: false,
    sequence: { next: 1 },
    emit() {},
  }
  const definition = defineSchema(schema)
  const files = await TreeFiles.create(
    { fs, directory: 'rows', tree: { id: 1, name: 'rows' }, fail, readers: new Readers(fs, 'db') },
    definition,
  )
  const options = resolveTableOptions({}, {})
  return { tree: new LsmTree('rows', definition, options, environment, files, []), files }
}

describe('the metrics of a database', () => {
  test('add up its tables, level by level', async () => {
    const { db, table } = await openTable()
    const other = await db.table('others', schema, { memtable: 'trie' })
    await table.batch(puts(10))
    await other.batch([...puts(20), { type: 'delete', key: 1 }])
    await Promise.all([table.flush(), other.flush()])
    await table.put(row(1))
    await other.put(row(2))
    using _ = table.snapshot()
    using __ = other.snapshot()
    await table.get(1)
    await other.get(2)
    const [one, two, all] = [table.stats(), other.stats(), db.metrics()]
    expect([one.memtableKind, two.memtableKind]).toEqual(['enhanced-skiplist', 'trie'])
    const [a, b] = [one.levels[0]!, two.levels[0]!]
    const level = { level: 0, runs: 2, tables: 2, rows: 30, tombstones: 1, bytes: a.bytes + b.bytes }
    expect(all.levels).toEqual([level])
    expect(all).toMatchObject({
      tables: 2,
      writes: 4,
      puts: 32,
      deletes: 1,
      getHits: 2,
      flushes: 2,
      flushedRows: 30,
      memtableRows: 2,
      memtableBytes: one.memtableBytes + two.memtableBytes,
      sstables: 2,
      sstableRows: 30,
      snapshots: 2,
      lastSeq: 33,
    })
    for (const name of ['writeUs', 'getUs', 'flushMs'] as const) {
      const [x, y, sum] = [one.latencies[name], two.latencies[name], all.latencies[name]]
      expect(sum).toMatchObject({ count: x.count + y.count, max: Math.max(x.max, y.max) })
    }
    await db.close()
  })

  test('keep what a dropped table has counted, and forget its size', async () => {
    const { db, table } = await openTable()
    await table.batch(puts(1000))
    await table.flush()
    for (let key = 0; key < 10; key++) await table.get(key)
    const { filters, ...before } = db.metrics()
    await db.dropTable('rows')
    expect(db.metrics()).toMatchObject({ tables: 0, puts: 1000, flushedBytes: before.flushedBytes, filters })
    expect(db.metrics()).toMatchObject({
      sstables: 0,
      memtableBytes: 0,
      levels: [],
      latencies: before.latencies,
    })
    const again = await db.table('rows', schema)
    await again.put(row(1))
    expect(again.stats().puts).toBe(1)
    expect(db.metrics().puts).toBe(1001)
    await db.close()
  })

  test('tell of the cache', async () => {
    const { db, table } = await openTable({ cacheBytes: 1 << 20 })
    await table.batch(puts(1000))
    await table.flush()
    expect(db.metrics().cache).toEqual({ bytes: 0, capacityBytes: 1 << 20, hits: 0, misses: 0, rowHits: 0 })
    await table.get(5)
    expect(db.metrics().cache.misses).toBeGreaterThan(0)
    await table.get(5) // a page comes in when it is read for the second time
    const { bytes, hits, misses } = db.metrics().cache
    expect(bytes).toBeGreaterThan(0)
    await table.get(5)
    expect(db.metrics().cache).toMatchObject({ bytes, misses })
    expect(db.metrics().cache.hits).toBeGreaterThan(hits)
    await db.close()
  })

  test('and of a table are plain data', async () => {
    const { db, table } = await openTable()
    for (const facts of [db.metrics(), table.stats()]) expect(JSON.parse(JSON.stringify(facts))).toEqual(facts)
    await table.batch(puts(100))
    await table.flush()
    await table.get(1)
    for (const facts of [db.metrics(), table.stats()]) expect(JSON.parse(JSON.stringify(facts))).toEqual(facts)
    await db.close()
    expect(db.metrics()).toMatchObject({ puts: 100, flushes: 1 })
  })
})
