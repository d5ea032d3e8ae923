// A memtable: the rows of one log, in memory. Its arena is the log's image, byte for byte: a put encodes its record
// once, into the arena; the log is written from there; the index then points at the entries in it.
//
//   encode (put, now)  →  written (commit)  →  published (indexed, visible to readers with a high enough seq)
//
// 1. arena[0 .. published) is in the log and indexed; arena[published .. length) is encoded and waits for the commit.
// 2. Entries are published in the order in which they were encoded.

import { randomBytes } from 'node:crypto'
import { MarquetryError } from '../errors.js'
import type { Batch, Projection } from '../format/batch.js'
import {
  type EntryKind,
  entryEndAt,
  entryHeadBytes,
  entryKinds,
  keyLengthAt,
  seqOffsetAt,
  writeEntryHead,
} from '../format/entry.js'
import { entriesToBatch } from '../format/entry-batch.js'
import { appendKey, appendVectorKey, type KeyBytes, type KeyRange, keyBytesMax } from '../format/key-codec.js'
import {
  firstEntry,
  logHeaderBytes,
  recordBytesMax,
  recordEnd,
  recordHeadBytes,
  sealRecord,
  voidRecord,
} from '../format/log-record.js'
import { RowCodec } from '../format/row-codec.js'
import type { Schema } from '../format/schema.js'
import type { Vector } from '../format/vector.js'
import { assert } from '../util/assert.js'
import { ByteSink } from '../util/byte-sink.js'
import { equalBytes } from '../util/bytes.js'
import { type EntryRef, type MemtableRep, type MemtableRepFactory, noEntry } from './rep.js'

/** Sequence offsets are 32 bits in entries; a log is rotated long before. */
const seqOffsetMax = 0xffff_ffff

export interface MemtableOptions {
  readonly schema: Schema
  readonly rep: MemtableRepFactory
  /** Sequence number that entries' offsets count from: the first one this memtable may hold. */
  readonly baseSeq: number
  /** Size at which the memtable is full: arena and index together. */
  readonly bytesMax: number
  readonly rowsMax: number
}

export class Memtable {
  readonly schema: Schema
  readonly codec: RowCodec
  readonly baseSeq: number
  /** Random identity of the log whose image this is: 16 hexadecimal digits. */
  readonly logId: string
  readonly #idBytes: Uint8Array
  readonly #arena: ByteSink
  readonly #rep: MemtableRep
  readonly #bytesMax: number
  readonly #rowsMax: number
  #published = logHeaderBytes
  /** The next entry to index in the record at `#published`; 0: that record is not begun. */
  #nextEntry = 0
  #encodedEntries = 0
  /** Entries of the record being encoded. */
  #recordEntries = 0
  #recordDeletes = 0
  #lastSeq = 0

  constructor(options: MemtableOptions, recovered?: { readonly logId: string; readonly bytes: Uint8Array }) {
    this.schema = options.schema
    this.codec = new RowCodec(options.schema)
    this.baseSeq = options.baseSeq
    this.#bytesMax = options.bytesMax
    this.#rowsMax = options.rowsMax
    this.#idBytes = recovered === undefined ? randomBytes(8) : Buffer.from(recovered.logId, 'hex')
    this.logId = Buffer.from(this.#idBytes).toString('hex')
    // The pages of the last step cost nothing until they are touched; starting small keeps idle tables small.
    const most = Math.max(options.bytesMax, 64 * 1024)
    const small = Math.min(most, 1 << 20)
    this.#arena = new ByteSink(
      ...(recovered === undefined ? [64 * 1024, small, most + (most >> 4)] : [logHeaderBytes]),
    )
    if (recovered === undefined) {
      this.#arena.reserve(logHeaderBytes)
      this.#arena.length = logHeaderBytes
    } else {
      this.#arena.bytes = recovered.bytes
      this.#arena.view = new DataView(
        recovered.bytes.buffer,
        recovered.bytes.byteOffset,
        recovered.bytes.byteLength,
      )
      this.#arena.length = recovered.bytes.length
    }
    this.#rep = options.rep(this.#arena)
  }

  /** Entries that readers can find. */
  get entries(): number {
    return this.#rep.size
  }

  /** Memory held: what is allocated for the index, what is used of the arena. */
  get memoryBytes(): number {
    return this.#arena.length + this.#rep.indexBytes
  }

  /** End of what is encoded: the length that the log will have. */
  get encodedBytes(): number {
    return this.#arena.length
  }

  /** End of the records that are indexed whole. */
  get publishedBytes(): number {
    return this.#published
  }

  /** Greatest published sequence number; 0: none. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Whether a new memtable should take the next record. Always false while nothing was encoded. */
  isFull(nextSeq: number): boolean {
    if (this.#encodedEntries === 0) return false
    return (
      this.memoryBytes >= this.#bytesMax ||
      this.#encodedEntries >= this.#rowsMax ||
      nextSeq - this.baseSeq > seqOffsetMax - recordBytesMax / entryHeadBytes
    )
  }

  /** The image of the log from `from` to `to`. A view: the buffer may move, the bytes never change. */
  image(from: number, to: number): Uint8Array {
    return this.#arena.bytes.subarray(from, to)
  }

  /** Fills in the log's header, which is made when the log is. Requires: nothing is published. */
  setHeader(header: Uint8Array): void {
    assert(this.#published === logHeaderBytes, 'a log has one header')
    this.#arena.bytes.set(header, 0)
  }

  // --- Encoding: begin, any number of entries, then end or abandon; all in one synchronous step.

  /** Opens a record and returns where it starts. */
  beginRecord(): number {
    const start = this.#arena.reserve(recordHeadBytes)
    this.#arena.length = start + recordHeadBytes
    this.#recordEntries = 0
    this.#recordDeletes = 0
    return start
  }

  /**
   * Encodes a put. Throws MARQUETRY_INVALID_ROW, also if the row's key is not `key` where that is given, or
   * MARQUETRY_LIMIT; the caller then abandons the record.
   */
  addPut(row: Readonly<Record<string, unknown>>, seq: number, key?: KeyBytes): void {
    const entry = this.#beginEntry()
    this.codec.appendRowKey(this.#arena, row)
    const rowStart = this.#arena.length
    if (key !== undefined && !equalBytes(key, this.#arena.bytes.subarray(entry + entryHeadBytes, rowStart))) {
      throw new MarquetryError('MARQUETRY_INVALID_ROW', 'The row has another key than the one that is updated')
    }
    this.codec.append(this.#arena, row)
    this.#endEntry(entry, entryKinds.put, rowStart, seq)
  }

  /** Encodes a delete. Throws MARQUETRY_INVALID_KEY or MARQUETRY_LIMIT. */
  addDelete(key: unknown, seq: number): void {
    const entry = this.#beginEntry()
    appendKey(this.schema, this.#arena, key)
    this.#endEntry(entry, entryKinds.delete, this.#arena.length, seq)
  }

  /** Encodes row `i` of columns as a put. `vectors[c]` is schema column c, `keys` are those of the key in key order. */
  addVectors(vectors: readonly Vector[], keys: readonly Vector[], i: number, seq: number): void {
    const entry = this.#beginEntry()
    appendVectorKey(this.schema, this.#arena, keys, i)
    const rowStart = this.#arena.length
    this.codec.appendVectors(this.#arena, vectors, i)
    this.#endEntry(entry, entryKinds.put, rowStart, seq)
  }

  /** Encodes a delete of the key in row `i` of key columns. */
  addVectorDelete(keys: readonly Vector[], i: number, seq: number): void {
    const entry = this.#beginEntry()
    appendVectorKey(this.schema, this.#arena, keys, i)
    this.#endEntry(entry, entryKinds.delete, this.#arena.length, seq)
  }

  /** Calls `visit` with the encoded key of each entry of a closed record: a view that is good for the call. */
  forEachKey(recordStart: number, visit: (key: KeyBytes) => void): void {
    const { bytes, view } = this.#arena
    const end = recordEnd(view, recordStart)
    for (let entry = firstEntry(view, recordStart); entry < end; entry = entryEndAt(bytes, entry)) {
      const start = entry + entryHeadBytes
      visit(bytes.subarray(start, start + keyLengthAt(bytes, entry)))
    }
  }

  #beginEntry(): number {
    const entry = this.#arena.reserve(entryHeadBytes)
    this.#arena.length = entry + entryHeadBytes
    return entry
  }

  #endEntry(entry: number, kind: EntryKind, rowStart: number, seq: number): void {
    const { bytes, length } = this.#arena
    const keyLength = rowStart - entry - entryHeadBytes
    if (keyLength > keyBytesMax) {
      throw new MarquetryError(
        'MARQUETRY_LIMIT',
        `A key is at most ${keyBytesMax} bytes encoded; this one is ${keyLength}`,
      )
    }
    writeEntryHead(bytes, entry, kind, keyLength, length - rowStart, seq - this.baseSeq)
    this.#recordEntries++
    if (kind === entryKinds.delete) this.#recordDeletes++
  }

  /** Closes the record that began at `start`. Throws MARQUETRY_LIMIT if it is too long; the caller then abandons it. */
  endRecord(start: number, firstSeq: number, durableBytes: number): void {
    const { bytes, view, length } = this.#arena
    if (length - start > recordBytesMax) {
      throw new MarquetryError(
        'MARQUETRY_LIMIT',
        `A batch is at most ${recordBytesMax} bytes encoded; this is ${length - start}`,
      )
    }
    const entries = this.#recordEntries
    sealRecord(bytes, view, start, length, this.#idBytes, durableBytes, entries, firstSeq - this.baseSeq)
    this.#encodedEntries += entries
  }

  /** Tombstones in the record that was begun last. */
  get recordDeletes(): number {
    return this.#recordDeletes
  }

  /** Forgets the record that began at `start`. */
  abandonRecord(start: number): void {
    this.#arena.length = start
  }

  /** Takes back a record that has been closed but not written: it stays in the log as a void one. */
  voidRecord(start: number): void {
    assert(start >= this.#published, 'only records that wait can be voided')
    voidRecord(this.#arena.bytes, this.#arena.view, start)
  }

  // --- Publishing and reading.

  /**
   * Indexes the entries of the records up to `to`, all of which are in the log, `entriesMax` of them at the most.
   * Returns true when it has come to `to`; otherwise call it again.
   */
  publish(to: number, entriesMax = Number.POSITIVE_INFINITY): boolean {
    const { bytes, view } = this.#arena
    let left = entriesMax
    while (this.#published < to) {
      const end = recordEnd(view, this.#published)
      if (this.#nextEntry === 0) this.#nextEntry = firstEntry(view, this.#published)
      while (this.#nextEntry < end) {
        if (left-- <= 0) return false
        this.#rep.insert(this.#nextEntry)
        this.#lastSeq = this.baseSeq + seqOffsetAt(bytes, this.#nextEntry)
        this.#nextEntry = entryEndAt(bytes, this.#nextEntry)
      }
      this.#published = end
      this.#nextEntry = 0
    }
    return true
  }

  /** The newest version of the key at or below `seq`: a position for `batch`, or `noEntry`. */
  find(key: KeyBytes, seq: number): EntryRef {
    return seq < this.baseSeq ? noEntry : this.#rep.get(key, this.#offset(seq))
  }

  /** The entries at these positions as columns of `reader`, which is the memtable's schema or one that adds to it. */
  batch(entries: Uint32Array, projection: Projection, reader: Schema = this.schema): Batch {
    return entriesToBatch(this.codec, this.#arena.bytes, entries, this.baseSeq, projection, reader)
  }

  /** Whether the entry is a tombstone. */
  isDelete(entry: EntryRef): boolean {
    return this.#arena.bytes[entry + 2] === entryKinds.delete
  }

  /** Walks the newest versions at or below `seq` of the keys in a range; see `memtable/source.ts`. */
  cursor(range: KeyRange, seq: number, reverse: boolean) {
    const start = reverse ? range.lt : range.gte
    return this.#rep.cursor(start, seq < this.baseSeq ? -1 : this.#offset(seq), reverse)
  }

  /** The arena's bytes as they are now: for comparing keys of entries. */
  get bytes(): Uint8Array {
    return this.#arena.bytes
  }

  #offset(seq: number): number {
    return Math.min(seq - this.baseSeq, seqOffsetMax)
  }
}
