// The key filter of an open SSTable as lookups ask it: read at first touch, bypassed where it cannot be had.
//
// A filter only saves work. So a missing, damaged or unreadable one is no error: the lookup goes on without, and is
// counted, so that somebody can wonder. A damaged one is rebuilt from the keys in the background, never by a lookup.

import { isMarquetryError } from '../errors.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { abandonable, type Reading, readAsync, SharedReading } from '../fs/reading.js'
import { filterKeysMin, KeyFilter } from './filter.js'
import type { BlockFilter } from './filter-block.js'
import type { KeyFilterBuilder } from './filter-builder.js'
import type { Held } from './held.js'
import type { KeyHash } from './key-hash.js'
import type { PageCache } from './page-cache.js'
import type { PageReader } from './page-reader.js'
import type { ReaderHost } from './reader-host.js'
import { decodeSidecar, encodeSidecar, sidecarKinds } from './sidecar.js'
import type { SidecarFiles } from './sidecar-files.js'

/**
 * What became of the filter: `unread` before the first lookup, as long as reading it fails, and when it had to make room;
 * `none`: no such file; `damaged`: also one of a newer version, until it is rebuilt.
 */
export type FilterState = 'unread' | 'ready' | 'none' | 'damaged'

/** What the filter of one SSTable did for lookups since it was opened. */
export interface FilterStats {
  readonly state: FilterState
  /** Lookups that it told that the key is not in the file. */
  readonly negatives: number
  /** Lookups that it let pass, and that found the key. */
  readonly hits: number
  /** Lookups that it let pass in vain. */
  readonly falsePositives: number
  /** Lookups that could not ask it. */
  readonly bypassed: number
}

/** Rows whose keys are decoded and hashed at a time when a filter is rebuilt. */
const rebuildRows = 8192

export class LookupFilter implements BlockFilter {
  readonly #meta: SSTableMeta
  readonly #cache: PageCache
  readonly #host: ReaderHost
  readonly #sidecars: SidecarFiles
  readonly #reading = new SharedReading()
  readonly #stats = { negatives: 0, hits: 0, falsePositives: 0, bypassed: 0 }
  /** Why there is no filter; undefined: there is, or nobody has looked. */
  #fault: 'none' | 'damaged' | undefined
  #held: Held<KeyFilter> | undefined
  /** Counts answers that others have given for this filter. */
  #settle: (() => void) | undefined
  #isRebuilding = false
  #closed = false

  constructor(meta: SSTableMeta, sidecars: SidecarFiles, cache: PageCache, host: ReaderHost) {
    this.#meta = meta
    this.#sidecars = sidecars
    this.#cache = cache
    this.#host = host
    if (meta.keys < filterKeysMin) this.#fault = 'none'
  }

  get stats(): FilterStats {
    this.#settle?.()
    const state = this.#held?.value === undefined ? (this.#fault ?? 'unread') : 'ready'
    return { state, ...this.#stats }
  }

  /** Whether `read` has something to do: asked before, for a generator per lookup would cost more than the filter. */
  get isUnread(): boolean {
    return this.#held?.value === undefined && this.#fault === undefined
  }

  get ready(): KeyFilter | undefined {
    return this.#held?.value
  }

  countedBy(settle: () => void): void {
    this.#settle = settle
  }

  addNegatives(lookups: number): void {
    this.#stats.negatives += lookups
  }

  /** Reads the filter. Failures of the system are not remembered: what it refuses now it may grant later. */
  *read(pages: PageReader): Reading<void> {
    try {
      yield* this.#reading.run(() => this.#load(pages))
    } catch (error) {
      if (!isMarquetryError(error)) throw error
    }
  }

  /** True: the key is certainly not in the file, and the lookup is counted. For callers who would not look further then. */
  excludes(hash: KeyHash): boolean {
    const held = this.#held
    if (held?.value === undefined || held.value.has(hash)) return false
    held.used = true
    this.#stats.negatives++
    return true
  }

  /** False: the key is not in the file. True: it may be; tell `learn` then. Undefined: nobody knows. */
  ask(hash: KeyHash): boolean | undefined {
    const held = this.#held
    if (held?.value === undefined) {
      this.#stats.bypassed++
      return undefined
    }
    held.used = true
    const answer = held.value.has(hash)
    if (!answer) this.#stats.negatives++
    return answer
  }

  /** Takes in whether the key for which the answer was "maybe" was there. */
  learn(found: boolean): void {
    if (found) this.#stats.hits++
    else this.#stats.falsePositives++
  }

  /** As `ask` and `learn`, for a lookup that `excludes` let pass. */
  learnAsked(found: boolean): void {
    const held = this.#held
    if (held?.value === undefined) this.#stats.bypassed++
    else {
      held.used = true
      this.learn(found)
    }
  }

  /** Forgets the filter. Idempotent. A rebuild under way ends with its next read. */
  close(): void {
    this.#closed = true
    this.#cache.sidecars.release(this.#held)
  }

  *#load(pages: PageReader): Reading<true> {
    const { digest } = this.#meta
    const read = yield* this.#sidecars.read(
      'filter',
      (path, bytes) => new KeyFilter(path, decodeSidecar(path, sidecarKinds.filter, digest, bytes)),
    )
    if (typeof read !== 'string') this.#hold(read)
    else {
      this.#fault = read === 'missing' ? 'none' : 'damaged'
      this.#rebuild(pages)
    }
    return true
  }

  #hold(filter: KeyFilter): void {
    const { sidecars } = this.#cache
    this.#fault = undefined
    sidecars.release(this.#held)
    this.#held = sidecars.hold(filter, filter.byteLength)
  }

  /** Makes the filter anew, if the table wants one. */
  #rebuild(pages: PageReader): void {
    const { filter, repairs } = this.#host
    if (filter === false || repairs === undefined || this.#isRebuilding) return
    this.#isRebuilding = true
    const isOver = () => this.#closed || repairs.isClosing
    repairs.add(async () => {
      if (isOver()) return
      const module = await import('./filter-builder.js') // with what sizes filters, which readers need for nothing else
      const builder = new module.KeyFilterBuilder(filter.errorRate)
      const done = await readAsync(abandonable(collectKeys(pages, builder), isOver))
      const body = done && builder.finish()
      if (body === undefined || isOver()) return
      this.#hold(new KeyFilter('a rebuilt filter', body))
      this.#sidecars.rebuilt('filter', () => encodeSidecar(sidecarKinds.filter, this.#meta.digest, body))
    })
  }
}

function* collectKeys(pages: PageReader, builder: KeyFilterBuilder): Reading<true> {
  const opened = yield* pages.open()
  yield* pages.keys(opened, rebuildRows, (keys, rows) => builder.add(keys, rows))
  return true
}
