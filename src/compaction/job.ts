// Jobs: what a worker thread is asked to do, as plain data. The message holds names and numbers, never rows; its
// answer is metadata. A worker writes only into the folder it was given below `tmp/`; it commits nothing.

import type { SchemaJson } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { Compression } from '../options.js'

/** How SSTables are written. */
export interface OutputOptions {
  readonly table: string
  readonly compression: Compression
  readonly rowGroupRows: number
  readonly rowGroupBytes: number
  readonly pageBytes: number
  readonly sparseIndexInterval: number
  /** Undefined: no key filters. */
  readonly filter: { readonly errorRate: number } | undefined
}

/** Turns one log into one SSTable. */
export interface FlushJob {
  readonly kind: 'flush'
  /** Where the output goes: a folder that does not exist yet. */
  readonly folder: string
  readonly schema: SchemaJson
  readonly output: OutputOptions
  readonly log: {
    readonly path: string
    /** What the log must be; anything else and the job fails with MARQUETRY_CORRUPTION. */
    readonly bytes: number
    readonly digest: number
    readonly entries: number
    /** The log's image from memory, given when the file was found damaged. */
    readonly image?: Uint8Array
  }
  /** Sequence numbers of open snapshots, ascending: versions that they see are kept. */
  readonly snapshots: readonly number[]
  readonly createdMs: number
}

export type Job = FlushJob

/** What a job made; undefined: it had nothing to write. */
export interface JobResult {
  readonly table: SSTableMeta | undefined
}
