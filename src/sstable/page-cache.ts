// The cache of a whole database, bounded in bytes: decoded pages, and the sidecars of open SSTables. Sidecars come first,
// for a lookup needs them before any page, and to miss one costs a whole file: they may take three quarters, pages what
// is left.
//
// Rows that lookups have made may take an eighth (`row-cache.ts`), of what pages are left.
//
// Pages go by SIEVE (Y. Zhang et al., NSDI 2024): a list in order of arrival and a hand that walks from old to new. Where
// it stands, a page that was used since it last came by is spared, and stays where it is; one that was not goes. So a use
// costs one store, and pages that one scan brings and nobody asks for again go before those that lookups live on.
//
// A lookup of one row can read it without decoding its page. So a page only comes in whole once it is read a second time,
// and only if it would still be there had it come in the first time (the ghosts of 2Q, T. Johnson and D. Shasha, VLDB 1994,
// without a list of them): lookups spread over more data than the cache holds would else decode all they touch for nothing.

import type { KeptRows } from '../format/kept-rows.js'
import type { KeyBytes } from '../format/key-codec.js'
import { type Vector, vectorBytes } from '../format/vector.js'
import { HeldRing } from './held.js'
import type { KeyHash } from './key-hash.js'
import { RowCache } from './row-cache.js'

/** However small the cache, sidecars of this size stay: a scan would else read checksums again for every page. */
const sidecarBytesMin = 4 << 20

/** The part of the cache that whole rows may take. */
const rowShare = 1 / 8

/** What an entry costs besides its values: the vector, its views, its places in array and list. */
const overheadBytes = 400

/** A page in the cache. `newer` leads to the one that came after it. */
class Entry {
  readonly file: FilePages
  readonly page: number
  readonly vector: Vector
  readonly bytes: number
  used = false
  newer: Entry | undefined
  older: Entry | undefined

  constructor(file: FilePages, page: number, vector: Vector, bytes: number) {
    this.file = file
    this.page = page
    this.vector = vector
    this.bytes = bytes
  }
}

/** The pages of one open file that are in the cache, by their number in the file. Made by `PageCache.newFile`. */
export class FilePages {
  /** No other file's: an integer above 0. */
  readonly id: number
  readonly entries: (Entry | undefined)[] = []
  /** When a page was last read in part, as `PageCache` counts time: a number of bytes; 0: never. */
  readonly partReads: number[] = []

  constructor(id: number) {
    this.id = id
  }
}

/** Pages by file and page number. */
export class PageCache {
  readonly capacityBytes: number
  /** Sidecars of open SSTables. */
  readonly sidecars: HeldRing
  readonly #rows: RowCache
  #files = 0
  #newest: Entry | undefined
  #oldest: Entry | undefined
  /** The page that is judged next; undefined: the oldest. */
  #hand: Entry | undefined
  #bytes = 0
  #hits = 0
  #misses = 0
  /** Bytes of all pages that were read in part: the clock by which a page was read lately or long ago. */
  #partReadBytes = 0

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes
    this.sidecars = new HeldRing(Math.max(sidecarBytesMin, 0.75 * capacityBytes))
    this.#rows = new RowCache(capacityBytes * rowShare)
  }

  /** Memory that pages, rows and sidecars take. */
  get bytes(): number {
    return this.#bytes + this.#rows.bytes + this.sidecars.bytes
  }

  /** Calls of `get` that found their page. */
  get hits(): number {
    return this.#hits
  }

  get misses(): number {
    return this.#misses
  }

  /** Lookups that got a copy of a whole row. */
  get rowHits(): number {
    return this.#rows.hits
  }

  /** The place of a file that was opened, for `get` and `set`. */
  newFile(): FilePages {
    return new FilePages(++this.#files)
  }

  /** Whether `rowOf` would find a row. */
  hasRow(file: FilePages, shape: KeptRows<object>, key: KeyBytes, hash: KeyHash): boolean {
    return this.#rows.has(file.id, shape.id, key, hash)
  }

  /** A copy of the row with this key that `shape` has made of this file, if it is kept. */
  rowOf<R extends object>(file: FilePages, shape: KeptRows<R>, key: KeyBytes, hash: KeyHash): R | undefined {
    return this.#rows.get(file.id, shape, key, hash)
  }

  /** Takes note of a row that was made, and keeps a copy if it is made again. Requires: `rowOf` has just not found it. */
  offerRow<R extends object>(file: FilePages, shape: KeptRows<R>, key: KeyBytes, hash: KeyHash, row: R): void {
    this.#rows.offer(file.id, shape, key, hash, row)
    this.#makeRoom(0)
  }

  get(file: FilePages, page: number): Vector | undefined {
    const entry = file.entries[page]
    if (entry === undefined) {
      this.#misses++
      return undefined
    }
    this.#hits++
    entry.used = true
    return entry.vector
  }

  /** As `get`, but one that is not there is no miss. */
  peek(file: FilePages, page: number): Vector | undefined {
    return file.entries[page] === undefined ? undefined : this.get(file, page)
  }

  /** Forgets a page, if it is there. */
  drop(file: FilePages, page: number): void {
    const entry = file.entries[page]
    if (entry !== undefined) this.#drop(entry)
  }

  /** Whether the page is there; asking is no use of it. */
  has(file: FilePages, page: number): boolean {
    return file.entries[page] !== undefined
  }

  /**
   * Whether a page of which only a few rows are asked for, and which is not there, should be decoded whole and added: it was
   * asked for lately, too. `bytes`: about what it takes.
   */
  wantsWhole(file: FilePages, page: number, bytes: number): boolean {
    const most = this.#pageBytesMax
    if (bytes > most) return false
    const { partReads } = file
    while (partReads.length <= page) partReads.push(0)
    const last = partReads[page]!
    this.#partReadBytes += bytes + overheadBytes
    partReads[page] = this.#partReadBytes
    return last > 0 && this.#partReadBytes - last <= most
  }

  /** Memory that all pages together may take. */
  get #pageBytesMax(): number {
    return Math.max(this.capacityBytes - this.sidecars.bytes, this.capacityBytes / 4) - this.#rows.bytes
  }

  /** Adds a page, which others then have to make room for. One larger than all pages may be is not kept. */
  set(file: FilePages, page: number, vector: Vector): void {
    const bytes = vectorBytes(vector) + overheadBytes
    const most = this.#pageBytesMax
    if (bytes > most) return
    const { entries } = file
    while (entries.length <= page) entries.push(undefined)
    const old = entries[page]
    if (old !== undefined) this.#drop(old)
    this.#makeRoom(bytes)
    const entry = new Entry(file, page, vector, bytes)
    entries[page] = entry
    entry.older = this.#newest
    if (this.#newest !== undefined) this.#newest.newer = entry
    this.#newest = entry
    this.#oldest ??= entry
    this.#bytes += bytes
  }

  /** Forgets all pages of a file. */
  evict(file: FilePages): void {
    for (const entry of file.entries) if (entry !== undefined) this.#drop(entry)
    file.entries.length = 0
    file.partReads.length = 0
  }

  /** Requires: so many bytes are no more than all pages may take. */
  #makeRoom(bytes: number): void {
    const most = this.#pageBytesMax
    while (this.#bytes > 0 && this.#bytes + bytes > most) this.#dropOne()
  }

  /** Requires: there is a page. */
  #dropOne(): void {
    let entry = this.#hand ?? this.#oldest
    while (entry?.used) {
      entry.used = false
      entry = entry.newer ?? this.#oldest
    }
    if (entry === undefined) return
    this.#hand = entry
    this.#drop(entry)
  }

  #drop(entry: Entry): void {
    const { newer, older } = entry
    if (this.#hand === entry) this.#hand = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    entry.file.entries[entry.page] = undefined
    this.#bytes -= entry.bytes
  }
}
