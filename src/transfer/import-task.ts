// What an import asks of a worker thread: a look at a file, and then one row group after the other. Plain data.

import { MarquetryError } from '../errors.js'
import type { ColumnType } from '../format/column.js'
import type { SchemaJson } from '../format/schema.js'
import type { Vector } from '../format/vector.js'
import type { ImportLimits } from './import-limits.js'

/** A file to import. */
export interface ImportFile {
  readonly path: string
  /** Its content, shared with the worker: for file systems that workers cannot see. */
  readonly content?: SharedArrayBuffer
}

interface TaskBase {
  readonly file: ImportFile
  readonly schema: SchemaJson
  readonly limits: ImportLimits
  /** Turns 1 when the task begins: only from then on its time counts. */
  readonly begun: SharedArrayBuffer
}

/** Asks what the file holds, and whether it fits the table. */
export interface PlanTask extends TaskBase {
  readonly kind: 'plan'
  /** Name in the file per column of the table; undefined: a column that is not in the file. */
  readonly names: readonly (string | undefined)[]
  /** The column whose values are numbered instead of read. */
  readonly numbered: string | undefined
}

/** What a file holds. */
export interface ImportPlan {
  /** Length of the file. */
  readonly bytes: number
  readonly rowGroups: readonly { readonly rows: number; readonly bytes: number }[]
  /** Name in the file per column of the table; undefined: null in all rows, or numbered. */
  readonly names: readonly (string | undefined)[]
}

/** Asks for the rows of one row group. */
export interface DecodeTask extends TaskBase {
  readonly kind: 'decode'
  /** As in the plan. */
  readonly names: readonly (string | undefined)[]
  readonly rowGroup: number
  /** Rows that the plan said it has. */
  readonly rows: number
  /** Rows of the file before it: for messages. */
  readonly firstRow: number
}

/** Asks what columns the file has. */
export interface DescribeTask extends TaskBase {
  readonly kind: 'describe'
}

/** A column as a file has it. */
export interface FoundColumn {
  readonly name: string
  /** The type that a table's column for it gets; undefined: none holds its values. */
  readonly type: ColumnType | undefined
  readonly nullable: boolean
  /** The file's own name for the type. */
  readonly shown: string
}

export type ImportTask = PlanTask | DecodeTask | DescribeTask

/** The columns of the table, in schema order; undefined: the file does not have it. */
export type DecodedColumns = readonly (Vector | undefined)[]

/** Where in a file something is wrong: rows are counted from 0, lines from 1. */
export interface InputPlace {
  readonly column?: string | undefined
  readonly row?: number | undefined
  readonly line?: number | undefined
}

/** The error for a file that cannot be imported. */
export function invalidInput(
  path: string,
  what: string,
  place: InputPlace & { readonly cause?: unknown } = {},
): MarquetryError {
  const { column, row, line, cause } = place
  const where = [
    path,
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(column === undefined ? [] : [`column ${JSON.stringify(column)}`]),
    ...(row === undefined ? [] : [`row ${row}`]),
  ].join(', ')
  return new MarquetryError('MARQUETRY_INVALID_INPUT', `${where}: ${what}`, {
    file: path,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    ...(cause === undefined ? {} : { cause }),
  })
}
