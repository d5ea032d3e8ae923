// The unit that flows through the engine: some thousand rows as columns, sorted by key.

import type { BufferPool } from '../util/buffer-pool.js'
import { recycleVectors, type Vector, vectorBytes } from './vector.js'

/**
 * Rows sorted by key ascending (in reverse scans: descending), the versions of one key by `_seq` descending.
 *
 * `columns[i]` holds the schema column `projection[i]`; which projection a batch follows is agreed between those who
 * pass it on. A row whose `deleted` is 1 is a tombstone: its key columns count, the others are null or zero.
 */
export interface Batch {
  readonly rows: number
  readonly columns: readonly Vector[]
  /** One sequence number a row. */
  readonly seq: Float64Array
  /** One byte a row, 1 = tombstone; undefined: no tombstones. */
  readonly deleted: Uint8Array | undefined
}

/** Indexes of schema columns, ascending, without repeats. */
export type Projection = readonly number[]

/** Memory that the rows of a batch take. */
export function batchBytes({ columns, seq, deleted }: Batch): number {
  let bytes = seq.byteLength + (deleted?.byteLength ?? 0)
  for (const vector of columns) bytes += vectorBytes(vector)
  return bytes
}

/** Gives back what a batch took from a pool. Requires: nobody reads it any more, nor what shares its memory. */
export function recycleBatch({ columns, seq, deleted }: Batch, pool: BufferPool): void {
  recycleVectors(columns, pool)
  pool.give(seq.buffer)
  if (deleted !== undefined) pool.give(deleted.buffer)
}

let zeros = new Float64Array(0)
/** All memory that `noSeq` has ever handed out. */
const zeroBuffers = new WeakSet<ArrayBufferLike>()

/** Sequence numbers for a batch whose readers do not look at them: zeros, in memory that all such batches share. */
export function noSeq(rows: number): Float64Array {
  if (rows > zeros.length) {
    zeros = new Float64Array(Math.max(rows, 8192, 2 * zeros.length))
    zeroBuffers.add(zeros.buffer)
  }
  return zeros.subarray(0, rows)
}

/** Whether these are sequence numbers that `noSeq` made: copying them would copy nothing. */
export function isNoSeq(seq: Float64Array): boolean {
  return zeroBuffers.has(seq.buffer)
}
