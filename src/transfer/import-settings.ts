// The options of an import, checked against the table.

import { invalidOption } from '../errors.js'
import type { Columns } from '../format/row-types.js'
import type { Schema } from '../format/schema.js'
import type { ImportSource } from './byte-stream.js'
import type { CsvLayout } from './csv-input.js'
import { delimiterOf, type Format, formatOf } from './formats.js'
import { type ImportLimits, resolveLimits } from './import-limits.js'
import { holdsNumbers } from './row-numberer.js'
import { checkOptions, checkPath, type ImportOptions, wholeNumber } from './transfer-options.js'

/** Options that say how a CSV file is laid out. */
type CsvOptions = Pick<ImportOptions<Columns>, 'delimiter' | 'header' | 'nullText'>

/** Checked options of an import. */
export interface ImportSettings {
  readonly source: ImportSource
  /** The file's path; undefined: the source is a stream. */
  readonly path: string | undefined
  readonly format: Format
  readonly csv: CsvLayout
  readonly rejects: string | undefined
  /** Name in the file per column of the table. */
  readonly names: readonly string[]
  /** Index of the column that is numbered. */
  readonly numbered: number | undefined
  /** The rows come in key order, and go past log and memtable. */
  readonly sorted: boolean
  readonly batchRows: number
  readonly rowGroupTimeoutMs: number
  readonly limits: ImportLimits
  readonly onProgress: ImportOptions<Columns>['onProgress']
  readonly signal: AbortSignal | undefined
}

const optionNames: ReadonlySet<string> = new Set([
  'format', 'rowNumber', 'columns', 'rejects', 'delimiter', 'header', 'nullText', 'sorted', 'batchRows',
  'rowGroupTimeoutMs', 'limits', 'onProgress', 'signal',
]) // biome-ignore format: a list

/** Throws MARQUETRY_INVALID_OPTION. */
export function checkImportOptions(
  schema: Schema,
  source: unknown,
  options: ImportOptions<Columns>,
): ImportSettings {
  checkSource(source)
  checkOptions(options, optionNames, 'imports')
  const { rowNumber, columns, rejects, onProgress, signal } = options
  const numbered = rowNumber === undefined ? undefined : numberedIndex(schema, rowNumber)
  const path = typeof source === 'string' ? source : undefined
  const format = formatOf(options.format, path)
  if (path === undefined && format === 'parquet')
    throw invalidOption('format', 'cannot be parquet for a stream: such a file is read from its end')
  checkRejects(rejects, format)
  return {
    source,
    path,
    format,
    csv: checkCsvLayout(options, path),
    rejects,
    names: fileNames(schema, columns, rowNumber),
    numbered,
    sorted: checkSorted(options.sorted),
    batchRows: wholeNumber('batchRows', options.batchRows, 1, 65_536, 2_048),
    rowGroupTimeoutMs: wholeNumber('rowGroupTimeoutMs', options.rowGroupTimeoutMs, 1, 2 ** 31 - 1, 60_000),
    limits: resolveLimits(options.limits),
    onProgress,
    signal,
  }
}

function checkSource(source: unknown): asserts source is ImportSource {
  if (typeof source === 'object' && source !== null && Symbol.asyncIterator in source) return
  checkPath(source)
}

function checkSorted(sorted: unknown = false): boolean {
  if (typeof sorted !== 'boolean') throw invalidOption('sorted', 'must be true or false')
  return sorted
}

function checkRejects(rejects: unknown, format: Format): void {
  if (rejects === undefined) return
  if (typeof rejects !== 'string' || rejects === '' || rejects.includes('\0'))
    throw invalidOption('rejects', 'must be the path of a file')
  if (format !== 'csv' && format !== 'ndjson')
    throw invalidOption('rejects', `is for records of text, csv and ndjson, not for ${format}`)
}

/** How a CSV file is laid out. Throws MARQUETRY_INVALID_OPTION. */
export function checkCsvLayout(
  { delimiter, header = true, nullText = '' }: CsvOptions,
  path: string | undefined,
): CsvLayout {
  if (typeof header !== 'boolean') throw invalidOption('header', 'must be true or false')
  if (typeof nullText !== 'string') throw invalidOption('nullText', 'must be a string')
  return { delimiter: delimiterOf(delimiter, path), header, nullText }
}

function numberedIndex(schema: Schema, rowNumber: string): number {
  const index = schema.indexOf(rowNumber)
  if (index === undefined || !schema.key.includes(index) || !holdsNumbers(schema.columns[index]!.type.kind)) {
    throw invalidOption('rowNumber', `must name an integer column of the key, not ${JSON.stringify(rowNumber)}`)
  }
  return index
}

function fileNames(schema: Schema, columns: unknown, rowNumber: string | undefined): readonly string[] {
  if (columns === undefined) return schema.columns.map(({ name }) => name)
  if (typeof columns !== 'object' || columns === null || Array.isArray(columns)) {
    throw invalidOption('columns', 'must be an object of file columns by table column')
  }
  const given = new Map(Object.entries(columns))
  for (const [name, inFile] of given) {
    if (schema.indexOf(name) === undefined) {
      throw invalidOption('columns', `names ${JSON.stringify(name)}, which is no column of the table`)
    }
    if (name === rowNumber) throw invalidOption('columns', `names ${JSON.stringify(name)}, which is numbered`)
    if (inFile !== undefined && typeof inFile !== 'string') {
      throw invalidOption('columns', `must give the name of a file's column for ${JSON.stringify(name)}`)
    }
  }
  return schema.columns.map(({ name }) => (given.get(name) as string | undefined) ?? name)
}
