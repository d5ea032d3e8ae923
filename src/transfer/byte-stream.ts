// Bytes of a file or of a stream that the caller gives, piece by piece and never all of them at once.

import { MarquetryError } from '../errors.js'
import type { FileSystem } from '../fs/file-system.js'

/**
 * What an import reads: the path of a file, or bytes as they come. Node's readable streams and the web's are such, and
 * so is any other iterable of byte arrays.
 */
export type ImportSource = string | AsyncIterable<Uint8Array>

/** Pieces of bytes, in order. `close` may be called at any time, and more than once. */
export interface ByteStream {
  /** Name for messages: the path, or `<stream>`. */
  readonly name: string
  /** Bytes in all, where that is known. */
  readonly bytesTotal: number | undefined
  /** Bytes that were given out. */
  readonly bytesRead: number
  next(): Promise<Uint8Array | undefined>
  close(): Promise<void>
}

const pieceBytes = 256 * 1024

export async function openByteStream(fs: FileSystem, source: ImportSource): Promise<ByteStream> {
  return typeof source === 'string' ? await fileStream(fs, source) : givenStream(source)
}

async function fileStream(fs: FileSystem, path: string): Promise<ByteStream> {
  const file = await fs.open(path, 'read')
  let at = 0
  return {
    name: path,
    bytesTotal: await file.size(),
    get bytesRead() {
      return at
    },
    async next() {
      const bytes = new Uint8Array(pieceBytes)
      const read = await file.read(bytes, at)
      at += read
      return read === 0 ? undefined : bytes.subarray(0, read)
    },
    close: () => file.close(),
  }
}

/** The name that messages give to what has none. */
export const streamName = '<stream>'

function givenStream(source: AsyncIterable<Uint8Array>): ByteStream {
  let iterator: AsyncIterator<Uint8Array> | undefined
  let isOver = false
  let bytesRead = 0
  return {
    name: streamName,
    bytesTotal: undefined,
    get bytesRead() {
      return bytesRead
    },
    async next() {
      if (isOver) return undefined
      iterator ??= source[Symbol.asyncIterator]()
      const { value, done } = await nextOf(iterator)
      if (done === true) {
        isOver = true
        return undefined
      }
      const bytes: unknown = typeof value === 'string' ? Buffer.from(value) : value
      if (!(bytes instanceof Uint8Array)) {
        throw new MarquetryError(
          'MARQUETRY_INVALID_INPUT',
          `${streamName}: it yields ${typeof value}s, not bytes`,
        )
      }
      bytesRead += bytes.length
      return bytes
    },
    async close() {
      if (isOver) return
      isOver = true
      // A stream that nobody has begun to read is still the caller's; one that was begun is told that nobody goes on.
      await iterator?.return?.()
    },
  }
}

/** The next bytes. What a stream fails with is an I/O error of this import, with that as its cause. */
async function nextOf(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array, unknown>> {
  try {
    return await iterator.next()
  } catch (cause) {
    throw new MarquetryError('MARQUETRY_IO', `${streamName}: ${(cause as Error)?.message ?? cause}`, { cause })
  }
}
