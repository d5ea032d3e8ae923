// A stream of sorted batches: what a memtable, a sorted run, a merge and a scan all are.

import type { Batch } from './batch.js'

/**
 * Yields batches in order, each with at least one row. Answers at once where it can: awaiting a value that is already
 * there costs more than making it. `close` is idempotent and may come before the end.
 */
export interface BatchSource {
  next(): Batch | undefined | Promise<Batch | undefined>
  close(): void
}
