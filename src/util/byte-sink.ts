// A growing buffer that encoders append to. Memtable arenas are byte sinks, so nothing is encoded twice.

/**
 * Appends bytes to one contiguous buffer, which moves when it grows: hold positions, not views.
 * Fields are public because the encoders' inner loops write `bytes` directly after one `reserve`.
 */
export class ByteSink {
  bytes: Uint8Array
  view: DataView
  /** Where the next byte goes; all before it is written. */
  length = 0
  /** Sizes that the buffer grows to first, in order; beyond them it doubles. */
  readonly #steps: readonly number[]

  constructor(...steps: readonly number[]) {
    this.#steps = steps.length > 0 ? steps : [256]
    this.bytes = new Uint8Array(this.#steps[0]!)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Makes room for `count` more bytes and returns the position where they go. Does not move `length`. */
  reserve(count: number): number {
    const needed = this.length + count
    if (needed > this.bytes.length) this.#grow(needed)
    return this.length
  }

  append(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length)
    this.bytes.set(bytes, at)
    this.length = at + bytes.length
  }

  /** A copy of what was written from `from` on. */
  copy(from = 0): Uint8Array {
    return this.bytes.slice(from, this.length)
  }

  #grow(needed: number): void {
    let capacity = this.#steps.find((step) => step >= needed)
    if (capacity === undefined) {
      capacity = this.bytes.length
      while (capacity < needed) capacity *= 2
    }
    const grown = new Uint8Array(capacity)
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }
}
