// What all formats of exports share: rows in, bytes out.

import type { Batch } from '../format/batch.js'

/** Turns rows into the bytes of a file. After a failure it is of no use any more. */
export interface RowEncoder {
  /** Rows whose bytes were written. */
  readonly rows: number
  /** Takes rows `from` to `to` of a batch; resolves when more may come. */
  add(batch: Batch, from: number, to: number): Promise<void>
  /** Writes what is left, and the end of the file. */
  finish(): Promise<void>
}
