// Which keys may have versions that are older than everything a merge sees: those within the bounds of files that are
// not among its inputs. Their tombstones and sequence numbers have to stay.

import { type KeyBytes, vectorKey } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { Vector } from '../format/vector.js'
import { compareBytes } from '../util/bytes.js'
import type { KeyBounds } from './job.js'

/** The union of key bounds, asked about batches whose keys ascend from one to the next. */
export class OlderKeys {
  readonly #schema: Schema
  /** Disjoint, ascending; both ends included. */
  readonly #bounds: readonly KeyBounds[]
  /** Those before this one lie below all keys that were asked about. */
  #next = 0

  constructor(schema: Schema, bounds: readonly KeyBounds[]) {
    this.#schema = schema
    this.#bounds = unite(bounds)
  }

  /**
   * A flag per row, 1 = its key lies within the bounds; undefined: none does. `keys` are the key columns in key order.
   * Requires: no key lies below those of the call before.
   */
  rowsIn(keys: readonly Vector[], rows: number): Uint8Array | undefined {
    if (this.#next === this.#bounds.length || rows === 0) return undefined
    const key = (row: number) => vectorKey(this.#schema, keys, row)
    const first = key(0)
    const last = key(rows - 1)
    while (compareBytes(this.#bounds[this.#next]!.maxKey, first) < 0) {
      if (++this.#next === this.#bounds.length) return undefined
    }
    let flags: Uint8Array | undefined
    for (let i = this.#next; i < this.#bounds.length; i++) {
      const { minKey, maxKey } = this.#bounds[i]!
      if (compareBytes(minKey, last) > 0) break
      flags ??= new Uint8Array(rows)
      const from = firstRow(rows, (row) => compareBytes(key(row), minKey) >= 0)
      const to = firstRow(rows, (row) => compareBytes(key(row), maxKey) > 0)
      flags.fill(1, from, to)
    }
    return flags
  }
}

/** The first row for which `holds`, which goes on to hold for all rows behind it; `rows`: none. */
function firstRow(rows: number, holds: (row: number) => boolean): number {
  let low = 0
  let high = rows
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

function unite(bounds: readonly KeyBounds[]): KeyBounds[] {
  const sorted = [...bounds].sort((a, b) => compareBytes(a.minKey, b.minKey))
  const united: { minKey: KeyBytes; maxKey: KeyBytes }[] = []
  for (const { minKey, maxKey } of sorted) {
    const last = united.at(-1)
    if (last === undefined || compareBytes(last.maxKey, minKey) < 0) united.push({ minKey, maxKey })
    else if (compareBytes(maxKey, last.maxKey) > 0) last.maxKey = maxKey
  }
  return united
}
