// The machine's file system with every read of a file counted.

import { nodeFileSystem } from '../../dist/fs/node.js'

/** Calls that read bytes of a file, and those bytes, since `reads.count` and `reads.bytes` were last set. */
export function countingFileSystem() {
  const inner = nodeFileSystem()
  const reads = { count: 0, bytes: 0 }
  const counted = (file) => {
    for (const method of ['read', 'readSync']) {
      const read = file[method].bind(file)
      file[method] = (into, position) => {
        reads.count++
        reads.bytes += into.byteLength
        return read(into, position)
      }
    }
    return file
  }
  const fileSystem = Object.create(inner, {
    open: { value: async (path, mode) => counted(await inner.open(path, mode)) },
    openSync: { value: (path, mode) => counted(inner.openSync(path, mode)) },
  })
  return { fileSystem, reads }
}
