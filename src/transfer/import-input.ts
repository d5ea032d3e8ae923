// What an import takes its rows from: columns of the table, chunk by chunk, whatever the file's format.

import type { DecodedColumns, InputPlace } from './import-task.js'

/** Some rows of an input, in its order. */
export interface ImportChunk {
  readonly columns: DecodedColumns
  readonly rows: number
  /** Bytes of the input that these rows took. */
  readonly bytes: number
  /** Where a row of the chunk stands in the input. */
  readonly placeOf: (row: number) => InputPlace
}

/** An opened input that fits the table. `next` may be called while nothing else is; `close` at any time. */
export interface ImportInput {
  /** The file's path, or another name for messages. */
  readonly name: string
  /** Rows in all; undefined: not known before the end. */
  readonly rowsTotal: number | undefined
  /** Bytes in all, as `ImportChunk.bytes` counts them; undefined: not known. */
  readonly bytesTotal: number | undefined
  /** Length of the input; after the end: bytes that were read of it. */
  readonly bytes: number
  /** The next rows; undefined: the end. Throws MARQUETRY_INVALID_INPUT for rows that do not fit. */
  next(): Promise<ImportChunk | undefined>
  close(): Promise<void>
}
