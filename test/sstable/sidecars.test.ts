// Sidecars that are missing or damaged: never a wrong answer, rebuilt from whole data, written anew where that may be.

import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import { encodeKey, type KeyBytes } from '#src/format/key-codec.js'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { type FileSystem, readWhole, writeWhole } from '#src/fs/file-system.js'
import { readAsync, readSync } from '#src/fs/reading.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { SSTableReader } from '#src/sstable/reader.js'
import { newSidecarStats, plainHost, RepairQueue } from '#src/sstable/reader-host.js'
import { decodeSidecar, encodeSidecar, type SidecarName, sidecarKinds } from '#src/sstable/sidecar.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { plainValues } from './pages.js'
import { all, both, schema, shapes, type Written, write } from './written.js'

const paths: Record<SidecarName, string> = {
  filter: 'table/filter.bloom',
  index: 'table/index.sparse',
  checksums: 'table/checksums.crc',
}
const names = ['filter', 'index', 'checksums'] as const
const newest = Number.MAX_SAFE_INTEGER
const shape = { ...shapes['many versions, tombstones']!, rows: 400, versionsMax: 3, groupRows: 150 }

/** A reader whose repairs can be waited for. */
function repairingReader(file: Written, fs: FileSystem = file.fs, options: { mayWrite?: boolean } = {}) {
  const reports: unknown[] = []
  const repairs = new RepairQueue((error) => reports.push(error))
  const sidecars = newSidecarStats()
  const host = {
    ...plainHost(),
    sidecars,
    repairs,
    mayWrite: () => options.mayWrite !== false,
    sparseIndexInterval: shape.interval,
    filter: { errorRate: 0.01 },
  }
  const cache = new PageCache(1 << 20)
  const reader = new SSTableReader(fs, 'table', file.meta, schema, cache, host)
  return { reader, repairs, sidecars, reports, cache }
}

const firstRowOf = ({ keys }: Written, key: KeyBytes) =>
  keys.findIndex((other) => Buffer.compare(other, key) === 0)

function expectAllRows(file: Written, reader: SSTableReader, what = ''): void {
  const rows = readSync(reader.rows(all, 0, file.meta.rows, both))
  expect(rows.columns.map(plainValues), what).toEqual(file.batch.columns.map(plainValues))
  expect(rows.seq, what).toEqual(file.batch.seq)
  for (let row = 0; row < file.keys.length; row += 7) {
    const key = file.keys[row]!
    expect(readSync(reader.find(key, newest))?.row, what).toBe(firstRowOf(file, key))
    const absent = encodeKey(schema, [new Date(row * 1e7), 'ATL', 1000 + row])
    expect(readSync(reader.find(absent, newest)), what).toBeUndefined()
  }
}

async function replace(file: Written, name: SidecarName, bytes: Uint8Array | undefined): Promise<void> {
  await file.fs.remove(paths[name])
  if (bytes !== undefined) await writeWhole(file.fs, paths[name], bytes)
}

const damages: Record<string, (bytes: Uint8Array) => Uint8Array | undefined> = {
  missing: () => undefined,
  empty: () => new Uint8Array(0),
  'cut off': (bytes) => bytes.subarray(0, -1),
  'too long': (bytes) => Uint8Array.of(...bytes, 0),
  'full of zeros': (bytes) => new Uint8Array(bytes.length),
  'of other data': (bytes) => withBytes(bytes, (copy) => copy.fill(7, 12, 44)),
  'of another kind': (bytes) => withBytes(bytes, (copy) => copy.fill(9, 6, 7)),
}

/** A sidecar changed, its closing CRC right again. */
function withBytes(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice()
  change(copy)
  const end = copy.length - 4
  new DataView(copy.buffer).setUint32(end, crc32(copy.subarray(0, end)), true)
  return copy
}

describe.each(names)('a bad %s', (name) => {
  test.each(Object.keys(damages))('that is %s is rebuilt, byte for byte, and counted', async (damage) => {
    const file = await write(shape, seededRandom(seed))
    const good = await readWhole(file.fs, paths[name])
    await replace(file, name, damages[damage]!(good))
    const { reader, repairs, sidecars, reports } = repairingReader(file)
    expectAllRows(file, reader, `seed ${seed}`)
    await repairs.idle()
    expect(await readWhole(file.fs, paths[name])).toEqual(good)
    const fault = damage === 'missing' ? 'missing' : 'damaged'
    expect(sidecars[name]).toEqual({ damaged: 0, missing: 0, newer: 0, [fault]: 1, rebuilt: 1, written: 1 })
    for (const other of names)
      if (other !== name) expect(Object.values(sidecars[other])).toEqual([0, 0, 0, 0, 0])
    expect(reports).toEqual([])
    expectAllRows(file, reader)
    expect(reader.filterStats.state).toBe('ready')
    reader.close()
    const again = repairingReader(file)
    expectAllRows(file, again.reader)
    await again.repairs.idle()
    expect(again.sidecars).toEqual(newSidecarStats())
    expect((await file.fs.list('table')).length).toBe(4)
  })

  test('is durable once it is written, and a torn repair leaves a file that is repaired again', async () => {
    const file = await write(shape, seededRandom(seed))
    const good = await readWhole(file.fs, paths[name])
    await file.fs.syncDirectory('')
    await replace(file, name, good.subarray(0, -5))
    await file.fs.syncDirectory('table')
    await writeWhole(file.fs, `${paths[name]}.tmp`, Uint8Array.of(1, 2, 3))
    const { reader, repairs } = repairingReader(file)
    expectAllRows(file, reader)
    await repairs.idle()
    const after = file.fs.crash({ unsynced: 'lost' })
    expect(await readWhole(after, paths[name])).toEqual(good)
  })

  test('is rebuilt in memory only where nothing may be written', async () => {
    const file = await write(shape, seededRandom(seed))
    const bad = (await readWhole(file.fs, paths[name])).subarray(0, -1)
    await replace(file, name, bad)
    const fs = new FaultyFileSystem(file.fs)
    const { reader, repairs, sidecars } = repairingReader(file, fs, { mayWrite: false })
    expectAllRows(file, reader)
    await repairs.idle()
    expectAllRows(file, reader)
    expect(reader.filterStats.state).toBe('ready')
    expect(sidecars[name]).toMatchObject({ damaged: 1, rebuilt: 1, written: 0 })
    expect(fs.log.filter((operation) => !/^(open|size|read|close) /.test(operation))).toEqual([])
  })

  test('that cannot be written anew is no error', async () => {
    for (const operation of ['create', 'write', 'sync', 'rename', 'syncDirectory'] as const) {
      const file = await write(shape, seededRandom(seed))
      await replace(file, name, undefined)
      const fs = new FaultyFileSystem(file.fs)
      fs.failAt({ operation, nth: 1, code: 'ENOSPC' })
      const { reader, repairs, sidecars, reports } = repairingReader(file, fs)
      expectAllRows(file, reader, operation)
      await repairs.idle()
      expectAllRows(file, reader, operation)
      expect(sidecars[name], operation).toMatchObject({ rebuilt: 1, written: 0 })
      expect(reports).toEqual([])
    }
  })

  test('of a newer format is passed over and kept', async () => {
    const file = await write(shape, seededRandom(seed))
    const newer = withBytes(await readWhole(file.fs, paths[name]), (copy) => copy.fill(2, 4, 5))
    await replace(file, name, newer)
    const { reader, repairs, sidecars } = repairingReader(file)
    expectAllRows(file, reader)
    await repairs.idle()
    expectAllRows(file, reader)
    expect(sidecars[name]).toEqual({ damaged: 0, missing: 0, newer: 1, rebuilt: 1, written: 0 })
    expect(await readWhole(file.fs, paths[name])).toEqual(newer)
  })

  test('does not hide that the data is damaged', async () => {
    const file = await write(shape, seededRandom(seed))
    await replace(file, name, undefined)
    const data = await file.fs.open('table/data.parquet', 'write')
    await data.write(Uint8Array.of(0xff, 0xfe, 0xfd), 100)
    await data.close()
    const { reader, repairs, sidecars } = repairingReader(file)
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => readSync(reader.rows(all, 0, file.meta.rows, both))).toThrow('data.parquet')
      const error = await readAsync(reader.rows(all, 0, file.meta.rows, both)).catch(
        (reason: unknown) => reason,
      )
      expect(isMarquetryError(error, 'MARQUETRY_CORRUPTION')).toBe(true)
      expect((error as { offset?: number }).offset).toBe(name === 'checksums' ? undefined : 0)
    }
    await repairs.idle()
    expect(sidecars[name].rebuilt).toBe(0)
  })

  test('is rebuilt once when many ask at the same time', async () => {
    const file = await write(shape, seededRandom(seed))
    await replace(file, name, undefined)
    const fs = new FaultyFileSystem(file.fs)
    const { reader, repairs, sidecars } = repairingReader(file, fs)
    const found = await Promise.all(file.keys.map((key) => readAsync(reader.find(key, newest))))
    expect(found.map((version) => version?.row)).toEqual(file.keys.map((key) => firstRowOf(file, key)))
    await repairs.idle()
    expect(sidecars[name]).toMatchObject({ missing: 1, rebuilt: 1, written: 1 })
    for (const path of Object.values(paths)) {
      expect(fs.log.filter((operation) => operation === `open ${path}`).length, path).toBe(1)
    }
  })
})

test('one that was rebuilt and had to make room is read from its new file, or rebuilt again, filters only once', async () => {
  for (const mayWrite of [true, false]) {
    const file = await write(shape, seededRandom(seed))
    for (const name of names) await replace(file, name, undefined)
    const { reader, repairs, sidecars, cache } = repairingReader(file, file.fs, { mayWrite })
    for (let round = 0; round < 3; round++) {
      expectAllRows(file, reader)
      await repairs.idle()
      expectAllRows(file, reader)
      expect(reader.filterStats.state, `round ${round}`).toBe(mayWrite || round === 0 ? 'ready' : 'none')
      cache.sidecars.release(cache.sidecars.hold('something large', 5 << 20))
    }
    for (const name of names) expect(sidecars[name]).toMatchObject({ missing: 1, rebuilt: 1 })
  }
})

test('all of them can be missing at once', async () => {
  const file = await write(shape, seededRandom(seed))
  const good = await Promise.all(names.map((name) => readWhole(file.fs, paths[name])))
  for (const name of names) await replace(file, name, undefined)
  const { reader, repairs } = repairingReader(file)
  expectAllRows(file, reader)
  await repairs.idle()
  expect(await Promise.all(names.map((name) => readWhole(file.fs, paths[name])))).toEqual(good)
})

test('a table without filters misses none, and does not rebuild a damaged one', async () => {
  for (const damage of [() => undefined, () => new Uint8Array(3)]) {
    const file = await write(shape, seededRandom(seed))
    await replace(file, 'filter', damage())
    const { repairs, sidecars } = repairingReader(file)
    const host = { ...plainHost(), repairs, sidecars, mayWrite: () => true }
    const reader = new SSTableReader(file.fs, 'table', file.meta, schema, new PageCache(1 << 20), host)
    expectAllRows(file, reader)
    await repairs.idle()
    expect(sidecars.filter).toMatchObject({ missing: 0, rebuilt: 0, written: 0 })
  }
})

test('a filter that is being rebuilt does not keep its file from being closed', async () => {
  const file = await write(shape, seededRandom(seed))
  await replace(file, 'filter', undefined)
  for (const closing of ['reader', 'queue']) {
    const { reader, repairs, sidecars, reports } = repairingReader(file)
    expect(readSync(reader.find(file.keys[5]!, newest))).toBeDefined()
    if (closing === 'reader') reader.close()
    await repairs.close()
    reader.close()
    expect(sidecars.filter).toMatchObject({ missing: 1, rebuilt: 0, written: 0 })
    expect(reports).toEqual([])
  }
})

test('an index that was written wrong is found and rebuilt, whatever its CRC says', async () => {
  const file = await write({ ...shape, rows: 60 }, seededRandom(seed))
  const good = await readWhole(file.fs, paths.index)
  const body = decodeSidecar(paths.index, sidecarKinds.index, file.meta.digest, good)
  const random = seededRandom(seed + 1)
  let found = 0
  for (let i = 0; i < 600; i++) {
    const wrong = body.slice()
    const words = new Uint32Array(wrong.buffer, 0, wrong.length >> 2)
    // Half of them in the header and the columns, where a wrong count misplaces all that follows.
    const at = Math.floor(random() * (i % 2 === 0 ? 24 : words.length))
    words[at] = [0, 1, 0xffff_ffff, 0x8000_0000, words[at]! + 1, Math.floor(random() * 2 ** 32)][i % 6]!
    await replace(file, 'index', encodeSidecar(sidecarKinds.index, file.meta.digest, wrong))
    const { reader, sidecars } = repairingReader(file, file.fs, { mayWrite: false })
    try {
      const rows = readSync(reader.rows([0], 0, file.meta.rows, both))
      expect(rows.rows).toBe(file.meta.rows)
    } catch (error) {
      // What is only found by decoding (a wrong type, a place of another page) is corruption, never a stray exception.
      expect(error, `word ${at}, seed ${seed}`).toMatchObject({ name: 'MarquetryError' })
    }
    found += sidecars.index.rebuilt
  }
  expect(found).toBeGreaterThan(200)
})
