// A database: a directory of tables that share one lock, one page cache, one pool of workers, one sequence of numbers.

import { EventEmitter } from 'node:events'
import { endianness } from 'node:os'
import { resolve } from 'node:path'
import {
  type CheckpointOptions,
  type CheckpointResult,
  checkCheckpointOptions,
  checkTarget,
  type DatabaseImage,
  writeCheckpoint,
} from './database-checkpoint.js'
import { DatabaseDirectory } from './database-directory.js'
import {
  checkSchema,
  type Idle,
  imageOf,
  makeEnvironment,
  openTables,
  type TableOpening,
} from './database-environment.js'
import { type DatabaseReading, ReaderSession } from './database-readers.js'
import { checkVerifyOptions, scrub, type VerifyOptions, type VerifyReport } from './database-scrub.js'
import { MarquetryError } from './errors.js'
import { checkTableName } from './format/catalog.js'
import type { ColumnsInput, ColumnsOf, KeyNames, TableSchema } from './format/row-types.js'
import { defineSchema, extendSchema, type Schema, type SchemaDefinition } from './format/schema.js'
import { nodeFileSystem } from './fs/node.js'
import { environmentMetrics, type Metrics, tablesMetrics } from './metrics.js'
import { checkOpenOptions, type OpenOptions, resolveTableOptions, type TableOptions } from './options.js'
import { Table } from './table.js'
import type { Events, TreeEnvironment } from './tree/environment.js'
import { LsmTree } from './tree/lsm-tree.js'
import { memtableReps } from './tree/memtable-kinds.js'
import { TreeFiles } from './tree/tree-files.js'
import { TreeMetrics } from './tree/tree-metrics.js'
import { assert } from './util/assert.js'
import { Serial } from './util/serial.js'

/** An open database. Made by `open`; close it. */
export class Database implements AsyncDisposable {
  readonly path: string
  readonly #directory: DatabaseDirectory
  readonly #options: OpenOptions
  readonly #environment: TreeEnvironment
  readonly #idle: Map<string, Idle>
  /** Of a read-only opener. */
  readonly #session: ReaderSession | undefined
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
    session: ReaderSession | undefined,
  ) {
    this.path = directory.path
    this.#directory = directory
    this.#options = options
    this.#environment = environment
    this.#events = events
    this.#idle = idle
    this.#session = session
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
    const directory = readOnly
      ? await DatabaseDirectory.openShared(fs, path, { errorIfExists })
      : await DatabaseDirectory.open(fs, path, { createIfMissing, errorIfExists })
    const events = new EventEmitter()
    const environment = makeEnvironment(fs, path, options, events)
    const { readers } = directory
    const opening: TableOpening = {
      environment,
      path,
      readers,
      rep: memtableReps[resolveTableOptions({}, options).memtable],
    }
    const session = readOnly ? new ReaderSession(opening, directory) : undefined
    let idle = new Map<string, Idle>()
    try {
      if (session !== undefined) {
        const { catalog, tables } = await session.begin()
        directory.become(catalog)
        for (const [name, table] of tables) idle.set(name, table)
      } else {
        idle = await openTables(opening, directory.catalog.tables)
        await directory.settle()
      }
    } catch (error) {
      await Promise.allSettled([...idle.values()].map(({ files }) => files.close()))
      await session?.close().catch(() => {})
      await directory.close().catch(() => {})
      throw error
    }
    return new Database(directory, options, environment, events, idle, session)
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

  /**
   * Shows what the process that writes has written since: flushed rows, and all of its logs up to this call. For databases
   * that were opened with `readOnly`; one that writes is always up to date, and there this does nothing. Tables that are open
   * stay so and show the new state, with the columns that they were opened with; scans under way, and snapshots, go on with
   * the old one. A table that was dropped meanwhile is closed.
   */
  async refresh(): Promise<void> {
    this.#checkOpen()
    const session = this.#session
    if (session === undefined) return
    await this.#catalogEdits.run(async () => {
      this.#checkOpen()
      const closing: Promise<void>[] = []
      await session.refresh((reading, oneIsGone) => this.#adoptReading(reading, oneIsGone, closing))
      await Promise.all(closing)
    })
  }

  /**
   * Makes a copy of the database as it is at this moment, all tables together, in a new or empty directory, while writes go on. SSTables are
   * hard-linked where the system can, so it takes next to no time and room, until merges replace them here. The copy is a
   * database of its own, there as a whole or not at all. Tables are neither made nor dropped meanwhile.
   */
  async checkpoint(directory: string, options: CheckpointOptions = {}): Promise<CheckpointResult> {
    this.#checkOpen()
    checkCheckpointOptions(directory, options)
    const { fs } = this.#environment
    const target = fs.sharedWithWorkers ? resolve(directory) : directory.replace(/(?<=.)\/+$/, '')
    return await this.#catalogEdits.run(async () => {
      await checkTarget(fs, this.path, target)
      this.#checkOpen()
      const image = this.#image()
      try {
        return await writeCheckpoint(fs, target, image, options, () => this.#checkOpen())
      } finally {
        for (const table of image.tables) table.image.release()
        await Promise.all(image.tables.map((table) => table.image.removed()))
      }
    })
  }

  /** Scrubs all tables, one after the other; see `table.verify`. Tables are neither made nor dropped meanwhile. */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    this.#checkOpen()
    checkVerifyOptions(options)
    return await this.#catalogEdits.run(async () => {
      this.#checkOpen()
      const tables = this.#image().tables.map(({ name, image }) => {
        const options = this.#tables.get(name)?.tree.options ?? resolveTableOptions({}, this.#options)
        return { name, image, hasFilter: options.filter !== false }
      })
      return await scrub(this.#environment.fs, tables, options, () => this.#checkOpen())
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

  /** Closes the database: for `await using`. */
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
      ...(await Promise.allSettled([this.#session?.close(), this.#directory.close()])),
    ]
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** All tables, in one step. */
  #image(): DatabaseImage {
    const { dropped: _, ...catalog } = this.#directory.catalog
    const tables = catalog.tables.map(({ name }) => {
      const open = this.#tables.get(name)
      if (open !== undefined) return { name, image: open.tree.image() }
      const idle = this.#idle.get(name)
      assert(idle !== undefined, 'a table of the catalog is open or idle')
      return { name, image: imageOf(idle) }
    })
    return { catalog, tables }
  }

  /**
   * Takes over what a refresh has read, in one step. Returns how many old views `oneIsGone` will be called for; those that are
   * closed for it add to `closing`.
   */
  #adoptReading({ catalog, tables }: DatabaseReading, oneIsGone: () => void, closing: Promise<void>[]): number {
    const close = (old: { close(flush: boolean): Promise<void> }) =>
      closing.push(
        old
          .close(false)
          .catch(() => {})
          .finally(oneIsGone),
      )
    this.#directory.become(catalog)
    const [idle, open] = [[...this.#idle.values()], [...this.#tables]]
    this.#idle.clear()
    for (const [name, table] of tables) this.#idle.set(name, table)
    for (const [name, { tree }] of open) {
      const read = tables.get(name)
      if (read?.files.treeId === tree.id) {
        this.#idle.delete(name)
        tree.become(read.files, read.recovered, oneIsGone)
      } else {
        this.#tables.delete(name)
        this.#dropped.add(tree.metrics)
        close(tree)
      }
    }
    for (const { files } of idle) close(files)
    return idle.length + open.length
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
    await this.#directory.collectOrphans(name) // of a creation that failed
    const { readers } = this.#directory
    const files = await TreeFiles.create(
      { fs, directory: `${this.path}/${name}`, tree: entry, fail, readers },
      schema,
    )
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
