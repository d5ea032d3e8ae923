// The options of reads: which there are, and what is wrong with those given.

import { MarquetryError } from './errors.js'

function refuse(option: string, message: string): never {
  throw new MarquetryError('MARQUETRY_INVALID_OPTION', `Option \`${option}\` ${message}`, { option })
}

/** Throws for options that are no object, or that nobody would read. */
export function checkNames(options: object, known: ReadonlySet<string>, readers: string): void {
  if (typeof options !== 'object' || options === null) refuse('options', 'must be an object')
  for (const name in options) if (!known.has(name)) refuse(name, `is not known to ${readers}`)
}

export const readOptionNames: ReadonlySet<string> = new Set(['columns', 'snapshot'])

const scanOptionNames: ReadonlySet<string> = new Set([
  'gt', 'gte', 'lt', 'lte', 'prefix', 'columns', 'where', 'limit', 'reverse', 'snapshot', 'signal',
]) // biome-ignore format: a list

export function checkScanOptions(options: Readonly<Record<string, unknown>> | object): void {
  checkNames(options, scanOptionNames, 'scans')
  const given = options as Readonly<Record<string, unknown>>
  const { limit, reverse, signal } = given
  if (
    limit !== undefined &&
    (typeof limit !== 'number' || !(limit >= 0) || (limit !== Infinity && !Number.isInteger(limit)))
  ) {
    refuse('limit', `must be a whole number, not ${String(limit)}`)
  }
  if (reverse !== undefined && typeof reverse !== 'boolean') refuse('reverse', 'must be true or false')
  if (signal !== undefined && !(signal instanceof AbortSignal)) refuse('signal', 'must be an AbortSignal')
}

export function invalidColumns(message: string): MarquetryError {
  return new MarquetryError('MARQUETRY_INVALID_OPTION', `Option \`columns\` ${message}`, { option: 'columns' })
}
