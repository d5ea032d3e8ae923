import { expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { type FileSystem, writeWhole } from '#src/fs/file-system.js'
import { systemCode } from '#src/fs/io-error.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { fileSystemContract } from './file-system-contract.js'
import { bytesOf, contentsOf, expectIoError, get, outcome, put } from './helpers.js'

fileSystemContract('faulty, without faults', () => ({
  fs: new FaultyFileSystem(new MemoryFileSystem()),
  root: '',
}))

function faultyMemory(): { readonly memory: MemoryFileSystem; readonly fs: FaultyFileSystem } {
  const memory = new MemoryFileSystem()
  return { memory, fs: new FaultyFileSystem(memory) }
}

/** Replaces a file as careful programs do. */
async function replace(fs: FileSystem, text: string): Promise<void> {
  await fs.remove('/file.new')
  await writeWhole(fs, '/file.new', bytesOf(text))
  await fs.rename('/file.new', '/file')
  await fs.syncDirectory('/')
}

test('the log names every operation with its paths, failed ones too', async () => {
  const { fs } = faultyMemory()
  fs.failAt({ operation: 'rename', nth: 1, code: 'EIO' })
  await outcome(() => replace(fs, 'x'))
  expect(fs.log).toEqual([
    'remove /file.new',
    'create /file.new',
    'write /file.new',
    'sync /file.new',
    'close /file.new',
    'rename /file.new to /file',
  ])
})

test('each operation of a workload can be made to fail, once', async () => {
  const trial = faultyMemory()
  await replace(trial.fs, 'trial')
  expect(trial.fs.log).toHaveLength(7)
  for (let nth = 1; nth <= trial.fs.log.length; nth++) {
    const { fs } = faultyMemory()
    const fault = fs.failAt({ nth, code: 'EIO' })
    const error = await outcome(() => replace(fs, 'first'))
    expect(systemCode(error), `operation ${nth}`).toBe('EIO')
    expect(fault.failed).toBe(1)
    await replace(fs, 'second')
    expect(fault.failed).toBe(1)
    expect(await get(fs, '/file')).toBe('second')
  }
})

test('only operations of the name, on paths that match, count', async () => {
  const { fs } = faultyMemory()
  const fault = fs.failAt({ operation: 'write', path: /\.wal$/g, nth: 2, code: 'ENOSPC' })
  for (const name of ['/a', '/b', '/c.walnut', '/1.wal']) await put(fs, name, 'x')
  expect(fault.failed).toBe(0)
  await expectIoError(() => put(fs, '/2.wal', 'x'), 'ENOSPC', '/2.wal')
  await put(fs, '/3.wal', 'x')
  expect(fault.failed).toBe(1)
})

test('counting starts where the fault is planned', async () => {
  const { fs } = faultyMemory()
  await put(fs, '/a', 'x')
  fs.failAt({ operation: 'create', nth: 1, code: 'EMFILE' })
  await expectIoError(() => fs.openSync('/b', 'create'), 'EMFILE', '/b')
})

test('a rename matches by either of its paths', async () => {
  const { fs } = faultyMemory()
  for (const name of ['/a', '/b']) await put(fs, name, name)
  fs.failAt({ path: /^\/from$/, nth: 1, code: 'EIO' })
  fs.failAt({ path: /^\/to$/, nth: 1, code: 'EIO' })
  await expectIoError(() => fs.rename('/from', '/x'), 'EIO', '/from')
  await expectIoError(() => fs.rename('/a', '/to'), 'EIO', '/a')
  await fs.rename('/a', '/to')
})

test('a fault may last until it is healed', async () => {
  const { fs } = faultyMemory()
  const fault = fs.failAt({ operation: 'write', nth: 2, code: 'ENOSPC', forever: true })
  await put(fs, '/1', 'x')
  for (const name of ['/2', '/3', '/4']) await expectIoError(() => put(fs, name, 'x'), 'ENOSPC', name)
  expect(fault.failed).toBe(3)
  fs.heal()
  await put(fs, '/5', 'x')
  expect(await get(fs, '/5')).toBe('x')
})

test('a failed operation has no effect', async () => {
  const { fs, memory } = faultyMemory()
  await put(fs, '/file', 'x')
  await fs.makeDirectory('/d')
  const file = await fs.open('/file', 'write')
  const before = { contents: await contentsOf(memory, '/'), operations: memory.operations }
  fs.failAt({ nth: 1, code: 'EIO', forever: true })
  const bytes = new Uint8Array(1)
  for (const operation of [
    () => file.write(bytes, 0),
    () => file.writeSync(bytes, 0),
    () => file.truncate(0),
    () => file.sync(),
    () => file.read(bytes, 0),
    () => file.readSync(bytes, 0),
    () => file.size(),
    () => file.sizeSync(),
    () => fs.stat('/file'),
    () => fs.list('/file'),
    () => fs.open('/file', 'create'),
    () => fs.openSync('/file', 'read'),
    () => fs.rename('/file', '/b'),
    () => fs.link('/file', '/b'),
    () => fs.remove('/file'),
    () => fs.syncDirectory('/file'),
    () => fs.makeDirectory('/file'),
    () => fs.lock('/file', 'me'),
  ]) {
    await expectIoError(operation, 'EIO', '/file')
  }
  expect({ contents: await contentsOf(memory, '/'), operations: memory.operations }).toEqual(before)
})

test('a write may fail half done', async () => {
  for (const how of ['write', 'writeSync'] as const) {
    const { fs } = faultyMemory()
    const file = await fs.open('/file', 'create')
    await file.write(bytesOf('.'), 0)
    fs.failAt({ operation: 'write', nth: 1, code: 'ENOSPC', partial: true })
    await expectIoError(() => file[how](bytesOf('12345'), 1), 'ENOSPC', '/file')
    expect(await get(fs, '/file')).toBe('.12')
  }
})

test('a file whose closing fails is closed', async () => {
  for (const how of ['close', 'closeSync'] as const) {
    const { fs } = faultyMemory()
    const file = await fs.open('/file', 'create')
    fs.failAt({ operation: 'close', nth: 1, code: 'EIO' })
    await expectIoError(() => file[how](), 'EIO', '/file')
    await expectIoError(() => file.write(bytesOf('x'), 0), 'EBADF', '/file')
    await file[how]()
  }
})

test('after a failed sync nobody makes durable what it was to, unless they write it again', async () => {
  const { memory, fs } = faultyMemory()
  await put(fs, '/file', 'old.')
  await fs.syncDirectory('/')
  const file = await fs.open('/file', 'write')
  await file.write(bytesOf('data'), 4)
  fs.failAt({ operation: 'sync', nth: 1, code: 'EIO' })
  await expect(file.sync()).rejects.toMatchObject({ cause: { code: 'EIO' } })
  await file.sync()
  expect(await get(memory.crash(), '/file')).toBe('old.')
  const again = await fs.open('/file', 'write')
  await again.sync()
  expect(await get(fs, '/file')).toBe('old.data')
  expect(await get(memory.crash(), '/file')).not.toContain('data')
  await again.write(bytesOf('data'), 4)
  await again.sync()
  expect(await get(memory.crash(), '/file')).toBe('old.data')
})

test('jobs do not go round it by opening the same path in a worker', () => {
  const inner = { ...new MemoryFileSystem(), sharedWithWorkers: true } as unknown as FileSystem
  expect(new FaultyFileSystem(inner).sharedWithWorkers).toBe(false)
})
