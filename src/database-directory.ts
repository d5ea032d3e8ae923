// The directory of a database: marks, lock and catalog. Making one, opening one, refusing what is none.

import { corruption, invalidOption, MarquetryError } from './errors.js'
import {
  type Catalog,
  type CatalogEntry,
  checkFormat,
  decodeCatalog,
  emptyCatalog,
  encodeCatalog,
  encodeFormat,
} from './format/catalog.js'
import { databaseFiles, directories, parseName } from './format/file-names.js'
import { type FileLock, type FileStat, type FileSystem, readWhole, writeWhole } from './fs/file-system.js'
import { Readers } from './version/readers.js'

export interface DirectoryOptions {
  readonly createIfMissing: boolean
  readonly errorIfExists?: boolean
}

/** Names that a directory may hold and still be made a database: what an interrupted creation leaves. */
const makings: ReadonlySet<string> = new Set([
  databaseFiles.lock,
  databaseFiles.catalog,
  'CATALOG.tmp',
  'FORMAT.tmp',
])

/** A database's directory: locked by its writer, or read beside it. */
export class DatabaseDirectory {
  readonly path: string
  /** Read-only openers, as the writer sees them. */
  readonly readers: Readers
  readonly #fs: FileSystem
  readonly #lock: FileLock | undefined
  #catalog: Catalog

  private constructor(fs: FileSystem, path: string, lock: FileLock | undefined, catalog: Catalog) {
    this.#fs = fs
    this.path = path
    this.readers = new Readers(fs, path)
    this.#lock = lock
    this.#catalog = catalog
  }

  /**
   * Locks and reads the directory, making it a database first if it is missing or empty and that is asked for.
   * Throws MARQUETRY_NOT_A_DATABASE, MARQUETRY_LOCKED, MARQUETRY_UNSUPPORTED_FORMAT or MARQUETRY_CORRUPTION, and
   * MARQUETRY_INVALID_OPTION for a database that is there and should not be.
   */
  static async open(fs: FileSystem, path: string, options: DirectoryOptions): Promise<DatabaseDirectory> {
    await checkDirectory(fs, path, options)
    const lock = await fs.lock(`${path}/${databaseFiles.lock}`, `${process.pid}\n`)
    if ('heldBy' in lock) throw locked(path, lock.heldBy)
    try {
      if ((await fs.stat(`${path}/${databaseFiles.format}`)) === undefined) await create(fs, path)
      else if (options.errorIfExists) throw exists(path)
      await checkMark(fs, path)
      return new DatabaseDirectory(fs, path, lock, await readCatalog(fs, path))
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  /** For a read-only opener, beside whoever holds the lock: what `reread` finds. Makes nothing; throws as `open` does. */
  static async openShared(
    fs: FileSystem,
    path: string,
    { errorIfExists = false }: Omit<DirectoryOptions, 'createIfMissing'> = {},
  ): Promise<DatabaseDirectory> {
    await checkDirectory(fs, path, { createIfMissing: false })
    if (errorIfExists) throw exists(path)
    await checkMark(fs, path)
    return new DatabaseDirectory(fs, path, undefined, emptyCatalog)
  }

  /** Reads the catalog, which its writer may have replaced, without taking it over. */
  reread(): Promise<Catalog> {
    return readCatalog(this.#fs, this.path)
  }

  /** Takes over what `reread` has found. */
  become(catalog: Catalog): void {
    this.#catalog = catalog
  }

  get catalog(): Catalog {
    return this.#catalog
  }

  /**
   * Replaces the catalog, durably. `fail` is called with a failure that leaves open which of the two is in place: then
   * nothing may be done that rests on the old one.
   */
  async setCatalog(catalog: Catalog, fail: (error: unknown) => void): Promise<void> {
    await replace(this.#fs, this.path, databaseFiles.catalog, encodeCatalog(catalog), fail)
    this.#catalog = catalog
  }

  /**
   * Drops a table: the catalog stops naming it, then its files go. Resolves once it is gone for good; if the process
   * dies later, or files cannot be removed, the next open finds them among the dropped.
   */
  async dropTable(
    entry: CatalogEntry,
    fail: (error: unknown) => void,
    release: () => Promise<void>,
  ): Promise<void> {
    const { tables, dropped = [] } = this.#catalog
    const left = tables.filter((table) => table.id !== entry.id)
    await this.setCatalog({ ...this.#catalog, tables: left, dropped: [...dropped, entry] }, fail)
    await release()
    await this.#removeDropped().catch(() => {})
  }

  /**
   * Makes durable what was read, and removes what a process left that died. To be called before anything rests on the
   * catalog: if the process that replaced it was killed before it synced the directory, a power cut would bring the old one
   * back, and the tables that only the new one names would be gone with all that was written to them since.
   */
  async settle(): Promise<void> {
    await this.#fs.syncDirectory(this.path)
    for (const name of [databaseFiles.catalog, databaseFiles.format])
      await this.#fs.remove(`${this.path}/${name}.tmp`)
    await this.collectOrphans()
  }

  /**
   * Removes what a process left that died while it made a table or dropped one, and dropped tables that no reader needs any more.
   * `needed`: the name of a table that is about to be made; a dropped one makes room for it.
   */
  async collectOrphans(needed?: string): Promise<void> {
    await this.#removeDropped(needed)
    const tables = this.#catalog.tables.map(({ name }) => name)
    const named = new Set([...Object.values(databaseFiles), directories.readers, ...tables])
    for (const name of await this.#fs.list(this.path)) {
      const path = `${this.path}/${name}`
      if (!named.has(name) && (await isUnusedTable(this.#fs, path))) await this.#fs.remove(path)
    }
  }

  /**
   * Renames first, so that a table of the same name can be made whatever becomes of the files. One that a reader has open keeps
   * its place until the reader is gone or its name is needed; then what the reader has not opened yet is stale.
   */
  async #removeDropped(needed?: string): Promise<void> {
    const { dropped = [], ...catalog } = this.#catalog
    if (dropped.length === 0) return
    const kept: CatalogEntry[] = []
    for (const entry of dropped) {
      const { id, name } = entry
      const doomed = `${this.path}/.dropped-${id}`
      const places = await this.readers.placesOf(id)
      const isRead = places === 'any' || places.length > 0
      if (isRead) kept.push(entry)
      if (isRead && name !== needed) continue
      const isReused = catalog.tables.some((table) => table.name === name)
      const isMoved = (await this.#fs.stat(doomed)) !== undefined
      if (!isReused && !isMoved && (await this.#fs.stat(`${this.path}/${name}`)) !== undefined) {
        await this.#fs.rename(`${this.path}/${name}`, doomed)
        await this.#fs.syncDirectory(this.path)
      }
      if (!isRead) await this.#fs.remove(doomed)
    }
    if (kept.length === dropped.length) return
    // A power cut must not keep the catalog that forgets them and lose their removal: nobody would look for them again.
    await this.#fs.syncDirectory(this.path)
    await this.setCatalog(kept.length === 0 ? catalog : { ...catalog, dropped: kept }, () => {})
  }

  /** Gives the lock back. */
  async close(): Promise<void> {
    await this.#lock?.release()
  }
}

async function checkMark(fs: FileSystem, path: string): Promise<void> {
  const format = `${path}/${databaseFiles.format}`
  checkFormat(format, await readWhole(fs, format))
}

async function readCatalog(fs: FileSystem, path: string): Promise<Catalog> {
  const catalog = `${path}/${databaseFiles.catalog}`
  const kind = (await fs.stat(catalog))?.kind
  if (kind !== 'file')
    throw corruption(catalog, undefined, `the catalog is ${kind === undefined ? 'missing' : 'no file'}`)
  return decodeCatalog(catalog, await readWhole(fs, catalog))
}

/** Whether this is what `TreeFiles.create` makes, or any part of it, and nothing was ever written to it. */
async function isUnusedTable(fs: FileSystem, path: string): Promise<boolean> {
  if ((await fs.stat(path))?.kind !== 'directory') return false
  const names = await fs.list(path)
  for (const name of names) {
    const isManifest = parseName(name.replace(/\.tmp$/, ''))?.kind === 'manifest'
    const isEmptyFolder = folders.has(name) && (await fs.list(`${path}/${name}`)).length === 0
    if (!isManifest && !isEmptyFolder) return false
  }
  return true
}

const folders: ReadonlySet<string> = new Set([directories.sstables, directories.temporary])

async function checkDirectory(
  fs: FileSystem,
  path: string,
  { createIfMissing }: DirectoryOptions,
): Promise<void> {
  const stat = await fs.stat(path)
  if (stat === undefined) {
    if (!createIfMissing) throw notADatabase(path, 'the directory does not exist')
    await makeDirectories(fs, path)
    return
  }
  const names = await namesIn(fs, path, stat.kind)
  if (names === undefined) throw notADatabase(path, 'it is not a directory')
  if (names.includes(databaseFiles.format)) return
  const foreign = names.find((name) => !makings.has(name))
  if (foreign !== undefined)
    throw notADatabase(path, `it has no FORMAT file, but other files, such as ${foreign}`)
  if (!createIfMissing) throw notADatabase(path, 'it is empty')
}

/** What a directory holds; undefined: it is none. A symbolic link counts as what it leads to. */
async function namesIn(
  fs: FileSystem,
  path: string,
  kind: FileStat['kind'],
): Promise<readonly string[] | undefined> {
  if (kind === 'directory') return fs.list(path)
  return kind === 'other' ? fs.list(path).catch(() => undefined) : undefined
}

/** Makes a directory, durably, and its parents where they are missing. */
export async function makeDirectories(fs: FileSystem, path: string): Promise<void> {
  const parent = parentOf(path)
  if (parent !== path && (await fs.stat(parent)) === undefined) await makeDirectories(fs, parent)
  await fs.makeDirectory(path)
  await fs.syncDirectory(parent)
}

/** If the power goes in here, FORMAT is missing, and the next open begins again. */
async function create(fs: FileSystem, path: string): Promise<void> {
  // Whoever made the directory may have been killed before its name was durable.
  await fs.syncDirectory(parentOf(path))
  await replace(fs, path, databaseFiles.catalog, encodeCatalog(emptyCatalog))
  await replace(fs, path, databaseFiles.format, encodeFormat())
}

/** Replaces a small file atomically. `uncertain` is told of failures after which the new one may be there or not. */
async function replace(
  fs: FileSystem,
  directory: string,
  name: string,
  bytes: Uint8Array,
  uncertain: (error: unknown) => void = () => {},
): Promise<void> {
  const temporary = `${directory}/${name}.tmp`
  await fs.remove(temporary)
  await writeWhole(fs, temporary, bytes)
  try {
    await fs.rename(temporary, `${directory}/${name}`)
    await fs.syncDirectory(directory)
  } catch (error) {
    uncertain(error)
    throw error
  }
}

/** The path of the directory that holds it. */
export function parentOf(path: string): string {
  const parent = path.replace(/\/+$/, '').replace(/[^/]*$/, '')
  return parent === '' ? '.' : parent.replace(/(?<=.)\/+$/, '')
}

function exists(path: string): MarquetryError {
  return invalidOption('errorIfExists', `is set, and ${path} exists`)
}

function notADatabase(path: string, why: string): MarquetryError {
  return new MarquetryError('MARQUETRY_NOT_A_DATABASE', `${path} is not a marquetry database: ${why}`, {
    file: path,
  })
}

function locked(path: string, heldBy: string): MarquetryError {
  const pid = Number.parseInt(heldBy, 10)
  const holder = Number.isNaN(pid) ? 'another process' : pid === process.pid ? 'this process' : `process ${pid}`
  return new MarquetryError('MARQUETRY_LOCKED', `${path} is in use by ${holder}`, {
    file: path,
    ...(Number.isNaN(pid) ? {} : { pid }),
  })
}
