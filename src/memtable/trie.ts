// The trie: keys part where their bytes part, and what they share is stored once or not at all.
//
//   depth  0123456789…
//          user:0000417          a node branches at one depth; the bytes between two nodes' depths, the label of the
//          user:0000452              edge, are not stored: they lie in the arena, in every key below
//          user:0000917
//               ────┐
//                  [4 9]   at 9
//                   │ └────── 917
//                  [1 5]   at 10
//                   │ └────── 52            leaves: a lone entry's position, or a chain of versions, newest first
//                   └──────── 17
//
// So a search looks only at the bytes where keys part, down to a leaf, and then compares with one key of the arena:
// it tells whether the key is there, and if not, at which depth the two part. That is where an insertion branches, or
// where an ordered search turns: all below a link agree up to the depth of the node it leads to.
//
// Nodes move when they grow: a cursor remembers its last entry, and searches for its key in every call.

import { compareEntryKey, entryHeadBytes, keyLengthAt, seqOffsetAt } from '../format/entry.js'
import type { KeyBytes } from '../format/key-codec.js'
import {
  type Arena,
  type EntryRef,
  type MemtableCursor,
  type MemtableRep,
  type MemtableRepFactory,
  noEntry,
} from './rep.js'
import { isChain, isLeaf, type Link, rootSlot, type Slot, symbolAt, TrieNodes, wordOf } from './trie-nodes.js'
import { TriePath } from './trie-path.js'

/** A path-compressed byte trie with adaptive nodes: compact, and quick to search however much keys share. */
export const trie: MemtableRepFactory = (arena) => new Trie(arena)

class Trie implements MemtableRep {
  readonly #arena: Arena
  readonly #nodes = new TrieNodes()
  readonly #path = new TriePath(this.#nodes)
  #size = 0
  /** Greatest sequence offset: who reads at it or above sees the newest versions without looking them up. */
  #seqMax = -1

  constructor(arena: Arena) {
    this.#arena = arena
  }

  get size(): number {
    return this.#size
  }

  get indexBytes(): number {
    return this.#nodes.allocatedBytes + this.#path.allocatedBytes
  }

  insert(entry: EntryRef): void {
    const { bytes } = this.#arena
    const nodes = this.#nodes
    const path = this.#path
    this.#seqMax = Math.max(this.#seqMax, seqOffsetAt(bytes, entry))
    if (this.#size++ === 0) {
      nodes.setLink(rootSlot, nodes.lone(entry))
      return
    }
    const start = entry + entryHeadBytes
    const length = keyLengthAt(bytes, entry)
    path.descend(bytes, start, length)
    const near = nodes.newestOf(nodes.words[path.slot]!)
    const depth = partingDepth(bytes, near, bytes, start, length)
    if (depth === undefined) {
      this.#addVersion(bytes, path.slot, entry)
      return
    }
    path.ascend(depth)
    const symbol = symbolAt(bytes, start, length, depth)
    const added = nodes.lone(entry)
    const link = nodes.words[path.slot]!
    if (!isLeaf(link) && nodes.depthOf(wordOf(link)) === depth) nodes.add(path.slot, symbol, added)
    else nodes.branch(path.slot, depth, entrySymbolAt(bytes, near, depth), symbol, added)
  }

  get(key: KeyBytes, seq: number): EntryRef {
    const nodes = this.#nodes
    let slot = rootSlot
    for (;;) {
      const link = nodes.words[slot]!
      if (isLeaf(link)) return this.#size === 0 ? noEntry : this.#getFrom(link, key, seq)
      const node = wordOf(link)
      slot = nodes.find(node, symbolAt(key, 0, key.length, nodes.depthOf(node)))
      if (slot === 0) return noEntry
    }
  }

  #getFrom(leaf: Link, key: KeyBytes, seq: number): EntryRef {
    const { bytes } = this.#arena
    if (compareEntryKey(bytes, this.#nodes.newestOf(leaf), key) !== 0) return noEntry
    return this.#versionAt(bytes, leaf, seq)
  }

  /** Walks leaves, and so keys: of each, the chain tells the visible version. */
  cursor(from: KeyBytes | undefined, seq: number, reverse: boolean): MemtableCursor {
    let last = noEntry
    let isDone = false
    return {
      next: (into) => {
        if (isDone || this.#size === 0) return 0
        const { bytes } = this.#arena
        const { words } = this.#nodes
        const path = this.#path
        let isOnLeaf = this.#resume(last, from, reverse)
        let filled = 0
        while (isOnLeaf && filled < into.length) {
          const leaf = words[path.slot]!
          last = this.#nodes.newestOf(leaf)
          const entry = this.#versionAt(bytes, leaf, seq)
          if (entry !== noEntry) into[filled++] = entry
          isOnLeaf = path.step(reverse ? -1 : 1)
        }
        isDone = !isOnLeaf
        return filled
      },
      close: () => {
        isDone = true
      },
    }
  }

  /** Goes to the leaf after that of `last`, or to the first one from `from` on; false: there is none. */
  #resume(last: EntryRef, from: KeyBytes | undefined, reverse: boolean): boolean {
    const { bytes } = this.#arena
    const direction = reverse ? -1 : 1
    if (last !== noEntry) {
      this.#seek(bytes, last + entryHeadBytes, keyLengthAt(bytes, last), direction)
      return this.#path.step(direction)
    }
    if (from === undefined) {
      this.#path.toEdgeOfAll(reverse)
      return true
    }
    const found = this.#seek(from, 0, from.length, direction)
    return found === 'same' && reverse ? this.#path.step(-1) : found !== 'none'
  }

  /** Goes to the leaf of the key of `length` bytes at `start`, or of the nearest one in a direction. */
  #seek(source: Uint8Array, start: number, length: number, direction: 1 | -1): 'same' | 'near' | 'none' {
    const { bytes } = this.#arena
    const nodes = this.#nodes
    const path = this.#path
    path.descend(source, start, length)
    const near = nodes.newestOf(nodes.words[path.slot]!)
    const depth = partingDepth(bytes, near, source, start, length)
    if (depth === undefined) return 'same'
    path.ascend(depth)
    const symbol = symbolAt(source, start, length, depth)
    const link = nodes.words[path.slot]!
    const node = wordOf(link)
    let isBelow = false // whether the nearest leaf is below the path's slot
    if (isLeaf(link) || nodes.depthOf(node) > depth) {
      isBelow = symbol < entrySymbolAt(bytes, near, depth) === direction > 0
    } else {
      const slot = nodes.findBeside(node, symbol, direction)
      if (slot !== 0) path.enter(node, slot)
      isBelow = slot !== 0
    }
    if (!isBelow) return path.step(direction) ? 'near' : 'none'
    path.toEdge(direction < 0)
    return 'near'
  }

  /** The newest version at or below `seq` in a leaf. */
  #versionAt(bytes: Uint8Array, leaf: Link, seq: number): EntryRef {
    const nodes = this.#nodes
    if (seq >= this.#seqMax) return nodes.newestOf(leaf)
    let link = leaf
    for (; isChain(link); link = nodes.words[wordOf(link) + 1]!) {
      const entry = nodes.words[wordOf(link)]!
      if (seqOffsetAt(bytes, entry) <= seq) return entry
    }
    return link !== 0 && seqOffsetAt(bytes, link) <= seq ? link : noEntry
  }

  /** Adds a version to the leaf at a slot: at the front, unless sequence numbers come out of order. */
  #addVersion(bytes: Uint8Array, slot: Slot, entry: EntryRef): void {
    const nodes = this.#nodes
    const seq = seqOffsetAt(bytes, entry)
    let link = nodes.words[slot]!
    while (isChain(link) && seqOffsetAt(bytes, nodes.newestOf(link)) > seq) {
      slot = wordOf(link) + 1
      link = nodes.words[slot]!
    }
    let added: Link
    if (link === 0) added = nodes.lone(entry)
    else if (seqOffsetAt(bytes, nodes.newestOf(link)) < seq) added = nodes.chain(entry, link)
    else added = nodes.chain(link, nodes.lone(entry))
    nodes.setLink(slot, added)
  }
}

/** The first depth at which an entry's key and another one have different symbols; undefined: they are equal. */
function partingDepth(
  bytes: Uint8Array,
  entry: EntryRef,
  source: Uint8Array,
  start: number,
  length: number,
): number | undefined {
  const entryLength = keyLengthAt(bytes, entry)
  const shared = Math.min(entryLength, length)
  const from = entry + entryHeadBytes
  for (let i = 0; i < shared; i++) if (bytes[from + i] !== source[start + i]) return i
  return entryLength === length ? undefined : shared
}

function entrySymbolAt(bytes: Uint8Array, entry: EntryRef, depth: number): number {
  return symbolAt(bytes, entry + entryHeadBytes, keyLengthAt(bytes, entry), depth)
}
