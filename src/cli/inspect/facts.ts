// What `inspect` finds, as plain data: the same for text, JSON and the page. Keys and values are words.

/** A column chunk of a Parquet file. */
export interface ChunkFacts {
  readonly column: string
  readonly codec: string
  readonly encodings: readonly string[]
  /** Stored. */
  readonly bytes: number
  /** Before compression. */
  readonly rawBytes: number
  /** Data pages; undefined: the file has no page index. */
  readonly pages: number | undefined
  /** Of the dictionary page; 0: there is none. */
  readonly dictionaryBytes: number
  /** Of Parquet's own Bloom filter; 0: there is none. */
  readonly bloomFilterBytes: number
  readonly min: string | undefined
  readonly max: string | undefined
  readonly nulls: number | undefined
}

export interface RowGroupFacts {
  readonly rows: number
  readonly bytes: number
  readonly sortedBy: readonly string[]
  readonly chunks: readonly ChunkFacts[]
}

/** A Parquet file, anybody's. */
export interface ParquetFacts {
  readonly path: string
  readonly bytes: number
  readonly rows: number
  readonly createdBy: string | undefined
  /** Leaf columns: name and type. */
  readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[]
  readonly rowGroups: readonly RowGroupFacts[]
}

/** The key filter beside an SSTable. */
export interface FilterFacts {
  readonly bytes: number
  readonly bits: number
  readonly hashes: number
  readonly keys: number
  readonly errorRate: number
}

export interface SSTableFacts {
  readonly number: number
  readonly level: number
  readonly run: number
  readonly minKey: readonly string[]
  readonly maxKey: readonly string[]
  /** Where the keys lie among all keys of the table, from 0 to 1; see key-axis.ts. */
  readonly from: number
  readonly to: number
  readonly rows: number
  readonly keys: number
  readonly tombstones: number
  readonly minSeq: number
  readonly maxSeq: number
  readonly createdMs: number
  /** Undefined: it has none, or it is damaged. */
  readonly filter: FilterFacts | undefined
  /** Of filter, sparse index and checksums together. */
  readonly sidecarBytes: number
  readonly file: ParquetFacts
}

export interface LevelFacts {
  readonly level: number
  readonly runs: number
  readonly sstables: number
  readonly rows: number
  readonly tombstones: number
  readonly bytes: number
}

/** How many runs hold keys of one stretch of all keys: what a lookup there may have to ask. */
export interface DepthFacts {
  readonly from: number
  readonly to: number
  readonly runs: number
}

export interface TableFacts {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[]
  readonly key: readonly string[]
  /** Logs that hold what is not in SSTables yet. */
  readonly logs: readonly { readonly number: number; readonly bytes: number }[]
  readonly levels: readonly LevelFacts[]
  /** Newest run first, in key order within a run. */
  readonly sstables: readonly SSTableFacts[]
  readonly depths: readonly DepthFacts[]
}

export interface DatabaseFacts {
  readonly kind: 'database'
  readonly path: string
  readonly tables: readonly TableFacts[]
}

export interface FileFacts {
  readonly kind: 'file'
  readonly path: string
  readonly file: ParquetFacts
}

export type Facts = DatabaseFacts | FileFacts
