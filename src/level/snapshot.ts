// An explicit snapshot of Level: a sequence number that merges respect, until it is closed.

import { AbstractSnapshot } from 'abstract-level'
import type { LsmTree } from '../tree/lsm-tree.js'
import { LevelError } from './level-error.js'

/** The constructor of the base class, which its types leave out. */
const Base = AbstractSnapshot as unknown as new (options: { readonly owner: object }) => AbstractSnapshot

/** The database as it was when the snapshot was made. */
export class LevelSnapshot extends Base {
  readonly #tree: LsmTree
  readonly #seq: number

  constructor(tree: LsmTree, options: { readonly owner: object }) {
    super(options)
    this.#tree = tree
    this.#seq = tree.addSnapshot(this)
  }

  /** The sequence number to read `tree` at. */
  seqIn(tree: LsmTree): number {
    if (tree === this.#tree) return this.#seq
    throw new LevelError('LEVEL_INVALID_ARGUMENT', 'The snapshot is one of another database')
  }

  protected async _close(): Promise<void> {
    this.#tree.removeSnapshot(this)
  }
}

/** The sequence number that a read's options ask for; undefined: now. */
export function seqOf(tree: LsmTree, snapshot: AbstractSnapshot | null | undefined): number | undefined {
  if (snapshot === undefined || snapshot === null) return undefined
  if (snapshot instanceof LevelSnapshot) return snapshot.seqIn(tree)
  throw new LevelError('LEVEL_INVALID_ARGUMENT', 'Option `snapshot` must come from `db.snapshot()`')
}
