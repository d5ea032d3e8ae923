import { describe, expect, test } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import type { ColumnType } from '#src/format/column.js'
import { codecOf } from '#src/format/type-codec.js'
import {
  allocateValues,
  bytesVector,
  elementsPerRow,
  fixedVector,
  type Layout,
  sliceVector,
  type Vector,
} from '#src/format/vector.js'
import { concatVectors } from '#src/sstable/decode/concat.js'
import { decodeDataPage, decodeDictionaryPage, needsDictionary, openPage } from '#src/sstable/decode/page.js'
import { storedType, widenVector } from '#src/sstable/stored-columns.js'
import { generator, testSeed as seed } from './generator.js'
import {
  type ColumnSettings,
  cutPages,
  decodePages,
  encodingsOf,
  oracleValues,
  plainValues,
  writeColumn,
} from './pages.js'

/** How the values of a column are distributed. */
type Shape = 'random' | 'few' | 'sorted' | 'runs' | 'extremes'
type Nulls = 'none' | 'some' | 'runs' | 'all'

const shapes: readonly Shape[] = ['random', 'few', 'sorted', 'runs', 'extremes']
const nullings: readonly Nulls[] = ['none', 'some', 'runs', 'all']

function validity(rows: number, nulls: Nulls, random: () => number): Uint8Array | undefined {
  if (nulls === 'none') return undefined
  const valid = new Uint8Array(rows)
  if (nulls === 'some') for (let i = 0; i < rows; i++) valid[i] = Number(random() < 0.8)
  if (nulls === 'runs') for (let i = 0; i < rows; i++) valid[i] = Number(Math.floor(i / 700) % 2 === 0)
  return valid
}

/** Random bits per row in a shape: what integers are cut from. */
function bitsOf(rows: number, shape: Shape, random: () => number): BigInt64Array {
  const bits = new BigInt64Array(rows)
  const word = () => BigInt(Math.floor(random() * 2 ** 32))
  const wide = () => BigInt.asIntN(64, (word() << 32n) | word())
  const few = Array.from({ length: 5 }, wide)
  let last = -1_000_000n
  for (let i = 0; i < rows; i++) {
    if (shape === 'random') bits[i] = wide()
    else if (shape === 'few') bits[i] = few[Math.floor(random() * 5)]!
    else if (shape === 'runs') bits[i] = few[Math.floor(i / 300) % 5]!
    else if (shape === 'sorted') bits[i] = last += BigInt(Math.floor(random() * 2_000))
    else
      bits[i] = [-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 1n, 2n ** 31n, -(2n ** 31n) - 1n][
        Math.floor(random() * 7)
      ]!
  }
  return bits
}

function bytesOf(rows: number, shape: Shape, random: () => number, valid: Uint8Array | undefined): Vector {
  const few = ['', 'ATL', 'München', 'x'.repeat(300), '\u{1F600}']
  const texts = Array.from({ length: rows }, (_, i) => {
    if (valid !== undefined && valid[i] === 0) return ''
    if (shape === 'few') return few[Math.floor(random() * 5)]!
    if (shape === 'runs') return few[Math.floor(i / 300) % 5]!
    if (shape === 'sorted') return `user:${String(i * 37).padStart(10, '0')}`
    if (shape === 'extremes') return random() < 0.9 ? '' : 'y'.repeat(Math.floor(random() * 3_000))
    return Math.floor(random() * 2 ** 40)
      .toString(36)
      .repeat(Math.floor(random() * 6))
  })
  const pieces = texts.map((text) => Buffer.from(text))
  const offsets = new Int32Array(rows + 1)
  pieces.forEach((piece, i) => {
    offsets[i + 1] = offsets[i]! + piece.length
  })
  return bytesVector(new Uint8Array(Buffer.concat(pieces)), offsets, valid)
}

const float = { random: 1e9, few: 3, sorted: 1, runs: 2, extremes: 0 }

function vectorOf(type: ColumnType, rows: number, shape: Shape, nulls: Nulls, random: () => number): Vector {
  const { layout } = codecOf(type)
  const valid = validity(rows, nulls, random)
  if (layout === 'bytes') return bytesOf(rows, shape, random, valid)
  const values = allocateValues(layout, rows)
  const bits = bitsOf(rows, shape, random)
  const extremes = [Number.NaN, -0, Number.POSITIVE_INFINITY, Number.MIN_VALUE, Number.MAX_VALUE]
  const limit = 10n ** BigInt(type.precision ?? 1)
  for (let i = 0; i < rows; i++) {
    if (valid !== undefined && valid[i] === 0) continue
    if (values instanceof BigInt64Array) values[i] = bits[i]!
    else if (layout === 'bool') values[i] = Number(bits[i]! & 1n)
    else if (layout === 'float32' || layout === 'float64') {
      values[i] = shape === 'extremes' ? extremes[i % 5]! : Number(bits[i]! >> 20n) / float[shape]
    } else if (layout === 'int128') {
      const wide = ((bits[i]! << 64n) | BigInt.asUintN(64, bits[i]!)) % limit
      for (let word = 0; word < 4; word++) {
        values[4 * i + word] = Number(BigInt.asUintN(32, wide >> BigInt(32 * word)))
      }
    } else values[i] = Number(BigInt.asIntN(32, shape === 'extremes' ? bits[i]! >> 32n : bits[i]!))
  }
  return fixedVector(layout, values, valid)
}

interface Case {
  readonly name: string
  readonly type: ColumnType
  readonly encodings: readonly NonNullable<ColumnSettings['encoding']>[]
  /** hyparquet gives the same values as we do, without converting them. */
  readonly comparable: boolean
}

const fixed = ['PLAIN', 'dictionary'] as const
const integers = ['PLAIN', 'dictionary', 'DELTA_BINARY_PACKED'] as const
const bytes = ['PLAIN', 'dictionary', 'DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY'] as const

const cases: readonly Case[] = [
  { name: 'bool', type: { kind: 'bool' }, encodings: ['PLAIN', 'RLE'], comparable: true },
  { name: 'int8', type: { kind: 'int8' }, encodings: integers, comparable: true },
  { name: 'int16', type: { kind: 'int16' }, encodings: integers, comparable: true },
  { name: 'int32', type: { kind: 'int32' }, encodings: integers, comparable: true },
  { name: 'int64', type: { kind: 'int64' }, encodings: integers, comparable: true },
  { name: 'uint8', type: { kind: 'uint8' }, encodings: integers, comparable: true },
  { name: 'uint16', type: { kind: 'uint16' }, encodings: integers, comparable: true },
  { name: 'uint32', type: { kind: 'uint32' }, encodings: integers, comparable: false },
  { name: 'float32', type: { kind: 'float32' }, encodings: fixed, comparable: true },
  { name: 'float64', type: { kind: 'float64' }, encodings: fixed, comparable: true },
  { name: 'utf8', type: { kind: 'utf8' }, encodings: bytes, comparable: true },
  { name: 'binary', type: { kind: 'binary' }, encodings: bytes, comparable: true },
  { name: 'json', type: { kind: 'json' }, encodings: bytes, comparable: true },
  { name: 'date', type: { kind: 'date' }, encodings: integers, comparable: false },
  { name: 'timestamp ms', type: { kind: 'timestamp', unit: 'ms' }, encodings: integers, comparable: false },
  { name: 'timestamp us', type: { kind: 'timestamp', unit: 'us' }, encodings: integers, comparable: false },
  ...[5, 9, 10, 18, 19, 38].map((precision) => ({
    name: `decimal128(${precision})`,
    type: { kind: 'decimal128', precision, scale: 2 } as const,
    encodings: precision > 18 ? ([...fixed, 'DELTA_BYTE_ARRAY'] as const) : integers,
    comparable: false,
  })),
]

function sized(vector: Vector): void {
  const { layout, values, offsets, length, valid } = vector
  if (offsets === undefined) expect(values.length).toBe(length * elementsPerRow(layout))
  else expect(offsets.length).toBe(length + 1)
  if (valid !== undefined) expect(valid.length).toBe(length)
}

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
    const random = generator(seed)
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
    const random = generator(seed)
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
    const random = generator(seed)
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

/** Decodes damaged pages; whatever does not decode must say so with file and offset. */
function decodeDamaged(pages: ReturnType<typeof cutPages>, damagedPage: number, bytes: Uint8Array): void {
  const { column } = pages
  try {
    let dictionary: Vector | undefined
    pages.pages.forEach((page, index) => {
      const rows = openPage('test', page.offset, page.bytes).header.values
      const opened = openPage('test', page.offset, index === damagedPage ? bytes : page.bytes)
      if (index === 0 && pages.pages.length > 1) dictionary = decodeDictionaryPage(opened, column)
      else sized(decodeDataPage(opened, column, rows, needsDictionary(opened) ? dictionary : undefined))
    })
  } catch (error) {
    const typed =
      isMarquetryError(error, 'MARQUETRY_CORRUPTION') || isMarquetryError(error, 'MARQUETRY_UNSUPPORTED_FORMAT')
    if (!typed || error.file !== 'test' || error.offset === undefined) throw error
  }
}

describe('damage that a checksum missed', () => {
  const damageCases = cases.flatMap(({ name, type, encodings }) =>
    encodings.flatMap((encoding) =>
      (['V1', 'V2'] as const).map((version) => ({ name, type, encoding, version })),
    ),
  )

  test.each(damageCases)('is survived: $name, $encoding, $version', ({ type, encoding, version }) => {
    const random = generator(seed)
    const { layout } = codecOf(type)
    for (const compression of ['UNCOMPRESSED', 'SNAPPY', 'LZ4_RAW'] as const) {
      const vector = vectorOf(type, 40, encoding === 'dictionary' ? 'few' : 'sorted', 'some', random)
      const file = writeColumn(storedType(type), widenVector(vector), { encoding, version, compression })
      const cut = cutPages(file, layout)
      const pages = { ...cut, column: { ...cut.column, bytesMax: 1 << 20 } }
      pages.pages.forEach(({ bytes: page }, index) => {
        const copy = page.slice()
        for (let at = 0; at < page.length; at++) {
          for (const flip of [0xff, 1 << Math.floor(random() * 8)]) {
            copy[at]! ^= flip
            decodeDamaged(pages, index, copy)
            copy[at] = page[at]!
          }
          decodeDamaged(pages, index, page.subarray(0, at))
        }
        for (let i = 0; i < 40; i++) {
          const garbage = page.map((byte) => (random() < 0.1 ? Math.floor(random() * 256) : byte))
          decodeDamaged(pages, index, garbage)
        }
      })
    }
  })
})

test('concatenated slices are the whole', () => {
  const random = generator(seed)
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
