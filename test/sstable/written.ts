// SSTables of random versions, written to a file system in memory, and what is in them.

import type { Batch } from '#src/format/batch.js'
import { t } from '#src/format/column.js'
import { type KeyBytes, vectorKey } from '#src/format/key-codec.js'
import { defineSchema, type Schema } from '#src/format/schema.js'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import { sliceVector } from '#src/format/vector.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { SSTableReader } from '#src/sstable/reader.js'
import { SSTableWriter } from '#src/sstable/writer.js'
import { compareBytes } from '#src/util/bytes.js'
import { batchOf, sortVersions, type Version } from './batches.js'

export const schema = defineSchema({
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
export const all = schema.columns.map((_, index) => index)
export const origins = ['', 'ATL', 'JFK', 'München', 'a\0b', 'ORD']

export interface Shape {
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

export interface Written {
  readonly fs: MemoryFileSystem
  readonly meta: SSTableMeta
  readonly batch: Batch
  readonly keys: readonly KeyBytes[]
}

export function slice(batch: Batch, from: number, to: number): Batch {
  return {
    rows: to - from,
    columns: batch.columns.map((vector) => sliceVector(vector, from, to)),
    seq: batch.seq.subarray(from, to),
    deleted: batch.deleted?.subarray(from, to),
  }
}

export async function write(shape: Shape, random: () => number): Promise<Written> {
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
    filter: { errorRate: 0.01 },
  })
  for (let from = 0; from < batch.rows; ) {
    let to = Math.min(from + shape.groupRows, batch.rows)
    while (to < batch.rows && compareBytes(keys[to - 1]!, keys[to]!) === 0) to++
    await writer.append(slice(batch, from, to))
    from = to
  }
  return { fs, meta: await writer.finish(0), batch, keys }
}

export const shapes: Record<string, Shape> = {
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

export function openReader({ fs, meta }: Written, cacheBytes = 1 << 20, as: Schema = schema): SSTableReader {
  return new SSTableReader(fs, 'table', meta, as, new PageCache(cacheBytes))
}

export const both = { seq: true, deleted: true }
