// The open snapshots of a tree: sequence numbers that merges and flushes respect.

export class SnapshotSet {
  readonly #held = new Map<object, number>()

  /** Number of open snapshots. */
  get size(): number {
    return this.#held.size
  }

  /** Keeps what is visible at `seq` visible until `handle` is given back. */
  add(handle: object, seq: number): void {
    this.#held.set(handle, seq)
  }

  remove(handle: object): void {
    this.#held.delete(handle)
  }

  /** Their sequence numbers, ascending, without repeats. */
  list(): readonly number[] {
    return [...new Set(this.#held.values())].sort((a, b) => a - b)
  }
}
