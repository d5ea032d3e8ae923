import { describe, expect, test } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import type { ColumnType } from '#src/format/column.js'
import { concatVectors } from '#src/format/concat.js'
import { codecOf } from '#src/format/type-codec.js'
import { fixedVector, type Layout, sliceVector, type Vector } from '#src/format/vector.js'
import { decodeDataPage, openPage } from '#src/sstable/decode/page.js'
import { storedType, widenVector } from '#src/sstable/stored-columns.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { cases, nullings, shapes, sized, vectorOf } from './columns.js'
import {
  type ColumnSettings,
  cutPages,
  decodePages,
  encodingsOf,
  oracleValues,
  plainValues,
  writeColumn,
} from './pages.js'

/** Writes, reads back and compares; with hyparquet too where it does not convert. */
async function roundTrip(
  type: ColumnType,
  vector: Vector,
  settings: ColumnSettings,
  comparable: boolean,
): Promise<ReturnType<typeof cutPages>> {
  const { layout } = codecOf(type)
  const file = writeColumn(storedType(type), widenVector(vector), settings)
  const pages = cutPages(file, layout)
  const decoded = decodePages(pages)
  expect(decoded.layout).toBe(layout)
  sized(decoded)
  const values = plainValues(decoded)
  expect(values).toEqual(plainValues(vector))
  if (comparable && settings.compression !== 'LZ4_RAW') expect(values).toEqual(await oracleValues(file))
  return pages
}

describe.each(cases)('pages of $name', ({ type, encodings, comparable }) => {
  test.each(encodings)('in encoding %s hold what was written', async (encoding) => {
    const random = seededRandom(seed)
    for (const nulls of nullings) {
      for (const shape of shapes) {
        const rows = 1 + Math.floor(random() * 3_000)
        const vector = vectorOf(type, rows, shape, nulls, random)
        const settings = {
          encoding,
          nullable: nulls !== 'none' || random() < 0.5,
          compression: (['UNCOMPRESSED', 'SNAPPY', 'LZ4_RAW'] as const)[Math.floor(random() * 3)]!,
          version: (['V1', 'V2'] as const)[Math.floor(random() * 2)]!,
          pageBytes: 1024 + Math.floor(random() * 16_384),
        }
        try {
          await roundTrip(type, vector, settings, comparable && shape !== 'extremes')
        } catch (error) {
          throw new Error(`seed ${seed}, ${nulls}, ${shape}, ${JSON.stringify(settings)}, ${rows} rows`, {
            cause: error,
          })
        }
      }
    }
  })
})

const number = (name: string) =>
  ({
    PLAIN: 0,
    RLE: 3,
    DELTA_BINARY_PACKED: 5,
    DELTA_LENGTH_BYTE_ARRAY: 6,
    DELTA_BYTE_ARRAY: 7,
    dictionary: 8,
  })[name]

describe('the test itself', () => {
  test.each(cases)('$name is written in the encodings it claims, in several pages', ({ type, encodings }) => {
    const random = seededRandom(seed)
    for (const encoding of encodings) {
      for (const version of ['V1', 'V2'] as const) {
        // parquet-rs keeps no dictionaries of fixed-length byte arrays in v1 files.
        if (version === 'V1' && encoding === 'dictionary' && (type.precision ?? 0) > 18) continue
        const vector = vectorOf(type, 30_000, 'random', 'some', random)
        const file = writeColumn(storedType(type), widenVector(vector), { encoding, version, pageBytes: 2048 })
        const pages = cutPages(file, codecOf(type).layout)
        expect(encodingsOf(pages)).toContain(number(encoding))
        expect(pages.pages.length).toBeGreaterThan(1)
        const kinds = pages.pages.map(({ offset, bytes }) => openPage('test', offset, bytes).header.kind)
        expect(kinds).toContain(version === 'V1' ? 'data' : 'dataV2')
      }
    }
  })
})

describe('64-bit differences', () => {
  test('wrap around at both ends', async () => {
    const least = -(2n ** 63n)
    const most = 2n ** 63n - 1n
    const values = BigInt64Array.of(
      least,
      most,
      least,
      0n,
      most,
      most,
      -1n,
      0n,
      2n ** 32n,
      -(2n ** 32n),
      5n,
      least,
    )
    const type = { kind: 'int64' } as const
    await roundTrip(type, fixedVector('int64', values), { encoding: 'DELTA_BINARY_PACKED' }, true)
  })

  test('of every width are exact', async () => {
    const random = seededRandom(seed)
    for (let width = 1; width <= 64; width++) {
      const values = new BigInt64Array(400)
      let sum = BigInt(Math.floor(random() * 2 ** 32)) - 2n ** 62n
      for (let i = 0; i < values.length; i++) {
        const word = (BigInt(Math.floor(random() * 2 ** 32)) << 32n) | BigInt(Math.floor(random() * 2 ** 32))
        sum = BigInt.asIntN(64, sum + BigInt.asUintN(width, word) - 2n ** BigInt(width - 1))
        values[i] = sum
      }
      const vector = fixedVector('int64', values)
      const file = writeColumn({ kind: 'int64' }, vector, { encoding: 'DELTA_BINARY_PACKED' })
      expect(plainValues(decodePages(cutPages(file, 'int64'))), `seed ${seed}, width ${width}`).toEqual([
        ...values,
      ])
    }
  })
})

test('sequence numbers become safe integers, others are refused', () => {
  const good = BigInt64Array.of(0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 1n)
  const settings = { encoding: 'DELTA_BINARY_PACKED' } as const
  const decode = (values: BigInt64Array) =>
    decodePages(cutPages(writeColumn({ kind: 'int64' }, fixedVector('int64', values), settings), 'float64'))
  expect([...(decode(good).values as Float64Array)]).toEqual([...good].map(Number))
  expect(() => decode(BigInt64Array.of(-1n))).toThrow(/safe integer/)
  expect(() => decode(BigInt64Array.of(2n ** 53n))).toThrow(/safe integer/)
})

test('integers that do not fit their column are damage', () => {
  const file = writeColumn({ kind: 'int32' }, fixedVector('int32', Int32Array.of(300, -1, 5)))
  for (const layout of ['uint8', 'int8', 'uint16'] as const) {
    expect(() => decodePages(cutPages(file, layout)), layout).toThrow(/is no u?int/)
  }
  expect(() => decodePages(cutPages(file, 'bytes'))).toThrow(/stored as int32/)
})

test('a codec or encoding that is not supported is named', () => {
  const file = writeColumn({ kind: 'int32' }, fixedVector('int32', new Int32Array(100)))
  const { column, pages } = cutPages(file, 'int32')
  const { offset, bytes: page } = pages[0]!
  try {
    decodeDataPage(openPage('test', offset, page), { ...column, codec: 4 }, 100, undefined)
    expect.unreachable()
  } catch (error) {
    expect(isMarquetryError(error, 'MARQUETRY_UNSUPPORTED_FORMAT')).toBe(true)
    expect(String(error)).toMatch(/brotli/)
  }
})

test('concatenated slices are the whole', () => {
  const random = seededRandom(seed)
  for (const { type } of cases) {
    for (const nulls of nullings) {
      const vector = vectorOf(type, 50, 'random', nulls, random)
      const a = Math.floor(random() * 50)
      const parts = [sliceVector(vector, 0, a), sliceVector(vector, a, a), sliceVector(vector, a, 50)]
      const whole = concatVectors(vector.layout as Layout, parts)
      sized(whole)
      expect(plainValues(whole), `seed ${seed}`).toEqual(plainValues(vector))
    }
  }
})
