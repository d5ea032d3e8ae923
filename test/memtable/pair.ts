// An index under test beside the model that says what is right.

import { expect } from 'vitest'
import { entryKinds } from '#src/format/entry.js'
import type { KeyBytes } from '#src/format/key-codec.js'
import type { EntryRef, MemtableCursor, MemtableRep, MemtableRepFactory } from '#src/memtable/rep.js'
import { EntryArena, ModelRep } from './arena.js'

/** A sequence number above all. */
export const latest = Number.MAX_SAFE_INTEGER

/** An index and the model of it, over one arena. */
export class Pair {
  readonly arena = new EntryArena()
  readonly model = new ModelRep()
  readonly rep: MemtableRep

  constructor(factory: MemtableRepFactory) {
    this.rep = factory(this.arena)
  }

  put(key: KeyBytes, seq = ++this.arena.seq, isDelete = false): EntryRef {
    const entry = this.arena.putAt(seq, key, isDelete ? entryKinds.delete : entryKinds.put)
    this.rep.insert(entry)
    this.model.insert(key, seq, entry)
    return entry
  }

  /** Compares whole walks in both directions, from a bound or none. */
  checkWalks(from: KeyBytes | undefined, seq: number): void {
    for (const reverse of [false, true]) {
      const cursor = this.rep.cursor(from, seq, reverse)
      expect(rest(cursor)).toEqual(this.model.walk(from, seq, reverse))
    }
  }

  checkGets(keys: readonly KeyBytes[], seq: number): void {
    const found = keys.map((key) => this.rep.get(key, seq))
    expect(found).toEqual(keys.map((key) => this.model.get(key, seq)))
  }
}

/** The next entries of a cursor, at most `count`. */
export function take(cursor: MemtableCursor, count: number): EntryRef[] {
  const into = new Uint32Array(count)
  return [...into.subarray(0, cursor.next(into))]
}

/** All that is left of a cursor, in steps of `step`. */
export function rest(cursor: MemtableCursor, step = 1024): EntryRef[] {
  const entries: EntryRef[] = []
  for (;;) {
    const taken = take(cursor, step)
    if (taken.length === 0) break
    for (const entry of taken) entries.push(entry)
  }
  expect(take(cursor, step)).toEqual([]) // the end stays the end
  cursor.close()
  return entries
}
