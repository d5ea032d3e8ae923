// One history: a database of two tables, a model of each, and steps that a seed decides, done to both alike.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import {
  type Column,
  type Database,
  isMarquetryError,
  type OpenOptions,
  open,
  type Snapshot,
  type Table,
} from 'marquetry'
import type { DuckDB } from './duckdb.js'
import { expectedText, Model, type Operation, type Row, State } from './model.js'
import { type Cell, cells, randomOptions } from './options.js'
import { Random } from './random.js'
import { type BegunScan, checkAll, checkLookups, checkScans } from './reads.js'
import { extendedSpec, type TableSpec, tableSpecs } from './tables.js'

const stepsShown = 20

/** A table and what it should hold. */
export interface Lane {
  /** Another one after columns were added or the table was dropped and made anew; so is the state. */
  model: Model
  state: State
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
    this.#count(lane, operations.length)
    return written
  }

  #count(lane: Lane, entries: number): void {
    if (entries === 0) return
    this.#lastSeq += entries
    lane.lastSeq = this.#lastSeq
    lane.entries += entries
  }

  /**
   * Updates a row, or has second thoughts. May be called while others of the same table are under way: what an update
   * is handed is what the one before it, of the same key, has written.
   */
  async update(lane: Lane, key: readonly unknown[], random: Random): Promise<void> {
    const { model, state, table } = lane
    const names = model.columns.map(({ name }) => name)
    const outcome = random.weighted<'row' | 'nothing' | 'error' | 'other key'>([[6, 'row'], [1, 'nothing'], [1, 'error'], [1, 'other key']]) // biome-ignore format: a list
    const otherKey = model.keys.find((other) => model.keyText(other) !== model.keyText(key))!
    const row = model.row(random, outcome === 'other key' ? otherKey : key)
    const second = new Error('second thoughts')
    const change = async (found: Row | undefined) => {
      const expected = state.get(key)
      const [is, was] = [found && model.textOf(found, names), expected && expectedText(expected, names)]
      if (is !== was) throw new Error(`update of ${model.keyText(key)} was handed ${is} instead of ${was}`)
      if (random.chance(0.3)) await turn()
      if (outcome === 'error') throw second
      if (outcome === 'nothing') return undefined
      if (outcome === 'row') {
        state.apply({ type: 'put', key, row })
        this.#count(lane, 1)
      }
      return row
    }
    const result = await table.update(model.asKey(key), change).catch((error: unknown) => error)
    const refused = outcome === 'other key' && isMarquetryError(result, 'MARQUETRY_INVALID_ROW')
    const wanted = { row, nothing: undefined, error: second, 'other key': result }[outcome]
    if (result !== wanted || (outcome === 'other key' && !refused)) {
      throw new Error(`update of ${model.keyText(key)} with ${outcome} gave ${inspect(result)}`)
    }
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

  /** Adds columns, which takes effect when the table is opened next: at once, by `reopen`. */
  async extend(lane: Lane): Promise<void> {
    const { random } = this
    const model = new Model(extendedSpec(lane.model.spec, random), random, lane.model)
    lane.state = lane.state.extended(model)
    lane.model = model
    await this.reopen([])
  }

  /**
   * Drops a table and makes another of its name, perhaps with another schema. `unfinished` are writes that nobody has
   * waited for; like begun scans they end, well or with MARQUETRY_CLOSED.
   */
  async recreate(lane: Lane, unfinished: readonly Promise<void>[]): Promise<void> {
    const { random } = this
    const { table, snapshots, scans } = lane
    const { name } = lane.model.spec
    const ended = Promise.all(unfinished.map((write) => write.catch(expectClosed)))
    await this.#db!.dropTable(name)
    await ended
    for (const scan of scans.splice(0)) await scan.read(Infinity).catch(expectClosed)
    for (const { snapshot } of snapshots.splice(0)) snapshot.close()
    const spec = random.chance(0.5) ? lane.model.spec : { ...random.pick<TableSpec>(tableSpecs), name }
    lane.model = new Model(spec, random)
    lane.state = new State(lane.model)
    lane.lastSeq = 0
    lane.entries = 0
    if (random.chance(0.3)) await this.reopen([])
    else await this.#openTable(lane)
    const late = await table.delete([]).catch((error: unknown) => error)
    if (!isMarquetryError(late, 'MARQUETRY_CLOSED')) throw new Error(`a write to a dropped table gave ${late}`)
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
    const { table, model, state } = lane
    await table.pauseCompaction()
    try {
      await this.duckdb.check(model, state, table.files().map(({ path }) => path)) // biome-ignore format: short
    } finally {
      table.resumeCompaction()
    }
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
    for (const lane of this.lanes) await this.#openTable(lane)
    // The database counts on from what its tables have: what was dropped is forgotten.
    this.#lastSeq = Math.max(...this.lanes.map(({ lastSeq }) => lastSeq))
  }

  async #openTable(lane: Lane): Promise<void> {
    const { name, columns, key } = lane.model.spec
    const own = this.random.chance(0.2) ? { memtableRows: 100, pageBytes: 1500 } : {}
    const entries: (readonly [string, Column])[] = Object.entries(columns)
    // The order in which columns are given matters only to a table that is made, and to the new ones among themselves.
    if (this.random.chance(0.3) && this.#db!.tables().includes(name)) {
      entries.sort(([a], [b]) => Number(b.startsWith('later')) - Number(a.startsWith('later')))
    }
    lane.table = await this.#db!.table(name, { columns: entries, key }, own)
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
  MARQUETRY_SEED=${this.#seed} MARQUETRY_HISTORY_SEEDS=1 npx vitest run test/history -t 'memtable ${memtable}, wal ${wal},'
its last ${steps.length} of ${this.#log.length} steps:\n${steps.join('\n')}`,
      { cause: error },
    )
  }
}

function expectClosed(error: unknown): void {
  if (!isMarquetryError(error, 'MARQUETRY_CLOSED')) throw error
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
