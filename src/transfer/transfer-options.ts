// What imports and exports take, tell and return; and the checks that both share.

import { invalidOption } from '../errors.js'
import type { Column } from '../format/column.js'
import type { Columns, KeyRangeOptions, ReadOptions, RowOf, Where } from '../format/row-types.js'
import type { FileSystem } from '../fs/file-system.js'
import type { Compression } from '../options.js'
import type { Format } from './formats.js'
import type { ImportLimits } from './import-limits.js'

/** How far an export has come. */
export interface ExportProgress {
  /** Rows written so far. */
  readonly rows: number
  /** Bytes written so far. */
  readonly bytes: number
}

/** What an export takes: which rows and columns, as a scan does, and how to write them. */
export interface ExportOptions<C extends Columns, K extends readonly string[], P extends keyof C>
  extends KeyRangeOptions<C, K>,
    ReadOptions<C, P> {
  readonly where?: Where<RowOf<C>> | undefined
  /** Default: by the file's extension, `parquet` if that says nothing. */
  readonly format?: Format | undefined
  /** CSV: what stands between fields. Default: a comma, for `.tsv` a tab. */
  readonly delimiter?: string | undefined
  /** CSV: whether the first line names the columns. Default `true`. */
  readonly header?: boolean | undefined
  /** Parquet: codec of the pages. Default: the table's. */
  readonly compression?: Compression | undefined
  /**
   * Parquet: most rows of a row group. The table's own of half to all of so many rows are copied, where nothing forbids it.
   * Default 131,072.
   */
  readonly rowGroupRows?: number | undefined
  /**
   * Makes a folder of files instead of a file, as Hive does: `…/country=DE/year=2001/part-0.parquet`. These columns
   * stand in the folders' names, and not in the files. Fastest by leading columns of the key.
   */
  readonly partitionBy?: readonly P[] | undefined
  /** Called now and then: after every row group, for one. */
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined
  /** Ends the export with an `AbortError`; no file is left, a stream is destroyed. */
  readonly signal?: AbortSignal | undefined
}

/** What an export has written. */
export interface ExportResult {
  readonly rows: number
  /** Bytes of the file, or of all files. */
  readonly bytes: number
  /** Files: 1, but with `partitionBy`. */
  readonly files: number
}

/** How far an import has come. */
export interface ImportProgress {
  /** Rows that are written to the table. */
  readonly rows: number
  /** Rows of the file; undefined where nothing tells before its end. */
  readonly rowsTotal: number | undefined
  /** Bytes of the input that are done; of a Parquet file, those of its row groups. */
  readonly bytes: number
  /** Bytes that will be; undefined for streams. */
  readonly bytesTotal: number | undefined
}

/** What an import takes. */
export interface ImportOptions<C extends Columns> {
  /** The input's format. Default: by the file's extension, `parquet` if that says nothing. */
  readonly format?: Format | undefined
  /**
   * An integer column of the key that is not in the file: rows that agree in all other key columns are numbered
   * 0, 1, 2, … in the order of the file; if it is all of the key, all rows are. Importing the same file again gives
   * the same numbers.
   */
  readonly rowNumber?: (keyof C & string) | undefined
  /** Names of columns in the file, by column of the table, where they differ. */
  readonly columns?: { readonly [N in keyof C]?: string | undefined } | undefined
  /**
   * CSV and NDJSON: a file for records that cannot become rows, replaced if it is there; without it the first of them
   * ends the import. A JSON object a line: `line`, `column`, `error`, `record`.
   */
  readonly rejects?: string | undefined
  /** CSV: what stands between fields. Default: a comma, for `.tsv` a tab. */
  readonly delimiter?: string | undefined
  /** CSV: whether the first record names the columns. If not, the fields are the table's columns. Default `true`. */
  readonly header?: boolean | undefined
  /** CSV: what null looks like besides an empty field; either only without quotes. Default: nothing else. */
  readonly nullText?: string | undefined
  /**
   * The rows come in key order (of equal keys the last counts): they become SSTables without passing log and memtable, which
   * is faster, and part of the table all at once, at the end, or not at all. In the order of writes such an import stands
   * where it began: what is written while it runs is newer. One at a time in a table; deletions of ranges wait for it. Rows
   * in another order end it with MARQUETRY_INVALID_INPUT. Default `false`.
   */
  readonly sorted?: boolean | undefined
  /** Rows of a log record: written all or none. Not for `sorted`. Default 2,048. */
  readonly batchRows?: number | undefined
  /** Parquet: how long the decoding of one row group may take before the file counts as malformed. Default 60,000. */
  readonly rowGroupTimeoutMs?: number | undefined
  /** Parquet: what a file may claim to hold before it is refused with MARQUETRY_LIMIT. */
  readonly limits?: Partial<ImportLimits> | undefined
  /** Called as rows are written, several times per row group; `sorted`: they are visible at the end. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
  /** Ends the import with an `AbortError`; rows that are written stay, but for `sorted`. */
  readonly signal?: AbortSignal | undefined
}

/** What an inference takes. */
export interface InferOptions {
  /** The file's format. Default: by its extension. */
  readonly format?: Format | undefined
  /** Names of the key's columns, in key order. May be left out if `rowNumber` is given. */
  readonly key?: readonly string[] | undefined
  /** A column to make, an int64 at the end of the key, for the import's option of this name. */
  readonly rowNumber?: string | undefined
  /** Rows of a text file to look at. Default 10,000. */
  readonly sampleRows?: number | undefined
  /** CSV: as for imports. */
  readonly delimiter?: string | undefined
  /** CSV: as for imports. */
  readonly nullText?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Where the file is. Default: Node's. */
  readonly fileSystem?: FileSystem | undefined
}

/** A schema as `db.table` takes it, its columns as pairs: a file's names may be such as objects would reorder. */
export interface InferredSchema {
  readonly columns: readonly (readonly [name: string, column: Column])[]
  readonly key: readonly [string, ...string[]]
}

/** What an import has read. */
export interface ImportResult {
  /** Rows that were written. */
  readonly rows: number
  /** Length of the input. */
  readonly bytes: number
  /** Records that went to `rejects` instead. */
  readonly rejected: number
}

/** Checks that options are an object of known names, and those among them that imports and exports share. */
export function checkOptions(options: unknown, known: ReadonlySet<string>, what: string): void {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'must be an object')
  for (const name of Object.keys(options))
    if (!known.has(name)) throw invalidOption(name, `is not known to ${what}`)
  const { onProgress, signal } = options as { readonly onProgress?: unknown; readonly signal?: unknown }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalidOption('onProgress', 'must be a function')
  }
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidOption('signal', 'must be an AbortSignal')
}

/** Checks the path of a file to read or write. */
export function checkPath(path: unknown): asserts path is string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw invalidOption('path', 'must be the path of a file')
  }
}

/** A whole number from an option, or its default. */
export function wholeNumber(
  option: string,
  value: unknown,
  least: number,
  most: number,
  otherwise: number,
): number {
  if (value === undefined) return otherwise
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw invalidOption(option, `must be an integer from ${least} to ${most}, not ${String(value)}`)
}
