import { beforeAll, describe, expect, test } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import type { Batch } from '#src/format/batch.js'
import { t } from '#src/format/column.js'
import { encodeKey, encodeRange, type KeyBytes, vectorKey } from '#src/format/key-codec.js'
import { defineSchema, Schema } from '#src/format/schema.js'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import { sliceVector } from '#src/format/vector.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { type Reading, readAsync, readSync } from '#src/fs/reading.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { SSTableReader } from '#src/sstable/reader.js'
import { SSTableWriter } from '#src/sstable/writer.js'
import { compareBytes, prefixSuccessor } from '#src/util/bytes.js'
import { batchOf, sortVersions, type Version } from './batches.js'
import { generator, testSeed as seed } from './generator.js'
import { plainValues } from './pages.js'

const schema = defineSchema({
  columns: {
    date: t.timestamp(),
    origin: t.utf8(),
    number: t.int32(),
    delay: t.int16().nullable(),
    distance: t.uint32(),
    flag: t.bool(),
    price: t.decimal128(12, 2).nullable(),
    wide: t.decimal128(38, 0),
    ratio: t.float64(),
    note: t.utf8().nullable(),
    day: t.date(),
    big: t.int64(),
    small: t.uint8(),
  },
  key: ['date', 'origin', 'number'],
})
const all = schema.columns.map((_, index) => index)
const origins = ['', 'ATL', 'JFK', 'München', 'a\0b', 'ORD']

interface Shape {
  readonly rows: number
  readonly versionsMax: number
  readonly tombstones: number
  readonly interval: number
  readonly groupRows: number
  readonly compression: 'uncompressed' | 'snappy' | 'lz4_raw'
}

/** Versions of random keys, sorted as an SSTable has them. */
function makeVersions({ rows, versionsMax, tombstones }: Shape, random: () => number): Version[] {
  const below = (limit: number) => Math.floor(random() * limit)
  const versions = new Map<string, Version>()
  let seq = 2 ** 33
  while (versions.size < rows) {
    const key = {
      date: new Date(below(40) * 86_400_000 - 10 ** 9),
      origin: origins[below(6)],
      number: below(400) - 200,
    }
    for (let i = 1 + below(versionsMax); i > 0; i--) {
      seq += 1 + below(3)
      const row = {
        ...key,
        delay: random() < 0.2 ? null : below(600) - 100,
        distance: below(2 ** 32),
        flag: random() < 0.3,
        price: random() < 0.2 ? null : `${below(10 ** 6) - 500_000}.25`,
        wide: `-${'9'.repeat(1 + below(38))}`,
        ratio: random() * 1e6,
        note: random() < 0.3 ? null : 'n'.repeat(below(40)),
        day: new Date(below(20_000) * 86_400_000),
        big: BigInt(below(2 ** 32)) * 2n ** 31n - 2n ** 62n,
        small: below(256),
      }
      const id = `${key.date.getTime()} ${key.origin} ${key.number}`
      if (versionsMax === 1 && versions.has(id)) continue
      const deleted = random() < tombstones
      versions.set(versionsMax === 1 ? id : `${id} ${seq}`, { row: deleted ? key : row, seq, deleted })
    }
  }
  return sortVersions(schema, [...versions.values()])
}

interface Written {
  readonly fs: MemoryFileSystem
  readonly meta: SSTableMeta
  readonly batch: Batch
  readonly keys: readonly KeyBytes[]
}

function slice(batch: Batch, from: number, to: number): Batch {
  return {
    rows: to - from,
    columns: batch.columns.map((vector) => sliceVector(vector, from, to)),
    seq: batch.seq.subarray(from, to),
    deleted: batch.deleted?.subarray(from, to),
  }
}

async function write(shape: Shape, random: () => number): Promise<Written> {
  const fs = new MemoryFileSystem()
  const batch = batchOf(schema, makeVersions(shape, random))
  const keyColumns = schema.key.map((index) => batch.columns[index]!)
  const keys = Array.from({ length: batch.rows }, (_, row) => vectorKey(schema, keyColumns, row))
  const writer = await SSTableWriter.create(fs, 'table', schema, {
    compression: shape.compression,
    pageBytes: 1024,
    sparseIndexInterval: shape.interval,
    hasTombstones: shape.tombstones > 0,
    table: 'flights',
    engineVersion: '0',
  })
  for (let from = 0; from < batch.rows; ) {
    let to = Math.min(from + shape.groupRows, batch.rows)
    while (to < batch.rows && compareBytes(keys[to - 1]!, keys[to]!) === 0) to++
    await writer.append(slice(batch, from, to))
    from = to
  }
  return { fs, meta: await writer.finish(0), batch, keys }
}

const shapes: Record<string, Shape> = {
  'one version per key': {
    rows: 5_000,
    versionsMax: 1,
    tombstones: 0,
    interval: 256,
    groupRows: 2_000,
    compression: 'snappy',
  },
  'many versions, tombstones': {
    rows: 3_000,
    versionsMax: 40,
    tombstones: 0.3,
    interval: 16,
    groupRows: 700,
    compression: 'lz4_raw',
  },
  'versions, every row in the index': {
    rows: 600,
    versionsMax: 5,
    tombstones: 0.2,
    interval: 1,
    groupRows: 100,
    compression: 'uncompressed',
  },
  'a single row': {
    rows: 1,
    versionsMax: 1,
    tombstones: 0,
    interval: 256,
    groupRows: 10,
    compression: 'snappy',
  },
}

const files = new Map<string, Written>()

beforeAll(async () => {
  const random = generator(seed)
  for (const [name, shape] of Object.entries(shapes)) files.set(name, await write(shape, random))
})

function openReader({ fs, meta }: Written, cacheBytes = 1 << 20, as: Schema = schema): SSTableReader {
  return new SSTableReader(fs, 'table', meta, as, new PageCache(cacheBytes))
}

/** Drives a reading and counts the bytes it asks for. */
function countReads<T>(reading: Reading<T>): {
  readonly result: T
  readonly bytes: number
  readonly reads: number
} {
  let bytes = 0
  let reads = 0
  let step = reading.next()
  while (step.done !== true) {
    const { file, from, to } = step.value
    const into = new Uint8Array(to - from)
    file.readSync(into, from)
    bytes += to - from
    reads++
    step = reading.next(into)
  }
  return { result: step.value, bytes, reads }
}

const plainBatch = ({ rows, columns, seq, deleted }: Batch) => ({
  rows,
  columns: columns.map(plainValues),
  seq: [...seq],
  deleted: deleted && [...deleted],
})

const both = { seq: true, deleted: true }

describe.each(Object.keys(shapes))('an SSTable with %s', (name) => {
  const file = () => files.get(name)!

  test('gives any range of rows, synchronously and not, with any cache', async () => {
    const { batch } = file()
    const random = generator(seed + 1)
    for (const cacheBytes of [0, 20_000, 1 << 24]) {
      const reader = openReader(file(), cacheBytes)
      for (let i = 0; i < 40; i++) {
        const from = Math.floor(random() * (batch.rows + 1))
        const to = i === 0 ? batch.rows : Math.min(batch.rows, from + Math.floor(random() ** 4 * batch.rows))
        const start = i === 0 ? 0 : Math.min(from, to)
        const projection = all.filter(() => random() < 0.5)
        const wanted = slice(batch, start, to)
        const expected = plainBatch({ ...wanted, columns: projection.map((index) => wanted.columns[index]!) })
        const context = `seed ${seed}, rows ${start} to ${to}`
        expect(plainBatch(readSync(reader.rows(projection, start, to, both))), context).toEqual(expected)
        expect(plainBatch(await readAsync(reader.rows(projection, start, to, both))), context).toEqual(expected)
      }
      reader.close()
    }
  })

  test('gives sequence numbers and tombstones only where wanted', () => {
    const { meta } = file()
    const reader = openReader(file())
    const plain = readSync(reader.rows([0], 0, meta.rows, { seq: false, deleted: false }))
    expect(plain.deleted).toBeUndefined()
    expect([...plain.seq]).toEqual(new Array(meta.rows).fill(0))
  })

  test('is sought by present keys, absent keys, prefixes and their successors', async () => {
    const { keys, meta } = file()
    const random = generator(seed + 2)
    const reader = openReader(file(), 1 << 22)
    expect(readSync(reader.seek(undefined))).toBe(0)
    const wanted: KeyBytes[] = []
    for (const key of keys) {
      if (random() < 300 / keys.length)
        wanted.push(key, prefixSuccessor(key)!, key.subarray(0, Math.floor(random() * key.length)))
    }
    for (let i = 0; i < 300; i++) {
      const parts = [
        new Date(Math.floor(random() * 45) * 86_400_000 - 10 ** 9),
        origins[i % 6]!,
        Math.floor(random() * 500) - 250,
      ]
      wanted.push(encodeKey(schema, parts))
      const { gte, lt } = encodeRange(schema, {
        gt: parts.slice(0, 1 + (i % 3)),
        lte: parts.slice(0, 1 + (i % 2)),
      })
      wanted.push(gte!, lt!)
    }
    wanted.push(new Uint8Array(0), new Uint8Array(200).fill(255))
    for (const key of wanted) {
      const expected = keys.findIndex((present) => compareBytes(present, key) >= 0)
      const row = expected < 0 ? meta.rows : expected
      expect(readSync(reader.seek(key)), `seed ${seed}`).toBe(row)
      expect(await readAsync(reader.seek(key)), `seed ${seed}`).toBe(row)
    }
  })

  test('finds the newest version at or below a sequence number', async () => {
    const { keys, meta, batch } = file()
    const random = generator(seed + 3)
    const reader = openReader(file(), 1 << 22)
    const findModel = (key: KeyBytes, seq: number) => {
      const row = keys.findIndex((present, i) => compareBytes(present, key) === 0 && batch.seq[i]! <= seq)
      return row < 0 ? undefined : { row, deleted: batch.deleted?.[row] === 1 }
    }
    for (let i = 0; i < 600; i++) {
      const row = Math.floor(random() * keys.length)
      const around = batch.seq[row]! - 2 + Math.floor(random() * 4)
      const seq = [around, around, meta.maxSeq, meta.minSeq, meta.minSeq - 1, Number.MAX_SAFE_INTEGER][i % 6]!
      const absent = [
        new Date(Math.floor(random() * 42) * 86_400_000 - 10 ** 9),
        'ATL',
        Math.floor(random() * 450) - 225,
      ]
      const key = random() < 0.8 ? keys[row]! : encodeKey(schema, absent)
      const expected = findModel(key, seq)
      expect(readSync(reader.find(key, seq)), `seed ${seed}`).toEqual(expected)
      expect(await readAsync(reader.find(key, seq)), `seed ${seed}`).toEqual(expected)
    }
  })

  test('names the rows at which row groups begin', () => {
    const { meta } = file()
    const starts = [...readSync(openReader(file()).rowGroupFirstRow())]
    expect(starts[0]).toBe(0)
    expect(starts.at(-1)).toBe(meta.rows)
  })
})

test('one page that covers the rows is not copied', () => {
  const reader = openReader(files.get('one version per key')!)
  const a = readSync(reader.rows([8], 0, 5, both)).columns[0]!
  const b = readSync(reader.rows([8], 2, 7, both)).columns[0]!
  expect(a.values.buffer).toBe(b.values.buffer)
})

test('what was read once is read from the cache, until the file is closed', () => {
  const file = files.get('many versions, tombstones')!
  const cache = new PageCache(1 << 24)
  const reader = new SSTableReader(file.fs, 'table', file.meta, schema, cache)
  const first = countReads(reader.rows(all, 0, file.meta.rows, both))
  expect(first.bytes).toBeGreaterThan(0)
  const again = countReads(reader.rows(all, 0, file.meta.rows, both))
  expect(again.reads).toBe(0)
  expect(plainBatch(again.result)).toEqual(plainBatch(first.result))
  expect(cache.bytes).toBeGreaterThan(0)
  reader.close()
  expect(cache.bytes).toBe(0)
})

test('a lookup reads sequence numbers and tombstones only if it must', () => {
  const file = files.get('many versions, tombstones')!
  const key = file.keys[1_000]!
  const reads = (seq: number, meta: SSTableMeta) => {
    const reader = openReader({ ...file, meta }, 0)
    readSync(reader.seek(file.keys[0]))
    readSync(reader.rows([], 0, 0, both)) // sidecars are there
    return countReads(reader.find(key, seq)).reads
  }
  const { meta } = file
  const least = reads(meta.maxSeq, { ...meta, tombstones: 0 })
  expect(reads(meta.maxSeq, meta)).toBe(least + 1)
  expect(reads(meta.maxSeq - 1, { ...meta, tombstones: 0 })).toBeGreaterThan(least)
})

test('a cold lookup reads a few pages, not the file', () => {
  const file = files.get('one version per key')!
  const reader = openReader(file)
  readSync(reader.rows([], 0, 0, both))
  const { result, reads } = countReads(reader.find(file.keys[2_345]!, file.meta.maxSeq))
  expect(result).toEqual({ row: 2_345, deleted: false })
  expect(reads).toBeLessThan(10)
})

test('columns are matched by field id; one that the file lacks reads as null', () => {
  const file = files.get('one version per key')!
  const json = schema.toJSON()
  const columns = [...json.columns].reverse().map((column) => ({ ...column, name: `new ${column.name}` }))
  const added = { id: 99, name: 'added', kind: 'utf8', nullable: true } as const
  const newer = new Schema({ id: 2, columns: [added, ...columns], key: json.key.map((name) => `new ${name}`) })
  const reader = openReader(file, 1 << 20, newer)
  const batch = readSync(
    reader.rows(
      newer.columns.map((_, index) => index),
      100,
      3_000,
      both,
    ),
  )
  const expected = plainBatch(slice(file.batch, 100, 3_000)).columns.reverse()
  expect(plainBatch(batch).columns).toEqual([new Array(2_900).fill(null), ...expected])
  expect(readSync(reader.find(file.keys[77]!, file.meta.maxSeq))).toEqual({ row: 77, deleted: false })
})

test('nothing is opened before the first read', () => {
  const file = files.get('one version per key')!
  const reader = new SSTableReader(new MemoryFileSystem(), 'nowhere', file.meta, schema, new PageCache(0))
  expect(readSync(reader.seek(undefined))).toBe(0)
  expect(readSync(reader.find(new Uint8Array(0), 1))).toBeUndefined()
  expect(() => readSync(reader.rows([0], 0, 1, both))).toThrow()
  reader.close()
  reader.close()
})

/** The same SSTable with a file changed. */
async function damage(name: string, change: (bytes: Uint8Array) => Uint8Array): Promise<Written> {
  const file = await write({ ...shapes['many versions, tombstones']!, rows: 200 }, generator(seed))
  const path = `table/${name}`
  const handle = await file.fs.open(path, 'write')
  const bytes = new Uint8Array(await handle.size())
  await handle.read(bytes, 0)
  const changed = change(bytes)
  await handle.write(changed, 0)
  await handle.truncate(changed.length)
  await handle.close()
  return file
}

async function expectCorruption(file: Written, name: string): Promise<void> {
  const readers = [() => readAsync(openReader(file).rows(all, 0, file.meta.rows, both))]
  readers.push(async () => readSync(openReader(file).rows(all, 0, file.meta.rows, both)))
  for (const read of readers) {
    const error = await read().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(isMarquetryError(error, 'MARQUETRY_CORRUPTION')).toBe(true)
    expect((error as { file: string }).file).toBe(`table/${name}`)
  }
}

test.each(['data.parquet', 'index.sparse', 'checksums.crc'])('any flipped bit in %s is found', async (name) => {
  const random = generator(seed + 4)
  for (let i = 0; i < 25; i++) {
    const file = await damage(name, (bytes) => {
      // Of the data, the part that a reader looks at: the footer is for others.
      bytes[Math.floor(random() * (name === 'data.parquet' ? bytes.length / 2 : bytes.length))]! ^= 1 << (i % 8)
      return bytes
    })
    await expectCorruption(file, name)
  }
})

test.each(['data.parquet', 'index.sparse', 'checksums.crc'])(
  'a shortened or lengthened %s is found',
  async (name) => {
    await expectCorruption(await damage(name, (bytes) => bytes.subarray(0, bytes.length - 1)), name)
    await expectCorruption(await damage(name, () => new Uint8Array(0)), name)
    await expectCorruption(await damage(name, (bytes) => Uint8Array.of(...bytes, 0)), name)
  },
)
