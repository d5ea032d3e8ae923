// A file that is there whole or not at all: written under a temporary name beside its own, synced, renamed.
//
// If the process dies in here, a file `….tmp-…` may be left over; the target is the old one or the new one, whole.

import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import type { FileHandle, FileSystem } from '../fs/file-system.js'

/**
 * Creates or replaces the file at `path` with what `write` writes. If `write` throws, nothing is changed and the
 * temporary file is removed.
 */
export async function writeFileAtomically<T>(
  fs: FileSystem,
  path: string,
  write: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const temporary = `${path}.tmp-${randomBytes(6).toString('hex')}`
  const file = await fs.open(temporary, 'create-shared')
  try {
    const result = await write(file)
    await file.sync()
    await file.close()
    await fs.rename(temporary, path)
    await fs.syncDirectory(dirname(path))
    return result
  } catch (error) {
    // Whatever else fails while tidying up, the first error is the one to tell.
    await file.close().catch(() => {})
    await fs.remove(temporary).catch(() => {})
    throw error
  }
}
