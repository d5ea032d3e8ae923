// The memory of vectors, to be given to another thread.

import type { Vector } from './vector.js'

/** The buffers of vectors that own their memory: what to transfer with them. */
export function buffersOf(vectors: readonly Vector[]): readonly ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  for (const { values, offsets, valid } of vectors) {
    for (const array of [values, offsets, valid])
      if (array !== undefined) buffers.add(array.buffer as ArrayBuffer)
  }
  return [...buffers]
}
