// What goes wrong in the engine, in the words of Level: a code of theirs, with the engine's own error as the cause.

import { type ErrorCode, MarquetryError } from '../errors.js'

const codes: { readonly [C in ErrorCode]: string } = {
  MARQUETRY_LOCKED: 'LEVEL_LOCKED',
  MARQUETRY_CORRUPTION: 'LEVEL_CORRUPTION',
  MARQUETRY_INVALID_ROW: 'LEVEL_INVALID_VALUE',
  MARQUETRY_INVALID_KEY: 'LEVEL_INVALID_KEY',
  MARQUETRY_INVALID_OPTION: 'LEVEL_INVALID_ARGUMENT',
  MARQUETRY_INVALID_INPUT: 'LEVEL_INVALID_ARGUMENT',
  MARQUETRY_SCHEMA_MISMATCH: 'LEVEL_INVALID_ARGUMENT',
  MARQUETRY_NOT_A_DATABASE: 'LEVEL_INVALID_ARGUMENT',
  MARQUETRY_UNSUPPORTED_FORMAT: 'LEVEL_NOT_SUPPORTED',
  MARQUETRY_NOT_FOUND: 'LEVEL_NOT_FOUND',
  MARQUETRY_LIMIT: 'LEVEL_INVALID_ARGUMENT',
  MARQUETRY_CLOSED: 'LEVEL_DATABASE_NOT_OPEN',
  MARQUETRY_READ_ONLY: 'LEVEL_READONLY',
  MARQUETRY_STALE: 'LEVEL_IO_ERROR',
  MARQUETRY_BUSY: 'LEVEL_IO_ERROR',
  MARQUETRY_IO: 'LEVEL_IO_ERROR',
  MARQUETRY_ABORTED: 'LEVEL_ABORTED',
}

/** An error with one of Level's codes; `cause` is the `MarquetryError` that it stands for, where there is one. */
export class LevelError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = code === 'LEVEL_ABORTED' ? 'AbortError' : 'LevelError'
    this.code = code
  }
}

/** The error to throw instead of `error`. What is not the engine's, such as a bug, stays as it is. */
export function levelError(error: unknown): unknown {
  return error instanceof MarquetryError ? new LevelError(codes[error.code], error.message, error) : error
}

/** For `promise.catch`: rejects with the error in Level's words. */
export function rethrow(error: unknown): never {
  throw levelError(error)
}
