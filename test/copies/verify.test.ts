// Scrubs: nothing to say of a database that is well, while it works; and what is wrong, wherever a byte is changed.

import { type Database, open, type Table, t, type VerifyProgress } from 'marquetry'
import { expect, test } from 'vitest'
import type { FileSystem } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { expectError, rejected } from '../errors/support.js'
import { testSeed } from '../test-seed.js'

const schema = { columns: { id: t.int32(), text: t.utf8().nullable() }, key: ['id'] } as const
const rowsMax = 300

async function make(fs: FileSystem): Promise<{ db: Database; rows: Table }> {
  const db = await open('db', {
    fileSystem: fs,
    workers: 0,
    rowGroupRows: 64,
    sparseIndexInterval: 16,
    pageBytes: 1024,
  })
  const rows = (await db.table('rows', schema)) as unknown as Table
  await rows.pauseCompaction()
  for (const text of ['a', 'b']) {
    await rows.batch(
      Array.from({ length: rowsMax }, (_, id) => ({ type: 'put', row: { id, text: `${text} ${id}` } })),
    )
    await rows.delete(17)
    await rows.flush()
  }
  await rows.put({ id: 1, text: 'in the log' })
  return { db, rows }
}

/** Flips one bit. */
async function flip(fs: FileSystem, path: string, at: number): Promise<void> {
  const file = await fs.open(path, 'write')
  const byte = new Uint8Array(1)
  await file.read(byte, at)
  byte[0]! ^= 16
  await file.write(byte, at)
  await file.close()
}

test('a database that is well has no problems, also while it is written, flushed and merged', async () => {
  const fs = new MemoryFileSystem()
  const { db, rows } = await make(fs)
  const progress: VerifyProgress[] = []
  const report = await db.verify({ onProgress: (at) => progress.push(at) })
  expect(report).toMatchObject({ files: 4, problems: [] })
  expect(progress.at(-1)).toMatchObject({ files: 4, filesTotal: 4 })
  let over = false
  const working = (async () => {
    for (let id = 0; !over; id = (id + 1) % rowsMax) {
      await rows.put({ id, text: null })
      if (id % 50 === 49) await rows.compact()
    }
  })()
  for (let i = 0; i < 10; i++) expect((await rows.verify()).problems).toEqual([])
  over = true
  await working
  await db.close()
  const reader = await open('db', { fileSystem: fs, workers: 0, readOnly: true })
  expect((await reader.verify()).problems).toEqual([])
  await reader.close()
})

test('a bit that is flipped in any file is found there', async () => {
  const random = seededRandom(testSeed)
  const fs = new MemoryFileSystem()
  const { db, rows } = await make(fs)
  const folders = (await fs.list('db/rows/sst')).map((name) => `db/rows/sst/${name}`)
  const files = (await fs.list('db/rows'))
    .filter((name) => /wal$|^MANIFEST/.test(name))
    .map((name) => `db/rows/${name}`)
  for (const folder of folders) for (const name of await fs.list(folder)) files.push(`${folder}/${name}`)
  for (const path of files) {
    const bytes = (await fs.stat(path))?.bytes ?? 0
    for (const at of [0, bytes - 1, ...Array.from({ length: 12 }, () => Math.floor(random() * bytes))]) {
      // The last word of a log's header is in no checksum, but the memory knows it.
      await flip(fs, path, at)
      const { problems } = await rows.verify()
      expect(problems.length, `seed ${testSeed}, ${path} at ${at}`).toBeGreaterThan(0)
      for (const { file, code, message } of problems) {
        expect(file.startsWith(path) || path.startsWith(file), message).toBe(true)
        expect(code).toMatch(/CORRUPTION|UNSUPPORTED_FORMAT/)
        expect(message.length).toBeGreaterThan(15)
      }
      if (path.endsWith('.parquet')) expect(problems[0]?.offset).toBe(Math.floor(at / 4096) * 4096)
      if (path.endsWith('.wal')) expect(problems[0]?.offset).toBe(at)
      await flip(fs, path, at)
    }
  }
  expect((await rows.verify()).problems).toEqual([])
  await fs.remove(`${folders[0]}/index.sparse`)
  await fs.remove(`${folders[1]}/data.parquet`)
  const { problems } = await db.verify()
  expect(problems.map(({ file }) => file)).toEqual(
    expect.arrayContaining([`${folders[0]}/index.sparse`, `${folders[1]}/data.parquet`]),
  )
  await db.close()
})

test('a scrub can be ended, by its signal and by the end of the database', async () => {
  const { db, rows } = await make(new MemoryFileSystem())
  const controller = new AbortController()
  const aborted = await rejected(() =>
    db.verify({ signal: controller.signal, onProgress: () => controller.abort() }),
  )
  expectError(aborted, { code: 'MARQUETRY_ABORTED' })
  const unknown = await rejected(() => rows.verify({ progress: 1 } as never))
  expectError(unknown, { code: 'MARQUETRY_INVALID_OPTION', option: 'progress' })
  let closing: Promise<void> | undefined
  const closed = await rejected(() =>
    rows.verify({
      onProgress: () => {
        closing ??= db.close()
      },
    }),
  )
  expectError(closed, { code: 'MARQUETRY_CLOSED' })
  await closing
})
