// The directory of a database: marks, lock and catalog. Making one, opening one, refusing what is none.

import { MarquetryError } from './errors.js'
import { type Catalog, checkFormat, decodeCatalog, emptyCatalog, encodeCatalog, encodeFormat } from './format/catalog.js'
import { databaseFiles } from './format/file-names.js'
import { type FileLock, type FileSystem, readWhole, writeWhole } from './fs/file-system.js'

export interface DirectoryOptions {
  readonly createIfMissing: boolean
}

/** Names that a directory may hold and still be made a database: what an interrupted creation leaves. */
const makings: ReadonlySet<string> = new Set([databaseFiles.lock, databaseFiles.catalog, 'CATALOG.tmp', 'FORMAT.tmp'])

/** A database's directory, locked. */
export class DatabaseDirectory {
  readonly path: string
  readonly #fs: FileSystem
  readonly #lock: FileLock
  #catalog: Catalog

  private constructor(fs: FileSystem, path: string, lock: FileLock, catalog: Catalog) {
    this.#fs = fs
    this.path = path
    this.#lock = lock
    this.#catalog = catalog
  }

  /**
   * Locks and reads the directory, making it a database first if it is missing or empty and that is asked for.
   * Throws MARQUETRY_NOT_A_DATABASE, MARQUETRY_LOCKED, MARQUETRY_UNSUPPORTED_FORMAT or MARQUETRY_CORRUPTION.
   */
  static async open(fs: FileSystem, path: string, options: DirectoryOptions): Promise<DatabaseDirectory> {
    await checkDirectory(fs, path, options)
    const lock = await fs.lock(`${path}/${databaseFiles.lock}`, `${process.pid}\n`)
    if ('heldBy' in lock) throw locked(path, lock.heldBy)
    try {
      if ((await fs.stat(`${path}/${databaseFiles.format}`)) === undefined) await create(fs, path)
      const format = `${path}/${databaseFiles.format}`
      checkFormat(format, await readWhole(fs, format))
      const catalog = `${path}/${databaseFiles.catalog}`
      if ((await fs.stat(catalog)) === undefined) {
        throw new MarquetryError('MARQUETRY_CORRUPTION', `${catalog}: the catalog is missing`, { file: catalog })
      }
      return new DatabaseDirectory(fs, path, lock, decodeCatalog(catalog, await readWhole(fs, catalog)))
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  get catalog(): Catalog {
    return this.#catalog
  }

  /** Replaces the catalog, durably. */
  async setCatalog(catalog: Catalog): Promise<void> {
    await replace(this.#fs, this.path, databaseFiles.catalog, encodeCatalog(catalog))
    this.#catalog = catalog
  }

  /** Gives the lock back. */
  async close(): Promise<void> {
    await this.#lock.release()
  }
}

async function checkDirectory(fs: FileSystem, path: string, { createIfMissing }: DirectoryOptions): Promise<void> {
  const stat = await fs.stat(path)
  if (stat === undefined) {
    if (!createIfMissing) throw notADatabase(path, 'there is no such directory')
    await fs.makeDirectory(path)
    await fs.syncDirectory(parentOf(path))
    return
  }
  if (stat.kind !== 'directory') throw notADatabase(path, 'it is not a directory')
  const names = await fs.list(path)
  if (names.includes(databaseFiles.format)) return
  const foreign = names.find((name) => !makings.has(name))
  if (foreign !== undefined) throw notADatabase(path, `it has no FORMAT file, but other files, such as ${foreign}`)
  if (!createIfMissing) throw notADatabase(path, 'it is empty')
}

/** If the power goes in here, FORMAT is missing, and the next open begins again. */
async function create(fs: FileSystem, path: string): Promise<void> {
  await replace(fs, path, databaseFiles.catalog, encodeCatalog(emptyCatalog))
  await replace(fs, path, databaseFiles.format, encodeFormat())
}

/** Replaces a small file atomically. */
async function replace(fs: FileSystem, directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${directory}/${name}.tmp`
  await fs.remove(temporary)
  await writeWhole(fs, temporary, bytes)
  await fs.rename(temporary, `${directory}/${name}`)
  await fs.syncDirectory(directory)
}

function parentOf(path: string): string {
  const parent = path.replace(/\/+$/, '').replace(/[^/]*$/, '')
  return parent === '' ? '.' : parent
}

function notADatabase(path: string, why: string): MarquetryError {
  return new MarquetryError('MARQUETRY_NOT_A_DATABASE', `${path} is not a marquetry database: ${why}`, { file: path })
}

function locked(path: string, heldBy: string): MarquetryError {
  const pid = Number.parseInt(heldBy, 10)
  const holder = Number.isNaN(pid) ? 'another process' : pid === process.pid ? 'this process' : `process ${pid}`
  return new MarquetryError('MARQUETRY_LOCKED', `${path} is in use by ${holder}`, {
    file: path,
    ...(Number.isNaN(pid) ? {} : { pid }),
  })
}
