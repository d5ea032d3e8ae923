// Where the rows of an import go.

import type { Vector } from '../format/vector.js'
import type { InputPlace } from './import-task.js'

/** Some rows of an import: all columns of the table. */
export interface ImportedRows {
  readonly vectors: readonly Vector[]
  readonly rows: number
  /** Where a row stands in the input. */
  readonly placeOf: (row: number) => InputPlace
}

/** Takes an import's rows, in the order of the input. One call at a time. */
export interface RowSink {
  /** Takes rows; `report` is told how many of them are written, at last all. */
  write(rows: ImportedRows, report: (rows: number) => void): Promise<void>
  /** Resolves when all that was taken is part of the table. */
  finish(): Promise<void>
  /** Waits for what is under way, whatever becomes of it. */
  close(): Promise<void>
}
