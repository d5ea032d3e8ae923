import type { ByteSink } from '../../util/byte-sink.js'
import type { Layout, Vector } from '../vector.js'

/** The three faces of one column type; see `type-codec.ts`. */
export interface TypeCodec {
  readonly layout: Layout
  /** Bytes of the row face; 0: variable length. */
  readonly rowBytes: number
  /** What a good value is, for messages: `'an integer from 0 to 255'`. */
  readonly expects: string

  /**
   * Writes the row face: at `at` for fixed widths (already reserved), appended to the sink for variable length.
   * Returns false, having written nothing that counts, if the value is not one of this type.
   */
  writeRow(sink: ByteSink, at: number, value: unknown): boolean
  /** Appends the key face; false if the value is not one of this type. */
  writeKey(sink: ByteSink, value: unknown): boolean
  /**
   * Decodes the row faces that stand at `starts` (fixed width), or at `starts` to `ends` (variable length), into a
   * vector. `valid` marks the rows to decode; undefined: all.
   */
  fromRows(bytes: Uint8Array, starts: Uint32Array, ends: Uint32Array, valid: Uint8Array | undefined): Vector
  /** Decodes the key faces at `positions` and moves each position behind what was read. */
  fromKeys(bytes: Uint8Array, positions: Uint32Array): Vector
  /** Appends the key face of row `i`, which is not null. */
  vectorToKey(sink: ByteSink, vector: Vector, i: number): void
  /** Writes the row face of row `i`, which is not null, as `writeRow` would. */
  vectorToRow(sink: ByteSink, at: number, vector: Vector, i: number): void
  /** Row `i`, which is not null, as a JavaScript value that the caller may keep. */
  value(vector: Vector, i: number): unknown
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const getTime = Date.prototype.getTime

/** The time of a Date, also of one from another realm; NaN if the value is none, whatever its prototype claims. */
export function millisecondsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return Number.NaN
  try {
    return getTime.call(value)
  } catch {
    return Number.NaN
  }
}
