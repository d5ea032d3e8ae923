// The formats of files that tables are imported from and exported to.

import { invalidOption } from '../errors.js'

/** A file format. `arrow`: Arrow IPC, as a file or as a stream. `ndjson`: a JSON object a line. */
export type Format = 'parquet' | 'csv' | 'ndjson' | 'arrow'

const extensions: { readonly [extension: string]: Format } = {
  parquet: 'parquet',
  pq: 'parquet',
  csv: 'csv',
  tsv: 'csv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  arrow: 'arrow',
  arrows: 'arrow',
  ipc: 'arrow',
  feather: 'arrow',
}

/** All formats. */
export const formats: readonly Format[] = ['parquet', 'csv', 'ndjson', 'arrow']

/** The format that an option names, or else the one that the path's extension tells; Parquet, if it tells none. */
export function formatOf(option: unknown, path: string | undefined): Format {
  if (option !== undefined) {
    const asked = formats.find((format) => format === option)
    if (asked !== undefined) return asked
    throw invalidOption('format', `must be one of ${formats.join(', ')}, not ${String(option)}`)
  }
  if (path === undefined)
    throw invalidOption('format', 'must be given where there is no file name that tells it')
  return formatOfName(path) ?? 'parquet'
}

/** The format that the extension of a path tells. */
export function formatOfName(path: string): Format | undefined {
  return extensions[extensionOf(path)]
}

/** The delimiter of a text file: what the option says, or a tab for `.tsv`, or a comma. */
export function delimiterOf(option: unknown, path: string | undefined): string {
  if (option === undefined) return path !== undefined && extensionOf(path) === 'tsv' ? '\t' : ','
  const isFit = typeof option === 'string' && option.length === 1 && !'"\r\n'.includes(option)
  if (!isFit) throw invalidOption('delimiter', 'must be one character, and neither a quote nor a line break')
  return option
}

function extensionOf(path: string): string {
  return (/\.([^./\\]+)$/.exec(path)?.[1] ?? '').toLowerCase()
}
