// A snapshot, as a caller holds it: a sequence number that merges respect. It pins no files.

import { MarquetryError } from './errors.js'
import type { Snapshot } from './format/row-types.js'
import type { LsmTree } from './tree/lsm-tree.js'

export class TableSnapshot implements Snapshot {
  readonly seq: number
  readonly #tree: LsmTree
  #closed = false

  constructor(tree: LsmTree) {
    this.#tree = tree
    this.seq = tree.addSnapshot(this)
  }

  /** The sequence number, for a read of this tree. */
  seqFor(tree: LsmTree): number {
    if (this.#closed) throw new MarquetryError('MARQUETRY_CLOSED', 'The snapshot is closed')
    if (tree !== this.#tree) {
      throw new MarquetryError('MARQUETRY_INVALID_OPTION', 'The snapshot is one of another table', {
        option: 'snapshot',
      })
    }
    return this.seq
  }

  close(): void {
    this.#closed = true
    this.#tree.removeSnapshot(this)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
