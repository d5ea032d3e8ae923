import { describe, expect, test } from 'vitest'
import { MarquetryError } from '#src/errors.js'
import { t } from '#src/format/column.js'
import { encodeKey } from '#src/format/key-codec.js'
import { estimateKeys, type KeySample } from '#src/format/key-sample.js'
import { defineSchema } from '#src/format/schema.js'
import { fixedVector } from '#src/format/vector.js'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { blockBytes, decodeChecksums, verifyBlocks } from '#src/sstable/checksums.js'
import { encodeRowGroup } from '#src/sstable/encode-row-group.js'
import { decodeSidecar, sidecarKinds } from '#src/sstable/sidecar.js'
import { SparseIndex } from '#src/sstable/sparse-index.js'
import { deletedFieldId, seqFieldId, sstableColumns } from '#src/sstable/stored-columns.js'
import { type SSTableOptions, SSTableWriter } from '#src/sstable/writer.js'
import { batchOf, type Version } from './batches.js'

const options: SSTableOptions = {
  compression: 'snappy',
  pageBytes: 8192,
  sparseIndexInterval: 16,
  hasTombstones: true,
  table: 'events',
  engineVersion: '0.1.0',
  filter: { errorRate: 0.01 },
}
const schema = defineSchema({
  columns: { name: t.utf8(), at: t.int32(), note: t.utf8().nullable(), size: t.float64() },
  key: ['name', 'at'],
})

function version(at: number, seq: number, deleted = false): Version {
  return { row: { name: 'n', at, note: at % 3 === 0 ? null : `note ${at}`, size: at / 7 }, seq, deleted }
}

/** Versions of keys `from` to `to`, one each. */
function range(from: number, to: number): Version[] {
  return Array.from({ length: to - from }, (_, i) => version(from + i, 1000 + from + i))
}

async function memory(): Promise<MemoryFileSystem> {
  const fs = new MemoryFileSystem()
  await fs.makeDirectory('/tmp')
  await fs.syncDirectory('/')
  return fs
}

async function writeGroups(fs: MemoryFileSystem | FaultyFileSystem, groups: readonly Version[][], change = {}) {
  const writer = await SSTableWriter.create(fs, '/tmp/t', schema, { ...options, ...change })
  for (const group of groups) await writer.append(batchOf(schema, group))
  return writer
}

describe('SSTable writer', () => {
  test('metadata counts keys, versions and tombstones and holds exact bounds', async () => {
    const groups = [
      [version(-5, 9), version(1, 30), version(1, 20, true), version(1, 7)],
      [version(2, 8, true), version(3, 2), version(4, 0)],
    ]
    const fs = await memory()
    const meta = await (await writeGroups(fs, groups)).finish(1_234)
    expect(meta).toMatchObject({ number: 0, schemaId: 1, rows: 7, keys: 5, tombstones: 2, createdMs: 1_234 })
    expect(meta).toMatchObject({ minSeq: 0, maxSeq: 30 })
    expect(meta.minKey).toEqual(encodeKey(schema, ['n', -5]))
    expect(meta.maxKey).toEqual(encodeKey(schema, ['n', 4]))
    expect(meta.bytes).toBe((await fs.stat('/tmp/t/data.parquet'))?.bytes)
    expect(meta.rowGroupBytesMax).toBeGreaterThan(4 * (4 + 8 + 8))
    expect(meta.rowGroupBytesMax).toBeLessThan(1000)
  })

  test('the key sample is one of the distinct keys, with filters or without', async () => {
    const samples: KeySample[] = []
    for (const filter of [undefined, { errorRate: 0.01 }]) {
      for (const [from, to] of [
        [0, 100],
        [0, 20_000],
        [10_000, 30_000],
      ] as const) {
        const versions = range(from, to).flatMap((newer) => [{ ...newer, seq: newer.seq + 50_000 }, newer])
        const { keySample } = await (await writeGroups(await memory(), [versions], { filter })).finish(0)
        samples.push(keySample!)
      }
    }
    expect(samples.slice(0, 3)).toEqual(samples.slice(3))
    const [small, low, high] = samples
    expect(estimateKeys([small!])).toBe(100) // exact: the sample is the whole set
    expect(Math.abs(estimateKeys([low!]) / 20_000 - 1)).toBeLessThan(0.3)
    expect(Math.abs(estimateKeys([low!, high!]) / 30_000 - 1)).toBeLessThan(0.3)
  })

  test('checksums cover the file and carry the digest', async () => {
    const fs = await memory()
    const meta = await (await writeGroups(fs, [range(0, 3000), range(3000, 5000)])).finish(0)
    const data = await readWhole(fs, '/tmp/t/data.parquet')
    const sidecar = await readWhole(fs, '/tmp/t/checksums.crc')
    const crcs = decodeChecksums('c', meta.digest, meta.bytes, sidecar)
    expect(data.length).toBeGreaterThan(3 * blockBytes)
    verifyBlocks('d', crcs, meta.bytes, 0, data)
  })

  test('the sparse index has every n-th key through all row groups, and the right place of every page', async () => {
    const fs = await memory()
    const meta = await (await writeGroups(fs, [range(0, 1001), range(1001, 1003), range(1003, 5000)])).finish(0)
    const sidecar = await readWhole(fs, '/tmp/t/index.sparse')
    const index = new SparseIndex(decodeSidecar('i', sidecarKinds.index, meta.digest, sidecar))
    expect([...index.rowGroupFirstRow]).toEqual([0, 1001, 1003, 5000])
    expect(index.entries).toBe(Math.ceil(5000 / 16))
    for (let i = 0; i < index.entries; i++) expect(index.key(i)).toEqual(encodeKey(schema, ['n', 16 * i]))
    expect([...index.fieldIds]).toEqual([1, 2, 3, 4, seqFieldId, deletedFieldId])
    expect([...index.physicalTypes]).toEqual([6, 1, 6, 5, 2, 0])
    expect([...index.optional]).toEqual([0, 0, 1, 1, 0, 0])
    // Pages of a chunk lie one behind the other, dictionary first; chunks fill the file from byte 4 on.
    let at = 4
    for (let chunk = 0; chunk < 3 * 6; chunk++) {
      const dictionary = index.chunkDictionary[chunk]!
      if (dictionary > 0) {
        expect(dictionary).toBe(at)
        at += index.chunkDictionaryBytes[chunk]!
      }
      for (let page = index.chunkPages[chunk]!; page < index.chunkPages[chunk + 1]!; page++) {
        expect(index.pageOffset[page]).toBe(at)
        at += index.pageBytes[page]!
      }
    }
    expect(at).toBeLessThan(meta.bytes)
  })

  test('a crash after finish loses nothing but the folder in its parent', async () => {
    const fs = await memory()
    await (await writeGroups(fs, [range(0, 100)])).finish(0)
    await fs.syncDirectory('/tmp') // the main thread's part, with the rename
    const left = fs.crash()
    for (const name of ['data.parquet', 'index.sparse', 'checksums.crc', 'filter.bloom']) {
      expect(await readWhole(left, `/tmp/t/${name}`), name).toEqual(await readWhole(fs, `/tmp/t/${name}`))
    }
  })

  test('a file that does not read back as written is refused before it has sidecars', async () => {
    for (const at of [4, 5000]) {
      const fs = await memory()
      const writer = await writeGroups(fs, [range(0, 3000)])
      const file = await fs.open('/tmp/t/data.parquet', 'write')
      const byte = new Uint8Array(1)
      await file.read(byte, at)
      await file.write(Uint8Array.of(byte[0]! ^ 1), at)
      await expect(writer.finish(0)).rejects.toMatchObject({
        code: 'MARQUETRY_CORRUPTION',
        file: '/tmp/t/data.parquet',
        offset: Math.floor(at / blockBytes) * blockBytes,
      })
      expect(await fs.stat('/tmp/t/checksums.crc')).toBeUndefined()
      await writer.abort()
      expect(await fs.stat('/tmp/t')).toBeUndefined()
    }
  })

  test('a file that has grown meanwhile is refused', async () => {
    const fs = await memory()
    const writer = await writeGroups(fs, [range(0, 10)])
    const file = await fs.open('/tmp/t/data.parquet', 'write')
    await file.write(Uint8Array.of(1), 100_000)
    await expect(writer.finish(0)).rejects.toMatchObject({ code: 'MARQUETRY_CORRUPTION' })
  })

  test('whichever operation fails, the job fails with it and can be cleaned up', async () => {
    const clean = new FaultyFileSystem(await memory())
    await (await writeGroups(clean, [range(0, 50), range(50, 90)])).finish(0)
    const operations = clean.log.length
    expect(operations).toBeGreaterThan(15)
    for (let nth = 1; nth <= operations; nth++) {
      const fs = new FaultyFileSystem(await memory())
      const fault = fs.failAt({ nth, code: 'ENOSPC', partial: true })
      let writer: SSTableWriter | undefined
      const job = async () => {
        writer = await SSTableWriter.create(fs, '/tmp/t', schema, options)
        await writer.append(batchOf(schema, range(0, 50)))
        await writer.append(batchOf(schema, range(50, 90)))
        await writer.finish(0)
      }
      const error = await job().then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(fault.failed).toBe(1)
      expect(error, `${clean.log[nth - 1]}`).toBeInstanceOf(MarquetryError)
      await writer?.abort()
      if (writer !== undefined) expect(await fs.stat('/tmp/t')).toBeUndefined()
    }
  })

  test('rows out of order are a bug of the caller, within a row group and at its border', async () => {
    const cases: readonly (readonly Version[][])[] = [
      [[version(2, 1), version(1, 2)]],
      [[version(1, 5), version(1, 6)]],
      [[version(1, 5), version(1, 5)]],
      [[version(1, 5)], [version(0, 6)]],
      [[version(1, 5)], [version(1, 4)]], // in order, but a key's versions in two row groups
    ]
    for (const groups of cases) {
      await expect(writeGroups(await memory(), groups as Version[][])).rejects.toThrow('please report this bug')
    }
  })

  test('tombstones, nulls and columns that were not announced are a bug of the caller', async () => {
    const tombstone = [[version(1, 5, true)]]
    await expect(writeGroups(await memory(), tombstone, { hasTombstones: false })).rejects.toThrow('announced')
    const writer = await writeGroups(await memory(), [], { hasTombstones: false })
    const batch = batchOf(schema, [version(1, 5)])
    const empty = { ...version(1, 5), row: { ...version(1, 5).row, size: null } }
    await expect(writer.append(batchOf(schema, [empty]))).rejects.toThrow('not nullable')
    await expect(writer.append({ ...batch, columns: batch.columns.slice(1) })).rejects.toThrow('all columns')
    const none = { rows: 0, columns: batch.columns, seq: new Float64Array(0), deleted: undefined }
    await expect(writer.append(none)).rejects.toThrow('has rows')
    await expect((await writeGroups(await memory(), [])).finish(0)).rejects.toThrow('has rows')
  })

  test('settings on which the encoder would trap are refused before it', () => {
    const columns = sstableColumns(defineSchema({ columns: { a: t.int32() }, key: ['a'] }), false).slice(0, 1)
    const vectors = [fixedVector('int32', Int32Array.of(1))]
    const encode = (change: object) =>
      encodeRowGroup(columns, vectors, 1, { compression: 'snappy', pageBytes: 8192, ...change })
    expect(() => encode({ pageBytes: 0 })).toThrow('pages are not tiny')
    expect(() => encode({ compression: 'lzo' })).toThrow('compression')
    expect(encode({}).length).toBeGreaterThan(100)
  })
})
