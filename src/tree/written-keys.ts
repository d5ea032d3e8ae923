// The keys of a range that are being written from some moment on: how a deletion of the range knows what came after it.

import type { KeyBytes, KeyRange } from '../format/key-codec.js'
import type { Memtable } from '../memtable/memtable.js'
import { asBuffer, compareBytes } from '../util/bytes.js'

export class WrittenKeys {
  readonly #range: KeyRange
  /** How many records that were not taken back hold the key. */
  readonly #counts = new Map<string, number>()

  #takenBack = 0

  constructor(range: KeyRange) {
    this.#range = range
  }

  get size(): number {
    return this.#counts.size
  }

  /** How often a record that held one of the keys was taken back. */
  get takenBack(): number {
    return this.#takenBack
  }

  has(key: KeyBytes): boolean {
    return this.#counts.has(nameOf(key))
  }

  /** A record was encoded. */
  add(memtable: Memtable, recordStart: number): void {
    memtable.forEachKey(recordStart, (key) => this.#count(key, 1))
  }

  /** A record was taken back. Requires: it was added. */
  remove(memtable: Memtable, recordStart: number): void {
    memtable.forEachKey(recordStart, (key) => this.#count(key, -1))
  }

  #count(key: KeyBytes, by: number): void {
    const { gte, lt } = this.#range
    if (gte !== undefined && compareBytes(key, gte) < 0) return
    if (lt !== undefined && compareBytes(key, lt) >= 0) return
    if (by < 0) this.#takenBack++
    const name = nameOf(key)
    const count = (this.#counts.get(name) ?? 0) + by
    if (count > 0) this.#counts.set(name, count)
    else this.#counts.delete(name)
  }
}

function nameOf(key: KeyBytes): string {
  return asBuffer(key).toString('latin1')
}
