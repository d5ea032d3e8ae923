// The enhanced skip list. What enhances it: towers lie in one typed array, each beside the digest of its key, so that
// a step of a search costs one cache line and seldom a look at the arena; and an insertion starts where the last one
// ended, so that ascending and nearby keys need no search.
//
//   node (32-bit words, from an even one):   digest (2)   tail (2)   entry   previous   next on level 0, 1, … height - 1
//
// Invariants:
//   1. The head is the node at word 0, before all others; 0 as a link is the end. Level 0 is a ring through the head.
//   2. On each level nodes are in order; a node on level i is on all levels below.
//   3. The splice, per level below #height, is a pair of neighbours, and the pairs are nested: a place that lies
//      inside the pair of one level lies inside those of all levels above.
// Nodes never move or vanish: a walk needs only the node it stands on.

import { keyAt } from '../format/entry.js'
import type { KeyBytes } from '../format/key-codec.js'
import { assert } from '../util/assert.js'
import { Probe } from './key-digest.js'
import {
  type Arena,
  type EntryRef,
  type MemtableCursor,
  type MemtableRep,
  type MemtableRepFactory,
  noEntry,
} from './rep.js'
import { type EntryWalk, visibleCursor } from './visible-cursor.js'

/** One tower in four reaches the next level: 16 M entries fill these. */
const heightMax = 12
const entryWord = 4
const previousWord = 5
const linksWord = 6
const head = 0
const end = 0
const firstWords = 1024

/** Skip list with insertion hint and key digests: steady insertion in any order, nothing is ever moved. */
export const enhancedSkiplist: MemtableRepFactory = (arena) => new EnhancedSkiplist(arena)

class EnhancedSkiplist implements MemtableRep {
  readonly #arena: Arena
  readonly #probe = new Probe()
  #words = new Uint32Array(firstWords)
  /** The same memory as `#words`: digest and tail of a node begin at half its word. */
  #digests = new Float64Array(this.#words.buffer)
  #used = linksWord + heightMax
  #height = 1
  #size = 0
  /** The splice: the neighbours, on each level, between which the last insertion went. */
  readonly #before = new Uint32Array(heightMax)
  readonly #behind = new Uint32Array(heightMax)
  /** State of the generator of heights: a fixed seed, so that equal histories make equal lists. */
  #random = 0x9e3779b9

  constructor(arena: Arena) {
    this.#arena = arena
  }

  get size(): number {
    return this.#size
  }

  get indexBytes(): number {
    return this.#words.byteLength
  }

  insert(entry: EntryRef): void {
    const { bytes } = this.#arena
    const probe = this.#probe
    probe.atEntry(bytes, entry)
    this.#moveSplice(bytes)
    this.#addNode(entry)
    this.#size++
    if (probe.keys.noted(probe.digest)) this.#learn()
  }

  get(key: KeyBytes, seq: number): EntryRef {
    const { bytes } = this.#arena
    this.#probe.atKey(key, seq)
    const node = this.#seek(bytes)
    if (node === end) return noEntry
    const entry = this.#words[node + entryWord]!
    return this.#probe.hasKeyOf(bytes, entry) ? entry : noEntry
  }

  cursor(from: KeyBytes | undefined, seq: number, reverse: boolean): MemtableCursor {
    let start = this.#words[head + linksWord]!
    if (from !== undefined) {
      this.#probe.atKey(from, Infinity)
      start = this.#seek(this.#arena.bytes)
    }
    return visibleCursor(
      this.#arena,
      reverse ? this.#backward(from === undefined ? end : start) : this.#forward(start),
      seq,
      reverse,
    )
  }

  /** The first node not before the probe's place, or `end`. */
  #seek(bytes: Uint8Array): number {
    const words = this.#words
    let node = head
    let behind = end
    for (let level = this.#height - 1; level >= 0; level--) {
      for (;;) {
        const next = words[node + linksWord + level]!
        if (next === behind) break // the end, or found too far on the level above
        if (this.#isBefore(bytes, next)) node = next
        else behind = next
      }
    }
    return behind
  }

  /** Moves the splice around the probe's place: up from where it is as far as needed, then down. */
  #moveSplice(bytes: Uint8Array): void {
    const words = this.#words
    const before = this.#before
    const after = this.#behind
    const height = this.#height
    let isAbove = false
    let isBelow = false
    let level = 0
    for (; level < height; level++) {
      isAbove ||= before[level] === head || this.#isBefore(bytes, before[level]!)
      isBelow ||= after[level] === end || !this.#isBefore(bytes, after[level]!)
      if (isAbove && isBelow) break
    }
    let node = level < height ? before[level]! : head
    let behind = level < height ? after[level]! : end
    for (level--; level >= 0; level--) {
      for (;;) {
        const next = words[node + linksWord + level]!
        if (next === behind) break
        if (this.#isBefore(bytes, next)) node = next
        else behind = next
      }
      before[level] = node
      after[level] = behind
    }
  }

  /** Whether a node comes before the probe's place. */
  #isBefore(bytes: Uint8Array, node: number): boolean {
    const probe = this.#probe
    const digest = this.#digests[node >>> 1]!
    if (digest !== probe.digest) return digest < probe.digest
    const tail = this.#digests[(node >>> 1) + 1]!
    if (tail !== probe.tail) return tail < probe.tail
    return probe.isAfter(bytes, this.#words[node + entryWord]!)
  }

  /** Adds a node inside the splice, and leaves the splice behind it. */
  #addNode(entry: EntryRef): void {
    const height = this.#randomHeight()
    const node = this.#allocate(linksWord + height)
    const words = this.#words
    const before = this.#before
    const behind = this.#behind
    if (height > this.#height) this.#height = height // on new levels the splice is head and end, as it should be
    this.#digests[node >>> 1] = this.#probe.digest
    this.#digests[(node >>> 1) + 1] = this.#probe.tail
    words[node + entryWord] = entry
    words[node + previousWord] = before[0]!
    words[behind[0]! + previousWord] = node
    for (let level = 0; level < height; level++) {
      words[node + linksWord + level] = behind[level]!
      words[before[level]! + linksWord + level] = node
      before[level] = node
    }
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
    this.#used = node + words + (words & 1)
    assert(this.#used <= 2 ** 32, 'a memtable index fits in 32-bit words')
    if (this.#used > this.#words.length) {
      const grown = new Uint32Array(2 * this.#words.length)
      grown.set(this.#words)
      this.#words = grown
      this.#digests = new Float64Array(grown.buffer)
    }
    return node
  }

  /** Lets the probe's keys learn from entries a sixteenth from either end. */
  #learn(): void {
    const { bytes } = this.#arena
    const probe = this.#probe
    const words = this.#words
    const digests = this.#digests
    const sample = this.#sample()
    const low = keyAt(bytes, sample[Math.floor(sample.length / 16)]!)
    const high = keyAt(bytes, sample[Math.floor((sample.length * 15) / 16)]!)
    if (!probe.keys.learn(low, high)) return
    for (let node = words[head + linksWord]!; node !== end; node = words[node + linksWord]!) {
      probe.atEntry(bytes, words[node + entryWord]!)
      digests[node >>> 1] = probe.digest
      digests[(node >>> 1) + 1] = probe.tail
    }
  }

  /** The entries of the highest level that has enough of them, in order: evenly spread, by chance. */
  #sample(): EntryRef[] {
    const words = this.#words
    for (let level = this.#height - 1; ; level--) {
      const entries: EntryRef[] = []
      for (let node = words[head + linksWord + level]!; node !== end; node = words[node + linksWord + level]!) {
        entries.push(words[node + entryWord]!)
      }
      if (entries.length >= 64 || level === 0) return entries
    }
  }

  // A walk stands on the last node it yielded: what is inserted behind it meanwhile is still to come.

  #forward(start: number): EntryWalk {
    let node = start
    return {
      next: (into) => {
        const words = this.#words
        let filled = 0
        for (; filled < into.length && node !== end; filled++) {
          into[filled] = words[node + entryWord]!
          node = words[node + linksWord]!
        }
        return filled
      },
    }
  }

  #backward(start: number): EntryWalk {
    let node = this.#words[start + previousWord]!
    return {
      next: (into) => {
        const words = this.#words
        let filled = 0
        for (; filled < into.length && node !== head; filled++) {
          into[filled] = words[node + entryWord]!
          node = words[node + previousWord]!
        }
        return filled
      },
    }
  }
}
