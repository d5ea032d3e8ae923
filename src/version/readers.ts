// Read-only openers and the writer beside them: how they know of each other without a word.
//
//   <database>/readers/4711-9f86d081884c     one file per reader, locked by it, saying where in the manifests it reads
//
// 1. A reader says that it may need anything before it reads a manifest, and only afterwards where it reads. The writer lists the
//    readers after the edit by which a file became obsolete is in the manifest. So either the writer sees that the reader may need the file,
//    or the reader sees the edit.
// 2. A file is needed by those who read at a place before that edit and after the file was numbered, and by no others.
// 3. A reader keeps one file, under one name and its lock, from its opening to its end. So no look of the writer falls between two.
// 4. The lock is the kernel's: it goes with the process. The writer removes the files of the dead, holding their lock; a reader
//    makes sure, once it has the lock, that its file still has its name.

import { randomBytes } from 'node:crypto'
import { isMarquetryError } from '../errors.js'
import { directories } from '../format/file-names.js'
import {
  decodeReader,
  encodeReader,
  isBefore,
  type ManifestPlace,
  type ReaderPlace,
  type ReaderView,
} from '../format/reader-registration.js'
import type { FileHandle, FileLock, FileSystem } from '../fs/file-system.js'
import { systemCode } from '../fs/io-error.js'
import { Serial } from '../util/serial.js'

const namePattern = /^\d+-[0-9a-f]{12}$/

/** What the system says where this reader may not, or cannot, write into the directory: then it reads unregistered. */
const cannotWrite: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'])

/** A reader's file, as long as it is registered. */
export class Registration {
  readonly #fs: FileSystem
  readonly #path: string
  readonly #lock: FileLock
  readonly #file: FileHandle
  readonly #writes = new Serial()

  private constructor(fs: FileSystem, path: string, lock: FileLock, file: FileHandle) {
    this.#fs = fs
    this.#path = path
    this.#lock = lock
    this.#file = file
  }

  /** Registers a reader that may need anything. Undefined: the directory cannot be written. */
  static async enter(fs: FileSystem, database: string): Promise<Registration | undefined> {
    const directory = `${database}/${directories.readers}`
    try {
      await fs.makeDirectory(directory)
      for (;;) {
        const path = `${directory}/${process.pid}-${randomBytes(6).toString('hex')}`
        const lock = await fs.lock(path, '')
        // The writer, which came upon the file before it was locked, took it for that of a dead reader.
        if ('heldBy' in lock) continue
        if ((await fs.stat(path)) !== undefined)
          return new Registration(fs, path, lock, await fs.open(path, 'write'))
        await lock.release()
      }
    } catch (error) {
      if (isMarquetryError(error, 'MARQUETRY_IO') && cannotWrite.has(systemCode(error) ?? '')) return undefined
      throw error
    }
  }

  /** Says that anything may be needed. Once this has resolved, manifests may be read. */
  widen(): Promise<void> {
    return this.#writes.run(() => this.#file.truncate(0))
  }

  /** Says where the reader reads. Should that fail, it goes on to need anything, or what it needed before. */
  narrow(views: readonly ReaderView[]): Promise<void> {
    return this.#writes.run(async () => {
      try {
        await this.#file.truncate(0)
        await this.#file.write(Buffer.from(encodeReader(process.pid, views)), 0)
      } catch {
        // More is kept than need be, and reading goes on.
      }
    })
  }

  /** Ends the registration. A file that cannot be removed is the writer's to remove. */
  async leave(): Promise<void> {
    await this.#writes.run(() => this.#file.close())
    await this.#lock.release()
    await this.#fs.remove(this.#path).catch(() => {})
  }
}

/** The readers of a database, as its writer sees them. */
export class Readers {
  readonly #fs: FileSystem
  readonly #directory: string
  /** One look at a time, so that two of them do not take each other's locks for readers'. */
  readonly #looks = new Serial()

  constructor(fs: FileSystem, database: string) {
    this.#fs = fs
    this.#directory = `${database}/${directories.readers}`
  }

  /**
   * The places at which living readers read a table; those of the dead are removed. `'any'`: one of them may read at any place, or
   * it cannot be told. Takes one listing of a directory that mostly is not there.
   */
  placesOf(treeId: number): Promise<readonly ReaderPlace[] | 'any'> {
    return this.#looks.run(async () => {
      try {
        const places: ReaderPlace[] = []
        for (const views of await this.#living()) {
          if (views === 'any') return 'any'
          for (const { tables } of views) {
            const place = tables.get(treeId)
            if (place !== undefined) places.push(place)
          }
        }
        return places
      } catch {
        return 'any'
      }
    })
  }

  async #living(): Promise<readonly (readonly ReaderView[] | 'any')[]> {
    const living: (readonly ReaderView[] | 'any')[] = []
    for (const name of await this.#names()) {
      if (!namePattern.test(name)) continue
      const path = `${this.#directory}/${name}`
      const lock = await this.#fs.lock(path, '')
      if ('heldBy' in lock) living.push(decodeReader(lock.heldBy))
      else {
        await this.#fs.remove(path).catch(() => {})
        await lock.release()
      }
    }
    return living
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await this.#fs.list(this.#directory)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return []
      throw error
    }
  }
}

/** A log or an SSTable that is no longer part of its table. */
export interface Obsolete {
  readonly number: number
  /** The end of the edit by which it left. */
  readonly leftAt: ManifestPlace
}

/** Whether a reader at one of these places may need it. */
export function isNeeded(places: readonly ReaderPlace[] | 'any', { number, leftAt }: Obsolete): boolean {
  return places === 'any' || places.some((place) => number < place.nextNumber && isBefore(place, leftAt))
}
