// The vector index: entries as they come, sorted when they are read.
//
//   runs    [ a c d f k l m q … ]  [ b e p ]      tail    x c z a …
//
// Entries go to the unsorted tail. Opening a cursor sorts the tail and adds it to the sorted runs (entry-runs.ts); so
// does a lookup, unless the tail is so short that looking through it is cheaper.
//
// A cursor walks the runs there were when it was opened, and so never sees an entry inserted later. It need not: a
// reader at `seq` comes after all entries up to `seq` are in the index, and those inserted later have greater numbers.

import { compareEntryKey, seqOffsetAt } from '../format/entry.js'
import type { KeyBytes } from '../format/key-codec.js'
import { EntryRuns, placeIn, walkRuns } from './entry-runs.js'
import { Probe } from './key-digest.js'
import {
  type Arena,
  type EntryRef,
  type MemtableCursor,
  type MemtableRep,
  type MemtableRepFactory,
  noEntry,
} from './rep.js'
import { visibleCursor } from './visible-cursor.js'

const tailFirst = 1024
/** A tail up to this length is looked through by a lookup. */
const lookedThrough = 8

/**
 * Appends and sorts later: for bulk loads that are seldom read before they are flushed. The first read after n
 * insertions costs a sort of n entries.
 */
export const vector: MemtableRepFactory = (arena) => new VectorRep(arena)

class VectorRep implements MemtableRep {
  readonly #arena: Arena
  readonly #probe = new Probe()
  readonly #runs = new EntryRuns(this.#probe.keys)
  #tail = new Uint32Array(tailFirst)
  #tailLength = 0
  #size = 0

  constructor(arena: Arena) {
    this.#arena = arena
  }

  get size(): number {
    return this.#size
  }

  get indexBytes(): number {
    return this.#tail.byteLength + this.#runs.indexBytes
  }

  insert(entry: EntryRef): void {
    if (this.#tailLength === this.#tail.length) {
      const grown = new Uint32Array(2 * this.#tailLength)
      grown.set(this.#tail)
      this.#tail = grown
    }
    this.#tail[this.#tailLength++] = entry
    this.#size++
  }

  get(key: KeyBytes, seq: number): EntryRef {
    if (this.#tailLength > lookedThrough) this.#sortTail()
    const { bytes } = this.#arena
    let newest = noEntry
    let newestSeq = -1
    for (let i = 0; i < this.#tailLength; i++) {
      const entry = this.#tail[i]!
      const entrySeq = seqOffsetAt(bytes, entry)
      if (entrySeq > seq || entrySeq < newestSeq || compareEntryKey(bytes, entry, key) !== 0) continue
      newest = entry
      newestSeq = entrySeq
    }
    this.#probe.atKey(key, seq)
    for (const run of this.#runs.runs) {
      const at = placeIn(bytes, run, this.#probe)
      if (at === run.length) continue
      const entry = run.entries[at]!
      if (!this.#probe.hasKeyOf(bytes, entry) || seqOffsetAt(bytes, entry) < newestSeq) continue
      newest = entry
      newestSeq = seqOffsetAt(bytes, entry)
    }
    return newest
  }

  cursor(from: KeyBytes | undefined, seq: number, reverse: boolean): MemtableCursor {
    if (this.#tailLength > 0) this.#sortTail()
    const { runs } = this.#runs
    const { bytes } = this.#arena
    if (from !== undefined) this.#probe.atKey(from, Number.POSITIVE_INFINITY)
    const places = Uint32Array.from(runs, (run) =>
      from !== undefined ? placeIn(bytes, run, this.#probe) : reverse ? run.length : 0,
    )
    return visibleCursor(this.#arena, walkRuns(this.#arena, runs, places, reverse), seq, reverse)
  }

  #sortTail(): void {
    this.#runs.add(this.#arena.bytes, this.#tail.slice(0, this.#tailLength))
    this.#tailLength = 0
    if (this.#tail.length > tailFirst) this.#tail = new Uint32Array(tailFirst)
  }
}
