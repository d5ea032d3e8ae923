import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import { codecOf } from '#src/format/type-codec.js'
import { bytesVector, type Vector } from '#src/format/vector.js'
import { readFlags, readHybrid } from '#src/sstable/decode/bits.js'
import { readDeltaBytes, readDeltaLengthBytes, readPlainBytes } from '#src/sstable/decode/byte-arrays.js'
import { ByteCursor } from '#src/sstable/decode/byte-cursor.js'
import { readDelta32, readDelta64 } from '#src/sstable/decode/delta.js'
import { readDeltaRange32 } from '#src/sstable/decode/delta-range.js'
import { readFlagRange, readHybridRange } from '#src/sstable/decode/hybrid-range.js'
import { decompressLz4 } from '#src/sstable/decode/lz4.js'
import { decodeDataPage, decodeDictionaryPage, needsDictionary, openPage } from '#src/sstable/decode/page.js'
import { PageDamage } from '#src/sstable/decode/page-damage.js'
import { parsePageHeader } from '#src/sstable/decode/page-header.js'
import { decodePageRows } from '#src/sstable/decode/page-rows.js'
import { decompressSnappy } from '#src/sstable/decode/snappy.js'
import { storedType, widenVector } from '#src/sstable/stored-columns.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { cases, sized, vectorOf } from './columns.js'
import { cutPages, decodePages, writeColumn } from './pages.js'

/** Decodes damaged pages, whole and by rows; whatever does not decode must say so with file and offset. */
function decodeDamaged(pages: ReturnType<typeof cutPages>, damagedPage: number, bytes: Uint8Array): void {
  decodeAll(pages, damagedPage, bytes, decodeDataPage)
  decodeAll(pages, damagedPage, bytes, (page, column, rows, dictionary) =>
    decodePageRows(page, column, rows, rows >>> 1, (rows >>> 1) + 1, dictionary),
  )
}

function decodeAll(
  pages: ReturnType<typeof cutPages>,
  damagedPage: number,
  bytes: Uint8Array,
  decode: typeof decodeDataPage,
): void {
  const { column } = pages
  try {
    let dictionary: Vector | undefined
    pages.pages.forEach((page, index) => {
      const rows = openPage('test', page.offset, page.bytes).header.values
      const opened = openPage('test', page.offset, index === damagedPage ? bytes : page.bytes)
      if (index === 0 && pages.pages.length > 1) dictionary = decodeDictionaryPage(opened, column)
      else sized(decode(opened, column, rows, needsDictionary(opened) ? dictionary : undefined))
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

  // Hundreds of thousands of errors that nobody looks at: a stack takes longer than what it is about.
  const { stackTraceLimit } = Error
  beforeAll(() => {
    Error.stackTraceLimit = 0
  })
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit
  })

  test.each(damageCases)('is survived: $name, $encoding, $version', ({ type, encoding, version }) => {
    const random = seededRandom(seed)
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

describe('impossible bytes', () => {
  const cursor = (...bytes: number[]) => new ByteCursor(Uint8Array.from(bytes))
  const zeros = new Array(200).fill(0)
  const most = [0xff, 0xff, 0xff, 0xff, 0x0f]
  const impossible: Record<string, () => unknown> = {
    'a level above 1': () => readFlags(cursor(2, 2), 1, new Uint8Array(1)),
    'runs without rows': () => readFlags(cursor(0, 1, 0, 1, 0, 1), 1, new Uint8Array(1)),
    'a bit-packed run longer than the page': () => readHybrid(cursor(...most), 8, 100),
    'indexes wider than 32 bits': () => readHybrid(cursor(2, 0), 33, 1),
    'a number longer than 32 bits': () => cursor(0xff, 0xff, 0xff, 0xff, 0x1f).varint(),
    'a number without end': () => cursor(...new Array(20).fill(0x80)).zigzag64(),
    'one byte too many': () => cursor(1, 2, 3).take(4),
    'a length beyond the end': () => readPlainBytes(cursor(255, 255, 255, 255, 1, 2, 3, 4), 2),
    'more strings than bytes': () => readPlainBytes(cursor(0, 0, 0, 0), 2 ** 31 - 1),
    'no miniblocks': () => readDelta32(cursor(0x80, 1, 0, 2, 0, 0), 2),
    'miniblocks of one value': () => readDelta64(cursor(4, 4, 2, 0, 0, 0, 0, 0, 0), 2),
    'blocks of a gigabyte': () => readDelta64(cursor(...most, 1, 2, 0, 0), 2),
    'differences for other rows': () => readDelta32(cursor(0x80, 1, 4, 3, 0), 2),
    'a row behind the differences': () => readDeltaRange32(cursor(0x80, 1, 4, 1, 0, 0, 0, 0, 0, 0), 1, 2),
    'differences of 33 bits for 32': () => readDeltaRange32(cursor(0x80, 1, 4, 9, 0, 0, 33, ...zeros), 8, 9),
    'a level above 1 at its place': () => readFlagRange(cursor(2, 2), 0, 1, new Uint8Array(1)),
    'a run that ends before its row': () => readFlagRange(cursor(2, 1), 1, 2, new Uint8Array(1)),
    'an index wider than 32 bits': () => readHybridRange(cursor(2, 0), 33, 0, 1),
    'a negative length': () => readDeltaLengthBytes(cursor(0x80, 1, 4, 1, 1), 1),
    'bytes shared with nothing': () => readDeltaBytes(cursor(0x80, 1, 4, 1, 2, 0x80, 1, 4, 1, 2, 65), 1, 100),
    'a snappy copy from before the start': () => decompressSnappy(Uint8Array.of(4, 1, 1), 4),
    'a snappy literal without bytes': () => decompressSnappy(Uint8Array.of(4, 12, 1), 4),
    'a snappy page that promises too much': () =>
      decompressSnappy(Uint8Array.of(4, 12, 1, 2, 3, 4), 2 ** 31 - 1),
    'an lz4 copy from before the start': () => decompressLz4(Uint8Array.of(0x10, 65, 2, 0), 5),
    'an lz4 length without end': () => decompressLz4(Uint8Array.of(0xf0, 255, 255), 100),
    'an lz4 page that promises too much': () => decompressLz4(Uint8Array.of(0x10, 65), 2 ** 31 - 1),
    'a header of structs in structs': () => parsePageHeader(new Uint8Array(100).fill(0x1c)),
    'a list longer than the page': () => parsePageHeader(Uint8Array.of(0x19, 0xf5, ...most)),
    'a header without end': () => parsePageHeader(Uint8Array.of(0x15, 0)),
  }
  test.each(Object.keys(impossible))('such as %s are refused', (name) => {
    expect(impossible[name]).toThrow(PageDamage)
  })

  test('bytes shared over and over do not fill the memory', () => {
    const texts = Array.from({ length: 20_000 }, () => 'x'.repeat(1_000))
    const offsets = Int32Array.from({ length: texts.length + 1 }, (_, i) => i * 1_000)
    const vector = bytesVector(new Uint8Array(Buffer.from(texts.join(''))), offsets)
    for (const encoding of ['DELTA_BYTE_ARRAY', 'dictionary'] as const) {
      const cut = cutPages(writeColumn({ kind: 'utf8' }, vector, { encoding, pageBytes: 1 << 20 }), 'bytes')
      expect(decodePages(cut).length).toBe(20_000)
      const limited = { ...cut, column: { ...cut.column, bytesMax: 1 << 20 } }
      expect(() => decodePages(limited), encoding).toThrow(/impossible length|more bytes|larger/)
    }
  })
})
