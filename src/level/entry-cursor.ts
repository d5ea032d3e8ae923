// A walk over the entries of a range as they were at one moment, which can begin anew from any key: what stands behind
// Level's iterators and `clear`. It holds on to memtables and files, so that seeking sees what the first read saw.

import type { Batch, Projection } from '../format/batch.js'
import type { KeyRange } from '../format/key-codec.js'
import type { BatchSource } from '../format/source.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import type { SuperVersion } from '../tree/super-version.js'
import { scanTree } from '../tree/tree-scan.js'
import type { Data } from './entry.js'
import { rangeFrom } from './key-range.js'

export class EntryCursor {
  readonly #tree: LsmTree
  /** Whose `release` does nothing, since each scan releases what it was given. */
  readonly #view: SuperVersion
  readonly #release: () => void
  readonly #seq: number
  readonly #range: KeyRange
  readonly #project: Projection
  readonly #reverse: boolean
  #source: BatchSource | undefined

  /** Pins what the tree holds now; reads at `seq`, a snapshot's sequence number, where that is given. */
  constructor(tree: LsmTree, range: KeyRange, project: Projection, reverse: boolean, seq?: number) {
    const view = tree.pin(seq)
    this.#tree = tree
    this.#view = { ...view, release() {} }
    this.#release = view.release
    this.#seq = seq ?? view.seq
    this.#range = range
    this.#project = project
    this.#reverse = reverse
  }

  /** The next rows; undefined at the end. Requires: the call before has been answered. */
  next(): Batch | undefined | Promise<Batch | undefined> {
    this.#source ??= this.#scan(this.#range)
    const batch = this.#source.next()
    return batch instanceof Promise ? this.#tree.readers.track(batch) : batch
  }

  /** Goes on at `target`, or at the nearest entry behind it. */
  seek(target: Data): void {
    this.#source?.close()
    this.#source = this.#scan(rangeFrom(this.#tree.schema, this.#range, target, this.#reverse))
  }

  /** Lets go of what it holds. Idempotent. */
  close(): void {
    this.#source?.close()
    this.#release()
  }

  #scan(range: KeyRange): BatchSource {
    const { schema, readers, metrics } = this.#tree
    const request = { range, project: this.#project, reverse: this.#reverse }
    return metrics.scan(scanTree(schema, this.#view, this.#seq, request, { of: (table) => readers.of(table) }))
  }
}
