// The hash index of linked lists: a directory of buckets, each a short list in the order of marks (key-mark.ts).
//
//   heads   [ · | · | · | · | … ]       upper bits of the mark
//             |       |
//           node -> node  node          node (32-bit words):   mark   entry   next
//
// Invariants:
//   1. A list is ordered by mark, then key, then sequence number descending. As buckets are chosen by the upper bits of
//      marks, all lists one behind the other are in that order too: a directory grows by cutting lists.
//   2. There are at most `loadMax` entries a bucket on average.
// A lookup is a hash, a bucket and a key compared: it costs the same whatever the size. The order of keys is the
// business of a vector index beside the directory: it sorts when a cursor is opened, and only what is new since.

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

const entryWord = 1
const nextWord = 2
const nodeWords = 3
/** As a link: no node lies there. */
const end = 0
const nodesFirst = 256
const directoryBitsFirst = 6
/** The directory then grows four times as large. */
const loadMax = 2
const growthBits = 2
/** Marks are hashes of whole keys. */
const neighbours = 1

/**
 * Hash buckets of sorted linked lists: lookups in constant time. The first cursor after n insertions costs a sort of n
 * entries; old versions of a key are looked for one by one.
 */
export const hashLinkedList: MemtableRepFactory = (arena) => new HashLinkedList(arena)

class HashLinkedList implements MemtableRep {
  readonly #arena: Arena
  readonly #ordered: MemtableRep
  #words = new Uint32Array(nodesFirst * nodeWords)
  #used = nodeWords
  #directoryBits = directoryBitsFirst
  #heads = new Uint32Array(1 << directoryBitsFirst)

  constructor(arena: Arena) {
    this.#arena = arena
    this.#ordered = vector(arena)
  }

  get size(): number {
    return this.#ordered.size
  }

  get indexBytes(): number {
    return this.#words.byteLength + this.#heads.byteLength + this.#ordered.indexBytes
  }

  insert(entry: EntryRef): void {
    if (this.#ordered.size >= loadMax * this.#heads.length) this.#growDirectory()
    const added = this.#allocate()
    const { bytes } = this.#arena
    const words = this.#words
    const mark = markOfEntry(bytes, entry, neighbours)
    const bucket = mark >>> (32 - this.#directoryBits)
    let before = end
    let node = this.#heads[bucket]!
    for (; node !== end; before = node, node = words[node + nextWord]!) {
      const other = words[node]!
      if (other > mark) break
      if (other === mark && compareEntries(bytes, words[node + entryWord]!, entry) > 0) break
    }
    words[added] = mark
    words[added + entryWord] = entry
    words[added + nextWord] = node
    if (before === end) this.#heads[bucket] = added
    else words[before + nextWord] = added
    this.#ordered.insert(entry)
  }

  get(key: KeyBytes, seq: number): EntryRef {
    const { bytes } = this.#arena
    const words = this.#words
    const mark = markOfKey(key, neighbours)
    let node = this.#heads[mark >>> (32 - this.#directoryBits)]!
    while (node !== end && words[node]! < mark) node = words[node + nextWord]!
    for (; node !== end && words[node] === mark; node = words[node + nextWord]!) {
      const entry = words[node + entryWord]!
      // A newer version than asked for, or a key with the same mark, needs no more than a look.
      if (seqOffsetAt(bytes, entry) <= seq && compareEntryKey(bytes, entry, key) === 0) return entry
    }
    return noEntry
  }

  cursor(from: KeyBytes | undefined, seq: number, reverse: boolean): MemtableCursor {
    return this.#ordered.cursor(from, seq, reverse)
  }

  #allocate(): number {
    const node = this.#used
    this.#used += nodeWords
    if (this.#used > this.#words.length) {
      const grown = new Uint32Array(2 * this.#words.length)
      grown.set(this.#words)
      this.#words = grown
    }
    return node
  }

  #growDirectory(): void {
    this.#directoryBits += growthBits
    const words = this.#words
    const shift = 32 - this.#directoryBits
    const heads = new Uint32Array(1 << this.#directoryBits)
    for (let node of this.#heads) {
      while (node !== end) {
        const bucket = words[node]! >>> shift
        heads[bucket] = node
        let last = node
        do {
          last = node
          node = words[node + nextWord]!
        } while (node !== end && words[node]! >>> shift === bucket)
        words[last + nextWord] = end
      }
    }
    this.#heads = heads
  }
}
