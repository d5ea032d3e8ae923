// The encoder of row groups against the decoders here, hyparquet and parquet-wasm, of which the last also is the model of metadata.

import { tableFromIPC } from 'apache-arrow'
import { parquetMetadata } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import { codecOf } from '#src/format/type-codec.js'
import { bytesVector, fixedVector, type Vector } from '#src/format/vector.js'
import { decompressSnappy } from '#src/sstable/decode/snappy.js'
import { dictionaryBytesMax } from '#src/sstable/encode/dictionary.js'
import { canEncode, encodeFile } from '#src/sstable/encode/row-group.js'
import { compressSnappy } from '#src/sstable/encode/snappy.js'
import { encodeByWasm } from '#src/sstable/encode-row-group.js'
import { decodeFooter, fileMetaData } from '#src/sstable/parquet-footer.js'
import { parquetWasm } from '#src/sstable/parquet-wasm.js'
import type { ColumnEncoding, FileColumn } from '#src/sstable/stored-columns.js'
import { decodeThrift, fieldOf, numberOf, structOf, structsOf, type ThriftList } from '#src/sstable/thrift.js'
import { ByteSink } from '#src/util/byte-sink.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { cases, nullings, shapes, vectorOf } from './columns.js'
import { cutPages, decodePages, encodingsOf, oracleValues, plainValues } from './pages.js'

const encodable = cases.filter(({ type }) =>
  canEncode({ name: 'c', fieldId: 1, type, nullable: false, encoding: 'plain' }),
)
const options = { isCompressed: true, pageBytes: 8192, dictionaryBytes: dictionaryBytesMax }

function columnOf(type: FileColumn['type'], encoding: ColumnEncoding, nullable = false): FileColumn {
  return { name: 'c', fieldId: 5, type, nullable, encoding }
}

function encodingsFor(type: FileColumn['type']): readonly ColumnEncoding[] {
  const isInteger = ['int8', 'int16', 'int32', 'int64', 'date', 'timestamp'].includes(type.kind)
  return isInteger ? ['plain', 'dictionary', 'delta'] : ['plain', 'dictionary']
}

/** The schema and the values of a file of one column. */
function readByWasm(file: Uint8Array): { readonly schema: string; readonly values: string } {
  const table = tableFromIPC(parquetWasm().readParquet(file).intoIPCStream())
  const values = Array.from(table.getChild('c')?.toArray() ?? [], (value) =>
    value instanceof Uint8Array
      ? Buffer.from(value).toString('hex')
      : Object.is(value, -0)
        ? '-0'
        : String(value),
  )
  return { schema: String(table.schema), values: values.join() }
}

/** Least, greatest and nulls of every page, as the page index says it, and how they follow each other. */
function pageIndexOf(file: Uint8Array) {
  const [group] = structsOf(decodeFooter(file), fileMetaData.rowGroups)
  const [chunk] = structsOf(group!, 1)
  const read = (at: number, length: number) => {
    const from = numberOf(chunk!, at)
    return from === undefined
      ? undefined
      : decodeThrift(file.subarray(from, from + numberOf(chunk!, length)!)).value
  }
  const firstRows = structsOf(read(4, 5)!, 1).map((page) => numberOf(page, 3)!)
  const index = read(6, 7)
  const items = (id: number) => (fieldOf(index!, id) as ThriftList).items
  return { chunk: structOf(chunk!, 3), firstRows, index, items }
}

describe.each(encodable)('encoded pages of $name', ({ type, comparable }) => {
  test.each(encodingsFor(type))('in encoding %s hold what was given', async (encoding) => {
    const random = seededRandom(seed)
    for (const nulls of encoding === 'delta' ? (['none'] as const) : nullings) {
      for (const shape of shapes) {
        const rows = 1 + Math.floor(random() * 3_000)
        const vector = vectorOf(type, rows, shape, nulls, random)
        const column = columnOf(type, encoding, encoding !== 'delta' && (nulls !== 'none' || random() < 0.5))
        const settings = {
          ...options,
          isCompressed: random() < 0.5,
          pageBytes: 1024 + Math.floor(random() * 16_384),
        }
        try {
          const file = encodeFile([column], [vector], rows, settings)
          const pages = cutPages(file, codecOf(type).layout)
          expect(plainValues(decodePages(pages))).toEqual(plainValues(vector))
          if (comparable && shape !== 'extremes') expect(plainValues(vector)).toEqual(await oracleValues(file))
          if (encoding === 'delta') expect([...encodingsOf(pages)]).toEqual([5])
          const model = encodeByWasm([column], [vector], rows, { compression: 'snappy', pageBytes: 8192 })
          expect(readByWasm(file)).toEqual(readByWasm(model))
        } catch (error) {
          throw new Error(`seed ${seed}, ${nulls}, ${shape}, ${JSON.stringify(settings)}, ${rows} rows`, {
            cause: error,
          })
        }
      }
    }
  })

  test('are described as parquet-wasm describes them', () => {
    const vector = vectorOf(type, 100, 'random', 'none', seededRandom(seed))
    for (const encoding of encodingsFor(type)) {
      const column = columnOf(type, encoding, encoding !== 'delta')
      const ours = decodeFooter(encodeFile([column], [vector], 100, options))
      const theirs = decodeFooter(
        encodeByWasm([column], [vector], 100, { compression: 'snappy', pageBytes: 8192 }),
      )
      for (const id of [1, fileMetaData.schema, fileMetaData.rows, 7])
        expect(fieldOf(ours, id)).toEqual(fieldOf(theirs, id))
    }
  })

  test('have the least and greatest values that parquet-wasm finds', () => {
    const random = seededRandom(seed)
    for (const nulls of nullings) {
      for (const shape of shapes) {
        const vector = vectorOf(type, 2_000, shape, nulls, random)
        const column = columnOf(type, 'plain', true)
        const ours = pageIndexOf(encodeFile([column], [vector], 2_000, { ...options, pageBytes: 1 << 26 }))
        const theirs = pageIndexOf(
          encodeByWasm([column], [vector], 2_000, { compression: 'snappy', pageBytes: 1 << 26 }),
        )
        const context = `seed ${seed}, ${nulls}, ${shape}`
        const [mine, model] = [ours, theirs].map(({ chunk }) => structOf(chunk, 12))
        for (const id of [3, 5, 6]) expect(fieldOf(mine!, id), context).toEqual(fieldOf(model!, id))
        // Of bounds that are not there parquet-wasm says that they are not exact.
        for (const id of [7, 8]) expect(fieldOf(mine!, id) ?? false, context).toBe(fieldOf(model!, id))
        if (theirs.index === undefined) expect(ours.index, context).toBeUndefined()
        else for (const id of [1, 2, 3, 5]) expect(ours.items(id), context).toEqual(theirs.items(id))
      }
    }
  })
})

describe('pages', () => {
  const strings = (texts: readonly string[]): Vector => {
    const pieces = texts.map((text) => Buffer.from(text))
    const offsets = new Int32Array(texts.length + 1)
    for (const [i, piece] of pieces.entries()) offsets[i + 1] = offsets[i]! + piece.length
    return bytesVector(new Uint8Array(Buffer.concat(pieces)), offsets)
  }

  test('end before they are larger than asked for, but for a value that is', () => {
    const texts = Array.from({ length: 500 }, (_, i) => 'x'.repeat(i % 50 === 0 ? 5_000 : i))
    const file = encodeFile([columnOf({ kind: 'utf8' }, 'plain')], [strings(texts)], 500, {
      ...options,
      pageBytes: 1024,
    })
    const { firstRows } = pageIndexOf(file)
    for (const [page, from] of firstRows.entries()) {
      const rows = texts.slice(from, firstRows[page + 1])
      const bytes = rows.reduce((sum, text) => sum + 4 + text.length, 0)
      expect(rows.length === 1 || bytes <= 1024).toBe(true)
    }
  })

  test('have 20,000 rows at most, however well they compress', () => {
    const vector = fixedVector('int64', new BigInt64Array(50_000))
    for (const encoding of ['dictionary', 'delta'] as const) {
      const { firstRows } = pageIndexOf(
        encodeFile([columnOf({ kind: 'int64' }, encoding)], [vector], 50_000, options),
      )
      expect(firstRows).toEqual([0, 20_000, 40_000])
    }
  })

  test('have a dictionary if it is small, and none of them otherwise', () => {
    const column = columnOf({ kind: 'int64' }, 'dictionary')
    for (const [distinct, encoding] of [
      [dictionaryBytesMax / 8, 8],
      [dictionaryBytesMax / 8 + 1, 0],
    ] as const) {
      const vector = fixedVector(
        'int64',
        BigInt64Array.from({ length: 30_000 }, (_, i) => BigInt(i % distinct)),
      )
      const pages = cutPages(encodeFile([column], [vector], 30_000, options), 'int64')
      expect([...encodingsOf(pages)]).toEqual([encoding])
      expect(plainValues(decodePages(pages))).toEqual(plainValues(vector))
    }
  })

  test('say how their bounds follow each other', () => {
    const rows = 5_000
    const orderOf = (valueAt: (row: number) => number) => {
      const vector = fixedVector(
        'float64',
        Float64Array.from({ length: rows }, (_, row) => valueAt(row)),
      )
      const { index } = pageIndexOf(
        encodeFile([columnOf({ kind: 'float64' }, 'plain')], [vector], rows, options),
      )
      return numberOf(index!, 4)
    }
    expect(orderOf((row) => row)).toBe(1)
    expect(orderOf((row) => -row)).toBe(2)
    expect(orderOf((row) => Math.abs(row - 2_500))).toBe(0)
    expect(orderOf((row) => (row === 4_999 ? -1 : row))).toBe(0)
  })

  test('have bounds of long texts that end with a character and hold', () => {
    for (const character of ['a', 'é', '\u{10ffff}', '\ud7ff', '\u007f']) {
      const texts = [character.repeat(70), `${character.repeat(70)}z`]
      const column = columnOf({ kind: 'utf8' }, 'plain')
      const { items } = pageIndexOf(encodeFile([column], [strings(texts)], 2, options))
      const [least, greatest] = [items(2)[0] as Uint8Array, items(3)[0] as Uint8Array]
      const decode = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(bytes)
      expect(Buffer.compare(least, Buffer.from(texts[0]!))).toBeLessThanOrEqual(0)
      expect(Buffer.compare(greatest, Buffer.from(texts[1]!))).toBeGreaterThanOrEqual(0)
      expect(decode(least).length).toBeGreaterThan(10)
      decode(greatest)
      const hasSuccessor = character !== '\u{10ffff}' && character !== '\u007f' // of as many bytes
      if (hasSuccessor) expect(greatest.length).toBeLessThanOrEqual(64)
    }
  })

  test('of nothing but nulls need no values', () => {
    const vector = { ...fixedVector('int32', new Int32Array(10)), valid: new Uint8Array(10) }
    const file = encodeFile([columnOf({ kind: 'int32' }, 'dictionary', true)], [vector], 10, options)
    expect(plainValues(decodePages(cutPages(file, 'int32')))).toEqual(Array.from({ length: 10 }, () => null))
    const chunk = parquetMetadata(file.slice().buffer).row_groups[0]!.columns[0]!.meta_data!
    expect([chunk.num_values, chunk.statistics?.null_count]).toEqual([10n, 10n])
  })
})

describe('snappy', () => {
  const roundTrip = (bytes: Uint8Array) => {
    const sink = new ByteSink(1)
    compressSnappy(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, sink)
    expect(Buffer.compare(decompressSnappy(sink.copy(), bytes.length), bytes)).toBe(0)
    return sink.length
  }

  test('gives back what went in: short and long, in runs and at random, repeated near and far', () => {
    const random = seededRandom(seed)
    for (let length = 0; length < 80; length++) {
      roundTrip(new Uint8Array(length))
      roundTrip(Uint8Array.from({ length }, () => random() * 256))
    }
    for (let round = 0; round < 40; round++) {
      const bytes = new Uint8Array(Math.floor(random() * 200_000))
      for (let at = 0; at < bytes.length; ) {
        const run = 1 + Math.floor(random() ** 4 * 5_000)
        const back = Math.floor(random() * at)
        for (let i = 0; i < run && at < bytes.length; i++, at++) {
          bytes[at] = round % 2 === 0 || at === 0 ? random() * 256 : bytes[back + i]!
        }
      }
      roundTrip(bytes)
    }
  })

  test('makes repeated data small, and no data much larger', () => {
    const random = seededRandom(seed)
    expect(roundTrip(new Uint8Array(100_000))).toBeLessThan(5_000)
    const noise = Uint8Array.from({ length: 100_000 }, () => random() * 256)
    expect(roundTrip(noise)).toBeLessThan(100_100)
  })
})
