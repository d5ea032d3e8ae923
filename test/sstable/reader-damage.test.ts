import { expect, test } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import { readAsync, readSync } from '#src/fs/reading.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed as seed } from '../test-seed.js'
import { all, both, openReader, shapes, type Written, write } from './written.js'

/** The same SSTable with a file changed. */
async function damage(name: string, change: (bytes: Uint8Array) => Uint8Array): Promise<Written> {
  const file = await write({ ...shapes['many versions, tombstones']!, rows: 200 }, seededRandom(seed))
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

async function expectCorruption(file: Written): Promise<void> {
  const readers = [() => readAsync(openReader(file).rows(all, 0, file.meta.rows, both))]
  readers.push(async () => readSync(openReader(file).rows(all, 0, file.meta.rows, both)))
  for (const read of readers) {
    const error = await read().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(isMarquetryError(error, 'MARQUETRY_CORRUPTION')).toBe(true)
    expect((error as { file: string }).file).toBe('table/data.parquet')
  }
}

test('any flipped bit in the data is found', async () => {
  const random = seededRandom(seed + 4)
  for (let i = 0; i < 25; i++) {
    const file = await damage('data.parquet', (bytes) => {
      // The part that a reader looks at: the footer is for others.
      bytes[Math.floor((random() * bytes.length) / 2)]! ^= 1 << (i % 8)
      return bytes
    })
    await expectCorruption(file)
  }
})

test('shortened or lengthened data is found', async () => {
  await expectCorruption(await damage('data.parquet', (bytes) => bytes.subarray(0, bytes.length - 1)))
  await expectCorruption(await damage('data.parquet', () => new Uint8Array(0)))
  await expectCorruption(await damage('data.parquet', (bytes) => Uint8Array.of(...bytes, 0)))
})

test('any flipped bit in the data is found without checksums, too', async () => {
  const random = seededRandom(seed + 5)
  for (let i = 0; i < 25; i++) {
    const file = await damage('data.parquet', (bytes) => {
      bytes[Math.floor(random() * bytes.length)]! ^= 1 << (i % 8)
      return bytes
    })
    await file.fs.remove('table/checksums.crc')
    await expectCorruption(file)
  }
})
