import { describe, expect, test } from 'vitest'
import { fixedVector } from '#src/format/vector.js'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { readAsync, readSync } from '#src/fs/reading.js'
import { type Held, HeldRing } from '#src/sstable/held.js'
import { type OpenFile, OpenFiles } from '#src/sstable/open-files.js'
import { PageCache } from '#src/sstable/page-cache.js'
import { SSTableReader } from '#src/sstable/reader.js'
import { newSidecarStats, plainHost } from '#src/sstable/reader-host.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { all, both, schema, shapes, write } from './written.js'

describe('held values', () => {
  test('are bounded in bytes; one alone may be larger', () => {
    const ring = new HeldRing(100)
    const held = Array.from({ length: 5 }, (_, i) => ring.hold(`value ${i}`, 30))
    expect(ring.bytes).toBe(90)
    expect(held.map(({ value }) => value)).toEqual([undefined, undefined, 'value 2', 'value 3', 'value 4'])
    const large = ring.hold('large', 500)
    expect(ring.bytes).toBe(500)
    expect([...held, large].map(({ value }) => value)).toEqual([...new Array(5).fill(undefined), 'large'])
    ring.hold('small', 1)
    expect(large.value).toBeUndefined()
    expect(ring.bytes).toBe(1)
  })

  test('that were used since the last search for room are spared', () => {
    const ring = new HeldRing(100)
    const held = [0, 1, 2].map((i) => ring.hold(i, 30))
    held[0]!.used = true
    ring.hold(3, 30)
    expect(held.map(({ value }) => value)).toEqual([0, undefined, 2])
    ring.hold(4, 30) // the use counted once
    expect(held.map(({ value }) => value)).toEqual([0, undefined, undefined])
  })

  test('can be released, in any order, and twice', () => {
    const random = seededRandom(seed)
    const ring = new HeldRing(1000)
    const kept: Held<number>[] = []
    for (let i = 0; i < 3000; i++) {
      if (random() < 0.6) kept.push(ring.hold(i, Math.floor(random() * 100)))
      else {
        const held = kept[Math.floor(random() * kept.length)]
        if (random() < 0.5) ring.release(held)
        else if (held !== undefined) held.used = true
      }
      const bytes = kept.reduce((sum, held) => sum + (held.value === undefined ? 0 : held.bytes), 0)
      expect(ring.bytes, `seed ${seed}`).toBe(bytes)
      expect(bytes).toBeLessThanOrEqual(1000)
    }
  })

  test('come before pages in the cache of a database, which keep a quarter', () => {
    const cache = new PageCache(40 << 20)
    const page = fixedVector('uint8', new Uint8Array((1 << 20) - 400))
    const [a, b] = [cache.newFile(), cache.newFile()]
    for (let i = 0; i < 60; i++) cache.set(a, i, page)
    expect(cache.bytes).toBe(40 << 20)
    for (let i = 0; i < 60; i++) cache.sidecars.hold(i, 1 << 20)
    expect(cache.sidecars.bytes).toBe(30 << 20)
    for (let i = 0; i < 60; i++) cache.set(b, i, page)
    expect(cache.bytes).toBe(40 << 20)
    expect(cache.get(b, 59)).toBe(page)
  })
})

describe('open files', () => {
  class Fake implements OpenFile {
    isInUse = false
    closed = 0
    closeIdle() {
      this.closed++
    }
  }

  test('are closed beyond the bound, those not used for longest first, but none in use', () => {
    const files = new OpenFiles(3)
    const fakes = Array.from({ length: 6 }, () => new Fake())
    for (const fake of fakes.slice(0, 3)) files.used(fake)
    files.used(fakes[0]!)
    fakes[1]!.isInUse = true
    files.used(fakes[3]!)
    expect(fakes.map(({ closed }) => closed)).toEqual([0, 0, 1, 0, 0, 0])
    files.closed(fakes[0]!)
    for (const fake of fakes) fake.isInUse = true
    for (const fake of fakes) files.used(fake)
    expect(files.count).toBe(6)
    for (const fake of fakes) fake.isInUse = false
    files.used(fakes[5]!)
    expect(files.count).toBe(3)
  })

  test('of many SSTables are never more than the bound, and every read is right', async () => {
    const file = await write({ ...shapes['one version per key']!, rows: 300 }, seededRandom(seed))
    const fs = new FaultyFileSystem(file.fs)
    const openFiles = new OpenFiles(4)
    const host = { ...plainHost(), openFiles, sidecars: newSidecarStats() }
    const cache = new PageCache(0)
    const readers = Array.from(
      { length: 20 },
      () => new SSTableReader(fs, 'table', file.meta, schema, cache, host),
    )
    const random = seededRandom(seed + 1)
    for (let i = 0; i < 200; i++) {
      const reader = readers[Math.floor(random() * readers.length)]!
      const row = Math.floor(random() * file.meta.rows)
      const found = i % 2 === 0 ? readSync(reader.find(file.keys[row]!, 2 ** 50)) : undefined
      if (found !== undefined) expect(found.row).toBe(row)
      else expect((await readAsync(reader.rows([0], row, row + 1, both))).rows).toBe(1)
      expect(openFiles.count).toBeLessThanOrEqual(4)
    }
    const many = await Promise.all(readers.map((reader) => readAsync(reader.rows(all, 0, 300, both))))
    expect(many.every(({ rows }) => rows === 300)).toBe(true)
    for (const reader of readers) reader.close()
    expect(openFiles.count).toBe(0)
    const count = (operation: string) =>
      fs.log.filter((line) => line === `${operation} table/data.parquet`).length
    expect(count('open')).toBeGreaterThan(20)
    expect(count('close')).toBe(count('open'))
  })
})

test('sidecars that had to make room are read again, with the same answers', async () => {
  const file = await write({ ...shapes['one version per key']!, rows: 2000 }, seededRandom(seed))
  const fs = new FaultyFileSystem(file.fs)
  const cache = new PageCache(1 << 20)
  const reader = new SSTableReader(fs, 'table', file.meta, schema, cache)
  for (let row = 0; row < 2000; row += 100) {
    expect(readSync(reader.find(file.keys[row]!, 2 ** 50))?.row).toBe(row)
    cache.sidecars.hold('something large', 5 << 20)
    expect(reader.filterStats.state).toBe('unread')
  }
  const opened = (name: string) => fs.log.filter((line) => line === `open table/${name}`).length
  expect(opened('index.sparse')).toBe(20)
  expect(opened('filter.bloom')).toBe(20)
  expect(opened('checksums.crc')).toBeGreaterThan(1)
})
