// The removal of a whole database. It goes by names and not by the catalog, so that a damaged database can be removed too,
// and leaves alone what is not the engine's.
//
// FORMAT goes last but for the lock: as long as it is there, this is a database that can be destroyed again; without it and
// without tables it is an empty directory, of which the next open makes a new database.

import { MarquetryError } from '../errors.js'
import { databaseFiles, directories, parseName } from '../format/file-names.js'
import type { FileSystem } from '../fs/file-system.js'
import { nodeFileSystem } from '../fs/node.js'

/** Removes a database's files, and its directory if that is then empty. No database there: nothing is done. */
export async function destroyDatabase(path: string): Promise<void> {
  const fs = nodeFileSystem()
  if ((await fs.stat(`${path}/${databaseFiles.format}`)) === undefined) return
  const lock = await fs.lock(`${path}/${databaseFiles.lock}`, `${process.pid}\n`)
  if ('heldBy' in lock) {
    throw new MarquetryError('MARQUETRY_LOCKED', `${path} is open: it cannot be destroyed`, { file: path })
  }
  try {
    for (const name of await fs.list(path)) {
      const isTable = name.startsWith('.dropped-') || (await holdsTable(fs, `${path}/${name}`))
      if (isTable) await fs.remove(`${path}/${name}`)
    }
    await fs.syncDirectory(path)
    const { catalog, format } = databaseFiles
    for (const name of [`${catalog}.tmp`, `${format}.tmp`, catalog, format]) await fs.remove(`${path}/${name}`)
    await fs.remove(`${path}/${databaseFiles.lock}`)
    await fs.syncDirectory(path)
  } finally {
    await lock.release()
  }
  if ((await fs.list(path)).length === 0) await fs.remove(path)
}

/** Whether this is the directory of a table, or what is left of one. */
async function holdsTable(fs: FileSystem, path: string): Promise<boolean> {
  if ((await fs.stat(path))?.kind !== 'directory') return false
  const names = await fs.list(path)
  return names.includes(directories.sstables) || names.some((name) => parseName(name)?.kind === 'manifest')
}
