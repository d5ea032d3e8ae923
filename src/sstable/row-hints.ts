// At which row a key was found last time, by its hash: a guess that costs one look, in place of two searches that wait for
// memory at every step. A wrong guess is noticed by comparing the key that stands there, so nothing has to be kept true.
//
// The hints of a file are an entry of its cache as pages are. They are made when the file's keys are found in one piece
// (`whole-chunks.ts`), since only then is the search what a lookup spends its time on.

import { fixedVector } from '../format/vector.js'
import type { KeyHash } from './key-hash.js'
import type { FilePages, PageCache } from './page-cache.js'
import type { SparseIndex } from './sparse-index.js'

/** Fewer rows are searched as fast. */
const rowsMin = 1024

/** The hints of one file. */
export class RowHints {
  readonly #cache: PageCache
  readonly #pages: FilePages

  constructor(cache: PageCache, pages: FilePages) {
    this.#cache = cache
    this.#pages = pages
  }

  /** One slot per hash, with the row and one, or 0; undefined: the file has no hints. */
  get(index: SparseIndex): Uint32Array | undefined {
    return this.#cache.peek(this.#pages, numberOf(index))?.values as Uint32Array | undefined
  }

  /** Makes room for hints, as far as the cache has any. */
  make(index: SparseIndex): void {
    if (index.rows < rowsMin) return
    const slots = 2 ** Math.ceil(Math.log2(index.rows))
    this.#cache.set(this.#pages, numberOf(index), fixedVector('uint32', new Uint32Array(slots)))
  }
}

/** The slot of a key. */
export function slotOf(hints: Uint32Array, { second }: KeyHash): number {
  return second & (hints.length - 1)
}

/** A number that no page has, no dictionary, and no chunk. */
function numberOf(index: SparseIndex): number {
  return index.pageOffset.length + 2 * index.chunkPages.length
}
