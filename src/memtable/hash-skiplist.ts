// The hash index of skip lists: a directory of buckets by a hash of the key's prefix, all but its last bits, so that
// a bucket holds a sorted neighbourhood of keys and all their versions (key-mark.ts).
//
//   heads   [ 3 | 0 | T | 1 | … ]      two words a bucket: its first node and how many there are; once these are more
//             |       |                than `listMax`, its tower: the node before all, on all levels
//           node    tower ---------> node
//            ...      | -> node ---> node ...
//
//   node (32-bit words):   mark   entry   next on level 0, 1, … height - 1
//
// Invariants:
//   1. On each level a bucket is ordered by mark, then key, then sequence number descending. As buckets are chosen by
//      the upper bits of marks, all of them one behind the other are in that order too: a directory grows by cutting.
//   2. A node on level i of a towered bucket is on all levels below. A node may be higher than it is linked: where a cut
//      left a short list, upper links are forgotten, and a later tower does without them.
//   3. There are at most `loadMax` entries a bucket on average.
// Most buckets are a cache line or two, so an entry costs about as many cache misses as nodes it passes; where one key
// gets very many versions, its bucket is an ordinary skip list. The order of all keys is the business of a vector index
// beside the directory. Both are lazy: an insertion only notes its entry; a lookup puts into buckets what is new since the
// last lookup, and a cursor sorts what is new since the last cursor. So rows that nobody asks for before they are
// flushed cost no index work, and however reads and writes alternate, each entry is put into its bucket once.

import { compareEntries, compareEntryKey, seqOffsetAt } from '../format/entry.js'
import type { KeyBytes } from '../format/key-codec.js'
import { markOfEntry, markOfKey } from './key-mark.js'
import {
  type Arena,
  type EntryRef,
  type MemtableCursor,
  type MemtableRep,
  type MemtableRepFactory,
  noEntry,
} from './rep.js'
import { vector } from './vector.js'

/** Of a tower, its height; of other nodes, the mark. */
const markWord = 0
const entryWord = 1
const linksWord = 2
const heightMax = 12
/** As a link: no node lies there. */
const end = 0
const wordsFirst = 1024
/** Nodes up to which a bucket is a list. */
const listMax = 16
const towered = listMax + 1
const directoryBitsFirst = 6
const loadMax = 2
const growthBits = 2
/** Few, for a node of a bucket is a cache miss where keys come in random order; but one in order, none. */
const neighbours = 4
const pendingFirst = 1024

/**
 * Hash buckets of skip lists: the fastest kind to fill and to look keys up in, however many versions they have. The first
 * lookup after n insertions puts n entries into buckets, the first cursor sorts them.
 */
export const hashSkiplist: MemtableRepFactory = (arena) => new HashSkiplist(arena)

class HashSkiplist implements MemtableRep {
  readonly #arena: Arena
  readonly #ordered: MemtableRep
  /** Entries that are in no bucket yet, in the order of their insertion. */
  #pending = new Uint32Array(pendingFirst)
  #pendingCount = 0
  #words = new Uint32Array(wordsFirst)
  #used = linksWord
  #directoryBits = directoryBitsFirst
  #heads = new Uint32Array(2 << directoryBitsFirst)
  /** State of the generator of heights: a fixed seed, so that equal histories make equal lists. */
  #random = 0x9e3779b9

  constructor(arena: Arena) {
    this.#arena = arena
    this.#ordered = vector(arena)
  }

  get size(): number {
    return this.#ordered.size
  }

  get indexBytes(): number {
    const lazy = this.#pending.byteLength + this.#ordered.indexBytes
    return this.#words.byteLength + this.#heads.byteLength + lazy
  }

  insert(entry: EntryRef): void {
    if (this.#pendingCount === this.#pending.length) {
      const grown = new Uint32Array(2 * this.#pendingCount)
      grown.set(this.#pending)
      this.#pending = grown
    }
    this.#pending[this.#pendingCount++] = entry
    this.#ordered.insert(entry)
  }

  #putIntoBuckets(): void {
    while (2 * this.#ordered.size > loadMax * this.#heads.length) this.#growDirectory()
    for (let i = 0; i < this.#pendingCount; i++) this.#putIntoBucket(this.#pending[i]!)
    this.#pendingCount = 0
    if (this.#pending.length > pendingFirst) this.#pending = new Uint32Array(pendingFirst)
  }

  #putIntoBucket(entry: EntryRef): void {
    const mark = markOfEntry(this.#arena.bytes, entry, neighbours)
    const bucket = (mark >>> (32 - this.#directoryBits)) << 1
    const count = this.#heads[bucket + 1]!
    if (count === towered) this.#insertTowered(this.#heads[bucket]!, mark, entry)
    else {
      this.#insertListed(bucket, mark, entry)
      if (count === listMax) this.#heads[bucket] = this.#addTower(this.#heads[bucket]!)
      this.#heads[bucket + 1] = count + 1
    }
  }

  get(key: KeyBytes, seq: number): EntryRef {
    if (this.#pendingCount > 0) this.#putIntoBuckets()
    const { bytes } = this.#arena
    const words = this.#words
    const mark = markOfKey(key, neighbours)
    const bucket = (mark >>> (32 - this.#directoryBits)) << 1
    let node = this.#heads[bucket]!
    if (this.#heads[bucket + 1] === towered) node = this.#seek(node, mark, key, seq)
    else while (node !== end && words[node]! < mark) node = words[node + linksWord]!
    for (; node !== end && words[node] === mark; node = words[node + linksWord]!) {
      const entry = words[node + entryWord]!
      if (seqOffsetAt(bytes, entry) <= seq && compareEntryKey(bytes, entry, key) === 0) return entry
    }
    return noEntry
  }

  cursor(from: KeyBytes | undefined, seq: number, reverse: boolean): MemtableCursor {
    return this.#ordered.cursor(from, seq, reverse)
  }

  #insertListed(bucket: number, mark: number, entry: EntryRef): void {
    const added = this.#allocate(linksWord + 1)
    const { bytes } = this.#arena
    const words = this.#words
    let before = end
    let node = this.#heads[bucket]!
    for (; node !== end; before = node, node = words[node + linksWord]!) {
      const other = words[node]!
      if (other > mark) break
      if (other === mark && compareEntries(bytes, words[node + entryWord]!, entry) > 0) break
    }
    words[added + markWord] = mark
    words[added + entryWord] = entry
    words[added + linksWord] = node
    if (before === end) this.#heads[bucket] = added
    else words[before + linksWord] = added
  }

  #insertTowered(tower: number, mark: number, entry: EntryRef): void {
    const height = this.#randomHeight()
    const added = this.#allocate(linksWord + height)
    const { bytes } = this.#arena
    const words = this.#words
    words[added + markWord] = mark
    words[added + entryWord] = entry
    if (height > words[tower]!) words[tower] = height
    let node = tower
    let level = words[tower]! - 1
    for (; level >= 0; level--) {
      let next = words[node + linksWord + level]!
      while (next !== end) {
        const other = words[next]!
        if (other > mark) break
        if (other === mark && compareEntries(bytes, words[next + entryWord]!, entry) > 0) break
        node = next
        next = words[node + linksWord + level]!
      }
      if (level >= height) continue
      words[added + linksWord + level] = next
      words[node + linksWord + level] = added
    }
  }

  /** The first node not before the place of (key, seq) among those with the same mark or before others. */
  #seek(tower: number, mark: number, key: KeyBytes, seq: number): number {
    const { bytes } = this.#arena
    const words = this.#words
    let node = tower
    for (let level = words[tower]! - 1; level >= 0; level--) {
      let next = words[node + linksWord + level]!
      while (next !== end) {
        const other = words[next]!
        if (other > mark) break
        if (other === mark) {
          const entry = words[next + entryWord]!
          const order = compareEntryKey(bytes, entry, key)
          if (order > 0 || (order === 0 && seqOffsetAt(bytes, entry) <= seq)) break
        }
        node = next
        next = words[node + linksWord + level]!
      }
    }
    return words[node + linksWord]!
  }

  /** A tower before a list. */
  #addTower(first: number): number {
    const tower = this.#allocate(linksWord + heightMax)
    this.#words[tower] = 1
    this.#words[tower + linksWord] = first
    return tower
  }

  /** One node in four reaches the next level. */
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
    if (this.#used > this.#words.length) {
      const grown = new Uint32Array(2 * this.#words.length)
      grown.set(this.#words)
      this.#words = grown
    }
    return node
  }

  #growDirectory(): void {
    const old = this.#heads
    this.#directoryBits += growthBits
    this.#heads = new Uint32Array(2 << this.#directoryBits)
    for (let bucket = 0; bucket < old.length; bucket += 2) {
      const first = old[bucket]!
      if (old[bucket + 1] !== towered) this.#cut(first, 0)
      else {
        const height = this.#words[first]!
        for (let level = 0; level < height; level++) this.#cut(this.#words[first + linksWord + level]!, level)
      }
    }
  }

  /** Cuts one level of an old bucket, from a node on, into those of new buckets; level 0 first. */
  #cut(node: number, level: number): void {
    const shift = 32 - this.#directoryBits
    while (node !== end) {
      const words = this.#words
      const first = node
      const bucket = words[node]! >>> shift
      let last = node
      let count = 0
      for (; node !== end && words[node]! >>> shift === bucket; count++) {
        last = node
        node = words[node + linksWord + level]!
      }
      words[last + linksWord + level] = end
      const head = bucket << 1
      if (level === 0) {
        this.#heads[head] = count > listMax ? this.#addTower(first) : first
        this.#heads[head + 1] = Math.min(count, towered)
      } else if (this.#heads[head + 1] === towered) {
        const tower = this.#heads[head]!
        this.#words[tower] = level + 1
        this.#words[tower + linksWord + level] = first
      }
    }
  }
}
