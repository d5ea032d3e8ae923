// From all entries in order to one entry per key: what a reader at a sequence number sees. Every kind of memtable
// index only walks its entries; this is the one place that picks versions.
//
//   key      a     a     a     b     b     c          seq of the reader: 5
//   seq      9     5     2     7     6     1
//                  ^                       ^          yielded
//
// Reading ahead is safe: entries keep their places in the arena, and those inserted meanwhile are above `seq`.

import { entryHeadBytes, keyLengthAt, seqOffsetAt } from '../format/entry.js'
import { type Arena, type EntryRef, type MemtableCursor, noEntry } from './rep.js'

/**
 * Yields all entries of an index in order, or in reverse order, from some place on. It goes on behind the last entry
 * it yielded, whatever was inserted since.
 */
export interface EntryWalk {
  /** Fills `into` from its start and returns how many; 0: the end. */
  next(into: Uint32Array): number
}

const readAheadMin = 16
const readAheadMax = 1024

/** The newest version of each key at or below `seq`, out of a walk over all versions in the given direction. */
export function visibleCursor(arena: Arena, walk: EntryWalk, seq: number, reverse: boolean): MemtableCursor {
  return reverse ? new ReverseCursor(arena, walk, seq) : new ForwardCursor(arena, walk, seq)
}

/** Hands out the entries of a walk one by one, reading them block by block. */
abstract class Cursor implements MemtableCursor {
  protected readonly arena: Arena
  protected readonly seq: number
  #walk: EntryWalk | undefined
  protected block = new Uint32Array(0)
  protected at = 0
  protected count = 0

  constructor(arena: Arena, walk: EntryWalk, seq: number) {
    this.arena = arena
    this.#walk = walk
    this.seq = seq
  }

  abstract next(into: Uint32Array): number

  /** Reads the next block of the walk; false: the end. */
  protected readBlock(wanted: number): boolean {
    if (this.#walk === undefined) return false
    const size = Math.min(Math.max(wanted, readAheadMin), readAheadMax)
    if (this.block.length < size) this.block = new Uint32Array(size)
    this.at = 0
    this.count = this.#walk.next(this.block)
    if (this.count === 0) this.#walk = undefined
    return this.count > 0
  }

  close(): void {
    this.#walk = undefined
    this.at = this.count = 0
  }
}

class ForwardCursor extends Cursor {
  /** The last entry yielded: older versions of its key follow. */
  #last: EntryRef = noEntry

  next(into: Uint32Array): number {
    const { bytes } = this.arena
    const { seq } = this
    let last = this.#last
    let filled = 0
    while (filled < into.length) {
      if (this.at === this.count && !this.readBlock(into.length)) break
      const { block, count } = this
      let at = this.at
      for (; at < count && filled < into.length; at++) {
        const entry = block[at]!
        if (seqOffsetAt(bytes, entry) > seq || (last !== noEntry && isSameKey(bytes, last, entry))) continue
        last = entry
        into[filled++] = entry
      }
      this.at = at
    }
    this.#last = last
    return filled
  }
}

class ReverseCursor extends Cursor {
  /** The newest visible version so far of the key the walk is in: newer ones may follow. */
  #best: EntryRef = noEntry

  next(into: Uint32Array): number {
    const { bytes } = this.arena
    const { seq } = this
    let best = this.#best
    let filled = 0
    while (filled < into.length) {
      if (this.at === this.count && !this.readBlock(into.length)) {
        if (best !== noEntry) into[filled++] = best
        best = noEntry
        break
      }
      const { block, count } = this
      let at = this.at
      for (; at < count && filled < into.length; at++) {
        const entry = block[at]!
        // A version above seq needs no look at its key: it neither is the best nor ends its key's versions.
        if (seqOffsetAt(bytes, entry) > seq) continue
        if (best !== noEntry && !isSameKey(bytes, best, entry)) into[filled++] = best
        best = entry
      }
      this.at = at
    }
    this.#best = best
    return filled
  }

  override close(): void {
    super.close()
    this.#best = noEntry
  }
}

/** Compares from the end, where neighbours in key order differ. */
function isSameKey(bytes: Uint8Array, a: EntryRef, b: EntryRef): boolean {
  const length = keyLengthAt(bytes, a)
  if (length !== keyLengthAt(bytes, b)) return false
  const aStart = a + entryHeadBytes
  const bStart = b + entryHeadBytes
  for (let i = length - 1; i >= 0; i--) if (bytes[aStart + i] !== bytes[bStart + i]) return false
  return true
}
