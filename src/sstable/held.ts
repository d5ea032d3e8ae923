// What open SSTables know of themselves (filters, sparse indexes, checksums), for as long as there is room for it.
//
// A reader keeps the Held and asks it for its value each time, which costs no search; the value is gone once it had to
// make room, and is then read again. Whoever works with a value has it as a variable of its own: what is in use is never
// taken away, only no longer counted.

/** A value that may be taken back, in a ring of such. */
export class Held<T> {
  /** Undefined once it had to make room, or was released. */
  value: T | undefined
  readonly bytes: number
  /** Set by whoever uses the value: it then survives the next search for room. */
  used = false
  before: Held<unknown> = this
  after: Held<unknown> = this

  constructor(value: T | undefined, bytes: number) {
    this.value = value
    this.bytes = bytes
  }
}

/**
 * Values bounded in bytes. What was not used since the last search for room goes first (second chance, F. Corbató 1968):
 * its use costs one store, where a list in order of use would cost six.
 */
export class HeldRing {
  readonly capacityBytes: number
  /** `after` leads from the one that was put in or spared last to the one that is looked at first. */
  readonly #head = new Held<unknown>(undefined, 0)
  #bytes = 0

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes
  }

  /** Memory that the values take. */
  get bytes(): number {
    return this.#bytes
  }

  /** Keeps a value, for which others have to make room; alone it may be larger than the bound. */
  hold<T>(value: T, bytes: number): Held<T> {
    const held = new Held<T>(value, bytes)
    this.#bytes += bytes
    while (this.#bytes > this.capacityBytes && this.#head.before !== this.#head) {
      const oldest = this.#head.before
      if (oldest.used) {
        oldest.used = false
        unlink(oldest)
        this.#linkFirst(oldest)
      } else this.#drop(oldest)
    }
    this.#linkFirst(held)
    return held
  }

  /** Gives a value up. Idempotent. */
  release(held: Held<unknown> | undefined): void {
    if (held?.value !== undefined) this.#drop(held)
  }

  #drop(held: Held<unknown>): void {
    unlink(held)
    held.value = undefined
    this.#bytes -= held.bytes
  }

  #linkFirst(held: Held<unknown>): void {
    const head = this.#head
    held.before = head
    held.after = head.after
    head.after.before = held
    head.after = held
  }
}

function unlink(held: Held<unknown>): void {
  held.before.after = held.after
  held.after.before = held.before
}
