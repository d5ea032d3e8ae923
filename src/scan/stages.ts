// What happens to the rows of a scan once their newest versions are known.

import type { Batch, Projection } from '../format/batch.js'
import type { Predicate } from '../format/predicate.js'
import type { BatchSource } from '../format/source.js'
import { assert } from '../util/assert.js'
import { selectRows, sliceBatch } from './gather.js'
import { Stage } from './stage.js'

/**
 * Removes tombstones. Comes after the merge, where they have hidden what they delete, and before filters, which
 * would judge values that a tombstone does not have.
 */
export function dropDeleted(source: BatchSource): BatchSource {
  return new Stage(source, (batch) => {
    const { deleted, rows } = batch
    if (deleted === undefined) return batch
    const live = new Uint32Array(rows)
    let count = 0
    for (let i = 0; i < rows; i++) {
      live[count] = i
      count += 1 - deleted[i]!
    }
    return count === 0 ? undefined : { ...selectRows(batch, live.subarray(0, count)), deleted: undefined }
  })
}

/** Keeps the rows for which the predicate is true. `projection` says which schema columns the batches hold. */
export function filter(source: BatchSource, predicate: Predicate, projection: Projection): BatchSource {
  return new Stage(source, (batch) => {
    const selection = predicate.evaluate(batch, projection)
    return selection.length === 0 ? undefined : selectRows(batch, selection)
  })
}

/** Drops the columns that only merge or filter needed. Requires: `to` is a subset of `from`. */
export function project(source: BatchSource, from: Projection, to: Projection): BatchSource {
  const positions = to.map((column) => from.indexOf(column))
  assert(!positions.includes(-1), 'a projection only drops columns')
  if (positions.length === from.length && positions.every((position, i) => position === i)) return source
  return new Stage(source, (batch) => ({
    ...batch,
    columns: positions.map((position) => batch.columns[position]!),
  }))
}

/** The first `rows` rows. Closes its input as soon as it has them. */
export function limit(source: BatchSource, rows: number): BatchSource {
  return new Limit(source, rows)
}

class Limit implements BatchSource {
  readonly #input: BatchSource
  #left: number

  constructor(input: BatchSource, rows: number) {
    this.#input = input
    this.#left = rows
    if (rows <= 0) input.close()
  }

  next(): Batch | undefined | Promise<Batch | undefined> {
    if (this.#left <= 0) return undefined
    const batch = this.#input.next()
    return batch instanceof Promise ? batch.then((late) => this.#cut(late)) : this.#cut(batch)
  }

  close(): void {
    this.#left = 0
    this.#input.close()
  }

  #cut(batch: Batch | undefined): Batch | undefined {
    if (batch === undefined || this.#left <= 0) return undefined
    const taken = Math.min(batch.rows, this.#left)
    this.#left -= taken
    if (this.#left === 0) this.#input.close()
    return sliceBatch(batch, 0, taken)
  }
}
