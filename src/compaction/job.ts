// Jobs: what a worker thread is asked to do, as plain data. The message holds names and numbers, never rows; its
// answer is metadata. A worker writes only into the folder it was given below `tmp/`; it commits nothing.

import type { KeyBytes, KeyRange } from '../format/key-codec.js'
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
  readonly filter: { readonly errorRate: number; readonly parquet?: boolean | undefined } | undefined
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

/** First and last key of something, both included. */
export interface KeyBounds {
  readonly minKey: KeyBytes
  readonly maxKey: KeyBytes
}

/** An SSTable to be merged. */
export interface MergeInput {
  /** Its folder below `sst/`. */
  readonly folder: string
  readonly meta: SSTableMeta
}

/** What a job says of the run that it writes. */
export interface OutputJob {
  /** Where the outputs go: a folder that does not exist yet; output i is the folder `numberedName(i)` in it. */
  readonly folder: string
  /** The table's current schema: that of the outputs. */
  readonly schema: SchemaJson
  readonly output: OutputOptions & {
    /** Size at which an output ends and the next begins; versions of one key are never split. */
    readonly targetFileBytes: number
  }
  readonly createdMs: number
}

/**
 * Merges SSTables into new ones, which together are one sorted run. Fails with MARQUETRY_CORRUPTION if an input is
 * damaged, whatever part of it the range takes, and with MARQUETRY_ABORTED if `control` says so.
 */
export interface MergeJob extends OutputJob {
  readonly kind: 'merge'
  /** That of the outputs. Columns that an input lacks are null in its rows. */
  readonly schema: SchemaJson
  /** Sorted runs, newest first, each as its tables in key order. */
  readonly inputs: readonly (readonly MergeInput[])[]
  /** Takes only keys of this range; without it, all. */
  readonly range?: KeyRange
  /** Sequence numbers of open snapshots, ascending: versions that they see are kept. */
  readonly snapshots: readonly number[]
  /** Bounds of all that is older than the inputs and not among them, where it meets them: keys in there keep their tombstones. */
  readonly older: readonly KeyBounds[]
  /** What the job may hold at a time: decoded rows of the inputs, the row group that is written and its encoded form. */
  readonly memoryBytes: number
  /** Shared with who gave the job; see `JobControl`. Undefined: nobody watches. */
  readonly control?: SharedArrayBuffer
}

/**
 * Writes rows that come in key order, one per key, as SSTables, which together are one sorted run. The rows come while
 * the job runs; see `RunWriter`.
 */
export interface LoadJob extends OutputJob {
  readonly kind: 'load'
  /** The sequence number of all rows. */
  readonly seq: number
}

export type Job = FlushJob | MergeJob

/** What a flush made; undefined: it had nothing to write. */
export interface FlushResult {
  readonly table: SSTableMeta | undefined
}

/** What a load made. */
export interface LoadResult {
  /** In key order, numbered 0. */
  readonly tables: readonly SSTableMeta[]
}

/** What a merge made. */
export interface MergeResult {
  /** In key order, numbered 0. */
  readonly tables: readonly SSTableMeta[]
  /** Rows of the inputs that lay in the range: those of the outputs, and those that nobody can see any more. */
  readonly rowsIn: number
  /** Bytes read from the inputs' data files. */
  readonly bytesIn: number
  /** Row groups that were carried over as bytes. */
  readonly rowGroupsCarried: number
}

/** The result of a job. */
export type ResultOf<J extends Job> = J extends MergeJob ? MergeResult : FlushResult
