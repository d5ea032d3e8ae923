// Repairs a database that cannot be opened, or not be read to its end: rebuilds what can be made again, saves what is whole, moves the
// rest aside, and says exactly what could not be saved.

import { resolve } from 'node:path'
import { aborted, invalidOption, isMarquetryError, MarquetryError } from './errors.js'
import {
  type Catalog,
  type CatalogEntry,
  checkFormat,
  checkTableName,
  decodeCatalog,
  encodeCatalog,
  encodeFormat,
} from './format/catalog.js'
import { databaseFiles, directories, parseName } from './format/file-names.js'
import { type FileSystem, readWhole, writeWhole } from './fs/file-system.js'
import { nodeFileSystem } from './fs/node.js'
import { RepairNotes, RepairReport } from './repair-report.js'
import { repairTable } from './repair-table.js'

/** What `repair` takes. */
export interface RepairOptions {
  /** Only looks, and reports what a repair would do. Default false. */
  readonly dryRun?: boolean | undefined
  /** Ends the repair with an `AbortError`, between two tables or files; running it again goes on. */
  readonly signal?: AbortSignal | undefined
  /** @internal For tests. */
  readonly fileSystem?: FileSystem | undefined
}

/**
 * Repairs the database in this directory, which nobody has open (MARQUETRY_LOCKED). Sidecars are made anew from whole data; a manifest that is
 * lost, from SSTables that are whole; a catalog that is lost, from the tables' directories; of logs all whole records are saved.
 * What cannot be used goes to `lost/` in its table's directory. No row is returned afterwards that was not written at some time; but
 * rows that were overwritten or deleted by what is lost are back. Keep a copy of the directory where you can.
 */
export async function repair(given: string, options: RepairOptions = {}): Promise<RepairReport> {
  checkRepairOptions(given, options)
  const fs = options.fileSystem ?? nodeFileSystem()
  const path = fs.sharedWithWorkers ? resolve(given) : given
  if ((await fs.stat(path))?.kind !== 'directory') {
    throw new MarquetryError('MARQUETRY_NOT_A_DATABASE', `${path} is no directory`, { file: path })
  }
  const folders = await tableFolders(fs, path)
  if (folders.length === 0 && (await fs.stat(`${path}/${databaseFiles.format}`)) === undefined) {
    throw new MarquetryError('MARQUETRY_NOT_A_DATABASE', `${path} holds nothing of a database`, { file: path })
  }
  const lock = await fs.lock(`${path}/${databaseFiles.lock}`, `${process.pid}\n`)
  if ('heldBy' in lock) {
    throw new MarquetryError('MARQUETRY_LOCKED', `${path} is in use by process ${lock.heldBy.trim()}`, {
      file: path,
    })
  }
  try {
    const notes = new RepairNotes(options.dryRun === true)
    await repairFormat(fs, path, notes)
    const catalog = await loadCatalog(fs, path, notes)
    await repairTables({ fs, path, notes, signal: options.signal, folders }, catalog)
    return new RepairReport(path, notes.dryRun, notes.actions)
  } finally {
    await lock.release()
  }
}

interface DatabaseRepair {
  readonly fs: FileSystem
  readonly path: string
  readonly notes: RepairNotes
  readonly signal: AbortSignal | undefined
  /** Names of directories that look like tables. */
  readonly folders: readonly string[]
}

async function repairTables(given: DatabaseRepair, catalog: Catalog | undefined): Promise<void> {
  const { fs, path, notes, signal, folders } = given
  const entries: CatalogEntry[] = []
  const names = catalog?.tables.map(({ name }) => name) ?? folders
  let nextId = catalog?.nextTableId ?? 1
  const tick = () => {
    if (signal?.aborted) throw aborted(signal)
  }
  for (const name of names) {
    tick()
    const directory = `${path}/${name}`
    if ((await fs.stat(directory)) === undefined) {
      notes.note('lost', directory, 'the directory of the table is missing')
      continue
    }
    const listed = catalog?.tables.find((entry) => entry.name === name)?.id
    const id = await repairTable({ fs, directory, id: listed, name, notes, signal, tick })
    if (id === undefined) continue
    entries.push({ id, name })
    nextId = Math.max(nextId, id + 1)
  }
  if (catalog !== undefined && entries.length === catalog.tables.length) return
  notes.note(
    'rebuilt',
    `${path}/${databaseFiles.catalog}`,
    `lists ${entries.map(({ name }) => name).join(', ')}`,
  )
  await notes.change(() =>
    replace(
      fs,
      path,
      databaseFiles.catalog,
      encodeCatalog({ ...catalog, nextTableId: nextId, tables: entries }),
    ),
  )
}

async function repairFormat(fs: FileSystem, path: string, notes: RepairNotes): Promise<void> {
  const format = `${path}/${databaseFiles.format}`
  try {
    if ((await fs.stat(format)) !== undefined) return checkFormat(format, await readWhole(fs, format))
  } catch (error) {
    if (!isMarquetryError(error, 'MARQUETRY_CORRUPTION')) throw error
  }
  notes.note('rebuilt', format, 'was missing or damaged')
  await notes.change(() => replace(fs, path, databaseFiles.format, encodeFormat()))
}

async function loadCatalog(fs: FileSystem, path: string, notes: RepairNotes): Promise<Catalog | undefined> {
  const catalog = `${path}/${databaseFiles.catalog}`
  try {
    if ((await fs.stat(catalog)) !== undefined) return decodeCatalog(catalog, await readWhole(fs, catalog))
    notes.note('lost', catalog, 'it is missing; tables that were being dropped may be back')
  } catch (error) {
    if (!isMarquetryError(error, 'MARQUETRY_CORRUPTION')) throw error
    notes.note('lost', catalog, `${error.message}; tables that were being dropped may be back`)
  }
  return undefined
}

async function tableFolders(fs: FileSystem, path: string): Promise<readonly string[]> {
  const folders: string[] = []
  for (const name of await fs.list(path)) {
    if (!isTableName(name) || (await fs.stat(`${path}/${name}`))?.kind !== 'directory') continue
    const inside = await fs.list(`${path}/${name}`)
    const isTable =
      inside.includes(directories.sstables) || inside.some((file) => parseName(file) !== undefined)
    if (isTable) folders.push(name)
  }
  return folders
}

function isTableName(name: string): boolean {
  try {
    checkTableName(name)
    return true
  } catch {
    return false
  }
}

async function replace(fs: FileSystem, path: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}/${name}.tmp`
  await fs.remove(temporary)
  await writeWhole(fs, temporary, bytes)
  await fs.rename(temporary, `${path}/${name}`)
  await fs.syncDirectory(path)
}

function checkRepairOptions(path: unknown, options: object): void {
  if (typeof path !== 'string' || path === '') throw invalidOption('path', 'must be a path')
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'must be an object')
  for (const name in options) {
    if (!['dryRun', 'signal', 'fileSystem'].includes(name)) throw invalidOption(name, 'is not known to repairs')
  }
  const { dryRun, signal } = options as Readonly<Record<string, unknown>>
  if (dryRun !== undefined && typeof dryRun !== 'boolean')
    throw invalidOption('dryRun', 'must be true or false')
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidOption('signal', 'must be an AbortSignal')
}
