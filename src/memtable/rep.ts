// The index of a memtable: it orders entries that lie in the memtable's arena. Eight implementations, one contract
// suite (test/memtable/rep-contract.ts).

import type { KeyBytes } from '../format/key-codec.js'
import type { ByteSink } from '../util/byte-sink.js'

/** Position of an entry in the arena (`format/entry.ts`). */
export type EntryRef = number

/** No such entry. Position 0 is the log's header, so it is never an entry. */
export const noEntry: EntryRef = 0

/**
 * Where the entries lie. The buffer moves when the arena grows: read `arena.bytes` anew in every call.
 * Sequence numbers in this folder are offsets from the log's base, as entries store them.
 */
export type Arena = Pick<ByteSink, 'bytes' | 'length'>

/**
 * An ordered index of entries: key ascending, then sequence number descending.
 * One thread, no iterator invalidation: cursors live on while entries are inserted.
 */
export interface MemtableRep {
  /** Number of entries. */
  readonly size: number
  /** Memory of the index itself, arena not included: what is allocated, not what is used. */
  readonly indexBytes: number
  /**
   * Adds an entry.
   * Requires: no entry with the same key and sequence number is present.
   */
  insert(entry: EntryRef): void
  /** The newest version of the key with a sequence offset at or below `seq`; `noEntry` if there is none. */
  get(key: KeyBytes, seq: number): EntryRef
  /**
   * Walks the keys from `from` on: forward those >= from (undefined: from the least), in reverse those < from
   * (undefined: from the greatest). Yields one entry per key, its newest version at or below `seq`, tombstones
   * included, keys without such a version left out.
   * Entries inserted while the cursor is open never disturb it: those above `seq` stay invisible.
   */
  cursor(from: KeyBytes | undefined, seq: number, reverse: boolean): MemtableCursor
}

export interface MemtableCursor {
  /** Fills `into` from its start with the next entries and returns how many; 0: the end. */
  next(into: Uint32Array): number
  close(): void
}

/** Makes the index of one memtable. */
export type MemtableRepFactory = (arena: Arena) => MemtableRep
