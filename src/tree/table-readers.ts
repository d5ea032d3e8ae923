// The readers of a tree's SSTables, made at first touch and kept for as long as their file is one of the tree's; and the
// reads that are under way in them.

import { KeySearch } from '../format/key-search.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { ResolvedTableOptions } from '../options.js'
import { BulkReader } from '../sstable/bulk-reader.js'
import { blockFilters, FilterBlock } from '../sstable/filter-block.js'
import type { LookupFilter } from '../sstable/lookup-filter.js'
import { SSTableReader } from '../sstable/reader.js'
import { type ReaderHost, RepairQueue } from '../sstable/reader-host.js'
import type { Version } from '../version/version.js'
import type { TreeEnvironment } from './environment.js'
import type { RunReaders, RunTables } from './lookup.js'
import { ReadAhead } from './read-ahead.js'

/** What readers are made from. */
export interface TableReadersOptions {
  /** Name of the table. */
  readonly name: string
  /** The table's current schema. */
  readonly schema: Schema
  readonly options: ResolvedTableOptions
  readonly environment: TreeEnvironment
  readonly folderOf: (number: number) => string
  /** Told of every reader before it is closed. */
  readonly closes: (reader: SSTableReader) => void
}

export class TableReaders implements RunReaders {
  readonly search: KeySearch
  readonly #options: TableReadersOptions
  readonly #repairs: RepairQueue
  readonly #host: ReaderHost
  readonly #readers = new Map<number, SSTableReader>()
  readonly #reads = new Set<Promise<void>>()
  /** Those of the version that was asked for last: spares lookups a search per run. */
  #last: { readonly version: Version; readonly tables: RunTables } | undefined

  constructor(given: TableReadersOptions) {
    const { name, options, environment } = given
    const { openFiles, sidecars, health, readOnly } = environment
    this.#options = given
    this.search = new KeySearch(given.schema)
    this.#repairs = new RepairQueue((cause) => {
      const error = cause instanceof Error ? cause : new Error(String(cause))
      environment.emit('backgroundError', { table: name, error, willRetry: false })
    })
    this.#host = {
      openFiles,
      sidecars,
      repairs: this.#repairs,
      mayWrite: () => !readOnly && health.failure === undefined,
      isGuest: readOnly,
      sparseIndexInterval: options.sparseIndexInterval,
      filter: options.filter,
    }
  }

  /** The readers that are open. */
  open(): Iterable<SSTableReader> {
    return this.#readers.values()
  }

  /** The reader of an SSTable of a pinned version. Opens nothing. */
  of(table: SSTableMeta): SSTableReader {
    let reader = this.#readers.get(table.number)
    if (reader === undefined) {
      const { environment, schema, folderOf } = this.#options
      const { fs, cache } = environment
      reader = new SSTableReader(fs, folderOf(table.number), table, schema, cache, this.#host)
      this.#readers.set(table.number, reader)
    }
    return reader
  }

  /** A reader of an SSTable by the row group. Close it. */
  bulk(table: SSTableMeta): BulkReader {
    const { environment, schema, folderOf } = this.#options
    return new BulkReader(environment.fs, folderOf(table.number), table, schema)
  }

  /** For the workers' part in one scan; undefined: there are none that see the files. */
  readAhead(): ReadAhead | undefined {
    const { environment, schema, folderOf } = this.#options
    const { threads } = environment.executor
    return threads === 0 ? undefined : new ReadAhead(threads, schema, folderOf, (read) => this.track(read))
  }

  ofRuns(version: Version): RunTables {
    if (this.#last?.version !== version) {
      const lone = version.runs.map(({ tables: [table, ...more] }) =>
        table === undefined || more.length > 0 ? undefined : this.of(table),
      )
      const blocks = this.#blocks(lone.map((reader) => reader?.filter))
      this.#last = { version, tables: { lone, blocks } }
    }
    return this.#last.tables
  }

  /**
   * The filters in blocks that are full but for the newest: runs come in front, so that the others stay as they are from version to
   * version, and with them what they have made of their filters.
   */
  #blocks(filters: readonly (LookupFilter | undefined)[]): readonly FilterBlock[] {
    const before = new Set(this.#last?.tables.blocks)
    const blocks: FilterBlock[] = []
    for (let to = filters.length; to > 0; to -= blockFilters) {
      const those = filters.slice(Math.max(0, to - blockFilters), to)
      const same = [...before].find((block) => isSameList(block.filters, those))
      if (same !== undefined) before.delete(same)
      blocks.unshift(same ?? new FilterBlock(those, this.#options.environment.cache.sidecars))
    }
    for (const block of before) block.close()
    return blocks
  }

  /** Keeps files open until a read under way has ended. */
  track<T>(read: Promise<T>): Promise<T> {
    const over = () => this.#reads.delete(tracked)
    const tracked: Promise<void> = read.then(over, over).then(() => {})
    this.#reads.add(tracked)
    return read
  }

  /** Closes the reader of a file that is about to go. */
  drop(number: number): void {
    const reader = this.#readers.get(number)
    if (reader === undefined) return
    this.#options.closes(reader)
    this.#readers.delete(number)
    reader.close()
  }

  /** Waits for reads and repairs, then closes all files; rejects with the first failure, but closes the others too. */
  async close(): Promise<void> {
    await Promise.all(this.#reads)
    await this.#repairs.close()
    const failures: unknown[] = []
    for (const number of [...this.#readers.keys()]) {
      try {
        this.drop(number)
      } catch (error) {
        failures.push(error)
      }
    }
    for (const block of this.#last?.tables.blocks ?? []) block.close()
    this.#last = undefined
    if (failures.length > 0) throw failures[0]
  }
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i])
}
