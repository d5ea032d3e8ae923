// The options of an import, checked against the table.

import type { Columns } from '../format/row-types.js'
import type { Schema } from '../format/schema.js'
import { holdsNumbers } from './row-numberer.js'
import { checkOptions, checkPath, type ImportOptions, invalidOption, wholeNumber } from './transfer-options.js'

/** Checked options of an import. */
export interface ImportSettings {
  /** Name in the file per column of the table. */
  readonly names: readonly string[]
  /** Index of the column that is numbered. */
  readonly numbered: number | undefined
  readonly batchRows: number
  readonly rowGroupTimeoutMs: number
  readonly onProgress: ImportOptions<Columns>['onProgress']
  readonly signal: AbortSignal | undefined
}

const optionNames: ReadonlySet<string> = new Set([
  'rowNumber', 'columns', 'batchRows', 'rowGroupTimeoutMs', 'onProgress', 'signal',
]) // biome-ignore format: a list

/** Throws MARQUETRY_INVALID_OPTION. */
export function checkImportOptions(
  schema: Schema,
  path: unknown,
  options: ImportOptions<Columns>,
): ImportSettings {
  checkPath(path)
  checkOptions(options, optionNames, 'imports')
  const { rowNumber, columns, onProgress, signal } = options
  const numbered = rowNumber === undefined ? undefined : numberedIndex(schema, rowNumber)
  return {
    names: fileNames(schema, columns, rowNumber),
    numbered,
    batchRows: wholeNumber('batchRows', options.batchRows, 1, 65_536, 2_048),
    rowGroupTimeoutMs: wholeNumber('rowGroupTimeoutMs', options.rowGroupTimeoutMs, 1, 2 ** 31 - 1, 60_000),
    onProgress,
    signal,
  }
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
