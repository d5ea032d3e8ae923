// The skip list as Pugh described it (CACM 33/6, 1990): the plain baseline beside the enhanced one. Every step of a
// search compares whole keys in the arena, every search starts at the head, and links only lead forward.
//
//   node (32-bit words):   entry   next on level 0, 1, … height - 1
//
// Invariants:
//   1. The head is the node at word 0, before all others; 0 as a link is the end.
//   2. On each level nodes are in order; a node on level i is on all levels below.
// Nodes never move or vanish: a walk needs only the node it stands on. Walking back, each step is a search for the
// last node before the present one, as in LevelDB's SkipList::Iterator::Prev.

import type { KeyBytes } from '../format/key-codec.js'
import { assert } from '../util/assert.js'
import { Place } from './place.js'
import {
  type Arena,
  type EntryRef,
  type MemtableCursor,
  type MemtableRep,
  type MemtableRepFactory,
  noEntry,
} from './rep.js'
import { type EntryWalk, visibleCursor } from './visible-cursor.js'

/** One node in four reaches the next level (Pugh's p): 16 M entries fill these. */
const heightMax = 12
const linksWord = 1
const head = 0
const end = 0
const firstWords = 256

/** The classic skip list: the simplest kind with steady insertion in any order. */
export const skiplist: MemtableRepFactory = (arena) => new Skiplist(arena)

class Skiplist implements MemtableRep {
  readonly #arena: Arena
  readonly #place = new Place()
  #words = new Uint32Array(firstWords)
  #used = linksWord + heightMax
  #height = 1
  #size = 0
  /** Pugh's update vector: on each level below `#height`, the last node before the place last searched for. */
  readonly #before = new Uint32Array(heightMax)
  /** State of the generator of heights: a fixed seed, so that equal histories make equal lists. */
  #random = 0x9e3779b9

  constructor(arena: Arena) {
    this.#arena = arena
  }

  get size(): number {
    return this.#size
  }

  get indexBytes(): number {
    return this.#words.byteLength + this.#before.byteLength
  }

  insert(entry: EntryRef): void {
    const { bytes } = this.#arena
    this.#place.atEntry(bytes, entry)
    this.#lastBefore(bytes)
    const height = this.#randomHeight()
    const node = this.#allocate(linksWord + height)
    const words = this.#words
    const before = this.#before
    for (; this.#height < height; this.#height++) before[this.#height] = head
    words[node] = entry
    for (let level = 0; level < height; level++) {
      const link = before[level]! + linksWord + level
      words[node + linksWord + level] = words[link]!
      words[link] = node
    }
    this.#size++
  }

  get(key: KeyBytes, seq: number): EntryRef {
    const { bytes } = this.#arena
    this.#place.atKey(key, seq)
    const node = this.#words[this.#lastBefore(bytes) + linksWord]!
    if (node === end) return noEntry
    const entry = this.#words[node]!
    return this.#place.hasKeyOf(bytes, entry) ? entry : noEntry
  }

  cursor(from: KeyBytes | undefined, seq: number, reverse: boolean): MemtableCursor {
    let before = head
    if (from !== undefined) {
      this.#place.atKey(from, Infinity)
      before = this.#lastBefore(this.#arena.bytes)
    } else if (reverse) before = this.#last()
    const walk = reverse ? this.#backward(before) : this.#forward(this.#words[before + linksWord]!)
    return visibleCursor(this.#arena, walk, seq, reverse)
  }

  /** The last node before the place, perhaps the head. */
  #lastBefore(bytes: Uint8Array): number {
    const words = this.#words
    const place = this.#place
    let node = head
    for (let level = this.#height - 1; level >= 0; level--) {
      for (;;) {
        const next = words[node + linksWord + level]!
        if (next === end || !place.isAfter(bytes, words[next]!)) break
        node = next
      }
      this.#before[level] = node
    }
    return node
  }

  /** The last node, perhaps the head. */
  #last(): number {
    const words = this.#words
    let node = head
    for (let level = this.#height - 1; level >= 0; level--) {
      for (let next = words[node + linksWord + level]!; next !== end; next = words[node + linksWord + level]!) {
        node = next
      }
    }
    return node
  }

  #randomHeight(): number {
    let random = this.#random
    random ^= random << 13
    random ^= random >>> 17
    random ^= random << 5
    this.#random = random
    return Math.min(1 + (Math.clz32(random) >>> 1), heightMax)
  }

  #allocate(words: number): number {
    const node = this.#used
    this.#used = node + words
    assert(this.#used <= 2 ** 32, 'a memtable index fits in 32-bit words')
    const { length } = this.#words
    if (this.#used > length) {
      // By an eighth: copying it eight times costs an entry less than one comparison.
      const grown = new Uint32Array(length + Math.max(length >>> 3, firstWords))
      grown.set(this.#words)
      this.#words = grown
    }
    return node
  }

  #forward(start: number): EntryWalk {
    let node = start
    return {
      next: (into) => {
        const words = this.#words
        let filled = 0
        for (; filled < into.length && node !== end; filled++) {
          into[filled] = words[node]!
          node = words[node + linksWord]!
        }
        return filled
      },
    }
  }

  #backward(start: number): EntryWalk {
    let node = start
    return {
      next: (into) => {
        const { bytes } = this.#arena
        let filled = 0
        for (; filled < into.length && node !== head; filled++) {
          const entry = this.#words[node]!
          into[filled] = entry
          this.#place.atEntry(bytes, entry)
          node = this.#lastBefore(bytes)
        }
        return filled
      },
    }
  }
}
