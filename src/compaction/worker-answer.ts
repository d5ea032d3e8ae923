// Errors across the thread boundary: structured clone drops classes, so a MarquetryError travels as data.

import { type ErrorCode, type ErrorDetails, MarquetryError } from '../errors.js'

interface ErrorMessage extends ErrorDetails {
  readonly code: ErrorCode
  readonly message: string
  readonly stack: string | undefined
}

/** What a worker answers: a value, or the MarquetryError it ended with. */
export type WorkerAnswer<T> = { readonly ok: T } | { readonly error: ErrorMessage }

/** Runs a task in a worker so that a MarquetryError becomes part of the answer; other errors reject. */
export async function answer<T>(task: () => T | Promise<T>): Promise<WorkerAnswer<T>> {
  try {
    return { ok: await task() }
  } catch (error) {
    if (!(error instanceof MarquetryError)) throw error
    return { error: toMessage(error) }
  }
}

function toMessage(error: MarquetryError): ErrorMessage {
  const { code, message, stack, file, offset, line, column, option } = error
  const details = { file, offset, line, column, option }
  const known = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined))
  // A system error's own properties (code, errno, syscall) are what its reader wants.
  const cause = error.cause instanceof Error ? { ...error.cause, message: error.cause.message } : error.cause
  return { code, message, stack, ...known, ...(cause === undefined ? {} : { cause }) }
}

/** The value of an answer, or its error thrown again. */
export function unwrap<T>(message: WorkerAnswer<T>): T {
  if ('ok' in message) return message.ok
  const { code, message: text, stack, cause, ...details } = message.error
  const known = { ...details, ...(cause === undefined ? {} : { cause: restoreCause(cause) }) }
  const error = new MarquetryError(code, text, known)
  if (stack !== undefined) error.stack = stack
  throw error
}

function restoreCause(cause: unknown): unknown {
  if (typeof cause !== 'object' || cause === null || !('message' in cause)) return cause
  return Object.assign(new Error(String(cause.message)), cause)
}
