// Which columns of a file become which of a table, by name: for the formats whose names are known on this thread.

import type { Schema } from '../format/schema.js'
import { invalidInput } from './import-task.js'

/** What an import wants of a file's columns. */
export interface WantedColumns {
  readonly schema: Schema
  /** Name in the file per column of the table. */
  readonly names: readonly string[]
  /** Index of the column that is numbered instead of read. */
  readonly numbered: number | undefined
}

/**
 * Place in the file per column of the table; −1: the file does not have it, and it is null or numbered. Throws
 * MARQUETRY_INVALID_INPUT if a column that must have values is missing, or one is there twice.
 */
export function matchColumns(
  path: string,
  inFile: readonly string[],
  { schema, names, numbered }: WantedColumns,
  line?: number,
): readonly number[] {
  return schema.columns.map(({ name, nullable }, index) => {
    const column = names[index]!
    const at = inFile.indexOf(column)
    if (at >= 0 && inFile.includes(column, at + 1))
      throw invalidInput(path, 'the file has several columns of this name', { column, line })
    if (index === numbered) {
      if (at < 0) return -1
      throw invalidInput(path, 'the file has this column, but its rows were to be numbered', { column, line })
    }
    if (at < 0 && !nullable) {
      throw invalidInput(path, `the file does not have it, and the table's ${name} must have a value`, {
        column,
        line,
      })
    }
    return at
  })
}
