// What every FileSystem must do, whichever it is: paths, directories, names and locks. Open files and the drivers of
// readings have their contracts in file-contract.ts.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FileSystem, readWhole } from '#src/fs/file-system.js'
import { fileContract } from './file-contract.js'
import { contentsOf, expectIoError, get, put } from './helpers.js'
import { readingContract } from './reading-contract.js'

/** A file system to try, and an empty directory in it. */
export interface Subject {
  readonly fs: FileSystem
  readonly root: string
  readonly dispose?: () => void
}

export function fileSystemContract(name: string, make: () => Subject): void {
  describe(name, () => {
    let subject: Subject
    beforeEach(() => {
      subject = make()
    })
    afterEach(() => subject.dispose?.())

    const current = () => subject
    describe('open files', () => fileContract(current))
    describe('readings', () => readingContract(current))
    describe('names', () => namesContract(current))
    describe('renaming and linking', () => renameContract(current))
    describe('locks', () => lockContract(current))
  })
}

function namesContract(current: () => Subject): void {
  test('a path that leads nowhere has no stat', async () => {
    const { fs, root } = current()
    expect(await fs.stat(`${root}/nothing`)).toBeUndefined()
    expect(await fs.stat(`${root}/nothing/below`)).toBeUndefined()
  })

  test('stat tells files with their size from directories', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/file`, 'hello')
    expect(await fs.stat(`${root}/file`)).toEqual({ kind: 'file', bytes: 5 })
    expect((await fs.stat(root))?.kind).toBe('directory')
  })

  test('list gives the names in order', async () => {
    const { fs, root } = current()
    for (const name of ['b', 'a', 'B', '000010', '000009']) await put(fs, `${root}/${name}`, '')
    await fs.makeDirectory(`${root}/c`)
    await put(fs, `${root}/c/inner`, '')
    expect(await fs.list(root)).toEqual(['000009', '000010', 'B', 'a', 'b', 'c'])
  })

  test('only directories can be listed', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/file`, '')
    await expectIoError(() => fs.list(`${root}/nothing`), 'ENOENT', `${root}/nothing`)
    await expectIoError(() => fs.list(`${root}/file`), 'ENOTDIR', `${root}/file`)
  })

  test('making a directory that is there leaves it as it is', async () => {
    const { fs, root } = current()
    await fs.makeDirectory(`${root}/d`)
    await put(fs, `${root}/d/file`, 'x')
    await fs.makeDirectory(`${root}/d`)
    expect(await get(fs, `${root}/d/file`)).toBe('x')
  })

  test('a directory needs its parent, and a name no file has', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/file`, '')
    await expectIoError(() => fs.makeDirectory(`${root}/a/b`), 'ENOENT', `${root}/a/b`)
    await expectIoError(() => fs.makeDirectory(`${root}/file`), 'EEXIST', `${root}/file`)
  })

  test('a directory is no file to read', async () => {
    const { fs, root } = current()
    await expectIoError(() => readWhole(fs, root), 'EISDIR', root)
  })

  test('a file is no directory to hold others', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/file`, '')
    await expectIoError(() => fs.open(`${root}/file/inner`, 'create'), 'ENOTDIR', `${root}/file/inner`)
  })

  test('remove takes a directory with all that is in it', async () => {
    const { fs, root } = current()
    for (const name of ['d', 'd/e', 'd/f']) await fs.makeDirectory(`${root}/${name}`)
    for (const name of ['d/1', 'd/e/2', 'other']) await put(fs, `${root}/${name}`, name)
    await fs.remove(`${root}/d`)
    expect(await contentsOf(fs, root)).toEqual({ [`${root}/other`]: 'other' })
  })

  test('removing nothing does nothing', async () => {
    const { fs, root } = current()
    await fs.remove(`${root}/nothing`)
    await fs.remove(`${root}/nothing/below`)
    expect(await fs.list(root)).toEqual([])
  })

  test('a removed file can be read by those who have it open, and its name is free', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/file`, 'old')
    const file = await fs.open(`${root}/file`, 'read')
    await fs.remove(`${root}/file`)
    await put(fs, `${root}/file`, 'new!')
    const bytes = new Uint8Array(8)
    expect(await file.read(bytes, 0)).toBe(3)
    expect(await get(fs, `${root}/file`)).toBe('new!')
    await file.close()
  })

  test('directories, and they alone, can be synced', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/file`, '')
    await fs.syncDirectory(root)
    await expectIoError(() => fs.syncDirectory(`${root}/nothing`), 'ENOENT', `${root}/nothing`)
    await expectIoError(() => fs.syncDirectory(`${root}/file`), 'ENOTDIR', `${root}/file`)
  })
}

function renameContract(current: () => Subject): void {
  test('rename replaces a file; who has the old one open keeps it', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/a`, 'new')
    await put(fs, `${root}/b`, 'previous')
    const old = await fs.open(`${root}/b`, 'read')
    await fs.rename(`${root}/a`, `${root}/b`)
    expect(await contentsOf(fs, root)).toEqual({ [`${root}/b`]: 'new' })
    expect(await old.size()).toBe(8)
    await old.close()
  })

  test('rename moves a directory with its content, also over an empty one', async () => {
    const { fs, root } = current()
    for (const name of ['tmp', 'tmp/9', 'sst', 'sst/9']) await fs.makeDirectory(`${root}/${name}`)
    await put(fs, `${root}/tmp/9/data`, 'd')
    await fs.rename(`${root}/tmp/9`, `${root}/sst/9`)
    expect(await fs.list(`${root}/tmp`)).toEqual([])
    expect(await get(fs, `${root}/sst/9/data`)).toBe('d')
  })

  test('rename refuses what would lose or tangle something', async () => {
    const { fs, root } = current()
    for (const name of ['d', 'e']) await fs.makeDirectory(`${root}/${name}`)
    await put(fs, `${root}/e/file`, 'x')
    await put(fs, `${root}/file`, 'y')
    const before = await contentsOf(fs, root)
    await expectIoError(() => fs.rename(`${root}/nothing`, `${root}/to`), 'ENOENT', `${root}/nothing`)
    await expectIoError(() => fs.rename(`${root}/d`, `${root}/e`), 'ENOTEMPTY', `${root}/d`)
    await expectIoError(() => fs.rename(`${root}/file`, `${root}/d`), 'EISDIR', `${root}/file`)
    await expectIoError(() => fs.rename(`${root}/d`, `${root}/file`), 'ENOTDIR', `${root}/d`)
    await expectIoError(() => fs.rename(`${root}/d`, `${root}/d/inner`), 'EINVAL', `${root}/d`)
    expect(await contentsOf(fs, root)).toEqual(before)
  })

  test('renaming to the same name, or to another name of the same file, leaves all as it is', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/a`, 'x')
    await fs.link(`${root}/a`, `${root}/b`)
    await fs.rename(`${root}/a`, `${root}/a`)
    await fs.rename(`${root}/a`, `${root}/b`)
    expect(await contentsOf(fs, root)).toEqual({ [`${root}/a`]: 'x', [`${root}/b`]: 'x' })
  })

  test('a link is a second name for the same file', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/a`, 'xyz')
    await fs.link(`${root}/a`, `${root}/b`)
    const file = await fs.open(`${root}/b`, 'write')
    file.writeSync(new Uint8Array([65]), 0)
    await file.close()
    await fs.remove(`${root}/b`)
    expect(await contentsOf(fs, root)).toEqual({ [`${root}/a`]: 'Ayz' })
  })

  test('a link replaces nothing and needs a file', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/a`, 'a')
    await put(fs, `${root}/b`, 'b')
    await expectIoError(() => fs.link(`${root}/a`, `${root}/b`), 'EEXIST', `${root}/a`)
    await expectIoError(() => fs.link(`${root}/nothing`, `${root}/c`), 'ENOENT', `${root}/nothing`)
    expect(await contentsOf(fs, root)).toEqual({ [`${root}/a`]: 'a', [`${root}/b`]: 'b' })
  })
}

function lockContract(current: () => Subject): void {
  test('the second to ask for a lock learns who holds it', async () => {
    const { fs, root } = current()
    const first = await fs.lock(`${root}/LOCK`, 'pid 1')
    expect(first).toHaveProperty('release')
    expect(await fs.lock(`${root}/LOCK`, 'somebody else')).toEqual({ heldBy: 'pid 1' })
    expect(await fs.lock(`${root}/LOCK`, 'a third')).toEqual({ heldBy: 'pid 1' })
    if ('release' in first) await first.release()
  })

  test('a released lock can be taken again, and says who holds it now', async () => {
    const { fs, root } = current()
    const first = await fs.lock(`${root}/LOCK`, 'a holder with a long name')
    if ('release' in first) await first.release()
    const second = await fs.lock(`${root}/LOCK`, 'short')
    // Releasing twice must not take the lock from its next holder.
    if ('release' in first) await first.release()
    expect(await fs.lock(`${root}/LOCK`, 'x')).toEqual({ heldBy: 'short' })
    if ('release' in second) await second.release()
  })

  test('reading a locked file does not free it', async () => {
    const { fs, root } = current()
    const lock = await fs.lock(`${root}/LOCK`, 'me')
    expect(await get(fs, `${root}/LOCK`)).toBe('me')
    expect(await fs.lock(`${root}/LOCK`, 'x')).toEqual({ heldBy: 'me' })
    if ('release' in lock) await lock.release()
  })

  test('locks of different files do not meet', async () => {
    const { fs, root } = current()
    const locks = [await fs.lock(`${root}/A`, 'a'), await fs.lock(`${root}/B`, 'b')]
    for (const lock of locks) {
      expect(lock).toHaveProperty('release')
      if ('release' in lock) await lock.release()
    }
  })

  test('a lock needs its directory', async () => {
    const { fs, root } = current()
    await expectIoError(() => fs.lock(`${root}/nothing/LOCK`, ''), 'ENOENT', `${root}/nothing/LOCK`)
  })
}
