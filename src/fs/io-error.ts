// How the file systems of this folder report failure: one shape, whichever of them it was.

import { isMarquetryError, MarquetryError } from '../errors.js'

/** What a file system can be asked to do. The synchronous twins share the names of the asynchronous methods. */
export type Operation =
  | 'open'
  | 'create'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'size'
  | 'close'
  | 'stat'
  | 'list'
  | 'makeDirectory'
  | 'rename'
  | 'link'
  | 'remove'
  | 'syncDirectory'
  | 'lock'

const phrases: Record<Operation, string> = {
  open: 'open',
  create: 'create',
  read: 'read',
  write: 'write',
  sync: 'sync',
  truncate: 'truncate',
  size: 'get the size of',
  close: 'close',
  stat: 'look up',
  list: 'list',
  makeDirectory: 'make directory',
  rename: 'rename',
  link: 'link',
  remove: 'remove',
  syncDirectory: 'sync directory',
  lock: 'lock',
}

/**
 * `MARQUETRY_IO` for an operation on a path (`to`: the second one of a rename or link). A cause that is a
 * MarquetryError already is handed through.
 */
export function ioError(operation: Operation, path: string, cause: unknown, to?: string): MarquetryError {
  if (isMarquetryError(cause)) return cause
  const paths = to === undefined ? path : `${path} to ${to}`
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MarquetryError('MARQUETRY_IO', `Cannot ${phrases[operation]} ${paths}: ${reason}`, {
    file: path,
    cause,
  })
}

const meanings: Readonly<Record<string, string>> = {
  EBADF: 'the file is closed, or not open for writing',
  EBUSY: 'resource busy',
  ECRASHED: 'the simulated machine has crashed',
  EEXIST: 'file already exists',
  EINVAL: 'invalid argument',
  EIO: 'i/o error',
  EISDIR: 'illegal operation on a directory',
  EMFILE: 'too many open files',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  EPERM: 'operation not permitted',
}

/** `MARQUETRY_IO` with a cause made up for it, that looks like the system's: for failures that no system reported. */
export function simulatedIoError(
  operation: Operation,
  path: string,
  code: string,
  to?: string,
): MarquetryError {
  const cause = Object.assign(new Error(`${code}: ${meanings[code] ?? 'simulated failure'}`), { code })
  return ioError(operation, path, cause, to)
}

/** The system's code, such as ENOSPC, behind an error of a file system; undefined: there is none. */
export function systemCode(error: unknown): string | undefined {
  const cause: unknown = isMarquetryError(error) ? error.cause : error
  if (!(cause instanceof Error) || !('code' in cause)) return undefined
  return typeof cause.code === 'string' ? cause.code : undefined
}
