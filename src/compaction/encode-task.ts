// The encoding of one row group as Parquet, as a task for a worker thread: what exports are made of.

import type { Vector } from '../format/vector.js'
import { type EncodeOptions, encodeRowGroup } from '../sstable/encode-row-group.js'
import type { FileColumn } from '../sstable/stored-columns.js'

/** A row group and what to write it as. Requires: the vectors own their memory, if they are transferred. */
export interface EncodeTask {
  readonly kind: 'encode'
  readonly columns: readonly FileColumn[]
  /** `vectors[i]` is `columns[i]`. */
  readonly vectors: readonly Vector[]
  readonly rows: number
  readonly options: EncodeOptions
}

/** A Parquet file of this one row group. */
export function encodeTask({ columns, vectors, rows, options }: EncodeTask): Uint8Array {
  return encodeRowGroup(columns, vectors, rows, options)
}
