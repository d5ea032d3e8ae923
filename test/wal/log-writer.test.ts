import { expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { LogWriter } from '#src/wal/log-writer.js'

/** Bytes that look like one record of `bytes` bytes: what the digest walks over. */
function record(bytes: number): Uint8Array {
  const made = new Uint8Array(bytes)
  new DataView(made.buffer).setUint32(4, bytes - 32, true)
  return made
}

test('a sync while a long append is under way makes durable what was there before it', async () => {
  const fs = new MemoryFileSystem()
  const log = await LogWriter.create(fs, 'log', new Uint8Array(72))
  await log.append(record(100))
  const append = log.append(record(300_000))
  await log.sync()
  expect(log.durableBytes).toBeGreaterThanOrEqual(172)
  await append
  await log.sync()
  expect(log.durableBytes).toBe(log.bytes)
  expect(log.bytes).toBe(72 + 100 + 300_000)
})

test.each(['write', 'sync'] as const)(
  'after a failed %s the log is never written or synced again',
  async (operation) => {
    const faulty = new FaultyFileSystem(new MemoryFileSystem())
    const log = await LogWriter.create(faulty, 'log', new Uint8Array(72))
    faulty.failAt({ operation, nth: 1, code: 'EIO' })
    const broken = log.append(record(50)).then(() => log.sync())
    await expect(broken).rejects.toMatchObject({ code: 'MARQUETRY_IO' })
    await expect(log.append(record(50))).rejects.toThrow('a failed log is not written again')
  },
)

test('a log whose small groups are synced is kept ahead of them by zeros, until it is cut', async () => {
  const fs = new MemoryFileSystem()
  const operations: string[] = []
  const log = await LogWriter.create(fs, 'log', new Uint8Array(72), true)
  fs.onOperation = (operation) => operations.push(operation)
  const sizes: number[] = []
  for (let group = 0; group < 1000; group++) {
    await log.append(record(100).fill(7, 32))
    await log.sync()
    sizes.push((await fs.stat('log'))!.bytes)
  }
  expect(log.bytes).toBe(72 + 1000 * 100)
  expect(sizes.slice(0, 4)).toEqual([172, 272, 372, 472])
  expect(new Set(sizes).size).toBe(4 + 2)
  const length = sizes[999]!
  expect(length).toBeGreaterThan(log.bytes)
  expect(length).toBeLessThanOrEqual(log.bytes + 64 * 1024)
  const bytes = await readWhole(fs, 'log')
  expect(bytes.subarray(72 + 99_932, 72 + 100_000)).toEqual(new Uint8Array(68).fill(7))
  expect(bytes.subarray(log.bytes).every((byte) => byte === 0)).toBe(true)
  operations.length = 0
  await log.cut()
  await log.sync()
  expect(operations).toEqual(['truncate', 'sync'])
  expect(await readWhole(fs, 'log')).toEqual(bytes.slice(0, log.bytes))
  await log.cut()
  await log.sync()
  expect(operations).toHaveLength(2)
})

test('large groups, and logs that are not synced group by group, have no zeros', async () => {
  const fs = new MemoryFileSystem()
  const large = await LogWriter.create(fs, 'large', new Uint8Array(72), true)
  const lazy = await LogWriter.create(fs, 'lazy', new Uint8Array(72))
  for (let group = 0; group < 20; group++) {
    await large.append(record(group % 3 === 0 ? 5000 : 100))
    await lazy.append(record(100))
  }
  expect((await fs.stat('large'))!.bytes).toBe(large.bytes)
  expect((await fs.stat('lazy'))!.bytes).toBe(lazy.bytes)
})

test('a log that could not be cut is not written again', async () => {
  const faulty = new FaultyFileSystem(new MemoryFileSystem())
  const log = await LogWriter.create(faulty, 'log', new Uint8Array(72), true)
  for (let group = 0; group < 6; group++) await log.append(record(50))
  faulty.failAt({ operation: 'truncate', nth: 1, code: 'EIO' })
  await expect(log.cut()).rejects.toMatchObject({ code: 'MARQUETRY_IO' })
  await expect(log.append(record(50))).rejects.toThrow('a failed log is not written again')
})
