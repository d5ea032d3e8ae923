// The cache of a whole database, bounded in bytes: decoded pages, least recently used out first, and the sidecars of open
// SSTables. Sidecars come first, for a lookup needs them before any page, and to miss one costs a whole file: they may
// take three quarters, pages what is left.

import { nullVector, type Vector, vectorBytes } from '../format/vector.js'
import { HeldRing } from './held.js'

/** However small the cache, sidecars of this size stay: a scan would else read checksums again for every page. */
const sidecarBytesMin = 4 << 20

/** What an entry costs besides its values: the vector, its views, its place in map and list. */
const overheadBytes = 400

/** More columns than a file can have: makes one number of column and page. */
const columnsMax = 4096

/** A page in the cache, or the head of the ring: `after` leads from the most to the least recently used. */
class Entry {
  readonly pages: Map<number, Entry>
  readonly key: number
  readonly vector: Vector
  readonly bytes: number
  before: Entry = this
  after: Entry = this

  constructor(pages: Map<number, Entry>, key: number, vector: Vector, bytes: number) {
    this.pages = pages
    this.key = key
    this.vector = vector
    this.bytes = bytes
  }
}

/** Pages by file, column and page number. A file's identity is a number from `newFile`, unique among all tables. */
export class PageCache {
  readonly capacityBytes: number
  /** Sidecars of open SSTables. */
  readonly sidecars: HeldRing
  readonly #files = new Map<number, Map<number, Entry>>()
  readonly #head = new Entry(new Map(), 0, nullVector('bool', 0), 0)
  #bytes = 0
  #hits = 0
  #misses = 0
  #fileIds = 0

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes
    this.sidecars = new HeldRing(Math.max(sidecarBytesMin, 0.75 * capacityBytes))
  }

  /** Memory that pages and sidecars take. */
  get bytes(): number {
    return this.#bytes + this.sidecars.bytes
  }

  /** Calls of `get` that found their page. */
  get hits(): number {
    return this.#hits
  }

  get misses(): number {
    return this.#misses
  }

  /** An identity for a file that was opened. Never given twice. */
  newFile(): number {
    this.#fileIds++
    return this.#fileIds
  }

  get(file: number, column: number, page: number): Vector | undefined {
    const entry = this.#files.get(file)?.get(page * columnsMax + column)
    if (entry === undefined) {
      this.#misses++
      return undefined
    }
    this.#hits++
    unlink(entry)
    this.#linkFirst(entry)
    return entry.vector
  }

  /** Adds a page, which others then have to make room for. One larger than all pages may be is not kept. */
  set(file: number, column: number, page: number, vector: Vector): void {
    const bytes = vectorBytes(vector) + overheadBytes
    const most = Math.max(this.capacityBytes - this.sidecars.bytes, this.capacityBytes / 4)
    if (bytes > most) return
    let pages = this.#files.get(file)
    if (pages === undefined) {
      pages = new Map()
      this.#files.set(file, pages)
    }
    const key = page * columnsMax + column
    const old = pages.get(key)
    if (old !== undefined) this.#drop(old)
    const entry = new Entry(pages, key, vector, bytes)
    pages.set(key, entry)
    this.#linkFirst(entry)
    this.#bytes += bytes
    while (this.#bytes > most) this.#drop(this.#head.before)
  }

  /** Forgets all pages of a file. */
  evict(file: number): void {
    for (const entry of this.#files.get(file)?.values() ?? []) this.#drop(entry)
    this.#files.delete(file)
  }

  #drop(entry: Entry): void {
    unlink(entry)
    entry.pages.delete(entry.key)
    this.#bytes -= entry.bytes
  }

  #linkFirst(entry: Entry): void {
    const head = this.#head
    entry.before = head
    entry.after = head.after
    head.after.before = entry
    head.after = entry
  }
}

function unlink(entry: Entry): void {
  entry.before.after = entry.after
  entry.after.before = entry.before
}
