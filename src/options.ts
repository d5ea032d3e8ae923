// Every option of `open` and `db.table`: its type, its default, its check. Options that are contradictory or out of
// range are refused with MARQUETRY_INVALID_OPTION and the option's name before anything is touched.

import { invalidOption } from './errors.js'
import type { FileSystem } from './fs/file-system.js'
import {
  type CompactionOptions,
  type ResolvedCompactionOptions,
  resolveCompactionOptions,
  resolveTableCompaction,
} from './options-compaction.js'

export { invalidOption }

const mebibyte = 1024 * 1024

/**
 * When a write is durable. `sync`: before its promise resolves, many writers sharing one sync. `batch`: within
 * `walBatchMs` after. `async`: when the system likes, at the latest at rotation, `flush()` or `close()`.
 * In every mode the system has the bytes before the promise resolves, so the death of the process loses nothing.
 */
export type WalMode = 'sync' | 'batch' | 'async'

/** Index structures of memtables; docs/memtables.md says when to take which. */
export const memtableKinds = [
  'sorted',
  'skiplist',
  'trie',
  'linked-list',
  'hash-linked-list',
  'enhanced-skiplist',
  'hash-skiplist',
  'vector',
] as const

/** Index structure of memtables. */
export type MemtableKind = (typeof memtableKinds)[number]

/**
 * Sets of options that belong together. `balanced`: the defaults. `high-performance`: a hash-skiplist, a log that the
 * system writes when it likes, smaller and more memtables that are flushed two at a time beside the writes, and lazier merges
 * of their smaller files. `memory-efficient`: small memtables as linked lists, a log that is synced within milliseconds.
 */
export type Preset = 'balanced' | 'high-performance' | 'memory-efficient'

/** Codec of SSTables' pages. */
export type Compression = 'uncompressed' | 'snappy' | 'lz4_raw' | 'zstd'

/** Options of a table; given to `open`, they are defaults for all its tables. */
export interface TableOptions {
  /** Options that are not given are taken from here. Default `balanced`. */
  readonly preset?: Preset | undefined
  /** Default `sync`. */
  readonly wal?: WalMode | undefined
  /** `batch` mode: longest time between a write and its sync, in milliseconds. Default 10. */
  readonly walBatchMs?: number | undefined
  /** Default `enhanced-skiplist`. */
  readonly memtable?: MemtableKind | undefined
  /** Size of a memtable, arena and index together, at which it is rotated. Default 64 MiB. */
  readonly memtableBytes?: number | undefined
  /** Entries of a memtable at which it is rotated. Default: no limit. */
  readonly memtableRows?: number | undefined
  /** Memtables that may wait for their flush before writers wait for it. Default 4. */
  readonly immutableMemtablesMax?: number | undefined
  /** Flushes of one table at a time. Default 1. */
  readonly flushWorkers?: number | undefined
  /** How and when SSTables are merged; `CompactionOptions` and docs/compaction.md say more. Default `leveled`. */
  readonly compaction?: CompactionOptions | undefined
  /** Default `snappy`. */
  readonly compression?: Compression | undefined
  /** Most rows of a row group. Default 131,072. */
  readonly rowGroupRows?: number | undefined
  /** Most bytes of a row group as columns in memory. Default 32 MiB. */
  readonly rowGroupBytes?: number | undefined
  /** Size that pages are cut near. Default 8 KiB. */
  readonly pageBytes?: number | undefined
  /** Every how many rows an SSTable's sparse index holds a full key. Default 256. */
  readonly sparseIndexInterval?: number | undefined
  /**
   * SSTables' key filters, which spare lookups most files that do not have their key: `errorRate` is the share, above 0
   * and below 1, that they get wrong: 0.1 % takes 1.8 bytes a key in memory and on disk, 1 % takes 1.2. `parquet` also writes Parquet's own
   * filters of the key columns into the data files, for other engines; flushes then take some 15 % more CPU. `false` turns both
   * off. Default `{ errorRate: 0.001, parquet: false }`.
   */
  readonly filter?: { readonly errorRate: number; readonly parquet?: boolean | undefined } | false | undefined
  /** How long a write waits for a full memtable queue before it is refused with MARQUETRY_BUSY. Default 60,000. */
  readonly stallTimeoutMs?: number | undefined
  /** Whether `close()` flushes memtables to Parquet. Default true; false leaves them in their logs. */
  readonly flushOnClose?: boolean | undefined
}

/** Options of `open`. */
export interface OpenOptions extends TableOptions {
  /**
   * Opens for reading, beside the process that writes and others that read; the database must exist. It is seen as it is now, and again
   * at each `db.refresh()`. Nothing is written but a file below `readers/`, for which the writer keeps what may be read; where the
   * directory cannot be written, reads of what was merged away since reject with MARQUETRY_STALE. Default false.
   */
  readonly readOnly?: boolean | undefined
  /** Creates the database if the directory is missing or empty. Default true, unless `readOnly`. */
  readonly createIfMissing?: boolean | undefined
  /** Refuses to open a database that is there already. Default false. */
  readonly errorIfExists?: boolean | undefined
  /** Memory for decoded pages and the indexes, filters and checksums of open files, shared by all tables. Default 64 MiB. */
  readonly cacheBytes?: number | undefined
  /** What one merge may hold in memory: decoded rows, the row group that is written, its encoded form. Default 256 MiB. */
  readonly mergeMemoryBytes?: number | undefined
  /** Worker threads of the process-wide pool; 0 runs jobs on the calling thread. Default: cores − 1, at least 1. */
  readonly workers?: number | undefined
  /** The file system to live on. Default: the operating system's. Others run jobs on the calling thread. */
  readonly fileSystem?: FileSystem | undefined
  /** Milliseconds since 1970; for tests. Default `Date.now`. */
  readonly clock?: (() => number) | undefined
}

type Resolved<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> }
type PlainTableOptions = Resolved<Omit<TableOptions, 'preset' | 'compaction'>>
type PresetOptions = Partial<PlainTableOptions> & { readonly compaction?: CompactionOptions }
export type ResolvedTableOptions = PlainTableOptions & { readonly compaction: ResolvedCompactionOptions }

const tableDefaults: PlainTableOptions = {
  wal: 'sync',
  walBatchMs: 10,
  memtable: 'enhanced-skiplist',
  memtableBytes: 64 * mebibyte,
  memtableRows: Number.POSITIVE_INFINITY,
  immutableMemtablesMax: 4,
  flushWorkers: 1,
  compression: 'snappy',
  rowGroupRows: 131_072,
  rowGroupBytes: 32 * mebibyte,
  pageBytes: 8 * 1024,
  sparseIndexInterval: 256,
  filter: { errorRate: 0.001 },
  stallTimeoutMs: 60_000,
  flushOnClose: true,
}

const presets: { readonly [P in Preset]: PresetOptions } = {
  balanced: { memtable: 'enhanced-skiplist', wal: 'sync' },
  'high-performance': {
    memtable: 'hash-skiplist',
    wal: 'async',
    memtableBytes: 8 * mebibyte,
    immutableMemtablesMax: 8,
    flushWorkers: 2,
    // Eight flushes are as much as one of `balanced`.
    compaction: { strategy: 'unified', scaling: ['T8', 'T4'] },
  },
  'memory-efficient': {
    memtable: 'linked-list',
    wal: 'batch',
    memtableBytes: mebibyte,
    immutableMemtablesMax: 2,
  },
}

type Check = (option: string, value: unknown) => void

function integer(least: number, most: number, infinite = false): Check {
  return (option, value) => {
    if (infinite && value === Number.POSITIVE_INFINITY) return
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw invalidOption(option, `must be an integer from ${least} to ${most}, not ${String(value)}`)
    }
  }
}

function oneOf(...choices: readonly string[]): Check {
  return (option, value) => {
    if (!choices.includes(value as string)) {
      throw invalidOption(option, `must be one of ${choices.join(', ')}, not ${String(value)}`)
    }
  }
}

const flag: Check = (option, value) => {
  if (typeof value !== 'boolean') throw invalidOption(option, `must be true or false, not ${String(value)}`)
}

const filterSettings: Check = (option, value) => {
  if (value === false) return
  if (typeof value !== 'object' || value === null) throw invalidOption(option, 'must be an object or false')
  for (const name of Object.keys(value))
    if (name !== 'errorRate' && name !== 'parquet') throw invalidOption(`${option}.${name}`, 'is not known')
  const { errorRate, parquet } = value as { readonly errorRate?: unknown; readonly parquet?: unknown }
  if (parquet !== undefined) flag(`${option}.parquet`, parquet)
  if (typeof errorRate !== 'number' || !(errorRate > 0 && errorRate < 1)) {
    throw invalidOption(`${option}.errorRate`, `must be a number above 0 and below 1, not ${String(errorRate)}`)
  }
}

const typeIs =
  (type: string): Check =>
  (option, value) => {
    if (typeof value !== type) throw invalidOption(option, `must be a ${type}`)
  }

const tableChecks: { readonly [K in keyof TableOptions]-?: Check } = {
  preset: oneOf(...Object.keys(presets)),
  wal: oneOf('sync', 'batch', 'async'),
  walBatchMs: integer(1, 60_000),
  memtable: oneOf(...memtableKinds),
  memtableBytes: integer(4096, 1024 * mebibyte),
  memtableRows: integer(1, 2 ** 31, true),
  immutableMemtablesMax: integer(1, 1000),
  flushWorkers: integer(1, 16),
  // Checked whole once the strategy is known, which may be the database's: `resolveTableOptions`.
  compaction: (option, value) => {
    if (typeof value !== 'object' || value === null) throw invalidOption(option, 'must be an object')
  },
  compression: oneOf('uncompressed', 'snappy', 'lz4_raw', 'zstd'),
  rowGroupRows: integer(1, 2 ** 24),
  rowGroupBytes: integer(1024, 1024 * mebibyte),
  pageBytes: integer(1024, 16 * mebibyte),
  sparseIndexInterval: integer(1, 65_536),
  filter: filterSettings,
  stallTimeoutMs: integer(0, 2 ** 31 - 1),
  flushOnClose: flag,
}

const openChecks: { readonly [K in keyof OpenOptions]-?: Check } = {
  ...tableChecks,
  compaction: (_, value) => {
    resolveCompactionOptions(value)
  },
  readOnly: flag,
  createIfMissing: flag,
  errorIfExists: flag,
  cacheBytes: integer(0, 2 ** 40),
  mergeMemoryBytes: integer(mebibyte, 2 ** 40),
  workers: integer(0, 256),
  fileSystem: typeIs('object'),
  clock: typeIs('function'),
}

function check(options: object, checks: { readonly [name: string]: Check }): void {
  for (const [name, value] of Object.entries(options)) {
    const test = Object.hasOwn(checks, name) ? checks[name] : undefined
    if (test === undefined) throw invalidOption(name, 'is not known')
    if (value !== undefined) test(name, value)
  }
}

function checkIsObject(options: unknown): asserts options is object {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'must be an object')
}

/** Checks the options given to `open`. */
export function checkOpenOptions(options: unknown): asserts options is OpenOptions {
  checkIsObject(options)
  check(options, openChecks)
}

/**
 * A table's options: what is given for it, else its preset's, else what `open` was given, else that preset's, else the
 * defaults.
 */
export function resolveTableOptions(options: unknown, database: TableOptions): ResolvedTableOptions {
  checkIsObject(options)
  check(options, tableChecks)
  const resolved: Record<string, unknown> = { ...tableDefaults }
  const presetOf = ({ preset }: TableOptions): PresetOptions => (preset === undefined ? {} : presets[preset])
  const sources = [presetOf(database), database, presetOf(options), options]
  for (const source of sources as readonly Record<string, unknown>[]) {
    for (const name of Object.keys(tableDefaults)) if (source[name] !== undefined) resolved[name] = source[name]
  }
  // Ours from now on: what the caller does to its object later was never checked.
  if (resolved['filter'] !== false) resolved['filter'] = { ...(resolved['filter'] as object) }
  const compactionOf = (given: TableOptions) => given.compaction ?? presetOf(given).compaction
  resolved['compaction'] = resolveTableCompaction(
    compactionOf(options),
    compactionOf(database),
    resolved as unknown as PlainTableOptions,
  )
  return resolved as unknown as ResolvedTableOptions
}
