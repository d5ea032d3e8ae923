// Entries in an arena, as the log writer would put them there, and the plain model of an index over them.

import { type EntryKind, entryHeadBytes, entryKinds, writeEntryHead } from '#src/format/entry.js'
import type { KeyBytes } from '#src/format/key-codec.js'
import { type EntryRef, noEntry } from '#src/memtable/rep.js'
import { ByteSink } from '#src/util/byte-sink.js'

/** Bytes before the first entry: no entry lies at position 0. */
const headerBytes = 64

/** An arena that starts small, so that its buffer moves often, and gives every entry the next sequence number. */
export class EntryArena extends ByteSink {
  /** Sequence offset of the last entry. */
  seq = 0

  constructor() {
    super(128)
    this.reserve(headerBytes)
    this.length = headerBytes
  }

  /** Writes an entry with the next sequence number. */
  put(key: KeyBytes, kind: EntryKind = entryKinds.put, row = new Uint8Array(3)): EntryRef {
    return this.putAt(++this.seq, key, kind, row)
  }

  /** Writes an entry with a sequence number of the caller's choice. */
  putAt(seq: number, key: KeyBytes, kind: EntryKind = entryKinds.put, row = new Uint8Array(3)): EntryRef {
    const entry = this.reserve(entryHeadBytes + key.length + row.length)
    writeEntryHead(this.bytes, entry, kind, key.length, row.length, seq)
    this.bytes.set(key, entry + entryHeadBytes)
    this.bytes.set(row, entry + entryHeadBytes + key.length)
    this.length = entry + entryHeadBytes + key.length + row.length
    return entry
  }
}

interface Version {
  readonly seq: number
  readonly entry: EntryRef
}

/** What an index should answer, by the simplest means: keys as latin1 strings, whose order is that of their bytes. */
export class ModelRep {
  readonly #versions = new Map<string, Version[]>()
  size = 0

  insert(key: KeyBytes, seq: number, entry: EntryRef): void {
    const versions = this.#versions.get(latin1(key))
    if (versions === undefined) this.#versions.set(latin1(key), [{ seq, entry }])
    else versions.push({ seq, entry })
    this.size++
  }

  get(key: KeyBytes, seq: number): EntryRef {
    return newest(this.#versions.get(latin1(key)) ?? [], seq)
  }

  /** All that a cursor with these arguments yields. */
  walk(from: KeyBytes | undefined, seq: number, reverse: boolean): EntryRef[] {
    const start = from === undefined ? undefined : latin1(from)
    const isInside = (key: string) => start === undefined || (reverse ? key < start : key >= start)
    const keys = [...this.#versions.keys()].filter(isInside).sort()
    if (reverse) keys.reverse()
    const entries = keys.map((key) => newest(this.#versions.get(key) ?? [], seq))
    return entries.filter((entry) => entry !== noEntry)
  }
}

function newest(versions: readonly Version[], seq: number): EntryRef {
  const visible = versions.filter((version) => version.seq <= seq)
  return visible.reduce((best, version) => (version.seq > best.seq ? version : best), {
    seq: -1,
    entry: noEntry,
  }).entry
}

function latin1(key: KeyBytes): string {
  return Buffer.from(key).toString('latin1')
}

/** Bytes of a text, one per character. */
export function bytesOf(text: string): KeyBytes {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

/** The numbers below `count` in random order. */
export function shuffled(count: number, random: () => number): number[] {
  const numbers = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1))
    const moved = numbers[i]!
    numbers[i] = numbers[other]!
    numbers[other] = moved
  }
  return numbers
}
