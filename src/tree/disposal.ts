// Files that a table no longer needs: removed at once, or, where a reader beside this writer still may need them, later.
//
// What is not removed when the process ends is an orphan, which the next open finds and treats likewise.

import type { ManifestPlace } from '../format/reader-registration.js'
import type { FileSystem } from '../fs/file-system.js'
import { isNeeded, type Obsolete, type Readers } from '../version/readers.js'

/** How often kept files are looked at where nothing else gives a reason to. */
const retryMs = 5_000

/** A log, or the folder of an SSTable. */
export interface NumberedPath {
  readonly path: string
  readonly number: number
}

export class Disposal {
  readonly #fs: FileSystem
  readonly #readers: Readers
  readonly #treeId: number
  readonly #underWay = new Set<Promise<void>>()
  #kept: (NumberedPath & Obsolete)[] = []
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(fs: FileSystem, readers: Readers, treeId: number) {
    this.#fs = fs
    this.#readers = readers
    this.#treeId = treeId
  }

  /**
   * Removes what left the table by an edit that ends at `leftAt`, and is in the manifest; what readers need, later. Resolves when
   * it is removed or kept. Never rejects: what the system does not remove, the next open will.
   */
  remove(paths: readonly NumberedPath[], leftAt: ManifestPlace): Promise<void> {
    this.#kept.push(...paths.map((path) => ({ ...path, leftAt })))
    return this.sweep()
  }

  /** Removes what readers needed and need no longer. */
  sweep(): Promise<void> {
    const sweep: Promise<void> = this.#sweep()
      .catch(() => {})
      .finally(() => this.#underWay.delete(sweep))
    this.#underWay.add(sweep)
    return sweep
  }

  /** Resolves when nothing is being removed. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** Removes what can be removed now, and leaves the rest to the next open. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    if (this.#kept.length > 0) await this.sweep()
    await this.idle()
  }

  async #sweep(): Promise<void> {
    clearTimeout(this.#timer)
    // Taken out, so that nobody else removes them meanwhile.
    const looked = this.#kept
    this.#kept = []
    if (looked.length === 0) return
    const places = await this.#readers.placesOf(this.#treeId)
    const removed = looked.filter((obsolete) => !isNeeded(places, obsolete))
    this.#kept.push(...looked.filter((obsolete) => isNeeded(places, obsolete)))
    this.#retryLater()
    for (const { path } of removed) await this.#fs.remove(path).catch(() => {})
  }

  #retryLater(): void {
    clearTimeout(this.#timer)
    if (this.#kept.length === 0 || this.#closed) return
    this.#timer = setTimeout(() => void this.sweep(), retryMs)
    this.#timer.unref()
  }
}
