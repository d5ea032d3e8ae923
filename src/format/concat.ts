// Several vectors, or batches, end to end.

import { assert } from '../util/assert.js'
import type { Batch } from './batch.js'
import {
  allocateValues,
  bytesVector,
  elementsPerRow,
  fixedVector,
  type Layout,
  type Values,
  type Vector,
} from './vector.js'

function concatValid(parts: readonly Vector[], rows: number): Uint8Array | undefined {
  if (parts.every((part) => part.valid === undefined)) return undefined
  const valid = new Uint8Array(rows).fill(1)
  let at = 0
  for (const part of parts) {
    if (part.valid !== undefined) valid.set(part.valid, at)
    at += part.length
  }
  return valid
}

/** One vector with the rows of all: a lone one as it is, several in memory of their own. */
export function concatVectors(layout: Layout, parts: readonly Vector[]): Vector {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  let rows = 0
  for (const part of parts) rows += part.length
  const valid = concatValid(parts, rows)
  if (layout === 'bytes') return concatBytes(parts, rows, valid)
  const values = allocateValues(layout, rows)
  const per = elementsPerRow(layout)
  let at = 0
  for (const part of parts) {
    // One layout, one class of array; the union of all is what the compiler sees.
    ;(values as Uint8Array).set(part.values as Values as Uint8Array, at)
    at += part.length * per
  }
  return fixedVector(layout, values, valid)
}

function concatBytes(parts: readonly Vector[], rows: number, valid: Uint8Array | undefined): Vector {
  let bytes = 0
  for (const { offsets, length } of parts) bytes += offsets![length]! - offsets![0]!
  assert(bytes < 2 ** 31, 'a vector holds less than 2 GiB')
  const values = new Uint8Array(bytes)
  const spans = new Int32Array(rows + 1)
  let row = 0
  let at = 0
  for (const { values: from, offsets, length } of parts) {
    const first = offsets![0]!
    const last = offsets![length]!
    values.set((from as Uint8Array).subarray(first, last), at)
    const shift = at - first
    for (let i = 1; i <= length; i++) spans[row + i] = offsets![i]! + shift
    row += length
    at += last - first
  }
  return bytesVector(values, spans, valid)
}

/** One batch with the rows of all, which hold the same columns. */
export function concatBatches(parts: readonly Batch[]): Batch {
  const [first] = parts
  if (first !== undefined && parts.length === 1) return first
  assert(first !== undefined, 'there is something to concatenate')
  const columns = first.columns.map(({ layout }, index) =>
    concatVectors(
      layout,
      parts.map((part) => part.columns[index]!),
    ),
  )
  const rows = parts.reduce((total, part) => total + part.rows, 0)
  const seq = new Float64Array(rows)
  const deleted = parts.some((part) => part.deleted !== undefined) ? new Uint8Array(rows) : undefined
  let at = 0
  for (const part of parts) {
    seq.set(part.seq, at)
    if (part.deleted !== undefined) deleted?.set(part.deleted, at)
    at += part.rows
  }
  return { rows, columns, seq, deleted }
}
