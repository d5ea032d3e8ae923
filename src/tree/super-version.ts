// What a read reads: memtables and runs that belong together, and the newest sequence number it may see. Taken in one
// synchronous step, before the first await of the read, and given back when the read is over.

import type { Memtable } from '../memtable/memtable.js'
import type { Version } from '../version/version.js'

/** What is to be read at one moment. Valid for the step it was taken in: only a pin keeps the files. */
export interface View {
  /** Newest first; each may hold newer versions of a key than all that follow, and than every run. */
  readonly memtables: readonly Memtable[]
  readonly version: Version
  /** Greatest sequence number that is visible. */
  readonly seq: number
}

/** A view that is pinned: its files stay. */
export interface SuperVersion extends View {
  /** Lets go of the files. Idempotent. */
  release(): void
}
