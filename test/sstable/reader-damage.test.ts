import { expect, test } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import { readAsync, readSync } from '#src/fs/reading.js'
import { generator, testSeed as seed } from './generator.js'

import { all, both, openReader, shapes, type Written, write } from './written.js'

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
