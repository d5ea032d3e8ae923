import type { FileSystem } from 'marquetry'

/** Every file below a directory with its bytes as a string (latin1), every directory with `undefined`. */
export async function contentsOf(
  fs: FileSystem,
  directory = '',
  into = new Map<string, string | undefined>(),
): Promise<Map<string, string | undefined>> {
  for (const name of await fs.list(directory)) {
    const path = `${directory}/${name}`
    if ((await fs.stat(path))?.kind === 'directory') {
      into.set(path, undefined)
      await contentsOf(fs, path, into)
      continue
    }
    const file = fs.openSync(path, 'read')
    const bytes = Buffer.alloc(file.sizeSync())
    file.readSync(bytes, 0)
    file.closeSync()
    into.set(path, bytes.toString('latin1'))
  }
  return into
}
