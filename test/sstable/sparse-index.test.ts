import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SparseIndex } from '#src/sstable/sparse-index.js'
import { type ChunkPages, SparseIndexBuilder, type StoredColumn } from '#src/sstable/sparse-index-builder.js'
import { compareBytes } from '#src/util/bytes.js'

const column: StoredColumn = { fieldId: 1, physicalType: 6, optional: false, typeLength: 0 }
const noPages: ChunkPages = {
  dictionaryOffset: 0,
  dictionaryBytes: 0,
  offsets: [4],
  bytes: [1],
  firstRows: [0],
}

/** An index over these keys, one row each, in one row group. */
function indexOf(keys: readonly Uint8Array[], interval: number): SparseIndex {
  const builder = new SparseIndexBuilder(interval, [column], 0)
  for (let row = 0; row < keys.length; row += interval) builder.addKey(keys[row]!)
  builder.addRowGroup(keys.length, [noPages])
  return new SparseIndex(builder.finish())
}

/** Random rows of pages for a row group: the first page begins at its first row. */
const groups = fc.array(
  fc.record({
    rows: fc.integer({ min: 1, max: 200 }),
    cuts: fc.array(fc.array(fc.integer({ min: 1, max: 199 }), { maxLength: 12 }), {
      minLength: 3,
      maxLength: 3,
    }),
  }),
  { minLength: 1, maxLength: 4 },
)

describe('sparse index', () => {
  test('a search is narrowed to fewer rows than the interval, and never past the answer', () => {
    const keys = fc
      .array(fc.uint8Array({ minLength: 1, maxLength: 2, max: 5 }), { minLength: 1, maxLength: 60 })
      .map((all) => all.sort(compareBytes))
    const probe = fc.uint8Array({ maxLength: 3, max: 6 })
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 9 }), probe, (sorted, interval, key) => {
        const index = indexOf(sorted, interval)
        const found = sorted.findIndex((candidate) => compareBytes(candidate, key) >= 0)
        const answer = found < 0 ? sorted.length : found
        const { from, to } = index.lowerBound(key)
        expect(from).toBeLessThanOrEqual(answer)
        expect(answer).toBeLessThanOrEqual(to)
        expect(to).toBeLessThanOrEqual(sorted.length)
        expect(to - from).toBeLessThan(interval)
      }),
      { numRuns: 500 },
    )
  })

  test('pages of a range of rows are those that hold one of them', () => {
    fc.assert(
      fc.property(groups, fc.nat(), fc.nat(), fc.boolean(), (described, a, b, misaligned) => {
        const columns = [0, 1, 2].map((id): StoredColumn => ({ ...column, fieldId: id, typeLength: id }))
        const builder = new SparseIndexBuilder(10_000, columns, 7)
        builder.addKey(Uint8Array.of(1))
        const pages: { group: number; column: number; from: number; to: number; offset: number }[] = []
        let first = 0
        described.forEach(({ rows, cuts }, group) => {
          const chunks = cuts.map((all, c): ChunkPages => {
            const firstRows = [...new Set([0, ...all.filter((row) => row < rows)])].sort((x, y) => x - y)
            const offsets = firstRows.map((_, i) => 2 ** 33 + pages.length + i)
            firstRows.forEach((row, i) => {
              const to = first + (firstRows[i + 1] ?? rows)
              pages.push({ group, column: c, from: first + row, to, offset: offsets[i]! })
            })
            const bytes = offsets.map((offset) => offset % 1000)
            return { dictionaryOffset: 2 ** 32 + c, dictionaryBytes: c, offsets, bytes, firstRows }
          })
          builder.addRowGroup(rows, chunks)
          first += rows
        })
        const body = builder.finish()
        const shifted = new Uint8Array(body.length + 1)
        shifted.set(body, 1)
        const index = new SparseIndex(misaligned ? shifted.subarray(1) : body)
        expect(index.rows).toBe(first)
        expect(index.codec).toBe(7)
        expect([...index.fieldIds]).toEqual([0, 1, 2])
        expect([...index.typeLengths]).toEqual([0, 1, 2])
        expect(index.chunkDictionary[2]).toBe(2 ** 32 + 2)
        const from = a % first
        const group = index.groupOf(from)
        expect(index.rowGroupFirstRow[group]).toBeLessThanOrEqual(from)
        expect(index.rowGroupFirstRow[group + 1]).toBeGreaterThan(from)
        const to = Math.min(from + 1 + (b % 50), index.rowGroupFirstRow[group + 1]!)
        for (const c of [0, 1, 2]) {
          const range = index.pagesOf(c, from, to)
          const expected = pages.filter((page) => {
            return page.group === group && page.column === c && page.from < to && page.to > from
          })
          const got = expected.map((_, i) => ({
            group,
            column: c,
            from: index.pageFirstRow[range.first + i],
            to: index.pageEndRow(group * 3 + c, range.first + i),
            offset: index.pageOffset[range.first + i],
          }))
          expect(got).toEqual(expected)
          expect(range.last - range.first + 1).toBe(expected.length)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('keys come back as views', () => {
    const keys = [Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4, 5, 6)]
    const index = indexOf(keys, 1)
    expect([0, 1, 2].map((i) => index.key(i))).toEqual(keys)
    expect(index.key(0).buffer).toBe(index.key(2).buffer)
  })

  test('an index whose keys do not fit its rows is not written', () => {
    const builder = new SparseIndexBuilder(2, [column], 0)
    builder.addKey(Uint8Array.of(1))
    builder.addRowGroup(3, [noPages])
    expect(() => builder.finish()).toThrow('every interval')
  })
})
