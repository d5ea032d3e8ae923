// Vectors that own their memory, as they must before their buffers are given to another thread: batches of a scan are
// views over pages in the cache.

import type { Batch } from '../format/batch.js'
import { bytesVector, type Vector } from '../format/vector.js'
import { gather, type SliceList } from '../scan/gather.js'

/** The rows of the slices as one batch that shares no memory with them. */
export function ownBatch(slices: SliceList): Batch {
  const batch = gather(slices)
  if (slices.length > 1) return batch
  return { ...batch, columns: batch.columns.map(copyOf) }
}

function copyOf(vector: Vector): Vector {
  const valid = vector.valid?.slice()
  const { offsets, length } = vector
  if (offsets === undefined) return { ...vector, values: vector.values.slice(), valid }
  const from = offsets[0]!
  const values = (vector.values as Uint8Array).slice(from, offsets[length])
  return bytesVector(values, from === 0 ? offsets.slice() : offsets.map((offset) => offset - from), valid)
}
