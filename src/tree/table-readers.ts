// The open SSTables of a tree, and the reads that are under way in them.

import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { FileSystem } from '../fs/file-system.js'
import type { PageCache } from '../sstable/page-cache.js'
import { SSTableReader } from '../sstable/reader.js'

export class TableReaders {
  readonly #fs: FileSystem
  readonly #cache: PageCache
  readonly #schema: Schema
  readonly #folderOf: (number: number) => string
  readonly #readers = new Map<number, SSTableReader>()
  readonly #reads = new Set<Promise<void>>()

  constructor(fs: FileSystem, cache: PageCache, schema: Schema, folderOf: (number: number) => string) {
    this.#fs = fs
    this.#cache = cache
    this.#schema = schema
    this.#folderOf = folderOf
  }

  /** The reader of an SSTable of a pinned version. Opens nothing. */
  readonly of = (table: SSTableMeta): SSTableReader => {
    let reader = this.#readers.get(table.number)
    if (reader === undefined) {
      reader = new SSTableReader(this.#fs, this.#folderOf(table.number), table, this.#schema, this.#cache)
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
    this.#readers.get(number)?.close()
    this.#readers.delete(number)
  }

  /** Waits for the reads under way, then closes everything. Throws the first failure, but closes the others too. */
  async close(): Promise<void> {
    await Promise.all(this.#reads)
    const failures: unknown[] = []
    for (const reader of this.#readers.values()) {
      try {
        reader.close()
      } catch (error) {
        failures.push(error)
      }
    }
    this.#readers.clear()
    if (failures.length > 0) throw failures[0]
  }
}
