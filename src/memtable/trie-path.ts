// A way down a trie, from the root to a leaf or short of one: what searches, insertions and cursors stand on.
//
// Invariant: each slot belongs to the node that the slot before leads to; the first is the root's.

import { isLeaf, rootSlot, type Slot, symbolAt, type TrieNodes, wordOf } from './trie-nodes.js'

const firstDepth = 32

/** One per trie, used anew by each operation; valid until a node is added or moved. Requires: the trie has a key. */
export class TriePath {
  readonly #nodes: TrieNodes
  #slots = new Uint32Array(firstDepth).fill(rootSlot, 0, 1)
  /** The nodes that the slots belong to; the root's belongs to none. */
  #owners = new Uint32Array(firstDepth)
  /** Number of the last slot. */
  #last = 0

  constructor(nodes: TrieNodes) {
    this.#nodes = nodes
  }

  get allocatedBytes(): number {
    return this.#slots.byteLength + this.#owners.byteLength
  }

  /** The last slot. */
  get slot(): Slot {
    return this.#slots[this.#last]!
  }

  /** Goes to a leaf by the key of `length` bytes at `start`. If any leaf shares the key's first bytes, that one does. */
  descend(source: Uint8Array, start: number, length: number): void {
    const nodes = this.#nodes
    this.#last = 0
    for (let link = nodes.words[rootSlot]!; !isLeaf(link); link = nodes.words[this.slot]!) {
      const node = wordOf(link)
      const symbol = symbolAt(source, start, length, nodes.depthOf(node))
      this.enter(node, nodes.find(node, symbol) || nodes.outermost(node, false))
    }
  }

  /** Goes back up to the slot below which all keys share more than `depth` bytes, or where they branch at it. */
  ascend(depth: number): void {
    while (this.#last > 0 && this.#nodes.depthOf(this.#owners[this.#last]!) >= depth) this.#last--
  }

  /** Goes to the first or last leaf below the last slot. */
  toEdge(isLast: boolean): void {
    const nodes = this.#nodes
    for (let link = nodes.words[this.slot]!; !isLeaf(link); link = nodes.words[this.slot]!) {
      const node = wordOf(link)
      this.enter(node, nodes.outermost(node, isLast))
    }
  }

  /** Goes to the first or last leaf of all. */
  toEdgeOfAll(isLast: boolean): void {
    this.#last = 0
    this.toEdge(isLast)
  }

  /** Goes to the first leaf beyond the last slot, in one direction; false: there is none. */
  step(direction: 1 | -1): boolean {
    for (; this.#last > 0; this.#last--) {
      const slot = this.#nodes.beside(this.#owners[this.#last]!, this.slot, direction)
      if (slot === 0) continue
      this.#slots[this.#last] = slot
      this.toEdge(direction < 0)
      return true
    }
    return false
  }

  /** Goes on to a slot of the node that the last slot leads to. */
  enter(node: number, slot: Slot): void {
    const at = ++this.#last
    if (at === this.#slots.length) this.#grow()
    this.#owners[at] = node
    this.#slots[at] = slot
  }

  #grow(): void {
    const slots = new Uint32Array(2 * this.#slots.length)
    const owners = new Uint32Array(2 * this.#slots.length)
    slots.set(this.#slots)
    owners.set(this.#owners)
    this.#slots = slots
    this.#owners = owners
  }
}
