import * as nodeFs from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeFileSystem } from '#src/fs/node.js'
import { startChild } from './child-process.js'
import { fileSystemContract } from './file-system-contract.js'
import { bytesOf, get, put, temporaryDirectory } from './helpers.js'

fileSystemContract('node', () => {
  const directory = temporaryDirectory()
  return { fs: nodeFileSystem(), root: directory.path, dispose: directory.remove }
})

describe('on the machine', () => {
  const fs = nodeFileSystem()
  let directory: ReturnType<typeof temporaryDirectory>
  let root: string
  beforeEach(() => {
    directory = temporaryDirectory()
    root = directory.path
  })
  afterEach(() => directory.remove())

  test('worker threads see the same files', () => {
    expect(fs.sharedWithWorkers).toBe(true)
  })

  test('files and directories are for their owner only', async () => {
    const umask = process.umask(0)
    try {
      await put(fs, `${root}/file`, '')
      fs.openSync(`${root}/file-sync`, 'create').closeSync()
      await fs.makeDirectory(`${root}/directory`)
      const lock = await fs.lock(`${root}/LOCK`, '')
      if ('release' in lock) await lock.release()
    } finally {
      process.umask(umask)
    }
    const modes = ['file', 'file-sync', 'directory', 'LOCK'].map((name) => {
      return (nodeFs.statSync(`${root}/${name}`).mode & 0o777).toString(8)
    })
    expect(modes).toEqual(['600', '600', '700', '600'])
  })

  test('a symbolic link is neither a file nor a directory, and is removed without what it leads to', async () => {
    await fs.makeDirectory(`${root}/real`)
    await put(fs, `${root}/real/file`, 'x')
    nodeFs.symlinkSync(`${root}/real`, `${root}/to-directory`)
    nodeFs.symlinkSync(`${root}/real/file`, `${root}/to-file`)
    for (const name of ['to-directory', 'to-file']) {
      expect((await fs.stat(`${root}/${name}`))?.kind).toBe('other')
    }
    // A link to a directory will do where a directory is wanted.
    await fs.makeDirectory(`${root}/to-directory`)
    for (const name of ['to-directory', 'to-file']) await fs.remove(`${root}/${name}`)
    expect(await get(fs, `${root}/real/file`)).toBe('x')
  })

  test('a failure names the operation and keeps the system error', async () => {
    const path = `${root}/nothing/file`
    const error = await fs.open(path, 'create').catch((error: unknown) => error)
    expect(error).toMatchObject({
      code: 'MARQUETRY_IO',
      file: path,
      cause: { code: 'ENOENT', syscall: 'open' },
    })
    expect(String(error)).toContain(`Cannot create ${path}: ENOENT`)
  })

  test('no descriptor stays open, whatever fails', async () => {
    const open = () => nodeFs.readdirSync('/dev/fd').length
    const lock = await fs.lock(`${root}/LOCK`, 'me')
    const before = open()
    await fs.lock(`${root}/LOCK`, 'x')
    await fs.lock(`${root}/nothing/LOCK`, 'x').catch(() => {})
    await fs.syncDirectory(root)
    await fs.syncDirectory(`${root}/LOCK`).catch(() => {})
    await put(fs, `${root}/file`, 'x')
    await put(fs, `${root}/file`, 'x').catch(() => {})
    const file = await fs.open(`${root}/file`, 'read')
    const read = file.read(new Uint8Array(9), 0)
    file.closeSync()
    await read
    await file.close()
    expect(open()).toBe(before)
    if ('release' in lock) await lock.release()
    expect(open()).toBe(before - 1)
  })

  test('closing a handle of a locked file does not free the lock, as POSIX locks would', async () => {
    const lock = await fs.lock(`${root}/LOCK`, 'me')
    const file = await fs.open(`${root}/LOCK`, 'write')
    await file.close()
    expect(await fs.lock(`${root}/LOCK`, 'x')).toEqual({ heldBy: 'me' })
    if ('release' in lock) await lock.release()
  })

  test('the system frees the lock of a process that is killed', async () => {
    const path = `${root}/LOCK`
    const { child, lines, kill } = startChild(
      'fs/node.ts',
      `${root}`,
      `
        import { nodeFileSystem } from '$entry'
        const lock = await nodeFileSystem().lock('${path}', 'pid ' + process.pid)
        console.log('release' in lock ? 'locked' : 'refused')
        process.stdin.resume()
      `,
    )
    try {
      expect((await lines.next()).value).toBe('locked')
      expect(await fs.lock(path, 'parent')).toEqual({ heldBy: `pid ${child.pid}` })
      await kill()
      expect(child.signalCode).toBe('SIGKILL')
      expect(await get(fs, path)).toBe(`pid ${child.pid}`)
      const lock = await fs.lock(path, 'parent')
      expect(lock).toHaveProperty('release')
      expect(await get(fs, path)).toBe('parent')
      if ('release' in lock) await lock.release()
    } finally {
      await kill()
    }
  })

  test('another process is refused a lock that this one holds', async () => {
    const path = `${root}/LOCK`
    const lock = await fs.lock(path, 'parent')
    const { lines, kill } = startChild(
      'fs/node.ts',
      root,
      `
        import { nodeFileSystem } from '$entry'
        console.log(JSON.stringify(await nodeFileSystem().lock('${path}', 'child')))
      `,
    )
    try {
      expect((await lines.next()).value).toBe('{"heldBy":"parent"}')
    } finally {
      await kill()
    }
    if ('release' in lock) await lock.release()
  })

  test.runIf(nodeFs.existsSync('/dev/full'))('a full disk is an error, not a short write', async () => {
    // /dev/full takes no byte; it stands for a disk without room.
    const file = await fs.open('/dev/full', 'write')
    const cause = { code: 'ENOSPC' }
    await expect(file.write(bytesOf('x'), 0)).rejects.toMatchObject({ code: 'MARQUETRY_IO', cause })
    expect(() => file.writeSync(bytesOf('x'), 0)).toThrow(/Cannot write \/dev\/full: ENOSPC/)
    await file.close()
  })
})
