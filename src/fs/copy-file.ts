// A second name for a file that never changes, or a copy of it where the system has no second names.

import { throwIfAborted } from '../errors.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import type { FileSystem } from './file-system.js'
import { systemCode } from './io-error.js'

const copyBytes = 1 << 20

/** What the system says where it does not link: other disks, file systems without links, links it has too many of. */
const unlinkable: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/**
 * Makes `to` the same file as `from`, or a copy that is synced; the directory's entry is the caller's to sync. Returns how many bytes were
 * copied. Requires: nobody changes `from`.
 */
export async function linkOrCopy(
  fs: FileSystem,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<number> {
  try {
    await fs.link(from, to)
    return 0
  } catch (error) {
    if (!unlinkable.has(systemCode(error) ?? '')) throw error
  }
  return await copyFile(fs, from, to, signal)
}

async function copyFile(
  fs: FileSystem,
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const source = await fs.open(from, 'read')
  try {
    const target = await fs.open(to, 'create')
    try {
      const buffer = new Uint8Array(copyBytes)
      let at = 0
      for (;;) {
        throwIfAborted(signal)
        const read = await source.read(buffer, at)
        if (read === 0) break
        await target.write(buffer.subarray(0, read), at)
        at += read
        if (turnIsDue()) await takeTurn()
      }
      await target.sync()
      return at
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}
