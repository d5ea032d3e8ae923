import type { FileSystem } from 'marquetry'

/** Bytes of files by path; undefined: a directory. */
export type Contents = ReadonlyMap<string, Uint8Array | undefined>

/** Every file below a directory with its bytes, every directory with `undefined`. */
export async function contentsOf(
  fs: FileSystem,
  directory = '',
  into = new Map<string, Uint8Array | undefined>(),
): Promise<Contents> {
  for (const name of await fs.list(directory)) {
    const path = `${directory}/${name}`
    if ((await fs.stat(path))?.kind === 'directory') {
      into.set(path, undefined)
      await contentsOf(fs, path, into)
      continue
    }
    const file = fs.openSync(path, 'read')
    const bytes = new Uint8Array(file.sizeSync())
    file.readSync(bytes, 0)
    file.closeSync()
    into.set(path, bytes)
  }
  return into
}
