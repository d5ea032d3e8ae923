// The files of a database as data: taken from a file system, changed, put into another one.

import { type FileSystem, readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'

/** Content by path; undefined: a directory. */
export type Contents = ReadonlyMap<string, Uint8Array | undefined>

/** All that is below a path, parents before what they hold. */
export async function contentsOf(fs: FileSystem, path: string): Promise<Contents> {
  const contents = new Map<string, Uint8Array | undefined>()
  const visit = async (at: string): Promise<void> => {
    if ((await fs.stat(at))?.kind === 'file') {
      contents.set(at, await readWhole(fs, at))
      return
    }
    contents.set(at, undefined)
    for (const name of await fs.list(at)) await visit(`${at}/${name}`)
  }
  await visit(path)
  return contents
}

/** A file system that holds just this, all of it as if a process had died: written, not synced. */
export async function fileSystemOf(contents: Contents): Promise<MemoryFileSystem> {
  const fs = new MemoryFileSystem()
  for (const [path, bytes] of contents) {
    if (bytes === undefined) await fs.makeDirectory(path)
    else {
      const file = fs.openSync(path, 'create')
      if (bytes.length > 0) file.writeSync(bytes, 0)
      file.closeSync()
    }
  }
  return fs
}

/** Paths of files that were added, removed or changed, but for those that name who has the database open. */
export function changes(before: Contents, after: Contents): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()])
  return [...paths].filter((path) => {
    // A lock names its last holder; readers register themselves.
    if (path.endsWith('/LOCK') || path.endsWith('/readers')) return false
    const [was, is] = [before.get(path), after.get(path)]
    if (was === undefined || is === undefined) return before.has(path) !== after.has(path) || was !== is
    return Buffer.compare(was, is) !== 0
  })
}
