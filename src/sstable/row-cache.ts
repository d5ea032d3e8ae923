// Rows as lookups have handed them out, kept to be copied for whoever asks next.
//
// A row of five columns that is put together out of cached pages waits for memory some fifteen times: a slot of the hints, offsets and
// bytes of the key, and of every column its values. A row that is kept waits three or four times: for its tag, its place, which
// holds the key, and the object. RocksDB has a row cache for the same reason.
//
// 1. As in a processor's cache a key has eight places, whose tags lie side by side, and takes the place of another key if all
//    are taken: no lists, no hands, nothing is written when a row is found.
// 2. A row comes in when it is looked up a second time: most rows are looked up once in a long while.
// 3. Rows are of one SSTable, which never changes, and are found under its number: nothing is ever invalidated. Those of files
//    that were closed are overwritten in time.

import type { KeptRows } from '../format/kept-rows.js'
import type { KeyBytes } from '../format/key-codec.js'
import type { KeyHash } from './key-hash.js'

const placeBytes = 64
const placeWords = placeBytes / 4
/** Words of a place before the key: file, shape, length of the key. */
const headWords = 3
/** Places of a key: two to the power of the shift. */
const waysShift = 3
const ways = 1 << waysShift
const keyBytesMax = placeBytes - 4 * headWords
/** What a row and its place may take together; larger rows are not kept. */
const rowBytesMax = 512
/** A cache of fewer places is not worth its while. */
const placesMin = 1024
/** However large the cache: more objects would keep the garbage collector busy. */
const placesMax = 2 ** 18
/** Keys seen once that are remembered, per place: two to the power of the shift. */
const seenShift = 2
const seenPerPlace = 1 << seenShift

/** Rows by file and key, bounded in bytes. */
export class RowCache {
  /** 0: nothing is kept. */
  readonly #places: number
  // Made when a first row comes in.
  /** Per place a hash of file and key; 0: it is empty. */
  #tags = new Int32Array(0)
  #words = new Int32Array(0)
  #keys = new Uint8Array(0)
  #rows: (object | undefined)[] = []
  #rowBytes = new Uint16Array(0)
  /** By hash, some to a set: tags of the keys that were looked up last. */
  #seen = new Int32Array(0)
  #bytes = 0
  #hits = 0
  /** In turn: of a set whose place is taken next, in `#tags` and in `#seen`. */
  #victim = 0
  #oldest = 0

  /** Takes `capacityBytes` at the most. */
  constructor(capacityBytes: number) {
    const places = 2 ** Math.floor(Math.log2(Math.max(1, capacityBytes / rowBytesMax)))
    this.#places = places < placesMin ? 0 : Math.min(places, placesMax)
  }

  /** Memory that rows and their places take, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** Calls of `get` that found a row. */
  get hits(): number {
    return this.#hits
  }

  /** Whether `get` would find a row. */
  has(file: number, shape: number, key: KeyBytes, hash: KeyHash): boolean {
    return this.#find(file, shape, key, hash) >= 0
  }

  /** A copy of the row with this key that `shape` has made, if it is kept. */
  get<R extends object>(file: number, shape: KeptRows<R>, key: KeyBytes, hash: KeyHash): R | undefined {
    const place = this.#find(file, shape.id, key, hash)
    if (place < 0) return undefined
    this.#hits++
    return shape.copy(this.#rows[place] as R)
  }

  /** Takes note of a row that was made, and keeps a copy if it is made again. Requires: `get` has just not found it. */
  offer<R extends object>(file: number, shape: KeptRows<R>, key: KeyBytes, hash: KeyHash, row: R): void {
    if (this.#places === 0 || key.length > keyBytesMax) return
    if (this.#tags.length === 0) this.#make()
    if (!this.#wasSeen(file, hash)) return
    const bytes = shape.bytes(row)
    if (bytes + placeBytes <= rowBytesMax) this.#put(this.#placeFor(hash), file, shape, key, hash, row, bytes)
  }

  /** Whether the key was looked up lately; from now on it was. */
  #wasSeen(file: number, hash: KeyHash): boolean {
    const seen = this.#seen
    const first = (hash.second << seenShift) & (seen.length - 1)
    const tag = tagOf(file, hash)
    for (let at = first; at < first + seenPerPlace; at++) if (seen[at] === tag) return true
    this.#oldest = (this.#oldest + 1) % seenPerPlace
    seen[first + this.#oldest] = tag
    return false
  }

  #put<R extends object>(
    place: number,
    file: number,
    shape: KeptRows<R>,
    key: KeyBytes,
    hash: KeyHash,
    row: R,
    bytes: number,
  ): void {
    const word = place * placeWords
    this.#tags[place] = tagOf(file, hash)
    this.#words[word] = file
    this.#words[word + 1] = shape.id
    this.#words[word + 2] = key.length
    this.#keys.set(key, 4 * (word + headWords))
    this.#rows[place] = shape.copy(row)
    this.#bytes += bytes - this.#rowBytes[place]!
    this.#rowBytes[place] = bytes
  }

  /** One of the key's places: an empty one, or one after the other. */
  #placeFor({ second }: KeyHash): number {
    const first = (second << waysShift) & (this.#places - 1)
    for (let place = first; place < first + ways; place++) if (this.#tags[place] === 0) return place
    this.#victim = (this.#victim + 1) % ways
    return first + this.#victim
  }

  #find(file: number, shape: number, key: KeyBytes, hash: KeyHash): number {
    const tags = this.#tags
    if (tags.length === 0) return -1
    const words = this.#words
    const first = (hash.second << waysShift) & (tags.length - 1)
    const tag = tagOf(file, hash)
    for (let place = first; place < first + ways; place++) {
      if (tags[place] !== tag) continue
      const word = place * placeWords
      if (words[word] !== file || words[word + 1] !== shape || words[word + 2] !== key.length) continue
      if (this.#hasKey(4 * (word + headWords), key)) return place
    }
    return -1
  }

  #hasKey(at: number, key: KeyBytes): boolean {
    const keys = this.#keys
    for (let i = 0; i < key.length; i++) if (keys[at + i] !== key[i]) return false
    return true
  }

  #make(): void {
    const places = this.#places
    this.#tags = new Int32Array(places)
    this.#words = new Int32Array(places * placeWords)
    this.#keys = new Uint8Array(this.#words.buffer)
    this.#rows = new Array<undefined>(places).fill(undefined)
    this.#rowBytes = new Uint16Array(places)
    this.#seen = new Int32Array(places * seenPerPlace)
    this.#bytes = places * (4 + placeBytes + 8 + 2 + 4 * seenPerPlace)
  }
}

/** Never 0. */
function tagOf(file: number, { first }: KeyHash): number {
  return (first ^ Math.imul(file, 0x9e37_79b1)) | 1
}
