// Errors as a user sees them: one line on stderr, and an exit code.

import { inspect } from 'node:util'
import { CommanderError } from 'commander'
import { isMarquetryError } from '../errors.js'
import { KeyNotFound } from './get.js'
import { UsageError } from './usage-error.js'

/** What the process says at its end. */
export const exitCodes = { ok: 0, error: 1, usage: 2, notFound: 3, interrupted: 130, terminated: 143 } as const

/** What went wrong at a line of a script. */
export class ScriptError extends Error {
  readonly line: number

  constructor(line: number, cause: unknown) {
    super(messageOf(cause), { cause })
    this.line = line
  }
}

/** `CODE: message`, on one line. */
export function errorLine(error: unknown): string {
  if (error instanceof ScriptError) return `${errorLine(error.cause)} (line ${error.line})`
  return `${codeOf(error)}: ${messageOf(error)}`.replace(/\s*\n\s*/g, ' ')
}

function codeOf(error: unknown): string {
  if (isMarquetryError(error)) return error.code
  if (error instanceof UsageError) return 'USAGE'
  if (error instanceof KeyNotFound) return 'NOT_FOUND'
  const code = (error as { readonly code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : 'UNEXPECTED'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** An error with all it carries, for `--debug`. */
export function errorDetails(error: unknown): string {
  return `${inspect(error, { depth: 5 })}\n`
}

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ScriptError) return exitCodeOf(error.cause)
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (error instanceof UsageError) return exitCodes.usage
  if (error instanceof KeyNotFound) return exitCodes.notFound
  return exitCodes.error
}
