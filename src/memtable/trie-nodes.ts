// The nodes of a trie: where keys branch. They lie in one typed array and hold no bytes of keys but those that they
// branch on. A node adapts to its number of children, as those of an adaptive radix tree do (Leis et al., ICDE 2013):
//
//   sparse   head   bytes, ascending, four a word   links, beside the bytes      2 to 64 children
//   full     head   link of the end   links of all 256 bytes                     more; 0: no such child
//   chain    entry  link to the next older version                               two or more versions of one key
//
// Invariants:
//   1. A link is a lone entry's position below 2^31, a node's word with the tag `nodeLink` or a chain's with the tag
//      `chainLink`. 0 is no link: neither entries nor words begin there.
//   2. A node branches at one depth: all keys below it agree in the bytes before. Depths grow downwards.
//   3. The end of a key sorts before all bytes. In a sparse node it has the first link, and a byte that means nothing.

import { assert } from '../util/assert.js'

/** What a key has at a depth: a byte, or `keyEnd` where it has none. */
export type KeySymbol = number
export const keyEnd: KeySymbol = -1

/** The symbol, at a depth, of the key of `length` bytes at `start`. */
export function symbolAt(source: Uint8Array, start: number, length: number, depth: number): KeySymbol {
  return depth < length ? source[start + depth]! : keyEnd
}

/** A lone entry's position, or the tagged word of a node or a chain. */
export type Link = number
/** Address of a link. */
export type Slot = number

/** Where the link to the root is. */
export const rootSlot: Slot = 1
const nodeLink = 0x8000_0000
const chainLink = 0xc000_0000
const wordMask = 0x3fff_ffff

/** Children that a node has room for, by its form; the last form is the full one. */
const capacities = [2, 4, 8, 12, 16, 32, 64, 257]
const fullForm = capacities.length - 1
const chainWords = 2
const firstWords = 64

// The head: 16 bits of depth, 9 of count, 1 whether a sparse node has an end, 4 of form.
const countOne = 1 << 16
const countMask = 0x1ff
const endFlag = 1 << 25
const formShift = 26

/** Whether a link leads to the versions of one key. */
export function isLeaf(link: Link): boolean {
  return link < nodeLink || link >= chainLink
}

export function isChain(link: Link): boolean {
  return link >= chainLink
}

/** The word of a node or chain. */
export function wordOf(link: Link): number {
  return link & wordMask
}

function linksAt(node: number, form: number): number {
  return form === fullForm ? node + 1 : node + 1 + ((capacities[form]! + 3) >>> 2)
}

function wordsOf(form: number): number {
  return linksAt(0, form) + capacities[form]!
}

export class TrieNodes {
  words = new Uint32Array(firstWords)
  /** The same memory as `words`. */
  #bytes = new Uint8Array(this.words.buffer)
  #used = rootSlot + 1
  /** Per form, the first word of those that are out of use; each begins with the next one's. */
  readonly #unused = new Uint32Array(capacities.length)

  get allocatedBytes(): number {
    return this.words.byteLength + this.#unused.byteLength
  }

  depthOf(node: number): number {
    return this.words[node]! & 0xffff
  }

  /** The slot of a symbol's child; 0: none. */
  find(node: number, symbol: KeySymbol): Slot {
    const words = this.words
    const head = words[node]!
    const form = head >>> formShift
    if (form === fullForm) {
      const slot = node + 2 + symbol
      return words[slot] === 0 ? 0 : slot
    }
    if (symbol === keyEnd) return (head & endFlag) === 0 ? 0 : linksAt(node, form)
    const at = this.#lowerBound(node, head, symbol)
    const isFound = at < ((head >>> 16) & countMask) && this.#bytes[((node + 1) << 2) + at] === symbol
    return isFound ? linksAt(node, form) + at : 0
  }

  /** The slot of the child nearest to where a symbol's would be, in one direction; 0: none. Requires: it has none. */
  findBeside(node: number, symbol: KeySymbol, direction: 1 | -1): Slot {
    const head = this.words[node]!
    const form = head >>> formShift
    if (form === fullForm) return this.#scan(node, node + 2 + symbol, direction)
    const above = symbol === keyEnd ? 0 : this.#lowerBound(node, head, symbol)
    const at = direction > 0 ? above : above - 1
    return at >= 0 && at < ((head >>> 16) & countMask) ? linksAt(node, form) + at : 0
  }

  /** The slot of the first child, or of the last one. */
  outermost(node: number, isLast: boolean): Slot {
    const head = this.words[node]!
    const form = head >>> formShift
    if (form === fullForm) return isLast ? this.#scan(node, node + 257, -1) : this.#scan(node, node + 1, 1)
    return linksAt(node, form) + (isLast ? ((head >>> 16) & countMask) - 1 : 0)
  }

  /** The slot beside another one of a node, `step` (1 or -1) in order; 0: none. */
  beside(node: number, slot: Slot, step: 1 | -1): Slot {
    const head = this.words[node]!
    const form = head >>> formShift
    if (form === fullForm) return this.#scan(node, slot + step, step)
    const first = linksAt(node, form)
    const next = slot + step
    return next >= first && next < first + ((head >>> 16) & countMask) ? next : 0
  }

  /** The newest entry of a leaf. */
  newestOf(leaf: Link): number {
    return isChain(leaf) ? this.words[wordOf(leaf)]! : leaf
  }

  /** Puts an entry before its older versions. */
  chain(entry: number, older: Link): Link {
    const word = this.#allocate(chainWords)
    this.words[word] = entry
    this.words[word + 1] = older
    return (word | chainLink) >>> 0
  }

  /** The link of the only version of a key. */
  lone(entry: number): Link {
    return entry < nodeLink ? entry : this.chain(entry, 0)
  }

  setLink(slot: Slot, link: Link): void {
    this.words[slot] = link
  }

  /** Puts a node with two children where one of them hung. */
  branch(slot: Slot, depth: number, symbol: KeySymbol, other: KeySymbol, otherLink: Link): void {
    const node = this.#allocateNode(0)
    const words = this.words
    const link = words[slot]!
    words[slot] = (node | nodeLink) >>> 0
    words[node] = depth
    this.#addSparse(node, symbol, link)
    this.#addSparse(node, other, otherLink)
  }

  /**
   * Adds a child to the node that hangs at a slot; the node may move to have room.
   * Requires: no child has the symbol.
   */
  add(slot: Slot, symbol: KeySymbol, link: Link): void {
    let node = wordOf(this.words[slot]!)
    const form = this.words[node]! >>> formShift
    if (((this.words[node]! >>> 16) & countMask) === capacities[form]!) {
      const grown = this.#allocateNode(form + 1)
      if (form + 1 === fullForm) this.#copyToFull(node, grown)
      else this.#copyToSparse(node, grown, form + 1)
      this.words[node] = this.#unused[form]!
      this.#unused[form] = node
      this.words[slot] = (grown | nodeLink) >>> 0
      node = grown
    }
    if (this.words[node]! >>> formShift === fullForm) {
      this.words[node + 2 + symbol] = link
      this.words[node]! += countOne
    } else this.#addSparse(node, symbol, link)
  }

  /** The first place of a sparse node's children whose byte is not below `symbol`. */
  #lowerBound(node: number, head: number, symbol: KeySymbol): number {
    const bytes = this.#bytes
    const from = (node + 1) << 2
    let low = (head & endFlag) === 0 ? 0 : 1
    let high = (head >>> 16) & countMask
    while (low < high) {
      const middle = (low + high) >>> 1
      if (bytes[from + middle]! < symbol) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The first used slot of a full node from one on, `step` in order; 0: none. */
  #scan(node: number, from: Slot, step: 1 | -1): Slot {
    const words = this.words
    for (let slot = from; slot > node && slot <= node + 257; slot += step) if (words[slot] !== 0) return slot
    return 0
  }

  /** Adds a child to a sparse node that has room. */
  #addSparse(node: number, symbol: KeySymbol, link: Link): void {
    const words = this.words
    const bytes = this.#bytes
    const head = words[node]!
    const count = (head >>> 16) & countMask
    const at = symbol === keyEnd ? 0 : this.#lowerBound(node, head, symbol)
    const firstByte = (node + 1) << 2
    const firstLink = linksAt(node, head >>> formShift)
    for (let i = count; i > at; i--) {
      bytes[firstByte + i] = bytes[firstByte + i - 1]!
      words[firstLink + i] = words[firstLink + i - 1]!
    }
    bytes[firstByte + at] = symbol === keyEnd ? 0 : symbol
    words[firstLink + at] = link
    words[node] = (head + countOne) | (symbol === keyEnd ? endFlag : 0)
  }

  #copyToSparse(node: number, grown: number, form: number): void {
    const words = this.words
    const head = words[node]!
    const count = (head >>> 16) & countMask
    const links = linksAt(node, head >>> formShift)
    words[grown] = (head & ((1 << formShift) - 1)) | (form << formShift)
    words.copyWithin(grown + 1, node + 1, links)
    words.copyWithin(linksAt(grown, form), links, links + count)
  }

  /** The full node's words are still 0: such nodes are never given up, so that their memory is always new. */
  #copyToFull(node: number, grown: number): void {
    const words = this.words
    const head = words[node]!
    const count = (head >>> 16) & countMask
    const links = linksAt(node, head >>> formShift)
    const hasEnd = (head & endFlag) !== 0
    words[grown] = (head & (endFlag - 1)) | (fullForm << formShift)
    for (let i = 0; i < count; i++) {
      const symbol = i === 0 && hasEnd ? keyEnd : this.#bytes[((node + 1) << 2) + i]!
      words[grown + 2 + symbol] = words[links + i]!
    }
  }

  #allocateNode(form: number): number {
    const unused = this.#unused[form]!
    if (unused === 0) return this.#allocate(wordsOf(form))
    this.#unused[form] = this.words[unused]!
    return unused
  }

  #allocate(count: number): number {
    const word = this.#used
    this.#used = word + count
    assert(this.#used <= wordMask, 'a trie has at most 2^30 words')
    const { length } = this.words
    if (this.#used > length) {
      // By an eighth: copying it eight times costs an entry less than one look at the arena.
      const grown = new Uint32Array(length + Math.max(length >>> 3, wordsOf(fullForm)))
      grown.set(this.words)
      this.words = grown
      this.#bytes = new Uint8Array(grown.buffer)
    }
    return word
  }
}
