// A database: a directory of tables that share one lock, one page cache, one pool of workers, one sequence of numbers.

import { EventEmitter } from 'node:events'
import { availableParallelism, endianness } from 'node:os'
import { resolve } from 'node:path'
import { inlineExecutor, poolExecutor } from './compaction/executor.js'
import { MergeSlots } from './compaction/slots.js'
import { DatabaseDirectory } from './database-directory.js'
import { MarquetryError } from './errors.js'
import { type CatalogEntry, checkTableName } from './format/catalog.js'
import type { ColumnsInput, ColumnsOf, KeyNames, TableSchema } from './format/row-types.js'
import {
  defineSchema,
  extendSchema,
  type Schema,
  type SchemaDefinition,
  schemaDifference,
} from './format/schema.js'
import type { FileSystem } from './fs/file-system.js'
import { nodeFileSystem } from './fs/node.js'
import { environmentMetrics, type Metrics, tablesMetrics } from './metrics.js'
import { checkOpenOptions, type OpenOptions, resolveTableOptions, type TableOptions } from './options.js'
import { processFiles } from './sstable/open-files.js'
import { PageCache } from './sstable/page-cache.js'
import { newSidecarStats } from './sstable/reader-host.js'
import { Table } from './table.js'
import type { Events, Health, TreeEnvironment } from './tree/environment.js'
import { LsmTree } from './tree/lsm-tree.js'
import { memtableReps } from './tree/memtable-kinds.js'
import { recoverLogs } from './tree/recovery.js'
import type { SealedLog } from './tree/sealed-log.js'
import { TreeFiles } from './tree/tree-files.js'
import { TreeMetrics } from './tree/tree-metrics.js'
import { Serial } from './util/serial.js'

const cacheBytesDefault = 64 * 1024 * 1024
const mergeMemoryBytesDefault = 256 * 1024 * 1024

/** A table's files and what was recovered from its logs, until somebody asks for the table. */
interface Idle {
  readonly files: TreeFiles
  readonly recovered: readonly SealedLog[]
}

/** An open database. Made by `open`; close it. */
export class Database implements AsyncDisposable {
  readonly path: string
  readonly #directory: DatabaseDirectory
  readonly #options: OpenOptions
  readonly #environment: TreeEnvironment
  readonly #idle: Map<string, Idle>
  readonly #tables = new Map<string, { readonly tree: LsmTree; readonly table: Table }>()
  readonly #events: EventEmitter
  readonly #catalogEdits = new Serial()
  readonly #openedMs: number
  /** What dropped tables had counted: counters never go back. */
  readonly #dropped = new TreeMetrics()
  #backgroundErrors = 0
  #closing: Promise<void> | undefined

  private constructor(
    directory: DatabaseDirectory,
    options: OpenOptions,
    environment: TreeEnvironment,
    events: EventEmitter,
    idle: Map<string, Idle>,
  ) {
    this.path = directory.path
    this.#directory = directory
    this.#options = options
    this.#environment = environment
    this.#events = events
    this.#idle = idle
    this.#openedMs = environment.clock()
    this.on('backgroundError', () => {
      this.#backgroundErrors++
    })
  }

  /** See the function `open`. */
  static async open(given: string, options: OpenOptions = {}): Promise<Database> {
    checkOpenOptions(options)
    if (typeof given !== 'string' || given === '') {
      throw new MarquetryError('MARQUETRY_INVALID_OPTION', 'The path of a database must be a string', {
        option: 'path',
      })
    }
    if (endianness() !== 'LE') {
      throw new MarquetryError('MARQUETRY_UNSUPPORTED_FORMAT', 'marquetry runs on little-endian machines only')
    }
    const fs = options.fileSystem ?? nodeFileSystem()
    // A later change of the working directory must not move the database from under the engine and its workers.
    const path = fs.sharedWithWorkers ? resolve(given) : given
    const readOnly = options.readOnly === true
    const createIfMissing = !readOnly && options.createIfMissing !== false
    const errorIfExists = options.errorIfExists === true
    const directory = await DatabaseDirectory.open(fs, path, { createIfMissing, errorIfExists })
    const events = new EventEmitter()
    const environment = makeEnvironment(fs, options, events)
    const idle = new Map<string, Idle>()
    try {
      const defaults = resolveTableOptions({}, options)
      for (const entry of directory.catalog.tables) {
        idle.set(
          entry.name,
          await openTree(environment, `${path}/${entry.name}`, entry, memtableReps[defaults.memtable]),
        )
      }
      if (!readOnly) await directory.settle()
    } catch (error) {
      await Promise.allSettled([...idle.values()].map(({ files }) => files.close()))
      await directory.close().catch(() => {})
      throw error
    }
    return new Database(directory, options, environment, events, idle)
  }

  /**
   * The table of this name: opened, or made if it is not there. A table that is there must have this schema
   * (MARQUETRY_SCHEMA_MISMATCH), but for nullable columns that are new: they are added, and null in all rows that are
   * there. Without a schema the table must be there (MARQUETRY_NOT_FOUND). Asking again returns the same object.
   */
  table<const C extends ColumnsInput, const K extends KeyNames<ColumnsOf<C>>>(
    name: string,
    schema: TableSchema<C, K>,
    options?: TableOptions,
  ): Promise<Table<ColumnsOf<C>, K>>
  table(name: string): Promise<Table>
  async table(name: string, schema?: SchemaDefinition, options: TableOptions = {}): Promise<Table> {
    this.#checkOpen()
    checkTableName(name)
    const wanted = schema === undefined ? undefined : defineSchema(schema)
    const resolved = resolveTableOptions(options, this.#options)
    return await this.#catalogEdits.run(async () => {
      this.#checkOpen()
      const open = this.#tables.get(name)
      if (open !== undefined) {
        if (wanted !== undefined) checkSchema(name, open.tree.schema, wanted)
        return open.table
      }
      const idle = this.#idle.get(name) ?? (await this.#create(name, wanted))
      if (wanted !== undefined) await this.#adopt(name, idle.files, wanted)
      this.#idle.delete(name)
      const tree = new LsmTree(name, idle.files.schema, resolved, this.#environment, idle.files, idle.recovered)
      const table = new Table(tree)
      this.#tables.set(name, { tree, table })
      return table
    })
  }

  /**
   * Removes a table and all its rows. Reads and writes of it that are under way end with MARQUETRY_CLOSED.
   * Throws MARQUETRY_NOT_FOUND if there is none. Once this has resolved, the table is gone for good.
   */
  async dropTable(name: string): Promise<void> {
    this.#checkOpen()
    checkTableName(name)
    await this.#catalogEdits.run(async () => {
      this.#checkOpen()
      this.#checkWritable()
      const { catalog } = this.#directory
      const entry = catalog.tables.find((table) => table.name === name)
      if (entry === undefined) throw new MarquetryError('MARQUETRY_NOT_FOUND', `There is no table ${name}`)
      const fail = (error: unknown) => this.#environment.health.fail(error)
      await this.#directory.dropTable(entry, fail, async () => {
        const open = this.#tables.get(name)
        const idle = this.#idle.get(name)
        if (open !== undefined) this.#dropped.add(open.tree.metrics)
        this.#tables.delete(name)
        this.#idle.delete(name)
        await (open === undefined ? idle?.files.close() : open.tree.close(false))?.catch(() => {})
      })
    })
  }

  /** Names of all tables, sorted. */
  tables(): readonly string[] {
    return this.#directory.catalog.tables.map(({ name }) => name).sort()
  }

  /** Calls `listener` at every event of this kind. Returns a function that stops it. */
  on<E extends keyof Events>(event: E, listener: (payload: Events[E]) => void): () => void {
    this.#events.on(event, listener)
    return () => this.#events.off(event, listener)
  }

  /** The database's size at this moment, and what has happened since it was opened: plain data. */
  metrics(): Metrics {
    const trees = [...this.#tables.values()].map(({ tree }) => tree)
    return {
      uptimeMs: this.#environment.clock() - this.#openedMs,
      backgroundErrors: this.#backgroundErrors,
      ...environmentMetrics(this.#environment),
      ...tablesMetrics(trees, this.#dropped),
    }
  }

  /**
   * Waits for writes under way, flushes memtables (unless `flushOnClose` is false), closes all files and gives the lock
   * back. All that also happens when it rejects, which it does with the first failure; rows that could not be flushed
   * are in their log. Calling it again returns the same promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    // At once, so that nothing is accepted after this call; tables that are being made follow.
    const early = [...this.#tables.values()]
    const closing = Promise.allSettled(early.map(({ tree }) => tree.close()))
    await this.#catalogEdits.run(async () => {})
    const late = [...this.#tables.values()].filter((table) => !early.includes(table))
    const results = [
      ...(await closing),
      ...(await Promise.allSettled(late.map(({ tree }) => tree.close()))),
      ...(await Promise.allSettled([...this.#idle.values()].map(({ files }) => files.close()))),
      ...(await Promise.allSettled([this.#directory.close()])),
    ]
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** Checks the schema that a caller expects, and adds the nullable columns that it has besides. */
  async #adopt(name: string, files: TreeFiles, wanted: Schema): Promise<void> {
    const lastId = Math.max(...files.state.schemas.map(({ id }) => id))
    const extended = extendSchema(files.schema, wanted, lastId + 1)
    checkSchema(name, extended ?? files.schema, wanted)
    if (extended === undefined) return
    this.#checkWritable()
    await files.edit({ addSchema: extended.toJSON(), currentSchemaId: extended.id })
  }

  /** If the process dies before the catalog names the table, its directory is left over; the next creation removes it. */
  async #create(name: string, schema: Schema | undefined): Promise<Idle> {
    const { catalog } = this.#directory
    const same = catalog.tables.find((entry) => entry.name.toLowerCase() === name.toLowerCase())
    if (schema === undefined) {
      throw new MarquetryError('MARQUETRY_NOT_FOUND', `There is no table ${name}; give a schema to make it`)
    }
    if (same !== undefined) {
      throw new MarquetryError(
        'MARQUETRY_INVALID_OPTION',
        `There is a table ${same.name}; names differ in more than case`,
        {
          option: 'name',
        },
      )
    }
    this.#checkWritable()
    const { fs, health } = this.#environment
    const entry = { id: catalog.nextTableId, name }
    const fail = (error: unknown) => health.fail(error)
    await this.#directory.collectOrphans() // of a creation that failed
    const files = await TreeFiles.create(fs, `${this.path}/${name}`, entry, schema, fail)
    try {
      await fs.syncDirectory(this.path)
      await this.#directory.setCatalog(
        { ...catalog, nextTableId: entry.id + 1, tables: [...catalog.tables, entry] },
        fail,
      )
    } catch (error) {
      await files.close().catch(() => {})
      throw error
    }
    return { files, recovered: [] }
  }

  #checkWritable(): void {
    if (this.#environment.readOnly) {
      throw new MarquetryError('MARQUETRY_READ_ONLY', 'The database was opened with `readOnly`')
    }
    this.#environment.health.check()
  }

  #checkOpen(): void {
    if (this.#closing !== undefined)
      throw new MarquetryError('MARQUETRY_CLOSED', `The database ${this.path} is closed`)
  }
}

function checkSchema(name: string, stored: Schema, given: Schema): void {
  const difference = schemaDifference(stored, given)
  if (difference !== undefined) {
    throw new MarquetryError('MARQUETRY_SCHEMA_MISMATCH', `Table ${name} has another schema: ${difference}`)
  }
}

function makeEnvironment(fs: FileSystem, options: OpenOptions, events: EventEmitter): TreeEnvironment {
  const threads = options.workers ?? Math.max(1, availableParallelism() - 1)
  return {
    fs,
    mergeSlots: new MergeSlots(Math.max(1, fs.sharedWithWorkers ? threads : 1)),
    mergeMemoryBytes: options.mergeMemoryBytes ?? mergeMemoryBytesDefault,
    executor: threads === 0 || !fs.sharedWithWorkers ? inlineExecutor(fs) : poolExecutor(threads),
    cache: new PageCache(options.cacheBytes ?? cacheBytesDefault),
    openFiles: processFiles,
    sidecars: newSidecarStats(),
    health: makeHealth(),
    clock: options.clock ?? Date.now,
    readOnly: options.readOnly === true,
    sequence: { next: 1 },
    emit: (event, payload) => {
      try {
        events.emit(event, payload)
      } catch (error) {
        // A listener's mistake is its author's to see, but must not stop a flush half-way.
        queueMicrotask(() => {
          throw error
        })
      }
    },
  }
}

function makeHealth(): Health {
  let failure: MarquetryError | undefined
  return {
    check() {
      if (failure !== undefined) throw failure
    },
    fail(cause) {
      if (cause === failure) return
      failure ??= new MarquetryError(
        'MARQUETRY_READ_ONLY',
        `The database is read-only until it is opened anew, since a write failed: ${(cause as Error)?.message}`,
        { cause },
      )
    },
    get failure() {
      return failure
    },
  }
}

async function openTree(
  environment: TreeEnvironment,
  directory: string,
  entry: CatalogEntry,
  rep: (typeof memtableReps)['sorted'],
): Promise<Idle> {
  const { fs, readOnly, health, sequence } = environment
  const files = await TreeFiles.open(fs, directory, entry, readOnly, (error) => health.fail(error))
  try {
    const recovered = await recoverLogs({
      fs,
      directory,
      treeId: entry.id,
      readOnly,
      logs: files.state.logs,
      schema: (id) => files.schemaOf(id),
      rep,
      holds: (position) => files.holds(position),
    })
    await files.settle(readOnly)
    const last = Math.max(files.lastSeq, ...recovered.map((log) => log.memtable.lastSeq))
    sequence.next = Math.max(sequence.next, last + 1)
    return { files, recovered }
  } catch (error) {
    await files.close().catch(() => {})
    throw error
  }
}
