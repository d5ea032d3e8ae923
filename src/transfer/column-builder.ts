// Values one by one to a column. They take the way of a row that is put: its codec checks and encodes them, and what it
// has encoded is decoded as a column; so a file can bring nothing into a table that a caller could not.

import type { SchemaColumn } from '../format/schema.js'
import { nullVector, type Vector } from '../format/vector.js'
import { ByteSink } from '../util/byte-sink.js'

export class ColumnBuilder {
  readonly column: SchemaColumn
  readonly #sink = new ByteSink(4096)
  #starts: number[] = []
  #ends: number[] = []
  #nulls = 0

  constructor(column: SchemaColumn) {
    this.column = column
  }

  /** Bytes of the values so far. */
  get bytes(): number {
    return this.#sink.length
  }

  /** Adds a value, null if the column may be; false, with nothing added, if it is none of the column's. */
  add(value: unknown): boolean {
    const sink = this.#sink
    const start = sink.length
    if (value === null) {
      if (!this.column.nullable) return false
      this.#nulls++
      this.#starts.push(-1)
      this.#ends.push(-1)
      return true
    }
    const { rowBytes } = this.column.codec
    sink.reserve(rowBytes)
    sink.length = start + rowBytes
    if (!this.column.codec.writeRow(sink, start, value)) {
      sink.length = start
      return false
    }
    this.#starts.push(start)
    this.#ends.push(sink.length)
    return true
  }

  /** Takes the last value back. */
  undo(): void {
    const start = this.#starts.pop()!
    this.#ends.pop()
    if (start < 0) this.#nulls--
    else this.#sink.length = start
  }

  /** The column of all values; the builder is empty afterwards. */
  finish(): Vector {
    const { codec } = this.column
    const rows = this.#starts.length
    const starts = Uint32Array.from(this.#starts, (start) => Math.max(start, 0))
    const ends = Uint32Array.from(this.#ends, (end) => Math.max(end, 0))
    const valid = this.#nulls === 0 ? undefined : Uint8Array.from(this.#starts, (start) => (start < 0 ? 0 : 1))
    const vector =
      this.#nulls === rows && rows > 0
        ? nullVector(codec.layout, rows)
        : codec.fromRows(this.#sink.bytes, starts, ends, valid)
    this.#sink.length = 0
    this.#starts = []
    this.#ends = []
    this.#nulls = 0
    return vector
  }
}
