// The one error type of the package. A caller decides by `code`, reads `message`, and finds the origin in `cause`.

/** Why an operation was refused or failed. Codes are stable: they change only with a major version. */
export type ErrorCode =
  | 'MARQUETRY_LOCKED'
  | 'MARQUETRY_CORRUPTION'
  | 'MARQUETRY_INVALID_ROW'
  | 'MARQUETRY_INVALID_KEY'
  | 'MARQUETRY_INVALID_OPTION'
  | 'MARQUETRY_INVALID_INPUT'
  | 'MARQUETRY_SCHEMA_MISMATCH'
  | 'MARQUETRY_NOT_A_DATABASE'
  | 'MARQUETRY_UNSUPPORTED_FORMAT'
  | 'MARQUETRY_NOT_FOUND'
  | 'MARQUETRY_LIMIT'
  | 'MARQUETRY_CLOSED'
  | 'MARQUETRY_READ_ONLY'
  | 'MARQUETRY_STALE'
  | 'MARQUETRY_BUSY'
  | 'MARQUETRY_IO'
  | 'MARQUETRY_ABORTED'

/** What an error knows beyond its message. Which fields are set depends on the code. */
export interface ErrorDetails {
  readonly cause?: unknown
  /** The file concerned, as given to the file system. */
  readonly file?: string
  /** Byte position in `file`. */
  readonly offset?: number
  /** Line of `file`, from 1. */
  readonly line?: number
  /** The column concerned. */
  readonly column?: string
  /** The option concerned. */
  readonly option?: string
  /** Process that holds the lock, where it is known. */
  readonly pid?: number
}

/**
 * Every error that marquetry raises on purpose. Engine bugs are `AssertionError`s from `util/assert` instead.
 * An aborted operation has `name` `AbortError`, as the platform's own have, and the signal's reason as `cause`.
 */
export class MarquetryError extends Error {
  readonly code: ErrorCode
  readonly file: string | undefined
  readonly offset: number | undefined
  readonly line: number | undefined
  readonly column: string | undefined
  readonly option: string | undefined
  readonly pid: number | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.name = code === 'MARQUETRY_ABORTED' ? 'AbortError' : 'MarquetryError'
    this.code = code
    this.file = details.file
    this.offset = details.offset
    this.line = details.line
    this.column = details.column
    this.option = details.option
    this.pid = details.pid
  }
}

/** Whether `error` is a MarquetryError, with this code where one is given. */
export function isMarquetryError(error: unknown, code?: ErrorCode): error is MarquetryError {
  return error instanceof MarquetryError && (code === undefined || error.code === code)
}

/** The damage of a file: what is wrong, in which file, at which byte. */
export function corruption(
  file: string,
  offset: number | undefined,
  what: string,
  cause?: unknown,
): MarquetryError {
  const place = offset === undefined ? file : `${file} at byte ${offset}`
  return new MarquetryError('MARQUETRY_CORRUPTION', `${place}: ${what}`, {
    file,
    ...(offset === undefined ? {} : { offset }),
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Throws `MARQUETRY_ABORTED` if the signal has been aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal)
}

/** The error that an aborted operation rejects with. */
export function aborted(signal: AbortSignal): MarquetryError {
  return new MarquetryError('MARQUETRY_ABORTED', 'The operation was aborted', { cause: signal.reason })
}

/** An error about one option. */
export function invalidOption(option: string, message: string): MarquetryError {
  return new MarquetryError('MARQUETRY_INVALID_OPTION', `Option \`${option}\` ${message}`, { option })
}
