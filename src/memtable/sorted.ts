// The sorted index: chunks of sorted arena positions, in order, with the digests of their keys beside them.
//
//   chunks      [ a c f . ]   [ h k m p ]   [ r . . . ]
//   firsts        (-∞)          h             r
//
// Invariants:
//   1. No chunk is empty, but for the only one of an empty index. Concatenated, the chunks are in order.
//   2. A place belongs to the last chunk whose first entry is not above it; so only the first chunk's first entry
//      ever changes by an insertion, and nobody asks for that one.
// An insertion costs two binary searches over numbers and a move of half a chunk on average: with random keys that
// is less than the cache misses of a linked structure. A full chunk splits in half, but where entries arrive in
// order (behind all others of a chunk, or before all) a new chunk begins, so that chunks stay full.

import { keyAt, seqOffsetAt } from '../format/entry.js'
import type { KeyBytes } from '../format/key-codec.js'
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

const chunkEntries = 512
const chunkBytes = chunkEntries * (Uint32Array.BYTES_PER_ELEMENT + Float64Array.BYTES_PER_ELEMENT)
const leastKey = new Uint8Array(0)

/** Chunked sorted arrays: the fastest kind to fill and to walk, and the most compact. */
export const sorted: MemtableRepFactory = (arena) => new SortedRep(arena)

/** As many entries as fit, ascending. */
class Chunk {
  readonly entries = new Uint32Array(chunkEntries)
  readonly digests = new Float64Array(chunkEntries)
  count = 0

  insert(at: number, entry: EntryRef, digest: number): void {
    insertAt(this.entries, at, this.count, entry)
    insertAt(this.digests, at, this.count, digest)
    this.count++
  }

  /** Cuts off the entries from `at` on, as a chunk of their own. */
  split(at: number): Chunk {
    const tail = new Chunk()
    tail.entries.set(this.entries.subarray(at, this.count))
    tail.digests.set(this.digests.subarray(at, this.count))
    tail.count = this.count - at
    this.count = at
    return tail
  }

  /** Where the probe's place is among the entries, given that it belongs to this chunk. */
  placeOf(bytes: Uint8Array, probe: Probe): number {
    const { entries, digests, count } = this
    const last = count - 1
    // Entries that arrive in order go behind all others.
    if (last < 0 || digests[last]! < probe.digest) return count
    return lowerBound(bytes, probe, entries, digests, 0, count)
  }
}

/** The first entry, of those from `from` to `to`, that is not before the probe's place; else `to`. */
function lowerBound(
  bytes: Uint8Array,
  probe: Probe,
  entries: Uint32Array,
  digests: Float64Array,
  from: number,
  to: number,
): number {
  const wanted = probe.digest
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    const digest = digests[middle]!
    if (digest < wanted || (digest === wanted && probe.isAfter(bytes, entries[middle]!))) low = middle + 1
    else high = middle
  }
  return low
}

class SortedRep implements MemtableRep {
  readonly #arena: Arena
  readonly #probe = new Probe()
  readonly #chunks: Chunk[] = [new Chunk()]
  /** The chunks' first entries and their digests; those at 0 are never used. */
  #firstEntries = new Uint32Array(16)
  #firstDigests = new Float64Array(16)
  #size = 0

  constructor(arena: Arena) {
    this.#arena = arena
  }

  get size(): number {
    return this.#size
  }

  get indexBytes(): number {
    const firstsBytes = this.#firstEntries.byteLength + this.#firstDigests.byteLength
    return this.#chunks.length * chunkBytes + firstsBytes
  }

  insert(entry: EntryRef): void {
    const { bytes } = this.#arena
    const probe = this.#probe
    probe.atEntry(bytes, entry)
    const which = this.#chunkOf(bytes)
    const chunk = this.#chunks[which]!
    const at = chunk.placeOf(bytes, probe)
    if (chunk.count < chunkEntries) chunk.insert(at, entry, probe.digest)
    else this.#insertInFull(which, at, entry)
    this.#size++
    if (probe.keys.noted(probe.digest)) this.#learn()
  }

  get(key: KeyBytes, seq: number): EntryRef {
    if (this.#size === 0) return noEntry
    const { bytes } = this.#arena
    this.#probe.atKey(key, seq)
    const which = this.#chunkOf(bytes)
    const chunk = this.#chunks[which]!
    const at = chunk.placeOf(bytes, this.#probe)
    const entry = at < chunk.count ? chunk.entries[at]! : this.#chunks[which + 1]?.entries[0]
    return entry !== undefined && this.#probe.hasKeyOf(bytes, entry) ? entry : noEntry
  }

  cursor(from: KeyBytes | undefined, seq: number, reverse: boolean): MemtableCursor {
    return visibleCursor(this.#arena, reverse ? this.#backward(from) : this.#forward(from), seq, reverse)
  }

  /** The chunk that the probe's place belongs to. */
  #chunkOf(bytes: Uint8Array): number {
    const count = this.#chunks.length
    return lowerBound(bytes, this.#probe, this.#firstEntries, this.#firstDigests, 1, count) - 1
  }

  #insertInFull(which: number, at: number, entry: EntryRef): void {
    const chunk = this.#chunks[which]!
    const cut = at === chunkEntries || at === 0 ? at : chunkEntries / 2
    const tail = chunk.split(cut)
    if (at < cut || cut === 0) chunk.insert(at, entry, this.#probe.digest)
    else tail.insert(at - cut, entry, this.#probe.digest)
    this.#addChunk(which + 1, tail)
  }

  #addChunk(at: number, chunk: Chunk): void {
    const count = this.#chunks.length
    this.#chunks.splice(at, 0, chunk)
    if (count === this.#firstEntries.length) {
      const entries = new Uint32Array(2 * count)
      const digests = new Float64Array(2 * count)
      entries.set(this.#firstEntries)
      digests.set(this.#firstDigests)
      this.#firstEntries = entries
      this.#firstDigests = digests
    }
    insertAt(this.#firstEntries, at, count, chunk.entries[0]!)
    insertAt(this.#firstDigests, at, count, chunk.digests[0]!)
  }

  /** Lets the probe's keys learn from entries a sixteenth from either end. */
  #learn(): void {
    const { bytes } = this.#arena
    const { keys } = this.#probe
    const low = keyAt(bytes, this.#entryAt(Math.floor(this.#size / 16)))
    const high = keyAt(bytes, this.#entryAt(Math.floor((this.#size * 15) / 16)))
    if (!keys.learn(low, high)) return
    this.#chunks.forEach((chunk, which) => {
      for (let i = 0; i < chunk.count; i++) chunk.digests[i] = keys.ofEntry(bytes, chunk.entries[i]!)
      this.#firstDigests[which] = chunk.digests[0]!
    })
  }

  /** The entry of a rank below `size`. */
  #entryAt(rank: number): EntryRef {
    let which = 0
    for (; rank >= this.#chunks[which]!.count; which++) rank -= this.#chunks[which]!.count
    return this.#chunks[which]!.entries[rank]!
  }

  // A walk remembers where it is, and by `size` whether that still holds; if not, its last entry tells.

  #forward(from: KeyBytes | undefined): EntryWalk {
    let last = noEntry
    let size = -1
    let which = 0
    let at = 0
    return {
      next: (into) => {
        if (size !== this.#size) {
          const { bytes } = this.#arena
          if (last !== noEntry) this.#probe.atEntry(bytes, last, seqOffsetAt(bytes, last) - 1)
          else this.#probe.atKey(from ?? leastKey, Infinity)
          which = this.#chunkOf(bytes)
          at = this.#chunks[which]!.placeOf(bytes, this.#probe)
          size = this.#size
        }
        let filled = 0
        while (filled < into.length) {
          const { entries, count } = this.#chunks[which]!
          const taken = Math.min(count - at, into.length - filled)
          into.set(entries.subarray(at, at + taken), filled)
          filled += taken
          at += taken
          if (at < count) break
          if (which === this.#chunks.length - 1) break
          which++
          at = 0
        }
        if (filled > 0) last = into[filled - 1]!
        return filled
      },
    }
  }

  #backward(from: KeyBytes | undefined): EntryWalk {
    let last = noEntry
    let size = -1
    let which = 0
    let at = 0
    return {
      next: (into) => {
        if (size !== this.#size) {
          const { bytes } = this.#arena
          if (last !== noEntry) this.#probe.atEntry(bytes, last)
          else if (from !== undefined) this.#probe.atKey(from, Infinity)
          const atEnd = last === noEntry && from === undefined
          which = atEnd ? this.#chunks.length - 1 : this.#chunkOf(bytes)
          at = atEnd ? this.#chunks[which]!.count : this.#chunks[which]!.placeOf(bytes, this.#probe)
          size = this.#size
        }
        let filled = 0
        while (filled < into.length) {
          const { entries } = this.#chunks[which]!
          const end = Math.max(0, at - (into.length - filled))
          while (at > end) into[filled++] = entries[--at]!
          if (at > 0 || which === 0) break
          which--
          at = this.#chunks[which]!.count
        }
        if (filled > 0) last = into[filled - 1]!
        return filled
      },
    }
  }
}

/** Inserts into the first `count` elements of an array with room for one more. */
function insertAt(array: Uint32Array | Float64Array, at: number, count: number, value: number): void {
  if (at < count) array.copyWithin(at + 1, at, count)
  array[at] = value
}
