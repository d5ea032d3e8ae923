// Scans long enough for whole row groups at a time, past the page cache and through it.

import { open, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'

const rows = 30_000
const rowOf = (k: number) => ({ k, n: k % 7 === 0 ? null : k >> 4, s: `value ${(k * 7919) % rows}`, f: k / 3 })

type Table = Awaited<ReturnType<typeof fill>>

async function withTable<T>(cacheBytes: number, use: (table: Table) => Promise<T>) {
  const fileSystem = new MemoryFileSystem()
  const db = await open('db', { fileSystem, workers: 0, wal: 'async', rowGroupRows: 12_000, cacheBytes })
  try {
    return await use(await fill(db))
  } finally {
    await db.close()
  }
}

async function fill(db: Awaited<ReturnType<typeof open>>) {
  const columns = { k: t.int32(), n: t.int32().nullable(), s: t.utf8(), f: t.float64() }
  const table = await db.table('t', { columns, key: ['k'] })
  await table.batch(Array.from({ length: rows }, (_, k) => ({ type: 'put', row: rowOf(k) })))
  await table.flush()
  return table
}

describe.each([
  ['past the page cache', 0],
  ['through the page cache', 64 << 20],
])('a long scan %s', (_, cacheBytes) => {
  test('yields every row, in both directions', () =>
    withTable(cacheBytes, async (table) => {
      const expected = Array.from({ length: rows }, (_, k) => rowOf(k))
      expect(await table.scan().toArray()).toEqual(expected)
      expect(await table.scan({ reverse: true }).toArray()).toEqual(expected.reverse())
      expect((await table.scan({ columns: ['f'] }).toArrow()).getChild('f')?.toArray().at(-1)).toBe(
        (rows - 1) / 3,
      )
    }))

  test('yields the rows that match, and counts them', () =>
    withTable(cacheBytes, async (table) => {
      const where = { s: { startsWith: 'value 12' }, n: { gt: 300 } }
      const matches = (row: ReturnType<typeof rowOf>) => row.s.startsWith('value 12') && (row.n ?? 0) > 300
      const expected = Array.from({ length: rows }, (_, k) => rowOf(k)).filter(matches)
      expect(await table.scan({ where }).toArray()).toEqual(expected)
      expect(await table.scan({ where, gte: 5000, lt: 29_000 }).count()).toBe(
        expected.filter(({ k }) => k >= 5000 && k < 29_000).length,
      )
    }))

  test('merges with what was written since', () =>
    withTable(cacheBytes, async (table) => {
      await table.put({ k: 20_000, n: -1, s: 'new', f: 0 })
      await table.delete(3)
      const found = await table.scan({ columns: ['k', 's'] }).toArray()
      expect(found.length).toBe(rows - 1)
      expect(found.find(({ k }) => k === 20_000)?.s).toBe('new')
    }))

  test('hands out rows in pieces of some thousand', () =>
    withTable(cacheBytes, async (table) => {
      let count = 0
      for await (const chunk of table.scan().chunks()) {
        expect(chunk.length).toBeLessThanOrEqual(4096)
        count += chunk.length
      }
      expect(count).toBe(rows)
    }))
})

test('metadata answers a count, and statistics leave out what cannot match', () =>
  withTable(0, async (table) => {
    const clustered = table.scan({ where: { f: { between: [100, 200] } }, columns: ['s'] })
    const { readings, bytes, sections } = await clustered.explain({ analyze: true })
    expect(readings?.rows).toBe(301)
    const [source] = sections[0]!.sources
    if (source?.kind !== 'table') throw new Error('the section reads a table')
    const skipped = source.rowGroups.map(({ skippedBy }) => skippedBy)
    expect(skipped).toEqual(['page statistics', 'row group statistics', 'row group statistics'])
    expect(source.rowGroups[0]!.pagesSkipped).toBeGreaterThan(source.rowGroups[0]!.pagesKept)
    expect(bytes).toBeLessThan(table.files()[0]!.bytes / 10)
    expect(await table.scan().count()).toBe(rows)
  }))

test('takes the pages that are cached from the cache, and does not bring the others there', () =>
  // By what the table takes: one column is read through the cache, three of them past it.
  withTable(1536 << 10, async (table) => {
    const { bytes } = table.files()[0]!
    expect(bytes).toBeLessThan(768 << 10)
    expect(3 * bytes).toBeGreaterThan(768 << 10)
    const pagesOf = async (columns: readonly ('k' | 'n' | 's' | 'f')[]) => {
      const { readings } = await table.scan({ columns }).explain({ analyze: true })
      return { pages: readings!.pages, cacheHits: readings!.cacheHits }
    }
    const { pages } = await pagesOf(['f'])
    expect(pages).toBeGreaterThan(0)
    await pagesOf(['k', 'n', 's'])
    const others = await pagesOf(['k', 'n', 's'])
    const all = await pagesOf(['k', 'n', 's', 'f'])
    expect(others.pages).toBeGreaterThan(0)
    expect(all.pages).toBe(others.pages)
    expect(all.cacheHits).toBeGreaterThanOrEqual(others.cacheHits + pages)
  }))
