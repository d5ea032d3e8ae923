// What of a tree can be seen: its memtables, its version, and up to which sequence number. Reads pin it; whoever changes it
// does so in one synchronous step.
//
// A snapshot is a number that merges respect. For a read-only opener somebody else merges, who knows nothing of the number: there a
// snapshot pins what it saw, and reads of it go there. So does one that is taken while a sorted load is under way, whose rows are
// numbered below it (load-barrier.ts).

import { logHeaderBytes } from '../format/log-record.js'
import type { Memtable } from '../memtable/memtable.js'
import type { PinnedVersion } from '../version/references.js'
import type { LoadBarrier } from './load-barrier.js'
import type { SealedLog } from './sealed-log.js'
import { SnapshotSet } from './snapshot-set.js'
import type { SuperVersion, View } from './super-version.js'
import type { TreeFiles } from './tree-files.js'
import type { TreeImage } from './tree-image.js'

/** A memtable that is committed to, and the number of its log. */
export interface ActiveMemtable {
  readonly memtable: Memtable
  readonly number: number
}

/** What is kept for a snapshot whose number does not say what it saw. */
interface Kept extends View {
  readonly pinned: PinnedVersion
}

export class TreeView {
  readonly #files: TreeFiles
  readonly #readOnly: boolean
  readonly #barrier: LoadBarrier
  readonly snapshots = new SnapshotSet()
  readonly #kept = new Map<object, Kept>()
  #active: ActiveMemtable | undefined
  #immutables: readonly SealedLog[] = []
  /** The active and the sealed ones, newest first, as reads want them: listed when they change, not at each read. */
  #memtables: readonly Memtable[] = []
  visibleSeq: number
  /** Length of the active memtable's log up to `visibleSeq`. */
  #visibleBytes = logHeaderBytes

  constructor(files: TreeFiles, readOnly: boolean, barrier: LoadBarrier) {
    this.#files = files
    this.#readOnly = readOnly
    this.#barrier = barrier
    this.visibleSeq = files.lastSeq
  }

  /** Being committed to, and visible. */
  get active(): ActiveMemtable | undefined {
    return this.#active
  }

  set active(active: ActiveMemtable | undefined) {
    this.#active = active
    this.#visibleBytes = logHeaderBytes
    this.#listMemtables()
  }

  /** Sealed, oldest first. */
  get immutables(): readonly SealedLog[] {
    return this.#immutables
  }

  /** All records that the active memtable has indexed are visible from now on: those up to `seq`. */
  publish(seq: number): void {
    this.visibleSeq = seq
    if (this.#active !== undefined) this.#visibleBytes = this.#active.memtable.publishedBytes
  }

  /** What is visible now, as files. Release it. */
  image(): TreeImage {
    const contents = new Map(
      this.#immutables.map(({ number, memtable, bytes }) => [number, memtable.image(0, bytes)] as const),
    )
    if (this.#active !== undefined) {
      const { number, memtable } = this.#active
      contents.set(number, memtable.image(0, this.#visibleBytes))
    }
    return this.#files.image(contents)
  }

  /** Adds a memtable that was recovered or sealed, the newest of all. */
  add(log: SealedLog): void {
    this.#immutables = [...this.#immutables, log]
    this.visibleSeq = Math.max(this.visibleSeq, log.memtable.lastSeq)
    this.#listMemtables()
  }

  /** Removes a memtable that was flushed. Requires: the version that has its SSTable is installed in the same step. */
  forget(log: SealedLog): void {
    this.#immutables = this.#immutables.filter((other) => other !== log)
    this.#listMemtables()
  }

  /** What a read that ends in this step reads: as of the snapshot that has this sequence number, or as things are. */
  current(seq?: number): View {
    const kept = this.#keptAt(seq)
    if (kept !== undefined) return kept
    return { memtables: this.#memtables, version: this.#files.version, seq: this.visibleSeq }
  }

  /** As `current`, for a read that goes on. Release it. */
  pin(seq?: number): SuperVersion {
    const kept = this.#keptAt(seq)
    const pinned = kept === undefined ? this.#files.acquire() : this.#files.acquireAgain(kept.pinned)
    const { memtables, version, seq: visible } = this.current(seq)
    return { memtables, version, seq: visible, release: () => pinned.release() }
  }

  /** Keeps what is visible now visible to reads at the returned sequence number, until `handle` is given back. */
  addSnapshot(handle: object): number {
    const seq = this.visibleSeq
    this.snapshots.add(handle, seq)
    const isBehindLoad = this.#barrier.seq !== undefined && seq > this.#barrier.seq
    if (this.#readOnly || isBehindLoad) {
      this.#kept.set(handle, { ...this.current(), pinned: this.#files.acquire() })
    }
    return seq
  }

  removeSnapshot(handle: object): void {
    this.snapshots.remove(handle)
    this.#kept.get(handle)?.pinned.release()
    this.#kept.delete(handle)
  }

  /** Shows what a read-only opener has read anew. `whenOldIsGone`: nobody reads any more what was shown before. */
  become(files: TreeFiles, logs: readonly SealedLog[], whenOldIsGone: () => void): void {
    this.#files.become(files, whenOldIsGone)
    this.#immutables = logs
    this.visibleSeq = Math.max(files.lastSeq, ...logs.map(({ memtable }) => memtable.lastSeq))
    this.#listMemtables()
  }

  /** Snapshots at one number see the same rows, whichever of them is found. */
  #keptAt(seq: number | undefined): Kept | undefined {
    if (seq === undefined || this.#kept.size === 0) return undefined
    for (const kept of this.#kept.values()) if (kept.seq === seq) return kept
    return undefined
  }

  #listMemtables(): void {
    const sealed = this.#immutables.map(({ memtable }) => memtable).reverse()
    this.#memtables = this.#active === undefined ? sealed : [this.#active.memtable, ...sealed]
  }
}
