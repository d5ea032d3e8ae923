// One history: a database of two tables, a model of each, and steps that a seed decides, done to both alike.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { type Database, type OpenOptions, open, type Snapshot, type Table } from 'marquetry'
import type { DuckDB } from './duckdb.js'
import { Model, type Operation, type Row, State } from './model.js'
import { type Cell, cells, randomOptions } from './options.js'
import { Random } from './random.js'
import { type BegunScan, checkAll, checkLookups, checkScans } from './reads.js'
import { type TableSpec, tableSpecs } from './tables.js'

const stepsShown = 20

/** A table and what it should hold. */
export interface Lane {
  readonly model: Model
  readonly state: State
  table: Table
  /** Number of the last entry that was written to this table. */
  lastSeq: number
  /** Entries written to this table. */
  entries: number
  snapshots: { readonly snapshot: Snapshot; readonly state: State }[]
  scans: BegunScan[]
}

export class History {
  readonly random: Random
  readonly lanes: Lane[] = []
  readonly duckdb: DuckDB
  readonly directory: string
  readonly #cell: Cell
  readonly #seed: number
  readonly #log: string[] = []
  #db: Database | undefined
  #options: OpenOptions = {}
  /** Number of the last entry that was written to any table: the database has one count. */
  #lastSeq = 0

  private constructor(cell: Cell, seed: number, duckdb: DuckDB) {
    this.#cell = cell
    this.#seed = seed
    this.random = new Random(seed + cells.indexOf(cell) * 1_000_003)
    this.duckdb = duckdb
    this.directory = mkdtempSync(join(tmpdir(), 'marquetry-history-'))
  }

  /** Lives through a history and removes its files. An error tells the seed and the last steps. */
  static async run(
    cell: Cell,
    seed: number,
    duckdb: DuckDB,
    live: (history: History) => Promise<void>,
  ): Promise<void> {
    const history = new History(cell, seed, duckdb)
    try {
      await history.#begin()
      await live(history)
      await history.#end()
    } catch (error) {
      await history.#db?.close().catch(() => {})
      throw history.#report(error)
    } finally {
      rmSync(history.directory, { recursive: true, force: true })
    }
  }

  /** Writes down what is done next. */
  log(step: string): void {
    this.#log.push(step)
  }

  get options(): OpenOptions {
    return this.#options
  }

  /** The first table gets most of the steps. */
  lane(): Lane {
    return this.lanes[this.random.chance(0.75) ? 0 : 1]!
  }

  /** Calls for a write, and does it to the model. The rows that were given are spoilt as soon as the call returns. */
  write(lane: Lane, operations: readonly Operation[], alone = false): Promise<void> {
    const { model, state, table } = lane
    const given = operations.map((operation) =>
      operation.type === 'put'
        ? { type: 'put' as const, row: ownCopy(operation.row) }
        : { type: 'delete' as const, key: model.asKey(operation.key) },
    )
    const [only] = given
    let written: Promise<void>
    if (!alone || only === undefined) written = table.batch(given)
    else written = only.type === 'put' ? table.put(only.row) : table.delete(only.key)
    for (const operation of given) if (operation.type === 'put') spoil(operation.row)
    for (const operation of operations) state.apply(operation)
    if (operations.length > 0) {
      this.#lastSeq += operations.length
      lane.lastSeq = this.#lastSeq
      lane.entries += operations.length
    }
    return written
  }

  /** Closes the database and opens it with other options. `unfinished` are writes that nobody has waited for. */
  async reopen(unfinished: readonly Promise<void>[]): Promise<void> {
    const { random } = this
    for (const lane of this.lanes) {
      for (const scan of lane.scans.splice(0)) await scan.leave()
      for (const { snapshot } of lane.snapshots.splice(0)) if (random.chance(0.7)) snapshot.close()
    }
    await Promise.all([this.#db!.close(), ...unfinished])
    await this.#open()
  }

  /** Compares some reads of a table and of its snapshots with the models. */
  async check(lane: Lane, random: Random): Promise<void> {
    await checkLookups(lane, random, 6)
    await checkScans(lane, random, 4)
    if (lane.snapshots.length === 0) return
    const then = { ...lane, ...random.pick(lane.snapshots) }
    await checkLookups(then, random, 3)
    await checkScans(then, random, 2)
  }

  /** Flushes: what was written before the call is then no longer in memory, whatever else goes on. */
  async flush(lane: Lane): Promise<void> {
    const before = lane.entries
    await lane.table.flush()
    const { memtableRows } = lane.table.stats()
    const since = lane.entries - before
    if (memtableRows > since)
      throw new Error(
        `flushed ${lane.model.spec.name}: ${memtableRows} entries are in memory, ${since} were written since`,
      )
  }

  async checkFiles(lane: Lane): Promise<void> {
    await this.flush(lane)
    await this.duckdb.check(lane.model, lane.state, `${this.directory}/${lane.model.spec.name}`)
  }

  async #begin(): Promise<void> {
    const { random } = this
    for (const spec of random.shuffled<TableSpec>(tableSpecs).slice(0, 2)) {
      const model = new Model(spec, random)
      // The table is opened right below.
      this.lanes.push({
        model,
        state: new State(model),
        table: undefined as never,
        lastSeq: 0,
        entries: 0,
        snapshots: [],
        scans: [],
      })
    }
    await this.#open()
  }

  async #open(): Promise<void> {
    const { random } = this
    this.#options = randomOptions(random, this.#cell)
    this.log(`open ${inspect(this.#options, { breakLength: Infinity })}`)
    this.#db = await open(this.directory, this.#options)
    for (const lane of this.lanes) {
      const { name, columns, key } = lane.model.spec
      const own = random.chance(0.2) ? { memtableRows: 100, pageBytes: 1500 } : {}
      lane.table = await this.#db.table(name, { columns, key }, own)
    }
  }

  /** All that has come about, once as it is, once from the files, once after a last reopening. */
  async #end(): Promise<void> {
    for (const lane of this.lanes) {
      this.log(`check all of ${lane.model.spec.name}`)
      await checkAll(lane)
      for (const kept of lane.snapshots) await checkAll({ ...lane, ...kept })
      for (const scan of lane.scans.splice(0)) await scan.read(Infinity)
    }
    this.log('reopen and check')
    await this.reopen([])
    for (const lane of this.lanes) {
      await checkAll(lane)
      await this.checkFiles(lane)
      await checkAll(lane)
    }
    await this.#db!.close()
  }

  #report(error: unknown): Error {
    const { memtable, wal } = this.#cell
    const steps = this.#log.slice(-stepsShown).map((step) => `  ${step}`)
    return new Error(
      `${error instanceof Error ? error.message : error}
history of memtable ${memtable}, wal ${wal}: repeat it with
  MARQUETRY_SEED=${this.#seed} MARQUETRY_ROUNDS=1 npx vitest run test/history -t 'memtable ${memtable}, wal ${wal},'
its last ${steps.length} of ${this.#log.length} steps:\n${steps.join('\n')}`,
      { cause: error },
    )
  }
}

function ownCopy(row: Row): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (value instanceof Uint8Array) return [name, value.slice()]
      return [name, value instanceof Date ? new Date(value) : value]
    }),
  )
}

/** A row is read when the call is made; what becomes of it later must not matter. */
function spoil(row: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(row)) {
    if (value instanceof Uint8Array) value.fill(0x55)
    if (value instanceof Date) value.setTime(0)
    row[name] = null
  }
}
