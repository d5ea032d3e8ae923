import { describe, expect, test } from 'vitest'
import { encodeKey, type KeyBytes, vectorKey } from '#src/format/key-codec.js'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { type FileSystem, readWhole, writeWhole } from '#src/fs/file-system.js'
import { readAsync, readSync } from '#src/fs/reading.js'
import { filterVersion } from '#src/sstable/filter.js'
import { hashKey } from '#src/sstable/key-hash.js'
import type { FilterStats } from '#src/sstable/lookup-filter.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { SSTableReader } from '#src/sstable/reader.js'
import { decodeSidecar, encodeSidecar, sidecarKinds } from '#src/sstable/sidecar.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { openReader, schema, shapes, type Written, write } from './written.js'

const path = 'table/filter.bloom'
const newest = Number.MAX_SAFE_INTEGER

async function small(): Promise<Written> {
  return await write({ ...shapes['many versions, tombstones']!, rows: 200, versionsMax: 3 }, seededRandom(seed))
}

/** A key between the keys of the file, which does not have it. */
function absentKeys({ keys }: Written, count: number): KeyBytes[] {
  const known = new Set(keys.map((key) => Buffer.from(key).toString('hex')))
  const absent: KeyBytes[] = []
  for (let i = 0; absent.length < count; i++) {
    const key = encodeKey(schema, [new Date((i % 40) * 86_400_000 - 10 ** 9), 'ATL', i])
    if (!known.has(Buffer.from(key).toString('hex'))) absent.push(key)
  }
  return absent.filter((key) => Buffer.compare(key, keys[0]!) > 0 && Buffer.compare(key, keys.at(-1)!) < 0)
}

const firstRowOf = ({ keys }: Written, key: KeyBytes) =>
  keys.findIndex((other) => Buffer.compare(other, key) === 0)

/** Looks keys up, some that are in the file and some that are not, and checks each answer. */
function expectRightAnswers(
  file: Written,
  reader: SSTableReader,
  keys = file.keys,
  absent = absentKeys(file, 60),
): void {
  for (const key of keys) {
    expect(readSync(reader.find(key, newest))?.row, `seed ${seed}`).toBe(firstRowOf(file, key))
  }
  for (const key of absent) expect(readSync(reader.find(key, newest)), `seed ${seed}`).toBeUndefined()
}

function readerOver(file: Written, fs: FileSystem): SSTableReader {
  return new SSTableReader(fs, 'table', file.meta, schema, new PageCache(1 << 20))
}

async function replace({ fs }: Written, change: (bytes: Uint8Array) => Uint8Array | undefined): Promise<void> {
  const changed = change(await readWhole(fs, path))
  await fs.remove(path)
  if (changed !== undefined) await writeWhole(fs, path, changed)
}

describe('lookups', () => {
  test('of keys that the file does not have end at the filter, but for few', async () => {
    const file = await write(shapes['one version per key']!, seededRandom(seed))
    const reader = openReader(file)
    const absent = absentKeys(file, 3000)
    expectRightAnswers(file, reader, file.keys.slice(0, 500), absent)
    const { falsePositives, negatives, ...others } = reader.filterStats
    expect(others).toEqual({ state: 'ready', hits: 500, bypassed: 0 })
    expect(falsePositives + negatives).toBe(absent.length)
    expect(falsePositives, `seed ${seed}`).toBeLessThan(0.03 * absent.length)
  })

  test('that the filter ends read nothing else, and the filter once', async () => {
    const file = await small()
    const fs = new FaultyFileSystem(file.fs)
    const reader = readerOver(file, fs)
    const mayHold = (key: KeyBytes) => {
      const before = reader.filterStats.negatives
      expect(readSync(reader.find(key, newest))).toBeUndefined()
      return reader.filterStats.negatives === before
    }
    const [first, ...others] = absentKeys(file, 60)
    if (!mayHold(first!)) expect(fs.log.filter((operation) => !operation.includes('filter.bloom'))).toEqual([])
    const passed = others.filter(mayHold)
    expect(passed.length, `seed ${seed}`).toBeLessThan(10)
    expect(fs.log.filter((operation) => operation === `open ${path}`)).toHaveLength(1)
  })

  test('take a hash that was computed before', async () => {
    const file = await small()
    const reader = openReader(file)
    for (const key of file.keys) {
      const { row } = (await readAsync(reader.find(key, newest, hashKey(key))))!
      expect(row).toBe(firstRowOf(file, key))
    }
    // The hash of another key, and one that is in: the filter lets it pass, but the key decides.
    const [absent] = absentKeys(file, 60)
    expect(readSync(reader.find(absent!, newest, hashKey(file.keys[0]!)))).toBeUndefined()
    expect(reader.filterStats).toMatchObject({ hits: file.keys.length, falsePositives: 1, negatives: 0 })
  })

  test('of a key with no version that old are hits', async () => {
    const file = await small()
    const reader = openReader(file)
    const { minSeq } = file.meta
    const oldest = file.keys[file.batch.seq.indexOf(minSeq)]!
    const younger = file.keys.find((key) => Buffer.compare(key, oldest) !== 0)!
    expect(readSync(reader.find(younger, minSeq))).toBeUndefined()
    expect(reader.filterStats).toMatchObject({ hits: 1, falsePositives: 0, negatives: 0 })
  })

  test('of a small file go without, and look for no file', async () => {
    const file = await write({ ...shapes['one version per key']!, rows: 40 }, seededRandom(seed))
    expect(await file.fs.stat(path)).toBeUndefined()
    const fs = new FaultyFileSystem(file.fs)
    const reader = readerOver(file, fs)
    expectRightAnswers(file, reader)
    expect(fs.log.filter((operation) => operation.includes('filter'))).toEqual([])
    expect(reader.filterStats).toMatchObject({ state: 'none', negatives: 0, hits: 0, falsePositives: 0 })
    expect(reader.filterStats.bypassed).toBeGreaterThanOrEqual(40)
  })
})

describe('without its filter a file is slower, and never wrong', () => {
  /** Answers are right, and no lookup asked a filter. */
  function expectBypassed(file: Written, state: FilterStats['state'], keys = file.keys): void {
    const absent = absentKeys(file, 60)
    const reader = openReader(file)
    expectRightAnswers(file, reader, keys, absent)
    const bypassed = keys.length + absent.length
    expect(reader.filterStats).toEqual({ state, negatives: 0, hits: 0, falsePositives: 0, bypassed })
  }

  test('when the filter is missing', async () => {
    const file = await small()
    await replace(file, () => undefined)
    expectBypassed(file, 'none')
  })

  test('when any byte of it is another', async () => {
    const file = await small()
    const random = seededRandom(seed + 1)
    const { length } = await readWhole(file.fs, path)
    const handle = await file.fs.open(path, 'write')
    for (let at = 0; at < length; at++) {
      const byte = new Uint8Array(1)
      await handle.read(byte, at)
      await handle.write(Uint8Array.of(byte[0]! ^ (1 + Math.floor(random() * 255))), at)
      const row = Math.floor(random() * (file.keys.length - 3))
      expectBypassed(file, 'damaged', file.keys.slice(row, row + 3))
      await handle.write(byte, at)
    }
    await handle.close()
    const reader = openReader(file)
    expectRightAnswers(file, reader)
    expect(reader.filterStats.state).toBe('ready')
  })

  test('when it is shorter, longer, empty, of other data, of another kind, or no filter inside', async () => {
    const digest = (file: Written) => file.meta.digest
    const changes: ((bytes: Uint8Array, file: Written) => Uint8Array)[] = [
      (bytes) => bytes.subarray(0, bytes.length - 1),
      (bytes) => Uint8Array.of(...bytes, 0),
      () => new Uint8Array(0),
      (bytes, file) => {
        const body = decodeSidecar(path, sidecarKinds.filter, digest(file), bytes)
        return encodeSidecar(sidecarKinds.filter, '00'.repeat(32), body)
      },
      (bytes, file) => {
        const body = decodeSidecar(path, sidecarKinds.filter, digest(file), bytes)
        return encodeSidecar(sidecarKinds.index, digest(file), body)
      },
      (_bytes, file) => encodeSidecar(sidecarKinds.filter, digest(file), new Uint8Array(3)),
      (bytes, file) => {
        const body = decodeSidecar(path, sidecarKinds.filter, digest(file), bytes).slice()
        body[0] = filterVersion + 1
        return encodeSidecar(sidecarKinds.filter, digest(file), body)
      },
    ]
    for (const change of changes) {
      const file = await small()
      await replace(file, (bytes) => change(bytes, file))
      expectBypassed(file, 'damaged')
    }
  })

  test('when it cannot be read, and has it again when it can', async () => {
    const file = await small()
    for (const operation of ['open', 'size', 'read'] as const) {
      const fs = new FaultyFileSystem(file.fs)
      fs.failAt({ operation, path: /filter/, nth: 1, code: 'EIO', forever: true })
      const reader = readerOver(file, fs)
      expectRightAnswers(file, reader)
      expect(reader.filterStats).toMatchObject({ state: 'unread', hits: 0, negatives: 0 })
      fs.heal()
      expectRightAnswers(file, reader)
      expect(reader.filterStats).toMatchObject({ state: 'ready', hits: file.keys.length })
    }
  })

  test('also asynchronously, when many ask at once', async () => {
    const file = await small()
    for (const damage of [false, true]) {
      if (damage) await replace(file, (bytes) => bytes.fill(1, 60, 70))
      const reader = openReader(file)
      const found = await Promise.all(file.keys.map((key) => readAsync(reader.find(key, newest))))
      expect(found.map((version) => version?.row)).toEqual(file.keys.map((key) => firstRowOf(file, key)))
      const { hits, bypassed, state } = reader.filterStats
      expect(state).toBe(damage ? 'damaged' : 'ready')
      expect(damage ? bypassed : hits).toBe(file.keys.length)
    }
  })
})

test('the filter holds the keys of all row groups, also those of tombstones', async () => {
  const file = await write(shapes['versions, every row in the index']!, seededRandom(seed))
  const columns = schema.key.map((index) => file.batch.columns[index]!)
  const reader = openReader(file)
  for (let row = 0; row < file.batch.rows; row++) {
    const found = readSync(reader.find(vectorKey(schema, columns, row), newest))
    expect(found, `seed ${seed}`).toBeDefined()
  }
  expect(reader.filterStats).toMatchObject({ hits: file.batch.rows, negatives: 0, bypassed: 0 })
})
