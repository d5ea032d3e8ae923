// What a table is at one moment, as plain data, and how the tables of a database add up.

import { sstableFiles } from '../format/file-names.js'
import type { Schema } from '../format/schema.js'
import type { Memtable } from '../memtable/memtable.js'
import type { MemtableKind } from '../options.js'
import type { CompactionStrategyName } from '../options-compaction.js'
import { assert } from '../util/assert.js'
import type { LevelTotals, Version } from '../version/version.js'
import type { Counters } from './tree-metrics.js'

/** What is held in memory and on the disk at this moment. */
export interface Sizes {
  /** Entries in memtables, all versions and tombstones counted. */
  readonly memtableRows: number
  /** Memory of these memtables: what is used of their arenas, what is allocated for their indexes. */
  readonly memtableBytes: number
  /** Of these, the part that takes writes; the rest is immutable and waits for its flush. */
  readonly activeMemtableRows: number
  readonly activeMemtableBytes: number
  readonly immutableMemtables: number
  readonly sstables: number
  /** Rows in SSTables, all versions and tombstones counted. */
  readonly sstableRows: number
  /** Bytes of the Parquet files. */
  readonly sstableBytes: number
  /** Per level that holds data, the newest first. */
  readonly levels: readonly LevelTotals[]
  /** Snapshots that are open. */
  readonly snapshots: number
}

/** What `table.stats()` tells: plain data. Every field is explained in docs/metrics.md. */
export interface TableStats extends Sizes, Counters {
  readonly memtableKind: MemtableKind
  /** Sequence number of the newest write that reads see. */
  readonly visibleSeq: number
  readonly compaction: CompactionStats
}

/** How a table is kept in shape. */
export interface CompactionStats {
  readonly strategy: CompactionStrategyName
  /** Merges under way. */
  readonly running: number
  readonly paused: boolean
  /** Numbers of SSTables that were found damaged too often to be merged. */
  readonly quarantined: readonly number[]
  /** Bytes of SSTables written for each byte flushed, since the database was opened; 1: nothing was merged. */
  readonly writeAmplification: number
  /** Sorted runs that a lookup may have to ask for one key. */
  readonly readAmplification: number
  /** Rows stored for each live one, estimated from samples of the keys; memtables are not counted. */
  readonly spaceAmplification: number
}

/** A Parquet file that is part of the table at this moment. */
export interface LiveFile {
  readonly number: number
  readonly path: string
  readonly level: number
  /** Identity of its sorted run; files of one run do not overlap. */
  readonly run: number
  /** Rows, all versions and tombstones counted. */
  readonly rows: number
  /** Distinct keys. */
  readonly keys: number
  readonly tombstones: number
  readonly bytes: number
  /** How many of the table's columns it has: the first ones. Those behind were added later, and are null in all its rows. */
  readonly columns: number
}

/** What of a tree's files their list is made of. */
interface FilesOfTree {
  readonly version: Version
  folder(number: number): string
  schemaOf(id: number): Schema | undefined
}

/** The files of a tree, newest run first, within a run in key order. */
export function liveFiles(files: FilesOfTree): readonly LiveFile[] {
  return files.version.runs.flatMap(({ id: run, level, tables }) =>
    tables.map(({ number, schemaId, rows, keys, tombstones, bytes }) => {
      const schema = files.schemaOf(schemaId)
      assert(schema !== undefined, 'the schema of a table is known')
      const path = `${files.folder(number)}/${sstableFiles.data}`
      return { number, path, level, run, rows, keys, tombstones, bytes, columns: schema.columns.length }
    }),
  )
}

/** A tree, as its sizes see it. */
export interface MeasuredTree {
  readonly version: Version
  readonly active: Memtable | undefined
  readonly immutables: readonly Memtable[]
  readonly snapshots: number
}

export function sizesOf({ version, active, immutables, snapshots }: MeasuredTree): Sizes {
  const levels = version.levels()
  const activeMemtableRows = active?.entries ?? 0
  const activeMemtableBytes = active?.memoryBytes ?? 0
  return {
    memtableRows: activeMemtableRows + sum(immutables, (memtable) => memtable.entries),
    memtableBytes: activeMemtableBytes + sum(immutables, (memtable) => memtable.memoryBytes),
    activeMemtableRows,
    activeMemtableBytes,
    immutableMemtables: immutables.length,
    sstables: sum(levels, (level) => level.tables),
    sstableRows: sum(levels, (level) => level.rows),
    sstableBytes: sum(levels, (level) => level.bytes),
    levels,
    snapshots,
  }
}

/** The sizes of several tables together; levels of the same number are added up. */
export function addSizes(tables: readonly Sizes[]): Sizes {
  const levels = new Map<number, LevelTotals>()
  for (const added of tables.flatMap((table) => table.levels)) {
    const { level } = added
    const all = [levels.get(level), added].filter((totals) => totals !== undefined)
    levels.set(level, {
      level,
      runs: sum(all, ({ runs }) => runs),
      tables: sum(all, ({ tables }) => tables),
      rows: sum(all, ({ rows }) => rows),
      tombstones: sum(all, ({ tombstones }) => tombstones),
      bytes: sum(all, ({ bytes }) => bytes),
    })
  }
  return {
    memtableRows: sum(tables, (table) => table.memtableRows),
    memtableBytes: sum(tables, (table) => table.memtableBytes),
    activeMemtableRows: sum(tables, (table) => table.activeMemtableRows),
    activeMemtableBytes: sum(tables, (table) => table.activeMemtableBytes),
    immutableMemtables: sum(tables, (table) => table.immutableMemtables),
    sstables: sum(tables, (table) => table.sstables),
    sstableRows: sum(tables, (table) => table.sstableRows),
    sstableBytes: sum(tables, (table) => table.sstableBytes),
    levels: [...levels.values()].sort((a, b) => a.level - b.level),
    snapshots: sum(tables, (table) => table.snapshots),
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
