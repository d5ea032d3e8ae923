// Rows of pages by place, against hyparquet and against the decoder of whole pages.

import { describe, expect, test } from 'vitest'
import type { ColumnType } from '#src/format/column.js'
import { codecOf } from '#src/format/type-codec.js'
import { fixedVector, type Vector } from '#src/format/vector.js'
import { decodeDictionaryPage, needsDictionary, openPage, type StoredPage } from '#src/sstable/decode/page.js'
import { decodePageRows } from '#src/sstable/decode/page-rows.js'
import { storedType, widenVector } from '#src/sstable/stored-columns.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { cases, nullings, shapes, sized, vectorOf } from './columns.js'
import { type ColumnSettings, cutPages, oracleValues, plainValues, writeColumn } from './pages.js'

/** The data pages of the only column of a file, each with a reader of its rows and the number of its first row. */
function dataPages(file: Uint8Array, layout: Vector['layout']) {
  const { column, pages } = cutPages(file, layout)
  let dictionary: Vector | undefined
  let firstRow = 0
  const found: { page: StoredPage; firstRow: number; rows: (from: number, to: number) => Vector }[] = []
  for (const { offset, bytes } of pages) {
    const page = openPage('test', offset, bytes)
    if (page.header.kind === 'dictionary') {
      dictionary = decodeDictionaryPage(page, column)
      continue
    }
    const { values } = page.header
    const entries = needsDictionary(page) ? dictionary : undefined
    found.push({ page, firstRow, rows: (from, to) => decodePageRows(page, column, values, from, to, entries) })
    firstRow += values
  }
  return found
}

/** Reads ranges of each page and compares them: with what was written, and with what hyparquet reads of it. */
async function compareRanges(
  type: ColumnType,
  vector: Vector,
  settings: ColumnSettings,
  comparable: boolean,
  random: () => number,
): Promise<void> {
  const { layout } = codecOf(type)
  const file = writeColumn(storedType(type), widenVector(vector), settings)
  const expected = plainValues(vector)
  if (comparable && settings.compression !== 'LZ4_RAW') expect(await oracleValues(file)).toEqual(expected)
  for (const { page, firstRow, rows } of dataPages(file, layout)) {
    const count = page.header.values
    const ranges = [[0, 1], [count - 1, count], [0, count]] // biome-ignore format: a list
    for (let i = 0; i < 9; i++) {
      const from = Math.floor(random() * count)
      ranges.push([from, i < 6 ? from + 1 : from + 1 + Math.floor(random() * (count - from))])
    }
    for (const [from = 0, to = 0] of ranges) {
      const part = rows(from, to)
      expect(part.layout).toBe(layout)
      expect(part.length).toBe(to - from)
      sized(part)
      const values = plainValues(part)
      expect(values, `rows ${from} to ${to}`).toEqual(expected.slice(firstRow + from, firstRow + to))
    }
  }
}

describe.each(cases)('rows of pages of $name', ({ type, encodings, comparable }) => {
  test.each(encodings)('in encoding %s are those that were written', async (encoding) => {
    const random = seededRandom(seed)
    for (const nulls of nullings) {
      for (const shape of shapes) {
        const rows = 1 + Math.floor(random() * 3_000)
        const settings = {
          encoding,
          nullable: nulls !== 'none' || random() < 0.5,
          compression: (['UNCOMPRESSED', 'SNAPPY', 'LZ4_RAW'] as const)[Math.floor(random() * 3)]!,
          version: (['V1', 'V2'] as const)[Math.floor(random() * 2)]!,
          pageBytes: 1024 + Math.floor(random() * 16_384),
        }
        const vector = vectorOf(type, rows, shape, nulls, random)
        try {
          await compareRanges(type, vector, settings, comparable && shape !== 'extremes', random)
        } catch (error) {
          throw new Error(`seed ${seed}, ${nulls}, ${shape}, ${JSON.stringify(settings)}, ${rows} rows`, {
            cause: error,
          })
        }
      }
    }
  })
})

test('64-bit differences of every width add up over what is skipped', () => {
  const random = seededRandom(seed)
  const word = () => (BigInt(Math.floor(random() * 2 ** 32)) << 32n) | BigInt(Math.floor(random() * 2 ** 32))
  for (let width = 0; width <= 64; width++) {
    const values = new BigInt64Array(300)
    // Steps that are large and alike too: then only the least difference of a block says anything.
    const step = word() >> BigInt(Math.floor(random() * 64))
    let sum = word()
    for (let i = 0; i < values.length; i++) {
      sum = BigInt.asIntN(64, sum + step + BigInt.asUintN(width, word()))
      values[i] = sum
    }
    const file = writeColumn({ kind: 'int64' }, fixedVector('int64', values), {
      encoding: 'DELTA_BINARY_PACKED',
    })
    for (const { page, firstRow, rows } of dataPages(file, 'int64')) {
      for (let row = 0; row < page.header.values; row++) {
        if (rows(row, row + 1).values[0] !== values[firstRow + row])
          expect.fail(`seed ${seed}, width ${width}, row ${row}`)
      }
    }
  }
})

test('a page of another length than its index says is damage, also by place', () => {
  const vector = fixedVector(
    'int32',
    Int32Array.from({ length: 100 }, (_, i) => i),
  )
  const { column, pages } = cutPages(writeColumn({ kind: 'int32' }, vector), 'int32')
  const page = openPage('test', pages[0]!.offset, pages[0]!.bytes)
  expect(() => decodePageRows(page, column, 99, 0, 1, undefined)).toThrow(/100 rows, its index says 99/)
})
