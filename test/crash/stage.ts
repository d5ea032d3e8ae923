// Where workloads play: a database on a simulated disk, and an oracle for each of its tables that hears of every call.

import { Int32, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow'
import type { Database, FileSystem, OpenOptions } from 'marquetry'
import type { Engine } from './engine.js'
import { type Operation, Oracle, type Promised } from './oracle.js'

export const directory = 'db'

/** What every workload opens its database with, but for what it says itself: few rows fill a memtable and a row group. */
export const smallOptions: OpenOptions = {
  preset: 'balanced',
  memtableRows: 8,
  walBatchMs: 1,
  rowGroupRows: 4,
  sparseIndexInterval: 2,
  compaction: { strategy: 'none' },
}

export type KeyValue = Awaited<ReturnType<typeof tableOf>>

/** The table of that name, made if it is not there. */
export function tableOf({ t }: Engine, db: Database, name: string) {
  const columns = { key: t.utf8(), value: t.int32(), note: t.utf8().nullable() }
  return db.table(name, { columns, key: ['key'] })
}

/** Follows from a row's value. Some are longer than a sector, so that their records can be torn in the middle. */
export function noteOf(value: number): string {
  return `note ${value} ${value % 5 === 4 ? `${value}-`.repeat(220) : ''}`
}

/** What a table holds, by key. Throws if a row's note is another row's. */
export async function readRows(table: {
  scan(): { toArray(): Promise<readonly unknown[]> }
}): Promise<Map<string, number>> {
  const rows = (await table.scan().toArray()) as { key: string; value: number; note: string | null }[]
  for (const { key, value, note } of rows) {
    if (note !== noteOf(value)) throw new Error(`the row ${key}=${value} has the note ${note?.slice(0, 40)}`)
  }
  return new Map(rows.map(({ key, value }) => [key, value]))
}

export class Stage {
  readonly engine: Engine
  readonly fs: FileSystem
  readonly options: OpenOptions
  readonly #oracles = new Map<string, Oracle>()
  #db: Database | undefined

  constructor(engine: Engine, fs: FileSystem, options: OpenOptions) {
    this.engine = engine
    this.fs = fs
    this.options = { ...smallOptions, ...options }
  }

  get oracles(): ReadonlyMap<string, Oracle> {
    return this.#oracles
  }

  /** What has been promised of each table so far. */
  promised(): ReadonlyMap<string, Promised> {
    return new Map([...this.#oracles].map(([name, oracle]) => [name, oracle.promised]))
  }

  get db(): Database {
    if (this.#db === undefined) throw new Error('a workload opens its database first')
    return this.#db
  }

  async open(options: OpenOptions = {}): Promise<void> {
    this.#db = await this.engine.open(directory, { ...this.options, ...options, fileSystem: this.fs })
  }

  async close(): Promise<void> {
    const seals = [...this.#oracles.values()].map((oracle) => oracle.seal())
    await this.db.close()
    for (const sealed of seals) sealed()
  }

  async table(name: string): Promise<KeyValue> {
    const made = this.db.tables().includes(name) ? () => {} : this.#oracleOf(name).replace(true)
    const table = await tableOf(this.engine, this.db, name)
    made()
    return table
  }

  async drop(name: string): Promise<void> {
    const dropped = this.#oracleOf(name).replace(false)
    await this.db.dropTable(name)
    dropped()
  }

  /** Writes one batch, given as `{ key: value }`; undefined: a delete. */
  async write(name: string, values: Readonly<Record<string, number | undefined>>): Promise<void> {
    const table = await tableOf(this.engine, this.db, name)
    const operations = Object.entries(values).map(([key, value]): Operation => ({ key, value }))
    const done = this.#oracleOf(name).batch(operations)
    await table.batch(batchOf(operations))
    done()
  }

  /** Imports rows as sorted, and writes batches to the same table while it runs. `interrupt`: closes the database instead of ending it. */
  async load(
    name: string,
    values: Record<string, number>,
    meanwhile: readonly Record<string, number | undefined>[] = [],
    interrupt = false,
  ): Promise<void> {
    const table = await tableOf(this.engine, this.db, name)
    const flushed = this.#oracleOf(name).seal()
    const { source, end } = gatedRows(values)
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const imported = table.import(source, { format: 'arrow', sorted: true, onProgress: () => begin() })
    await Promise.race([begun, imported])
    imported.catch(() => {})
    flushed()
    for (const batch of meanwhile) await this.write(name, batch)
    if (interrupt) {
      await this.close()
      end()
      await imported.catch(() => {})
      return
    }
    const newer = new Set(meanwhile.flatMap((batch) => Object.keys(batch)))
    const done = this.#oracleOf(name).load(new Map(Object.entries(values)), newer)
    end()
    await imported
    done()
  }

  async deleteRange(name: string, gte: string, lt: string): Promise<void> {
    const table = await tableOf(this.engine, this.db, name)
    const done = this.#oracleOf(name).deleteRange(gte, lt)
    await table.deleteRange({ gte, lt })
    done()
  }

  async flush(name: string): Promise<void> {
    const table = await tableOf(this.engine, this.db, name)
    const flushed = this.#oracleOf(name).seal()
    await table.flush()
    flushed()
  }

  #oracleOf(name: string): Oracle {
    const oracle = this.#oracles.get(name) ?? new Oracle(this.options.memtableRows ?? Number.POSITIVE_INFINITY)
    this.#oracles.set(name, oracle)
    return oracle
  }
}

/** Rows as Arrow IPC, a few to a batch, which comes to its end when it is told to. */
function gatedRows(values: Record<string, number>) {
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  async function* source() {
    yield ipcOf(Object.entries(values))
    await ended
  }
  return { source: source(), end: () => end() }
}

function ipcOf(rows: readonly (readonly [key: string, value: number])[]): Uint8Array {
  const batchRows = 5
  const tables: Table[] = []
  for (let from = 0; from < rows.length; from += batchRows) {
    const part = rows.slice(from, from + batchRows)
    tables.push(
      new Table({
        key: vectorFromArray(
          part.map(([key]) => key),
          new Utf8(),
        ),
        value: vectorFromArray(
          part.map(([, value]) => value),
          new Int32(),
        ),
        note: vectorFromArray(
          part.map(([, value]) => noteOf(value)),
          new Utf8(),
        ),
      }),
    )
  }
  const [first, ...others] = tables
  if (first === undefined) throw new Error('an import has rows')
  return tableToIPC(first.concat(...others), 'stream')
}

/** What `table.batch` takes for these operations. */
export function batchOf(operations: readonly Operation[]) {
  return operations.map(({ key, value }) =>
    value === undefined
      ? ({ type: 'delete', key } as const)
      : ({ type: 'put', row: { key, value, note: noteOf(value) } } as const),
  )
}
