// MarquetryLevel: an abstract-level database over one table of one marquetry database.
//
//   abstract-level   encodings, hooks, events, deferred open, sublevels, life cycles of iterators and snapshots
//   MarquetryLevel   what is left: bytes or strings in, rows of the table `entries` out
//
// Every method that starts with an underscore is called by abstract-level, with checked and encoded arguments, while the
// database is open. Errors have Level's codes, and the engine's error as their cause.

import {
  type AbstractBatchOperation,
  type AbstractBatchOptions,
  type AbstractDatabaseOptions,
  type AbstractDelOptions,
  AbstractLevel,
  type AbstractOpenOptions,
  type AbstractPutOptions,
  type AbstractSnapshot,
} from 'abstract-level'
import type { Database } from '../database.js'
import type { Batch } from '../format/batch.js'
import { encodeKey, type KeyBytes } from '../format/key-codec.js'
import type { RowShape } from '../format/row-builder.js'
import { open } from '../open.js'
import type { OpenOptions } from '../options.js'
import { repair } from '../repair.js'
import type { Table } from '../table.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import { findRow, findRowSync, findRows } from '../tree/point-reads.js'
import { approximateSize } from './approximate-size.js'
import { clearSome } from './clear.js'
import { destroyDatabase } from './destroy.js'
import {
  bytesOf,
  columns,
  type Data,
  entriesTable,
  entrySchema,
  type Format,
  type FoundValue,
  readerOf,
  valueShape,
} from './entry.js'
import { EntryCursor } from './entry-cursor.js'
import { EntryIterator, type IteratorOptions, KeyIterator, ValueIterator, Walk } from './iterators.js'
import { type LevelRange, rangeOf } from './key-range.js'
import { LevelError, levelError, rethrow } from './level-error.js'
import { LevelSnapshot, seqOf } from './snapshot.js'
import { LevelChainedBatch, type Operation, type WriteOptions, write } from './writes.js'

/** What the database can do, as abstract-level and its test suite want it said. */
const manifest = {
  encodings: { buffer: true, view: true, utf8: true },
  has: true,
  getSync: true,
  seek: true,
  permanence: true,
  implicitSnapshots: true,
  explicitSnapshots: true,
  createIfMissing: true,
  errorIfExists: true,
  additionalMethods: { approximateSize: true, compactRange: true },
  signals: { iterators: true },
}

/** What lookups make of entries: values per format, or that there are any. */
const shapes = { utf8: valueShape('utf8'), buffer: valueShape('buffer'), view: valueShape('view') }
const presence = valueShape()

/** Options of `MarquetryLevel.open`. */
export interface MarquetryLevelOpenOptions extends AbstractOpenOptions {
  /**
   * Options of the engine: those of `open` of this package. As LevelDB does, writes are by default only handed to the
   * operating system before their promise resolves (`wal: 'async'`); `{ sync: true }` for a write, or `wal: 'sync'` here
   * for all, waits for the disk.
   */
  readonly marquetry?: Omit<OpenOptions, 'createIfMissing' | 'errorIfExists'> | undefined
}

/** Options of the constructor of `MarquetryLevel`: encodings, and what `open` takes. */
export interface MarquetryLevelOptions<K, V>
  extends AbstractDatabaseOptions<K, V>,
    Omit<MarquetryLevelOpenOptions, 'passive'> {}

/** What reads are told: the formats to answer in, and the moment. */
interface ReadOptions {
  readonly keyEncoding: Format
  readonly valueEncoding: Format
  readonly snapshot?: AbstractSnapshot
}

interface ClearOptions extends LevelRange {
  readonly reverse: boolean
  readonly limit: number
  readonly snapshot?: AbstractSnapshot
}

/** Options of `compactRange` and `approximateSize`. */
export interface StartEndOptions {
  /** How `start` and `end` are encoded. Default: the database's key encoding. */
  readonly keyEncoding?: string | undefined
}

/** Writes take `sync` besides what abstract-level names. */
export interface MarquetryLevel<KDefault = string, VDefault = string> {
  put(key: KDefault, value: VDefault): Promise<void>
  put<K = KDefault, V = VDefault>(
    key: K,
    value: V,
    options: AbstractPutOptions<K, V> & WriteOptions,
  ): Promise<void>
  del(key: KDefault): Promise<void>
  del<K = KDefault>(key: K, options: AbstractDelOptions<K> & WriteOptions): Promise<void>
  batch(operations: AbstractBatchOperation<this, KDefault, VDefault>[]): Promise<void>
  batch<K = KDefault, V = VDefault>(
    operations: AbstractBatchOperation<this, K, V>[],
    options: AbstractBatchOptions<K, V> & WriteOptions,
  ): Promise<void>
  batch(): LevelChainedBatch<this, KDefault, VDefault>
}

/** An abstract-level database in a directory of its own, as classic-level is; its files are Parquet. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the methods are there; only the types of their options are wider
export class MarquetryLevel<KDefault = string, VDefault = string> extends AbstractLevel<
  string | Buffer | Uint8Array,
  KDefault,
  VDefault
> {
  /** The directory that was given. */
  readonly location: string
  #open: { readonly database: Database; readonly table: Table; readonly tree: LsmTree } | undefined

  /** Opens itself, soon; operations that are called before wait for it. */
  constructor(location: string, options?: MarquetryLevelOptions<KDefault, VDefault>) {
    checkLocation(location)
    super(manifest, options)
    this.location = location
  }

  /** The engine's database: its metrics and events. Throws LEVEL_DATABASE_NOT_OPEN. */
  get database(): Database {
    return this.#opened().database
  }

  /** The engine's table, of the binary columns `key` and `value`: for scans, exports, statistics. Throws LEVEL_DATABASE_NOT_OPEN. */
  get table(): Table<typeof entrySchema.columns, typeof entrySchema.key> {
    return this.#opened().table as Table<typeof entrySchema.columns, typeof entrySchema.key>
  }

  /** Opens the database after it was closed, or resolves when it has opened itself. */
  override open(options?: MarquetryLevelOpenOptions): Promise<void> {
    return super.open(options as AbstractOpenOptions)
  }

  /** Merges all files that hold keys from `start` to before `end`: space of what was overwritten or deleted is given back. */
  async compactRange<K = KDefault>(start: K, end: K, options?: StartEndOptions): Promise<void> {
    checkArguments(start, end)
    if (this.status === 'opening') return this.deferAsync(() => this.compactRange(start, end, options))
    const { tree } = this.#opened()
    await tree.compact({ range: rangeOf(tree.schema, this.#startEnd(start, end, options)) }).catch(rethrow)
  }

  /**
   * About how many bytes the files take that hold the entries from `start` to before `end`. Memtables do not count, as
   * they do not in LevelDB.
   */
  async approximateSize<K = KDefault>(start: K, end: K, options?: StartEndOptions): Promise<number> {
    checkArguments(start, end)
    if (this.status === 'opening') return this.deferAsync(() => this.approximateSize(start, end, options))
    const { tree } = this.#opened()
    const range = rangeOf(tree.schema, this.#startEnd(start, end, options))
    return await approximateSize(tree, range).catch(rethrow)
  }

  /**
   * Removes the database in a directory, all its tables included, and the directory if nothing else is in it. No database
   * there: nothing is done. Rejects with LEVEL_LOCKED while it is open.
   */
  static async destroy(location: string): Promise<void> {
    checkLocation(location)
    await destroyDatabase(location).catch(rethrow)
  }

  /**
   * Saves what can be saved of a damaged database: see `repair` of this package, which also reports what was lost. Rejects with
   * LEVEL_LOCKED while it is open.
   */
  static async repair(location: string): Promise<void> {
    checkLocation(location)
    await repair(location).catch(rethrow)
  }

  // --- For abstract-level.

  protected async _open(options: MarquetryLevelOpenOptions): Promise<void> {
    const { createIfMissing, errorIfExists, marquetry } = options
    try {
      const database = await open(this.location, { wal: 'async', ...marquetry, createIfMissing, errorIfExists })
      try {
        const table = (await database.table(entriesTable, entrySchema)) as unknown as Table
        this.#open = { database, table, tree: table.tree }
      } catch (error) {
        await database.close().catch(() => {})
        throw error
      }
    } catch (error) {
      throw levelError(error)
    }
  }

  protected async _close(): Promise<void> {
    const { database } = this.#opened()
    await database.close().catch(rethrow)
    this.#open = undefined
  }

  protected _put(key: Data, value: Data, options: WriteOptions): Promise<void> {
    return write(this.#tree, [{ type: 'put', key, value }], options)
  }

  protected _del(key: Data, options: WriteOptions): Promise<void> {
    return write(this.#tree, [{ type: 'del', key }], options)
  }

  protected _batch(operations: readonly Operation[], options: WriteOptions): Promise<void> {
    return write(this.#tree, operations, options)
  }

  protected _chainedBatch(): LevelChainedBatch<this, KDefault, VDefault> {
    return new LevelChainedBatch(this, (operations, options) => write(this.#tree, operations, options))
  }

  protected async _get(key: Data, { valueEncoding, snapshot }: ReadOptions): Promise<Data | undefined> {
    try {
      const seq = seqOf(this.#tree, snapshot)
      return (await findRow(this.#tree, this.#encode(key), shapes[valueEncoding], seq))?.value
    } catch (error) {
      throw levelError(error)
    }
  }

  protected _getSync(key: Data, { valueEncoding, snapshot }: ReadOptions): Data | undefined {
    try {
      const seq = seqOf(this.#tree, snapshot)
      return findRowSync(this.#tree, this.#encode(key), shapes[valueEncoding], seq)?.value
    } catch (error) {
      throw levelError(error)
    }
  }

  protected async _getMany(keys: readonly Data[], options: ReadOptions): Promise<(Data | undefined)[]> {
    const found = await this.#findAll(keys, shapes[options.valueEncoding], options)
    return found.map((entry) => entry?.value)
  }

  protected async _has(key: Data, { snapshot }: ReadOptions): Promise<boolean> {
    try {
      const seq = seqOf(this.#tree, snapshot)
      return (await findRow(this.#tree, this.#encode(key), presence, seq)) !== undefined
    } catch (error) {
      throw levelError(error)
    }
  }

  protected async _hasMany(keys: readonly Data[], options: ReadOptions): Promise<boolean[]> {
    const found = await this.#findAll(keys, presence, options)
    return found.map((entry) => entry !== undefined)
  }

  async #findAll(keys: readonly Data[], shape: RowShape<FoundValue>, { snapshot }: ReadOptions) {
    try {
      const encoded = keys.map((key) => this.#encode(key))
      return await findRows(this.#tree, encoded, shape, seqOf(this.#tree, snapshot))
    } catch (error) {
      throw levelError(error)
    }
  }

  #encode(key: Data): KeyBytes {
    return encodeKey(this.#tree.schema, bytesOf(key))
  }

  protected _iterator(options: IteratorOptions): EntryIterator<this, KDefault, VDefault> {
    const { keys = true, values = true, keyEncoding, valueEncoding } = options
    const readKey = readerOf(keyEncoding)
    const readValue = readerOf(valueEncoding)
    const project = keys ? (values ? columns.both : columns.key) : values ? columns.value : columns.none
    const value = keys ? 1 : 0
    const walk = this.#walk(options, project, ({ columns }, row) => [
      keys ? readKey(columns[0]!, row) : undefined,
      values ? readValue(columns[value]!, row) : undefined,
    ])
    return new EntryIterator(this, options, walk as never)
  }

  protected _keys(options: IteratorOptions): KeyIterator<this, KDefault> {
    const read = readerOf(options.keyEncoding)
    return new KeyIterator(
      this,
      options,
      this.#walk(options, columns.key, (batch, row) => read(batch.columns[0]!, row)),
    )
  }

  protected _values(options: IteratorOptions): ValueIterator<this, KDefault, VDefault> {
    const read = readerOf(options.valueEncoding)
    return new ValueIterator(
      this,
      options,
      this.#walk(options, columns.value, (batch, row) => read(batch.columns[0]!, row)),
    )
  }

  protected _snapshot(options: { readonly owner: object }): LevelSnapshot {
    return new LevelSnapshot(this.#tree, options)
  }

  protected async _clear({ reverse, limit, snapshot, ...bounds }: ClearOptions): Promise<void> {
    try {
      const tree = this.#tree
      const range = rangeOf(tree.schema, bounds)
      const seq = seqOf(tree, snapshot)
      if (limit < 0 && seq === undefined) await tree.deleteRange(range)
      else await clearSome(tree, new EntryCursor(tree, range, columns.key, reverse, seq), limit)
    } catch (error) {
      throw levelError(error)
    }
  }

  get #tree(): LsmTree {
    return this.#opened().tree
  }

  #opened(): { readonly database: Database; readonly table: Table; readonly tree: LsmTree } {
    if (this.#open === undefined) throw new LevelError('LEVEL_DATABASE_NOT_OPEN', 'Database is not open')
    return this.#open
  }

  #walk<T>(
    options: IteratorOptions,
    project: readonly number[],
    read: (batch: Batch, row: number) => T,
  ): Walk<T> {
    try {
      const tree = this.#tree
      const range = rangeOf(tree.schema, options)
      const cursor = new EntryCursor(tree, range, project, options.reverse, seqOf(tree, options.snapshot))
      return new Walk(cursor, read, options.signal)
    } catch (error) {
      throw levelError(error)
    }
  }

  #startEnd<K>(start: K, end: K, options: StartEndOptions | undefined): LevelRange {
    const { encode } = this.keyEncoding(options?.keyEncoding as never) as { encode(key: K): Data }
    return { gte: encode(start), lt: encode(end) }
  }
}

function checkLocation(location: unknown): void {
  if (typeof location === 'string' && location !== '') return
  throw new TypeError("The first argument 'location' must be a non-empty string")
}

function checkArguments(start: unknown, end: unknown): void {
  if (start === undefined || end === undefined)
    throw new TypeError("The arguments 'start' and 'end' are required")
}
