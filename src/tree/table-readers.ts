// The open SSTables of a tree, and the reads that are under way in them.

import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { FileSystem } from '../fs/file-system.js'
import type { PageCache } from '../sstable/page-cache.js'
import { SSTableReader } from '../sstable/reader.js'

/** What readers are made from. */
export interface TableReadersOptions {
  readonly fs: FileSystem
  readonly cache: PageCache
  /** The table's current schema. */
  readonly schema: Schema
  readonly folderOf: (number: number) => string
  /** Told of every reader before it is closed. */
  readonly closes: (reader: SSTableReader) => void
}

export class TableReaders {
  readonly #options: TableReadersOptions
  readonly #readers = new Map<number, SSTableReader>()
  readonly #reads = new Set<Promise<void>>()

  constructor(options: TableReadersOptions) {
    this.#options = options
  }

  /** The readers that are open. */
  open(): Iterable<SSTableReader> {
    return this.#readers.values()
  }

  /** The reader of an SSTable of a pinned version. Opens nothing. */
  readonly of = (table: SSTableMeta): SSTableReader => {
    let reader = this.#readers.get(table.number)
    if (reader === undefined) {
      const { fs, cache, schema, folderOf } = this.#options
      reader = new SSTableReader(fs, folderOf(table.number), table, schema, cache)
      this.#readers.set(table.number, reader)
    }
    return reader
  }

  /** Keeps files open until a read under way has ended. */
  track<T>(read: Promise<T>): Promise<T> {
    const over = () => this.#reads.delete(tracked)
    const tracked: Promise<void> = read.then(over, over).then(() => {})
    this.#reads.add(tracked)
    return read
  }

  /** Closes the files of a table that no version holds any more. */
  drop(number: number): void {
    const reader = this.#readers.get(number)
    if (reader === undefined) return
    this.#options.closes(reader)
    this.#readers.delete(number)
    reader.close()
  }

  /** Waits for the reads under way, then closes everything. Throws the first failure, but closes the others too. */
  async close(): Promise<void> {
    await Promise.all(this.#reads)
    const failures: unknown[] = []
    for (const number of [...this.#readers.keys()]) {
      try {
        this.drop(number)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
