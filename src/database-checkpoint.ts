// A checkpoint: a copy of a database at one moment, made while it is written. It is a database like any other.
//
//   dir.tmp-9f86d081884c/ …   linked, written, synced, file by file      → renamed to dir
//
// SSTables never change, so a second name for the same file is a copy. Logs are written from memory, as they were at the moment; the
// manifest is one full state, numbered after that of the source, for the logs name the manifest that they followed.
// If the process dies, a directory `….tmp-…` is left over, which nobody takes for a checkpoint.

import { randomBytes } from 'node:crypto'
import { makeDirectories, parentOf } from './database-directory.js'
import { invalidOption, isMarquetryError, throwIfAborted } from './errors.js'
import { type Catalog, encodeCatalog, encodeFormat } from './format/catalog.js'
import { databaseFiles, directories, logName, sstableFiles, sstableFolder } from './format/file-names.js'
import { linkOrCopy } from './fs/copy-file.js'
import { type FileSystem, writeWhole } from './fs/file-system.js'
import { systemCode } from './fs/io-error.js'
import type { TreeImage } from './tree/tree-image.js'
import { takeTurn, turnIsDue } from './util/turn.js'
import { writeManifest } from './version/manifest.js'

/** How far a checkpoint has come. */
export interface CheckpointProgress {
  /** SSTables that are in the checkpoint. */
  readonly sstables: number
  readonly sstablesTotal: number
}

/** What `db.checkpoint` takes. */
export interface CheckpointOptions {
  /** Called after each SSTable. */
  readonly onProgress?: ((progress: CheckpointProgress) => void) | undefined
  /** Ends the checkpoint with an `AbortError`; nothing is left of it. */
  readonly signal?: AbortSignal | undefined
}

/** What a checkpoint holds. */
export interface CheckpointResult {
  readonly tables: number
  readonly sstables: number
  /** Bytes of the SSTables' data and of logs. */
  readonly bytes: number
  /** Bytes that were copied since the system would not link: all of them if the checkpoint is on another disk. */
  readonly copiedBytes: number
}

/** The tables of a database at one moment. */
export interface DatabaseImage {
  readonly catalog: Catalog
  /** Of the tables in the catalog, in its order. */
  readonly tables: readonly { readonly name: string; readonly image: TreeImage }[]
}

/** Throws MARQUETRY_INVALID_OPTION. */
export function checkCheckpointOptions(directory: unknown, options: object): void {
  if (typeof directory !== 'string' || directory === '') throw invalidOption('directory', 'must be a path')
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'must be an object')
  for (const name in options) {
    if (name !== 'onProgress' && name !== 'signal') throw invalidOption(name, 'is not known to checkpoints')
  }
  const { onProgress, signal } = options as Readonly<Record<string, unknown>>
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw invalidOption('onProgress', 'must be a function')
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidOption('signal', 'must be an AbortSignal')
}

/** Throws MARQUETRY_INVALID_OPTION if a checkpoint of the database at `database` cannot go to `directory`. */
export async function checkTarget(fs: FileSystem, database: string, directory: string): Promise<void> {
  if (`${directory}/`.startsWith(`${database}/`))
    throw invalidOption('directory', 'must not lie in the database')
  const stat = await fs.stat(directory)
  if (stat === undefined) return
  if (stat.kind !== 'directory') throw invalidOption('directory', `names ${directory}, which is no directory`)
  const [first] = await fs.list(directory)
  if (first !== undefined)
    throw invalidOption('directory', `names ${directory}, which is not empty: it has ${first}`)
}

/** Makes a checkpoint of what the image holds. `check` is called before each file and may throw. */
export async function writeCheckpoint(
  fs: FileSystem,
  directory: string,
  { catalog, tables }: DatabaseImage,
  { onProgress, signal }: CheckpointOptions,
  check: () => void,
): Promise<CheckpointResult> {
  const parent = parentOf(directory)
  if ((await fs.stat(parent)) === undefined) await makeDirectories(fs, parent)
  const temporary = `${directory}.tmp-${randomBytes(6).toString('hex')}`
  const total = { sstables: 0, bytes: 0, copiedBytes: 0 }
  const sstablesTotal = tables.reduce((sum, { image }) => sum + image.state.version.allTables().length, 0)
  try {
    await fs.makeDirectory(temporary)
    for (const { name, image } of tables) {
      await writeTable(fs, `${temporary}/${name}`, image, signal, (bytes, copiedBytes, sstables) => {
        total.bytes += bytes
        total.copiedBytes += copiedBytes
        total.sstables += sstables
        if (sstables > 0) onProgress?.({ sstables: total.sstables, sstablesTotal })
        throwIfAborted(signal)
        check()
      })
    }
    await writeWhole(fs, `${temporary}/${databaseFiles.catalog}`, encodeCatalog(catalog))
    await writeWhole(fs, `${temporary}/${databaseFiles.format}`, encodeFormat())
    await fs.syncDirectory(temporary)
    throwIfAborted(signal)
    check()
    // Windows does not rename over a directory. If the process dies in between, an empty directory is missing.
    if ((await fs.stat(directory)) !== undefined) await fs.remove(directory)
    await fs.rename(temporary, directory)
    await fs.syncDirectory(parent)
  } catch (error) {
    await fs.remove(temporary).catch(() => {})
    throw error
  }
  return { tables: tables.length, ...total }
}

async function writeTable(
  fs: FileSystem,
  directory: string,
  image: TreeImage,
  signal: AbortSignal | undefined,
  done: (bytes: number, copiedBytes: number, sstables: number) => void,
): Promise<void> {
  await fs.makeDirectory(directory)
  await fs.makeDirectory(`${directory}/${directories.sstables}`)
  await fs.makeDirectory(`${directory}/${directories.temporary}`)
  for (const { number, bytes } of image.state.version.allTables()) {
    const folder = sstableFolder(number)
    await fs.makeDirectory(`${directory}/${folder}`)
    let copied = 0
    for (const [sidecar, file] of Object.entries(sstableFiles)) {
      const name = `${folder}/${file}`
      try {
        copied += await linkOrCopy(fs, `${image.directory}/${name}`, `${directory}/${name}`, signal)
      } catch (error) {
        // What a sidecar holds can be made again.
        const isMissing = isMarquetryError(error, 'MARQUETRY_IO') && systemCode(error) === 'ENOENT'
        if (sidecar === 'data' || !isMissing) throw error
      }
    }
    await fs.syncDirectory(`${directory}/${folder}`)
    done(bytes, copied, 1)
    if (turnIsDue()) await takeTurn()
  }
  await fs.syncDirectory(`${directory}/${directories.sstables}`)
  for (const { number, bytes } of image.logs) {
    await writeWhole(fs, `${directory}/${logName(number)}`, bytes)
    done(bytes.length, 0, 0)
  }
  await writeManifest(fs, directory, image.position.number + 1, image.state)
}
