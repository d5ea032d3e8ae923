import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { fileSystemContract } from './file-system-contract.js'
import { bytesOf, contentsOf, expectIoError, get, put } from './helpers.js'

fileSystemContract('memory', () => ({ fs: new MemoryFileSystem(), root: '' }))

test('paths may be relative, and written in several ways', async () => {
  const fs = new MemoryFileSystem()
  await fs.makeDirectory('db')
  await put(fs, '/db/./file', 'x')
  expect(await get(fs, 'db//nothing/../file')).toBe('x')
  expect(await contentsOf(fs, '/')).toEqual({ '/db': null, '/db/file': 'x' })
})

test('each operation that changes something, or makes it durable, counts once; failed and reading ones do not', async () => {
  const fs = new MemoryFileSystem()
  const counts: number[] = []
  const counted = async (run: () => unknown) => {
    const before = fs.operations
    await Promise.resolve(run()).catch(() => {})
    counts.push(fs.operations - before)
  }
  await counted(() => fs.makeDirectory('/d'))
  await counted(() => fs.open('/d/file', 'create'))
  const file = await fs.open('/d/file', 'write')
  await counted(() => file.write(bytesOf('x'), 0))
  await counted(() => file.writeSync(bytesOf('x'), 0))
  await counted(() => file.truncate(0))
  await counted(() => file.sync())
  await counted(() => fs.link('/d/file', '/d/link'))
  await counted(() => fs.rename('/d/link', '/d/renamed'))
  await counted(() => fs.syncDirectory('/d'))
  await counted(() => fs.lock('/d/LOCK', 'me'))
  await counted(() => fs.remove('/d'))
  expect(counts).toEqual(Array(11).fill(1))
  counts.length = 0
  await counted(() => fs.open('/d/file', 'read'))
  await counted(() => fs.rename('/d', '/e'))
  await counted(() => fs.stat('/d'))
  await counted(() => fs.list('/'))
  await counted(() => file.read(new Uint8Array(1), 0))
  await counted(() => file.size())
  await counted(() => file.close())
  expect(counts).toEqual(Array(7).fill(0))
})

test('after the crash every operation fails without effect', async () => {
  const fs = new MemoryFileSystem()
  await put(fs, '/file', 'before')
  const file = await fs.open('/file', 'write')
  const lock = await fs.lock('/LOCK', 'me')
  fs.crashAfter(fs.operations + 1)
  file.writeSync(bytesOf('B'), 0)

  const bytes = new Uint8Array(1)
  const operations: readonly (() => unknown)[] = [
    () => file.write(bytes, 0),
    () => file.writeSync(bytes, 0),
    () => file.read(bytes, 0),
    () => file.readSync(bytes, 0),
    () => file.truncate(0),
    () => file.sync(),
    () => file.size(),
    () => file.sizeSync(),
    () => fs.openSync('/file', 'read'),
    () => fs.open('/file', 'write'),
    () => fs.stat('/file'),
    () => fs.link('/file', '/link'),
    () => fs.rename('/file', '/renamed'),
    () => fs.remove('/file'),
  ]
  for (const operation of operations) await expectIoError(operation, 'ECRASHED', '/file')
  await expectIoError(() => fs.list('/'), 'ECRASHED', '/')
  await expectIoError(() => fs.syncDirectory('/'), 'ECRASHED', '/')
  await expectIoError(() => fs.makeDirectory('/d'), 'ECRASHED', '/d')
  await expectIoError(() => fs.open('/new', 'create'), 'ECRASHED', '/new')
  await expectIoError(() => fs.lock('/LOCK', 'me'), 'ECRASHED', '/LOCK')

  await file.close()
  if ('release' in lock) await lock.release()
  const kept = fs.crash({ unsynced: 'kept' })
  expect(await contentsOf(kept, '/')).toEqual({ '/file': 'Before', '/LOCK': 'me' })
  expect(kept.operations).toBe(0)
})

test('a crash frees the locks', async () => {
  const fs = new MemoryFileSystem()
  await fs.lock('/LOCK', 'the late process')
  expect(await fs.crash({ unsynced: 'kept' }).lock('/LOCK', 'me')).toHaveProperty('release')
  expect(await fs.lock('/LOCK', 'me')).toEqual({ heldBy: 'the late process' })
})
