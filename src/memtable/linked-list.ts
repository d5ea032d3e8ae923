// The linked list: entries in order, each with one link to the next, and little else.
//
//   fingers     |               |                   |
//   list      head → a → c → e → g → h → k → m → p → r → t → end        node (32-bit words):   entry   next
//
// Invariants:
//   1. The head is the node at word 0, before all others; 0 as a link is the end. Nodes are in order and never move.
//   2. Fingers point at nodes in order, the first one at the head. A finger's stretch, the nodes after it up to and
//      with the next finger's, has at most `stretchMax` of them.
//
// Costs. Memory is eight bytes an entry, an eighth of that again at most for growth, and half a byte or so for
// fingers. An entry that goes right behind the one inserted last (ascending keys) costs two comparisons. Any other
// place is found by halving among the fingers, then by walking, half a stretch on average, and comparing keys in the
// arena all the way. Every sixteenth insertion moves the fingers behind it, one for some twenty entries: linear, but
// light. So it keeps up with the plain skip list to some ten thousand entries, and falls behind beyond.
// Links only lead forward; walking back takes a stretch at a time, forward, and hands it out from its end.

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

const nodeWords = 2
const nextWord = 1
const head = 0
const end = 0
/** A stretch that is full gets a finger in its middle. */
const stretchMax = 32
const firstNodes = 64
const firstFingers = 16

/** A sorted linked list: the least memory, for small memtables or input nearly in order. */
export const linkedList: MemtableRepFactory = (arena) => new LinkedList(arena)

class LinkedList implements MemtableRep {
  readonly #arena: Arena
  readonly #place = new Place()
  #words = new Uint32Array(firstNodes * nodeWords)
  #used = nodeWords
  #size = 0
  #fingers = new Uint32Array(firstFingers)
  /** Number of nodes in each finger's stretch. */
  #lengths = new Uint8Array(firstFingers)
  #fingerCount = 1
  /** The hint: the node last inserted, and the finger whose stretch takes what comes right behind it. */
  #hint = head
  #hintFinger = 0
  /** A stretch, for walking back. */
  readonly #stretch = new Uint32Array(stretchMax)

  constructor(arena: Arena) {
    this.#arena = arena
  }

  get size(): number {
    return this.#size
  }

  get indexBytes(): number {
    const fingersBytes = this.#fingers.byteLength + this.#lengths.byteLength
    return this.#words.byteLength + fingersBytes + this.#stretch.byteLength
  }

  insert(entry: EntryRef): void {
    const { bytes } = this.#arena
    this.#place.atEntry(bytes, entry)
    let before = this.#hint
    let finger = this.#hintFinger
    if (!this.#isRightBehind(bytes, before)) {
      finger = this.#fingerOf(bytes)
      before = this.#lastBefore(bytes, finger)
    }
    const node = this.#allocate()
    const words = this.#words
    words[node] = entry
    words[node + nextWord] = words[before + nextWord]!
    words[before + nextWord] = node
    this.#size++
    this.#hint = node
    this.#hintFinger = finger
    this.#lengths[finger]!++
    if (this.#lengths[finger] === stretchMax) this.#addFinger(finger)
  }

  get(key: KeyBytes, seq: number): EntryRef {
    const { bytes } = this.#arena
    this.#place.atKey(key, seq)
    const node = this.#words[this.#lastBefore(bytes, this.#fingerOf(bytes)) + nextWord]!
    if (node === end) return noEntry
    const entry = this.#words[node]!
    return this.#place.hasKeyOf(bytes, entry) ? entry : noEntry
  }

  cursor(from: KeyBytes | undefined, seq: number, reverse: boolean): MemtableCursor {
    return visibleCursor(this.#arena, reverse ? this.#backward(from) : this.#forward(from), seq, reverse)
  }

  /** Whether the place lies between the node and the next. */
  #isRightBehind(bytes: Uint8Array, node: number): boolean {
    if (node !== head && !this.#place.isAfter(bytes, this.#words[node]!)) return false
    const next = this.#words[node + nextWord]!
    return next === end || !this.#place.isAfter(bytes, this.#words[next]!)
  }

  /** The finger in whose stretch the place is: the last one before it. */
  #fingerOf(bytes: Uint8Array): number {
    const words = this.#words
    const fingers = this.#fingers
    let low = 1
    let high = this.#fingerCount
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#place.isAfter(bytes, words[fingers[middle]!]!)) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** The last node before the place, given the finger it belongs to; perhaps the head. */
  #lastBefore(bytes: Uint8Array, finger: number): number {
    const words = this.#words
    let node = this.#fingers[finger]!
    for (;;) {
      const next = words[node + nextWord]!
      if (next === end || !this.#place.isAfter(bytes, words[next]!)) return node
      node = next
    }
  }

  #allocate(): number {
    const node = this.#used
    this.#used = node + nodeWords
    assert(this.#used <= 2 ** 32, 'a memtable index fits in 32-bit words')
    const { length } = this.#words
    if (this.#used > length) {
      // By an eighth: copying it eight times costs an entry less than one comparison.
      const grown = new Uint32Array(length + Math.max(length >>> 3, firstNodes * nodeWords))
      grown.set(this.#words)
      this.#words = grown
    }
    return node
  }

  /** Cuts a full stretch in half. */
  #addFinger(finger: number): void {
    const words = this.#words
    let middle = this.#fingers[finger]!
    let isHintBefore = false
    for (let i = 0; i < stretchMax / 2; i++) {
      if (middle === this.#hint) isHintBefore = true
      middle = words[middle + nextWord]!
    }
    if (this.#fingerCount === this.#fingers.length) this.#growFingers()
    const at = finger + 1
    this.#fingers.copyWithin(at + 1, at, this.#fingerCount)
    this.#lengths.copyWithin(at + 1, at, this.#fingerCount)
    this.#fingers[at] = middle
    this.#lengths[finger] = this.#lengths[at] = stretchMax / 2
    this.#fingerCount++
    if (!isHintBefore) this.#hintFinger = at
  }

  #growFingers(): void {
    const fingers = new Uint32Array(2 * this.#fingerCount)
    const lengths = new Uint8Array(2 * this.#fingerCount)
    fingers.set(this.#fingers)
    lengths.set(this.#lengths)
    this.#fingers = fingers
    this.#lengths = lengths
  }

  /** Stands on a node, since nodes never move. */
  #forward(from: KeyBytes | undefined): EntryWalk {
    let before = head
    if (from !== undefined) {
      const { bytes } = this.#arena
      this.#place.atKey(from, Infinity)
      before = this.#lastBefore(bytes, this.#fingerOf(bytes))
    }
    let node = this.#words[before + nextWord]!
    return {
      next: (into) => {
        const words = this.#words
        let filled = 0
        for (; filled < into.length && node !== end; filled++) {
          into[filled] = words[node]!
          node = words[node + nextWord]!
        }
        return filled
      },
    }
  }

  /** Remembers its last entry, and finds its place anew each time. */
  #backward(from: KeyBytes | undefined): EntryWalk {
    let last = noEntry
    return {
      next: (into) => {
        const { bytes } = this.#arena
        if (last !== noEntry) this.#place.atEntry(bytes, last)
        else if (from !== undefined) this.#place.atKey(from, Infinity)
        const isAtEnd = last === noEntry && from === undefined
        let finger = isAtEnd ? this.#fingerCount - 1 : this.#fingerOf(bytes)
        let stop = isAtEnd ? end : this.#words[this.#lastBefore(bytes, finger) + nextWord]!
        let filled = 0
        for (; finger >= 0 && filled < into.length; finger--) {
          let count = this.#readStretch(finger, stop)
          while (count > 0 && filled < into.length) into[filled++] = this.#stretch[--count]!
          stop = this.#words[this.#fingers[finger]! + nextWord]!
        }
        if (filled > 0) last = into[filled - 1]!
        return filled
      },
    }
  }

  /** Reads the entries of a finger's stretch, up to the node `stop`, and returns how many. */
  #readStretch(finger: number, stop: number): number {
    const words = this.#words
    let count = 0
    for (let node = words[this.#fingers[finger]! + nextWord]!; node !== stop; node = words[node + nextWord]!) {
      this.#stretch[count++] = words[node]!
    }
    return count
  }
}
