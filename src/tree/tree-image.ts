// A table at one moment, as files that can be copied while it goes on: what its manifest says, its SSTables, and logs as they would
// be if nothing had been written since. A memtable's arena is the image of its log, so that nothing has to stop for that.

import type { LogJson, ManifestPosition } from '../format/manifest-record.js'
import type { TreeState } from '../version/state.js'

/** A log's content at a moment. */
export interface LogImage extends LogJson {
  readonly bytes: Uint8Array
}

export interface TreeImage {
  /** Its `logs` are those of `logs`. */
  readonly state: TreeState
  /** Where the manifest stood. */
  readonly position: ManifestPosition
  readonly logs: readonly LogImage[]
  /** The table's directory, in which the SSTables stay until `release`. */
  readonly directory: string
  /** Whether the table still has this log now. */
  hasLog(number: number): boolean
  /** Lets go of the files. Idempotent. */
  release(): void
  /** Resolves when files that nobody needs any more are gone. */
  removed(): Promise<void>
}
