// The options of reads, of deletions and compactions of key ranges: which there are, and what is wrong with those given.

import { MarquetryError } from './errors.js'
import type { Columns, KeyRangeOptions } from './format/row-types.js'

/** How far a compaction has come. */
export interface CompactProgress {
  /** Rows of the files that are merged, all versions counted, that have been dealt with. */
  readonly rows: number
  readonly rowsTotal: number
}

/** What `table.compact` takes: the keys whose files to merge, all by default. */
export interface CompactOptions<C extends Columns, K extends readonly string[]> extends KeyRangeOptions<C, K> {
  /** Called some times a second, and at the end. */
  readonly onProgress?: ((progress: CompactProgress) => void) | undefined
  /** Ends the compaction with an `AbortError`; the table is as it was. */
  readonly signal?: AbortSignal | undefined
}

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

const explainOptionNames: ReadonlySet<string> = new Set(['analyze'])

export function checkExplainOptions(options: object): void {
  checkNames(options, explainOptionNames, 'explain')
  const { analyze } = options as Readonly<Record<string, unknown>>
  if (analyze !== undefined && typeof analyze !== 'boolean') refuse('analyze', 'must be true or false')
}

export const boundNames: ReadonlySet<string> = new Set(['gt', 'gte', 'lt', 'lte', 'prefix'])

const compactOptionNames: ReadonlySet<string> = new Set([...boundNames, 'onProgress', 'signal'])

export function checkCompactOptions(options: object): void {
  checkNames(options, compactOptionNames, 'compactions')
  const { onProgress, signal } = options as Readonly<Record<string, unknown>>
  if (onProgress !== undefined && typeof onProgress !== 'function') refuse('onProgress', 'must be a function')
  if (signal !== undefined && !(signal instanceof AbortSignal)) refuse('signal', 'must be an AbortSignal')
}

export function invalidColumns(message: string): MarquetryError {
  return new MarquetryError('MARQUETRY_INVALID_OPTION', `Option \`columns\` ${message}`, { option: 'columns' })
}
