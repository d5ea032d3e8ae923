// `db.verify` and `table.verify`: scrubs, and what they report.

import type { DatabaseImage } from './database-checkpoint.js'
import { type ErrorCode, invalidOption, type MarquetryError, throwIfAborted } from './errors.js'
import type { FileSystem } from './fs/file-system.js'
import { filesToScrub, scrubTree } from './tree/scrub-tree.js'

/** How far a scrub has come. */
export interface VerifyProgress {
  /** Manifests, logs and SSTables. */
  readonly files: number
  readonly filesTotal: number
  /** Bytes read. */
  readonly bytes: number
}

/** What `verify` takes. */
export interface VerifyOptions {
  /** Called after each file, and some times within large ones. */
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined
  /** Ends the scrub with an `AbortError`. */
  readonly signal?: AbortSignal | undefined
}

/** One thing that is wrong. */
export interface VerifyProblem {
  readonly file: string
  /** Byte position in the file, where it is known. */
  readonly offset: number | undefined
  readonly code: ErrorCode
  readonly message: string
}

/** What a scrub found. */
export interface VerifyReport {
  readonly files: number
  readonly bytes: number
  /** Empty: all is well. */
  readonly problems: readonly VerifyProblem[]
}

/** Bytes between two calls of `onProgress`. */
const progressBytes = 16 << 20

/** Throws MARQUETRY_INVALID_OPTION. */
export function checkVerifyOptions(options: object): void {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'must be an object')
  for (const name in options) {
    if (name !== 'onProgress' && name !== 'signal') throw invalidOption(name, 'is not known to scrubs')
  }
  const { onProgress, signal } = options as Readonly<Record<string, unknown>>
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw invalidOption('onProgress', 'must be a function')
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidOption('signal', 'must be an AbortSignal')
}

/** A table to be scrubbed. */
export type ScrubbedTable = DatabaseImage['tables'][number] & {
  /** Whether the table wants filters. */
  readonly hasFilter: boolean
}

/** Scrubs tables, one after the other, and lets go of each. `check` is called before each piece and may throw. */
export async function scrub(
  fs: FileSystem,
  tables: readonly ScrubbedTable[],
  { onProgress, signal }: VerifyOptions,
  check: () => void,
): Promise<VerifyReport> {
  const problems: VerifyProblem[] = []
  const filesTotal = tables.reduce((sum, { image }) => sum + filesToScrub(image), 0)
  let [files, bytes, told] = [0, 0, 0]
  const tick = (read: number, done: number) => {
    throwIfAborted(signal)
    check()
    files += done
    bytes += read
    if (done === 0 && bytes - told < progressBytes) return
    told = bytes
    onProgress?.({ files, filesTotal, bytes })
  }
  const report = ({ file = '', offset, code, message }: MarquetryError) =>
    void problems.push({ file, offset, code, message })
  try {
    for (const { image, hasFilter } of tables) {
      await scrubTree(fs, image, { hasFilter, tick, report })
      image.release()
    }
  } finally {
    for (const { image } of tables) image.release()
  }
  return { files, bytes, problems }
}
