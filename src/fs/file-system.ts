// The seam to the operating system. Everything that touches a disk goes through a FileSystem, so that a test can
// run the whole engine over one that loses what was not synced, or that fails at the n-th call.
//
// Every operation that fails throws (or rejects with) a MarquetryError `MARQUETRY_IO` that names the operation and
// the path and has the system's error, with its own `code` such as ENOSPC, as its `cause`.

/**
 * How to open a file. `write`: an existing one, for reading and writing; a symbolic link is refused. `create`: a new one,
 * that only its owner may read, failing if there is anything of this name. `create-shared`: the same, but with the rights
 * that programs' output commonly gets: for files that leave the database.
 */
export type OpenMode = 'read' | 'write' | 'create' | 'create-shared'

/** What stands at a path. */
export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other'
  readonly bytes: number
}

/** An open file. Not thread-safe: its owner orders the calls; reads may run beside each other. */
export interface FileHandle {
  readonly path: string
  /**
   * Fills `into` from `position` on and returns the number of bytes read: fewer than asked only at the end of the
   * file. Loops over short reads.
   */
  read(into: Uint8Array, position: number): Promise<number>
  /** As `read`, on the calling thread. */
  readSync(into: Uint8Array, position: number): number
  /** Writes all of `bytes` at `position`, looping over short writes. The caller does not change them meanwhile. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /** As `write`, on the calling thread. */
  writeSync(bytes: Uint8Array, position: number): void
  /** Makes the file's data and length durable (fdatasync), not its directory entry. */
  sync(): Promise<void>
  /** Makes the file this long. */
  truncate(bytes: number): Promise<void>
  /** Its length in bytes. */
  size(): Promise<number>
  /** As `size`, on the calling thread. */
  sizeSync(): number
  /** Idempotent. */
  close(): Promise<void>
  /** As `close`, on the calling thread. Idempotent, too. */
  closeSync(): void
}

/** An exclusive lock on a file that the system frees when its holder dies. */
export interface FileLock {
  /** Gives the lock back. */
  release(): Promise<void>
}

/** Where a database lives. What node's file system, the default, does is the contract; a test suite holds others to it. */
export interface FileSystem {
  /** Whether a worker thread that opens the same path with `node:fs` sees the same file. */
  readonly sharedWithWorkers: boolean

  /** Opens a file. */
  open(path: string, mode: OpenMode): Promise<FileHandle>
  /** As `open`, on the calling thread. */
  openSync(path: string, mode: OpenMode): FileHandle
  /** Undefined: nothing is there. */
  stat(path: string): Promise<FileStat | undefined>
  /** Names in a directory, sorted. */
  list(directory: string): Promise<readonly string[]>
  /** Makes one directory; none of its parents. Existing directories are left as they are. */
  makeDirectory(path: string): Promise<void>
  /** Replaces what stands at `to`, atomically, if it is a file or an empty directory. */
  rename(from: string, to: string): Promise<void>
  /** A second name for the same file. */
  link(from: string, to: string): Promise<void>
  /** Removes a file, or a directory with all that is in it. Nothing there: nothing done. */
  remove(path: string): Promise<void>
  /** Makes the directory's entries durable: files created in it, renamed into or out of it, removed from it. */
  syncDirectory(path: string): Promise<void>
  /**
   * Takes the lock on a file, which is no symbolic link, creating it if needed, and writes `content` into it. Undefined: someone else, in
   * this process or another, holds it; `content` then tells who, if they wrote it.
   */
  lock(path: string, content: string): Promise<FileLock | { readonly heldBy: string }>
}

/** A file of this size or less is read from the calling thread: that takes less than to hand it to another. */
const readSyncBytesMax = 64 * 1024

/** Reads a whole file. */
export async function readWhole(fs: FileSystem, path: string): Promise<Uint8Array> {
  const file = await fs.open(path, 'read')
  try {
    return await readAll(file)
  } finally {
    file.closeSync()
  }
}

/** Reads all of an open file. */
export async function readAll(file: FileHandle): Promise<Uint8Array> {
  const bytes = new Uint8Array(file.sizeSync())
  const read = bytes.length <= readSyncBytesMax ? file.readSync(bytes, 0) : await file.read(bytes, 0)
  return bytes.subarray(0, read)
}

/** Creates a file with this content and makes it durable; its directory's entry is the caller's to sync. */
export async function writeWhole(fs: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.open(path, 'create')
  try {
    await file.write(bytes, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}
