// Rows that claim to be in key order: checked, and reduced to one per key, the last, as if they were put one after the
// other. Piece by piece; the last row of a piece is held back, since the next piece may replace it.

import type { Batch } from '../format/batch.js'
import { noSeq } from '../format/batch.js'
import { compareKeys } from '../format/compare.js'
import { checkKeyLength, keyBytesMax, vectorKey } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { Vector } from '../format/vector.js'
import { SliceList } from '../scan/gather.js'
import { ownBatch } from './own-vectors.js'

export class SortedRows {
  readonly #schema: Schema
  readonly #slices = new SliceList()
  /** One row. */
  #held: Batch | undefined

  constructor(schema: Schema) {
    this.#schema = schema
  }

  /**
   * Takes rows `from` to `to` of some columns, all those of the schema, and returns what may go on, in memory of its own.
   * Calls `refuse` with a row whose key is below that of the row before. Throws MARQUETRY_LIMIT for a key that is too long.
   * Requires: there is a row.
   */
  take(
    vectors: readonly Vector[],
    from: number,
    to: number,
    refuse: (row: number) => never,
  ): Batch | undefined {
    const keys = this.#keysOf(vectors)
    this.#checkLengths(keys, from, to)
    const rows = vectors[0]!.length
    const batch: Batch = { rows, columns: vectors, seq: noSeq(rows), deleted: undefined }
    const slices = this.#slices
    slices.clear()
    if (this.#held !== undefined) {
      const order = compareKeys(this.#keysOf(this.#held.columns), keys)(0, from)
      if (order > 0) refuse(from)
      if (order < 0) slices.add(slices.use(this.#held), 0, 1)
    }
    const place = slices.use(batch)
    const compare = compareKeys(keys, keys)
    let start = from
    for (let row = from + 1; row < to; row++) {
      const order = compare(row - 1, row)
      if (order < 0) continue
      if (order > 0) refuse(row)
      if (start < row - 1) slices.add(place, start, row - 1 - start)
      start = row
    }
    if (start < to - 1) slices.add(place, start, to - 1 - start)
    const whole = slices.length === 0 ? undefined : ownBatch(slices)
    slices.clear()
    slices.add(slices.use(batch), to - 1, 1)
    this.#held = ownBatch(slices)
    slices.clear()
    return whole
  }

  /** The last row. Undefined: there was none. */
  finish(): Batch | undefined {
    const held = this.#held
    this.#held = undefined
    return held
  }

  #keysOf(columns: readonly Vector[]): readonly Vector[] {
    return this.#schema.key.map((index) => columns[index]!)
  }

  #checkLengths(keys: readonly Vector[], from: number, to: number): void {
    const variable = keys.filter(({ offsets }) => offsets !== undefined)
    if (variable.length === 0) return
    for (let row = from; row < to; row++) {
      let bytes = 0
      for (const { offsets } of variable) bytes += offsets![row + 1]! - offsets![row]!
      // A byte becomes two at the most, and what is fixed is short.
      if (bytes > keyBytesMax / 4) checkKeyLength(vectorKey(this.#schema, keys, row).length)
    }
  }
}
