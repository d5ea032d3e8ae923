// The bytes of a file to import, for parquet-wasm's reader, which takes a Blob: a duck-typed one reads from a file
// descriptor, synchronously, since the thread has nothing else to do.

import type { FileSystem } from '../fs/file-system.js'
import { type ImportFile, invalidInput } from './import-task.js'

/** Random access to a file. `read` throws MARQUETRY_IO. */
export interface FileBytes {
  readonly path: string
  readonly size: number
  read(from: number, to: number): Uint8Array<ArrayBuffer>
  close(): void
}

/** Opens the file, or lays itself over its content. */
export function openBytes(fs: FileSystem, { path, content }: ImportFile): FileBytes {
  if (content !== undefined) {
    const bytes = new Uint8Array(content)
    return {
      path,
      size: bytes.length,
      read: (from, to) => new Uint8Array(bytes.subarray(from, to)),
      close() {},
    }
  }
  const file = fs.openSync(path, 'read')
  return {
    path,
    size: file.sizeSync(),
    read(from, to) {
      const bytes = new Uint8Array(to - from)
      const read = file.readSync(bytes, from)
      if (read < bytes.length) throw invalidInput(path, 'the file has become shorter while it was read')
      return bytes
    },
    close: () => file.closeSync(),
  }
}

/**
 * Runs a computation that reads from the blob it is given. A failed read ends it with its error, while what waits for
 * that read waits for ever: told of the failure, parquet-wasm would panic.
 */
export async function withBlob<T>(bytes: FileBytes, run: (blob: Blob) => Promise<T>): Promise<T> {
  let fail: (error: unknown) => void = () => {}
  const failure = new Promise<never>((_, reject) => {
    fail = reject
  })
  failure.catch(() => {})
  const slice = (from: number, to: number): Blob => {
    const blob = {
      size: to - from,
      slice: (start = 0, end = to - from) => slice(from + start, Math.min(from + end, to)),
      arrayBuffer: async () => {
        try {
          return bytes.read(from, to).buffer
        } catch (error) {
          fail(error)
          return await new Promise<never>(() => {})
        }
      },
    }
    return blob as unknown as Blob
  }
  return await Promise.race([run(slice(0, bytes.size)), failure])
}
