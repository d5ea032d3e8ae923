// The encoding of one row group as Parquet, as a task for a worker thread: what exports are made of.

import type { Batch } from '../format/batch.js'

/** Batch and what to write it as. Its vectors may be transferred. */
export interface EncodeTask {
  readonly kind: 'encode'
  readonly batch: Batch
}

/** To be filled in with the export. */
export function encodeTask(_task: EncodeTask): Uint8Array {
  throw new Error('unreachable')
}
