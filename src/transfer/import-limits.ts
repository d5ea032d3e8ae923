// How much an imported Parquet file may claim to be. Checked by what its footer and page headers say, before anything is
// decoded: a few hundred bytes can ask for terabytes.

import { invalidOption, MarquetryError } from '../errors.js'
import { wholeNumber } from './transfer-options.js'

/** Limits of an import from Parquet; what is beyond one is refused with MARQUETRY_LIMIT. */
export interface ImportLimits {
  /** Rows of the file. Default 2³². */
  readonly rows: number
  /** Columns of the file, those within nested ones counted one by one. Default 10,000. */
  readonly columns: number
  /** Pages of one row group, in the columns that are read. Default 1,000,000. */
  readonly pages: number
  /** Bytes that the columns read of one row group may take once decoded. Default 2 GiB; the decoder has four. */
  readonly decodedBytes: number
}

const defaults: ImportLimits = { rows: 2 ** 32, columns: 10_000, pages: 1_000_000, decodedBytes: 2 ** 31 }

/** The limits of an import, checked. Throws MARQUETRY_INVALID_OPTION. */
export function resolveLimits(given: unknown): ImportLimits {
  if (given === undefined) return defaults
  if (typeof given !== 'object' || given === null) throw invalidOption('limits', 'must be an object')
  for (const name of Object.keys(given))
    if (!Object.hasOwn(defaults, name)) throw invalidOption(`limits.${name}`, 'is not known')
  const limits = given as Partial<ImportLimits>
  const checked = (name: keyof ImportLimits) =>
    wholeNumber(`limits.${name}`, limits[name], 1, Number.MAX_SAFE_INTEGER, defaults[name])
  return {
    rows: checked('rows'),
    columns: checked('columns'),
    pages: checked('pages'),
    decodedBytes: checked('decodedBytes'),
  }
}

/** Throws MARQUETRY_LIMIT if a file has, or claims, more than it may. */
export function checkLimit(
  path: string,
  limits: ImportLimits,
  name: keyof ImportLimits,
  count: number,
  what: string,
): void {
  if (count <= limits[name]) return
  const option = `limits.${name}`
  const message = `${path}: ${what}, and \`${option}\` allows ${limits[name]}`
  throw new MarquetryError('MARQUETRY_LIMIT', message, { file: path, option })
}
