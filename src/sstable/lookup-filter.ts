// The key filter of an open SSTable as lookups ask it: read at first touch, bypassed where it cannot be had.
//
// A filter only saves work. So a missing, damaged or unreadable one is no error: the lookup goes on without, and is
// counted, so that somebody can wonder.

import { isMarquetryError } from '../errors.js'
import { sstableFiles } from '../format/file-names.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { systemCode } from '../fs/io-error.js'
import type { Reading } from '../fs/reading.js'
import { filterKeysMin, KeyFilter } from './filter.js'
import type { KeyHash } from './key-hash.js'
import type { PageReader } from './page-reader.js'
import { decodeSidecar, sidecarKinds } from './sidecar.js'

/** What became of the filter: `unread` before the first lookup, and as long as reading it fails; `none`: no such file. */
export type FilterState = 'unread' | 'ready' | 'none' | 'damaged'

/** What the filter of one SSTable did for lookups since it was opened. */
export interface FilterStats {
  readonly state: FilterState
  /** Lookups that it ended: the key is not in the file. */
  readonly negatives: number
  /** Lookups that it let pass, and that found the key. */
  readonly hits: number
  /** Lookups that it let pass in vain. */
  readonly falsePositives: number
  /** Lookups that could not ask it. */
  readonly bypassed: number
}

export class LookupFilter {
  readonly #meta: SSTableMeta
  readonly #stats = { negatives: 0, hits: 0, falsePositives: 0, bypassed: 0 }
  #state: FilterState = 'unread'
  #filter: KeyFilter | undefined

  constructor(meta: SSTableMeta) {
    this.#meta = meta
    if (meta.keys < filterKeysMin) this.#state = 'none'
  }

  get stats(): FilterStats {
    return { state: this.#state, ...this.#stats }
  }

  /** Whether `read` has something to do: asked before, for a generator per lookup would cost more than the filter. */
  get isUnread(): boolean {
    return this.#state === 'unread'
  }

  /** Reads the filter. Failures of the system are not remembered: what it refuses now it may grant later. */
  *read(pages: PageReader): Reading<void> {
    try {
      const { path, bytes } = yield* pages.sidecar(sstableFiles.filter)
      this.#filter = new KeyFilter(path, decodeSidecar(path, sidecarKinds.filter, this.#meta.digest, bytes))
      this.#state = 'ready'
    } catch (error) {
      if (!isMarquetryError(error)) throw error
      if (error.code !== 'MARQUETRY_IO') this.#state = 'damaged'
      else if (systemCode(error) === 'ENOENT') this.#state = 'none'
    }
  }

  /** False: the key is not in the file. True: it may be; tell `learn` then. Undefined: nobody knows. */
  ask(hash: KeyHash): boolean | undefined {
    if (this.#filter === undefined) {
      this.#stats.bypassed++
      return undefined
    }
    const answer = this.#filter.has(hash)
    if (!answer) this.#stats.negatives++
    return answer
  }

  /** Takes in whether the key for which the answer was "maybe" was there. */
  learn(found: boolean): void {
    if (found) this.#stats.hits++
    else this.#stats.falsePositives++
  }
}
