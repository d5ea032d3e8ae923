// The real file system.
//
// Files are raw descriptors, not FileHandles of node:fs/promises: those cost more a call and have no synchronous twins.
// The price is that a descriptor's number is reused as soon as it is closed. Invariant: an operation under way keeps
// its descriptor open; closing waits for it. Without that, a read queued in the thread pool could land in another file.

import * as fs from 'node:fs'
import { promisify } from 'node:util'
import { asBuffer } from '../util/bytes.js'
import type { FileHandle, FileLock, FileStat, FileSystem, OpenMode } from './file-system.js'
import { ioError, type Operation, simulatedIoError, systemCode } from './io-error.js'

const fileMode = 0o600
/** Less what the process's umask takes away. */
const sharedFileMode = 0o666
const directoryMode = 0o700
/** Systems move at most 2 GiB a call. */
const callBytesMax = 2 ** 30
/** Windows bars others from reading locked bytes, so there the lock lies beyond the content. macOS locks whole files only. */
const lockOffset = process.platform === 'win32' ? 2 ** 30 : 0

/** What is changed is never reached through a link: a database may come from anywhere. Windows has no such flag. */
const noFollow = fs.constants.O_NOFOLLOW ?? 0
const flagsOf: Record<OpenMode, string | number> = {
  read: 'r',
  write: fs.constants.O_RDWR | noFollow,
  create: 'wx+',
  'create-shared': 'wx+',
}
const permissionsOf = (mode: OpenMode) => (mode === 'create-shared' ? sharedFileMode : fileMode)
const operationOf = (mode: OpenMode): Operation => (mode.startsWith('create') ? 'create' : 'open')

const openFd = promisify(fs.open)
const closeFd = promisify(fs.close)
const statFd = promisify(fs.fstat)
const syncFd = promisify(fs.fsync)
const syncDataFd = promisify(fs.fdatasync)
const truncateFd = promisify(fs.ftruncate)

/** The file system of the machine, as `node:fs` has it. Files are readable by their owner only. */
export function nodeFileSystem(): FileSystem {
  return new NodeFileSystem()
}

/** Runs one operation, so that whatever it throws names the operation and the path. */
async function named<T>(operation: Operation, path: string, run: () => Promise<T>, to?: string): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw ioError(operation, path, error, to)
  }
}

class NodeFileSystem implements FileSystem {
  readonly sharedWithWorkers = true

  open(path: string, mode: OpenMode): Promise<FileHandle> {
    return named(operationOf(mode), path, async () => {
      return new NodeFile(path, await openFd(path, flagsOf[mode], permissionsOf(mode)))
    })
  }

  openSync(path: string, mode: OpenMode): FileHandle {
    try {
      return new NodeFile(path, fs.openSync(path, flagsOf[mode], permissionsOf(mode)))
    } catch (error) {
      throw ioError(operationOf(mode), path, error)
    }
  }

  async stat(path: string): Promise<FileStat | undefined> {
    try {
      const found = await fs.promises.lstat(path)
      const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other'
      return { kind, bytes: found.size }
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined
      throw ioError('stat', path, error)
    }
  }

  list(directory: string): Promise<readonly string[]> {
    return named('list', directory, async () => (await fs.promises.readdir(directory)).sort())
  }

  async makeDirectory(path: string): Promise<void> {
    try {
      await fs.promises.mkdir(path, { mode: directoryMode })
    } catch (error) {
      if (systemCode(error) === 'EEXIST' && (await isDirectory(path))) return
      throw ioError('makeDirectory', path, error)
    }
  }

  rename(from: string, to: string): Promise<void> {
    return named('rename', from, () => fs.promises.rename(from, to), to)
  }

  link(from: string, to: string): Promise<void> {
    return named('link', from, () => fs.promises.link(from, to), to)
  }

  remove(path: string): Promise<void> {
    return named('remove', path, () => fs.promises.rm(path, { recursive: true, force: true }))
  }

  syncDirectory(path: string): Promise<void> {
    return named('syncDirectory', path, async () => {
      // Windows opens no directories, and its file systems journal entries by themselves.
      if (process.platform === 'win32') return
      const fd = await openFd(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
      try {
        await syncFd(fd)
      } finally {
        fs.closeSync(fd)
      }
    })
  }

  lock(path: string, content: string): Promise<FileLock | { readonly heldBy: string }> {
    return named('lock', path, async () => {
      // Loaded at first use: worker threads open files too, but never lock, and need no native code for it.
      const { tryLock } = await import('fs-native-extensions')
      const flags = fs.constants.O_RDWR | fs.constants.O_CREAT | noFollow
      const file = new NodeFile(path, await openFd(path, flags, fileMode))
      let locked = false
      try {
        locked = await file.using('lock', async (fd) => tryLockFd(tryLock, fd))
        if (!locked) return { heldBy: await readText(file) }
        // A crash between these two leaves a lock that nobody holds, with an empty or a stale holder: both harmless.
        if (file.sizeSync() > content.length) await file.truncate(0)
        file.writeSync(Buffer.from(content), 0)
        return { release: () => file.close() }
      } catch (error) {
        locked = false
        throw error
      } finally {
        if (!locked) await file.close()
      }
    })
  }
}

function tryLockFd(tryLock: (fd: number, offset: number) => boolean, fd: number): boolean {
  try {
    return tryLock(fd, lockOffset)
  } catch (error) {
    // What Windows says where others say EAGAIN.
    if (systemCode(error) === 'EBUSY') return false
    throw error
  }
}

async function readText(file: FileHandle): Promise<string> {
  const bytes = new Uint8Array(await file.size())
  const read = await file.read(bytes, 0)
  return asBuffer(bytes).toString('utf8', 0, read)
}

/** Follows symbolic links, as making files below `path` will. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await fs.promises.stat(path)).isDirectory()
  } catch {
    return false
  }
}

class NodeFile implements FileHandle {
  readonly path: string
  /** Undefined once closing has begun. */
  #fd: number | undefined
  #operationsUnderWay = 0
  #whenIdle: (() => void) | undefined
  #closed: Promise<void> | undefined

  constructor(path: string, fd: number) {
    this.path = path
    this.#fd = fd
  }

  /** Runs an asynchronous operation on the descriptor, which stays open until it is done. */
  async using<T>(operation: Operation, run: (fd: number) => Promise<T>): Promise<T> {
    const fd = this.#opened(operation)
    this.#operationsUnderWay++
    try {
      return await run(fd)
    } catch (error) {
      throw ioError(operation, this.path, error)
    } finally {
      if (--this.#operationsUnderWay === 0) this.#whenIdle?.()
    }
  }

  #usingSync<T>(operation: Operation, run: (fd: number) => T): T {
    const fd = this.#opened(operation)
    try {
      return run(fd)
    } catch (error) {
      throw ioError(operation, this.path, error)
    }
  }

  #opened(operation: Operation): number {
    if (this.#fd === undefined) throw simulatedIoError(operation, this.path, 'EBADF')
    return this.#fd
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.using('read', async (fd) => {
      let done = 0
      while (done < into.length) {
        const count = await readSome(fd, into, done, position + done)
        if (count === 0) break
        done += count
      }
      return done
    })
  }

  readSync(into: Uint8Array, position: number): number {
    return this.#usingSync('read', (fd) => {
      let done = 0
      while (done < into.length) {
        const count = fs.readSync(fd, into, done, callBytes(into, done), position + done)
        if (count === 0) break
        done += count
      }
      return done
    })
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.using('write', async (fd) => {
      let done = 0
      while (done < bytes.length) done += progress(await writeSome(fd, bytes, done, position + done))
    })
  }

  writeSync(bytes: Uint8Array, position: number): void {
    this.#usingSync('write', (fd) => {
      let done = 0
      while (done < bytes.length) {
        done += progress(fs.writeSync(fd, bytes, done, callBytes(bytes, done), position + done))
      }
    })
  }

  sync(): Promise<void> {
    return this.using('sync', syncDataFd)
  }

  truncate(bytes: number): Promise<void> {
    return this.using('truncate', (fd) => truncateFd(fd, bytes))
  }

  size(): Promise<number> {
    return this.using('size', async (fd) => (await statFd(fd)).size)
  }

  sizeSync(): number {
    return this.#usingSync('size', (fd) => fs.fstatSync(fd).size)
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeWhenIdle()
    return this.#closed
  }

  closeSync(): void {
    if (this.#closed !== undefined) return
    if (this.#operationsUnderWay > 0) {
      // Cannot be waited for here. What closing might still report concerns writes that nobody synced.
      this.close().catch(() => {})
      return
    }
    this.#closed = Promise.resolve()
    this.#usingSync('close', (fd) => {
      this.#fd = undefined
      fs.closeSync(fd)
    })
  }

  async #closeWhenIdle(): Promise<void> {
    const fd = this.#opened('close')
    this.#fd = undefined
    if (this.#operationsUnderWay > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
      })
    }
    await named('close', this.path, () => closeFd(fd))
  }
}

function callBytes(bytes: Uint8Array, done: number): number {
  return Math.min(bytes.length - done, callBytesMax)
}

/** A write that moves nothing and reports no error would be repeated for ever. */
function progress(written: number): number {
  if (written === 0) throw Object.assign(new Error('EIO: nothing was written'), { code: 'EIO' })
  return written
}

function readSome(fd: number, into: Uint8Array, done: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, into, done, callBytes(into, done), position, (error, count) => {
      if (error) reject(error)
      else resolve(count)
    })
  })
}

function writeSome(fd: number, bytes: Uint8Array, done: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(fd, bytes, done, callBytes(bytes, done), position, (error, count) => {
      if (error) reject(error)
      else resolve(count)
    })
  })
}
