import { expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
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
