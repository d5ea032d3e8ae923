// The key column that an import makes up: rows that agree in all other key columns, numbered in the order of the file.

import { halvesOf } from '../format/codecs/int64.js'
import type { Kind } from '../format/column.js'
import type { Schema } from '../format/schema.js'
import { allocateValues, fixedVector, type Layout, type Vector } from '../format/vector.js'
import type { Refuse } from './converted.js'
import { RowNumbers } from './row-numbers.js'

/** Greatest number that a column of this kind holds. */
const greatest: { readonly [K in Kind]?: number } = {
  int8: 2 ** 7 - 1,
  int16: 2 ** 15 - 1,
  int32: 2 ** 31 - 1,
  int64: Number.MAX_SAFE_INTEGER,
  uint8: 2 ** 8 - 1,
  uint16: 2 ** 16 - 1,
  uint32: 2 ** 32 - 1,
}

/** Whether columns of this kind can hold row numbers. */
export function holdsNumbers(kind: Kind): boolean {
  return greatest[kind] !== undefined
}

export class RowNumberer {
  readonly #schema: Schema
  /** The key columns to agree in. */
  readonly #group: readonly number[]
  readonly #numbers = new RowNumbers()

  constructor(schema: Schema, numbered: number) {
    this.#schema = schema
    this.#group = schema.key.filter((index) => index !== numbered)
  }

  /** The numbers of the next rows. `vectors` are all columns of the table; that of the numbers does not count. */
  number(vectors: readonly Vector[], rows: number): Uint32Array {
    const codecs = this.#group.map((index) => this.#schema.columns[index]!.codec)
    const columns = this.#group.map((index) => vectors[index]!)
    const { sink } = this.#numbers
    const numbers = new Uint32Array(rows)
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < codecs.length; c++) codecs[c]!.vectorToKey(sink, columns[c]!, row)
      numbers[row] = this.#numbers.next()
    }
    return numbers
  }
}

/** Row numbers as a column. */
export function numberedColumn(kind: Kind, numbers: Uint32Array, refuse: Refuse): Vector {
  const most = greatest[kind]!
  for (let row = 0; row < numbers.length; row++) {
    if (numbers[row]! > most) refuse(row, `its number ${numbers[row]} is too large for ${kind}`)
  }
  const values = allocateValues(kind as Layout, numbers.length)
  if (values instanceof BigInt64Array) {
    const halves = halvesOf(values)
    for (let row = 0; row < numbers.length; row++) halves[2 * row] = numbers[row]!
  } else values.set(numbers)
  return fixedVector(kind as Layout, values)
}
