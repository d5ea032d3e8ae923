// The typed face of a tree: checks what a caller gives, encodes it, builds what a caller gets.

import type { Writable } from 'node:stream'
import { checkVerifyOptions, scrub, type VerifyOptions, type VerifyReport } from './database-scrub.js'
import { MarquetryError, throwIfAborted } from './errors.js'
import {
  checkExternalView,
  type ExternalDialect,
  type ExternalViewOptions,
  externalView,
} from './external-view.js'
import { type Bounds, encodeKey, encodeRange } from './format/key-codec.js'
import { compileWhere } from './format/predicate.js'
import type {
  AnyTable,
  BatchOperation,
  Columns,
  KeyOf,
  KeyRangeOptions,
  Projected,
  ReadOptions,
  RowInput,
  RowOf,
  ScanOptions,
  Snapshot,
  TypesOfTable,
  types,
} from './format/row-types.js'
import type { SchemaJson } from './format/schema.js'
import type { CompactionOptions } from './options-compaction.js'
import {
  boundNames,
  type CompactOptions,
  checkCompactOptions,
  checkNames,
  checkScanOptions,
} from './read-options.js'
import { resolveProjection, resolveSnapshot } from './read-targets.js'
import { type WriteStreamOptions, writeStream } from './row-streams.js'
import { TableLookups } from './table-lookups.js'
import { addOperation, checkRow } from './table-operations.js'
import { type Scan, TableScan } from './table-scan.js'
import { TableSnapshot } from './table-snapshot.js'
import type { ExportTarget } from './transfer/byte-output.js'
import type { ImportSource } from './transfer/byte-stream.js'
import { checkExportOptions, exportRows, storedWish } from './transfer/export.js'
import { importRows } from './transfer/import.js'
import type { ExportOptions, ExportResult, ImportOptions, ImportResult } from './transfer/transfer-options.js'
import { explainScan } from './tree/explain-scan.js'
import type { LsmTree } from './tree/lsm-tree.js'
import type { LiveFile, TableStats } from './tree/tree-stats.js'
import { KeyedSerial } from './util/keyed-serial.js'

/** A table of an open database: `C` are its columns, `K` the names of its key columns. Made by `db.table`. */
export class Table<C extends Columns = Columns, K extends readonly string[] = readonly string[]>
  implements AnyTable
{
  declare readonly [types]?: TypesOfTable<C, K>
  readonly name: string
  readonly #tree: LsmTree
  readonly #lookups: TableLookups
  readonly #updates = new KeyedSerial()

  /** @internal */
  constructor(tree: LsmTree) {
    this.name = tree.name
    this.#tree = tree
    this.#lookups = new TableLookups(tree)
  }

  /** The table's schema as plain data. */
  get schema(): SchemaJson {
    return this.#tree.schema.toJSON()
  }

  /**
   * Writes a row, replacing the one with its key. The row is read now: the caller may change it afterwards.
   * Resolves when the write is as durable as the WAL mode promises. Rejects with MARQUETRY_INVALID_ROW for a missing,
   * unknown or wrong value, and then nothing was written.
   */
  put(row: RowInput<C>): Promise<void> {
    return this.#tree.write((memtable, seq) => {
      memtable.addPut(checkRow(row), seq)
      return 1
    })
  }

  /** Removes the row with this key, if there is one. */
  delete(key: KeyOf<C, K>): Promise<void> {
    return this.#tree.write((memtable, seq) => {
      memtable.addDelete(key, seq)
      return 1
    })
  }

  /** Writes all of the operations or none, in their order. */
  async batch(operations: readonly BatchOperation<C, K>[]): Promise<void> {
    await this.#tree.write((memtable, seq) => {
      if (!Array.isArray(operations)) {
        throw new MarquetryError('MARQUETRY_INVALID_OPTION', 'A batch is an array of operations', {
          option: 'operations',
        })
      }
      for (let i = 0; i < operations.length; i++) addOperation(memtable, operations[i], seq + i)
      return operations.length
    })
    this.#tree.metrics.counts.batches++
  }

  /** The row with this key, or undefined. */
  async get<P extends keyof C = keyof C>(
    key: KeyOf<C, K>,
    options: ReadOptions<C, P> = {},
  ): Promise<Projected<C, P> | undefined> {
    return (await this.#lookups.get(key, options)) as Projected<C, P> | undefined
  }

  /** As `get`, but reads files on the calling thread: for rows that are likely in memory. */
  getSync<P extends keyof C = keyof C>(
    key: KeyOf<C, K>,
    options: ReadOptions<C, P> = {},
  ): Projected<C, P> | undefined {
    return this.#lookups.getSync(key, options) as Projected<C, P> | undefined
  }

  /** Whether there is a row with this key. */
  has(key: KeyOf<C, K>, options: Pick<ReadOptions<C, keyof C>, 'snapshot'> = {}): Promise<boolean> {
    return this.#lookups.has(key, options)
  }

  /**
   * The rows with these keys, in the order of the keys; undefined for keys without a row. All as of one moment. Keys are
   * looked up in key order, so that rows that lie together are read together.
   */
  async getMany<P extends keyof C = keyof C>(
    keys: readonly KeyOf<C, K>[],
    options: ReadOptions<C, P> = {},
  ): Promise<(Projected<C, P> | undefined)[]> {
    return (await this.#lookups.getMany(keys, options)) as (Projected<C, P> | undefined)[]
  }

  /**
   * Reads a row, hands it to `change` (undefined: there is none) and writes what that returns, whose key must be this
   * one; undefined: nothing is written. Updates of one key wait for each other, so none is lost among them; plain puts
   * do not wait. Returns what was written.
   */
  update(
    key: KeyOf<C, K>,
    change: (row: RowOf<C> | undefined) => RowInput<C> | undefined | Promise<RowInput<C> | undefined>,
  ): Promise<RowInput<C> | undefined> {
    return this.#updates.run(
      () => encodeKey(this.#tree.schema, key),
      async (bytes) => {
        const row = await change((await this.get(key)) as RowOf<C> | undefined)
        if (row === undefined) return undefined
        await this.#tree.write((memtable, seq) => {
          memtable.addPut(checkRow(row), seq, bytes)
          return 1
        })
        return row
      },
    )
  }

  /**
   * The rows of a key range in key order, or in reverse. Options are checked now: MARQUETRY_INVALID_KEY for bounds,
   * MARQUETRY_INVALID_OPTION for all else. Nothing is read before the first step.
   */
  scan<P extends keyof C = keyof C>(options: ScanOptions<C, K, P> = {}): Scan<Projected<C, P>> {
    checkScanOptions(options)
    const { schema } = this.#tree
    const range = encodeRange(schema, options as Bounds)
    const projection = resolveProjection(this.#tree, options.columns)
    const predicate = options.where === undefined ? undefined : compileWhere(schema, options.where)
    const { limit, signal, snapshot } = options
    resolveSnapshot(this.#tree, snapshot)
    const reverse = options.reverse === true
    const request = { range, predicate, limit, reverse }
    const seq = () => resolveSnapshot(this.#tree, snapshot)
    const check = () => throwIfAborted(signal)
    return new TableScan({
      schema,
      projection,
      signal,
      begin: (project) => this.#tree.scan({ ...request, project }, seq()),
      explain: (analyze) => explainScan(this.#tree, { ...request, project: projection }, seq(), analyze, check),
    })
  }

  /** The table as it is now, for any number of reads. */
  snapshot(): Snapshot {
    return new TableSnapshot(this.#tree)
  }

  /**
   * Writes the rows of a key range to a file (Parquet, CSV, NDJSON, Arrow IPC), as the table is at this moment and sorted by
   * key. A file that stands there is replaced, in one step and only after all is written. A Node or web stream gets the
   * bytes as it takes them, and is ended, but for the process's own output.
   */
  async export<P extends keyof C = keyof C>(
    target: ExportTarget,
    options: ExportOptions<C, K, P> = {},
  ): Promise<ExportResult> {
    const settings = checkExportOptions(target, options, this.#tree.options.compression)
    const range = encodeRange(this.#tree.schema, options as Bounds)
    const project = resolveProjection(this.#tree, options.columns)
    const predicate = options.where === undefined ? undefined : compileWhere(this.#tree.schema, options.where)
    const source = this.#tree.scan(
      { range, project, predicate, reverse: false, stored: storedWish(this.#tree.schema, project, settings) },
      resolveSnapshot(this.#tree, options.snapshot),
    )
    return await exportRows(this.#tree, project, source, settings)
  }

  /**
   * Writes all rows of a file (Parquet, CSV, NDJSON, Arrow IPC) or a stream to the table, replacing those with their keys. Columns are matched by name, their
   * values converted where that is exact; what the file has besides is left out, nullable columns that it does not have
   * are null. Throws MARQUETRY_INVALID_INPUT for a file that is malformed or does not fit, with column and row (counted
   * from 0); whether columns fit is checked before anything is written. Not atomic, but with `sorted`: rows that were written
   * before an error or an abort stay, and importing the file again completes them.
   */
  async import(source: ImportSource, options: ImportOptions<C> = {}): Promise<ImportResult> {
    return await importRows(this.#tree, source, options as ImportOptions<Columns>)
  }

  /**
   * A Node stream in object mode that puts the rows it is given, many to a record of the log, and holds back whoever
   * writes to it while the table cannot keep up. It finishes when all rows are as durable as the WAL mode promises; a row
   * that is refused destroys it with the error.
   */
  createWriteStream(options: WriteStreamOptions = {}): Writable {
    return writeStream((operations) => this.batch(operations as readonly BatchOperation<C, K>[]), options)
  }

  /** Makes everything written before this call part of an SSTable. */
  flush(): Promise<void> {
    return this.#tree.flush()
  }

  /**
   * Removes every row of a key range that was written before this call. Files that lie wholly in the range, and that no
   * snapshot needs, are dropped; the rest gets tombstones, a key at a time. Without bounds: all rows. Not atomic: a
   * crash may leave a part of it done, and calling it again completes it.
   */
  async deleteRange<R extends KeyRangeOptions<C, K>>(bounds: R = {} as R): Promise<void> {
    checkNames(bounds, boundNames, 'deletions')
    await this.#tree.deleteRange(encodeRange(this.#tree.schema, bounds as Bounds))
  }

  /**
   * Merges all files that hold keys of a range, memtables flushed first, so that of every key one version is left, and
   * of deleted ones none; older versions that open snapshots see stay. Without bounds: the whole table. Rejects with
   * MARQUETRY_ABORTED if the signal says so, and then nothing has changed.
   */
  async compact<O extends CompactOptions<C, K>>(options: O = {} as O): Promise<void> {
    checkCompactOptions(options)
    const range = encodeRange(this.#tree.schema, options as Bounds)
    await this.#tree.compact({ range, signal: options.signal, onProgress: options.onProgress })
  }

  /** Changes how the table is compacted, until it is opened again. Nothing is rewritten for that alone. */
  setCompaction(options: CompactionOptions): void {
    this.#tree.compaction.set(options)
  }

  /** Begins no merges by itself any more; resolves when none is under way. `compact` still works. */
  pauseCompaction(): Promise<void> {
    return this.#tree.compaction.pause()
  }

  /** Undoes `pauseCompaction`. */
  resumeCompaction(): void {
    this.#tree.compaction.resume()
  }

  /**
   * Resolves when no merge runs, the strategy wants none, and merged files that nobody reads are gone. Rejects with the
   * next failure of a merge, although the engine goes on trying.
   */
  compactionIdle(): Promise<void> {
    return this.#tree.compaction.idle()
  }

  /** The table's size at this moment, and what has happened to it since the database was opened: plain data. */
  stats(): TableStats {
    return this.#tree.stats()
  }

  /**
   * The Parquet files that make up the table at this moment, but for what is in memtables: newest run first. The folder
   * `sst/` may hold others, which are on their way in or out. Merges replace files: pause them while other tools read.
   */
  files(): readonly LiveFile[] {
    return this.#tree.files()
  }

  /**
   * Reads every file of the table, as it is at this moment, and checks all that can be checked: blocks against checksums, data against the
   * manifest, sidecars against data, rows against what is said of them, logs against memory. Reports all that is wrong, and does
   * not stop at the first. Writes and merges go on meanwhile.
   */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    checkVerifyOptions(options)
    const tree = this.#tree
    const scrubbed = { name: tree.name, image: tree.image(), hasFilter: tree.options.filter !== false }
    return await scrub(tree.environment.fs, [scrubbed], options, () => tree.checkOpen())
  }

  /**
   * What another program needs to read the table's current rows from its Parquet files: a query (`duckdb`, `clickhouse`) or
   * code (`polars`, `pandas` and `spark` in Python, `nodejs-polars` in JavaScript, that leaves them in `rows`) over the files
   * of this moment. Rows come in no particular order, and only from files: `flush` makes memtables files first. It is good
   * for as long as no merge replaces the files: pause them while other programs read. See docs/inspect.md.
   */
  externalView(dialect: ExternalDialect, options?: { readonly flush?: false | undefined }): string
  externalView(dialect: ExternalDialect, options: { readonly flush: true }): Promise<string>
  externalView(dialect: ExternalDialect, options: ExternalViewOptions): string | Promise<string>
  externalView(dialect: ExternalDialect, options: ExternalViewOptions = {}): string | Promise<string> {
    const flushes = checkExternalView(dialect, options)
    const view = () => externalView(dialect, this.#tree.schema, this.#tree.files())
    return flushes ? this.#tree.flush().then(view) : view()
  }

  /** @internal For imports: see `LsmTree.write`. */
  get tree(): LsmTree {
    return this.#tree
  }
}
