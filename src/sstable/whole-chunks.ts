// Column chunks of which every page is in the cache, as one vector each.
//
// A lookup in memory spends most of its time waiting for memory: an entry of the cache, a vector, two typed arrays and their
// data lie in five places, for every page anew. A chunk of sixteen pages or a thousand has one of each, which stay close to
// the processor. So when a chunk's pages have been hit a few times each, and all of them are there, they become one vector,
// and the pages go. It is one entry of the cache: if it has to make room, its pages come back one by one.

import { concatVectors } from '../format/concat.js'
import type { Vector } from '../format/vector.js'
import type { FilePages, PageCache } from './page-cache.js'
import type { SparseIndex } from './sparse-index.js'

/** So often, on average, a page is hit before somebody looks whether its chunk is all there. */
const hitsPerPage = 4
/** Bytes of a chunk above which its pages stay alone: to put them together takes about a millisecond per 4 MiB. */
const chunkBytesMax = 8 << 20

/** The whole chunks of one file. */
export class WholeChunks {
  readonly #cache: PageCache
  readonly #pages: FilePages
  /** Hits of pages since somebody looked, per chunk. */
  #hits = new Uint32Array(0)

  constructor(cache: PageCache, pages: FilePages) {
    this.#cache = cache
    this.#pages = pages
  }

  /** All rows of a chunk; undefined: they are not in one piece. */
  get(index: SparseIndex, chunk: number): Vector | undefined {
    return this.#cache.peek(this.#pages, numberOf(index, chunk))
  }

  /** A page of the chunk was hit: puts it together if that is due, and possible. */
  hit(index: SparseIndex, chunk: number): void {
    if (this.#hits.length === 0) this.#hits = new Uint32Array(index.chunkPages.length - 1)
    const first = index.chunkPages[chunk]!
    const end = index.chunkPages[chunk + 1]!
    this.#hits[chunk]!++
    if (end - first < 2 || this.#hits[chunk]! < hitsPerPage * (end - first)) return
    this.#hits[chunk] = 0
    this.#join(index, chunk, first, end)
  }

  #join(index: SparseIndex, chunk: number, first: number, end: number): void {
    const parts: Vector[] = []
    let bytes = 0
    for (let page = first; page < end; page++) {
      const part = this.#cache.peek(this.#pages, page)
      if (part === undefined) return
      bytes += part.values.byteLength
      parts.push(part)
    }
    const [{ layout } = { layout: undefined }] = parts
    if (layout === undefined || bytes > chunkBytesMax) return
    for (let page = first; page < end; page++) this.#cache.drop(this.#pages, page)
    this.#cache.set(this.#pages, numberOf(index, chunk), concatVectors(layout, parts))
  }
}

/** A number that no page has, nor any dictionary. */
function numberOf(index: SparseIndex, chunk: number): number {
  return index.pageOffset.length + index.chunkPages.length + chunk
}
