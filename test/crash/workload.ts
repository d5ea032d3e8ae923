// A workload with an oracle: what may be found in the database if the machine stops at any moment of it.

import { type Database, type FileSystem, type OpenOptions, open, type Preset, t } from 'marquetry'

export const directory = 'db'

const schema = {
  columns: { key: t.utf8(), value: t.int32(), note: t.utf8().nullable() },
  key: ['key'],
} as const

type KeyValue = Awaited<ReturnType<typeof openTable>>

function openTable(db: Database, name: string) {
  return db.table(name, schema)
}

export const tableNames = ['a', 'b'] as const

/** Entries after which a memtable is full. */
const memtableRows = 8

/** What a table holds after each of its batches; a state is the text of its rows. */
export class Oracle {
  readonly states: string[] = ['']
  readonly #rows = new Map<string, number>()
  /** Batches whose promise has resolved, all before them included. */
  acknowledged = 0
  /** Batches that are on the disk whatever the log mode: they lie before a rotation, a flush or a close. */
  durable = 0
  /** Entries in the memtable that the next batch goes to. */
  #memtableEntries = 0
  /** For each memtable but the last, how many batches there were when it was sealed. */
  readonly #sealings: number[] = []

  /** Notes a batch that is being called for. */
  issue(operations: readonly Operation[]): number {
    if (this.#memtableEntries >= memtableRows) this.#rotate()
    this.#memtableEntries += operations.length
    for (const { key, value } of operations) {
      if (value === undefined) this.#rows.delete(key)
      else this.#rows.set(key, value)
    }
    this.states.push(stateOf([...this.#rows].map(([key, value]) => ({ key, value }))))
    return this.states.length - 1
  }

  acknowledge(batch: number): void {
    this.acknowledged = Math.max(this.acknowledged, batch)
    // A log is synced before the first batch in the next one is acknowledged.
    for (const sealed of this.#sealings) if (batch > sealed) this.durable = Math.max(this.durable, sealed)
  }

  /** Notes the call for a flush or a close. What is returned is to be called when that has resolved. */
  seal(): () => void {
    const batches = this.states.length - 1
    if (this.#memtableEntries > 0) this.#rotate()
    return () => {
      this.durable = Math.max(this.durable, batches)
    }
  }

  #rotate(): void {
    this.#sealings.push(this.states.length - 1)
    this.#memtableEntries = 0
  }
}

export type Oracles = Readonly<Record<'a' | 'b', Oracle>>

export interface Operation {
  readonly key: string
  /** Undefined: a delete. */
  readonly value: number | undefined
}

export function stateOf(rows: readonly { key: string; value: number }[]): string {
  const sorted = [...rows].sort((a, b) => (a.key < b.key ? -1 : 1))
  return sorted.map(({ key, value }) => `${key}=${value}`).join(' ')
}

export async function readState(table: { scan(): { toArray(): Promise<unknown[]> } }): Promise<string> {
  const rows = (await table.scan().toArray()) as { key: string; value: number }[]
  return stateOf(rows)
}

async function write(table: KeyValue, oracle: Oracle, operations: readonly Operation[]): Promise<void> {
  const batch = oracle.issue(operations)
  await table.batch(
    operations.map(({ key, value }) =>
      value === undefined ? { type: 'delete', key } : { type: 'put', row: { key, value, note: `n${value}` } },
    ),
  )
  oracle.acknowledge(batch)
}

/** Options under which a dozen rows rotate the memtable. */
export function smallOptions(fileSystem: FileSystem, preset: Preset): OpenOptions {
  return { fileSystem, preset, memtableRows, walBatchMs: 1, rowGroupRows: 4, sparseIndexInterval: 2 }
}

/**
 * Writes, batches, deletes, rotations, flushes, two tables, concurrent callers, close and reopen. Goes on until it is
 * done or something fails; `oracles` then know what was called for and what was acknowledged.
 */
export async function runWorkload(fileSystem: FileSystem, preset: Preset, oracles: Oracles): Promise<void> {
  const put = (key: string, value: number): Operation => ({ key, value })
  const remove = (key: string): Operation => ({ key, value: undefined })
  await session(fileSystem, preset, oracles, async (db) => {
    const a = await openTable(db, 'a')
    for (let i = 0; i < 5; i++) await write(a, oracles.a, [put(`k${i}`, i)])
    await write(a, oracles.a, [put('k1', 100), remove('k2'), put('x', 1), put('y', 2)])
    const b = await openTable(db, 'b')
    await write(b, oracles.b, [put('b1', 1), put('b2', 2)])
    await Promise.all([0, 1, 2, 3].map((i) => write(a, oracles.a, [put(`c${i}`, i), put('k0', 10 + i)])))
    const flushed = oracles.a.seal()
    await a.flush()
    flushed()
    await write(a, oracles.a, [remove('k0'), put('z', 26)])
    await Promise.all([write(a, oracles.a, [put('k4', 44)]), write(b, oracles.b, [remove('b1'), put('b3', 3)])])
  })
  await session(fileSystem, preset, oracles, async (db) => {
    const a = await openTable(db, 'a')
    for (let i = 0; i < 9; i++) await write(a, oracles.a, [put(`m${i}`, i), put('x', i)])
    await write(a, oracles.a, [remove('y'), remove('nothing')])
    await write(await openTable(db, 'b'), oracles.b, [put('b4', 4)])
  })
}

async function session(
  fileSystem: FileSystem,
  preset: Preset,
  oracles: Oracles,
  steps: (db: Database) => Promise<void>,
): Promise<void> {
  const db = await open(directory, smallOptions(fileSystem, preset))
  try {
    await steps(db)
  } catch (error) {
    await db.close().catch(() => {})
    throw error
  }
  const closed = [oracles.a.seal(), oracles.b.seal()]
  await db.close()
  for (const note of closed) note()
}

/**
 * Opens what a crash has left and checks it against the oracles: what had to last, `acknowledged` batches or `durable`
 * ones, is there. Returns what is wrong, or undefined.
 * Then checks that the database lives on: a write, a second open that finds the same, and no file too many.
 */
export async function checkImage(
  fileSystem: FileSystem,
  preset: Preset,
  oracles: Oracles,
  lasting: 'acknowledged' | 'durable',
): Promise<string | undefined> {
  const found: string[] = []
  let db = await open(directory, smallOptions(fileSystem, preset))
  try {
    for (const name of tableNames) {
      const { states, [lasting]: first } = oracles[name]
      const state = db.tables().includes(name) ? await readState(await db.table(name)) : ''
      found.push(state)
      if (!states.slice(first).includes(state)) {
        return `table ${name} holds [${state}], none of the states ${first} to ${states.length - 1}: ${states.slice(first).join(' | ')}`
      }
    }
    await write(await openTable(db, 'a'), new Oracle(), [{ key: 'after', value: 1 }])
  } finally {
    await db.close()
  }
  db = await open(directory, smallOptions(fileSystem, preset))
  try {
    const a = await openTable(db, 'a')
    await a.delete('after')
    const again = await readState(a)
    if (again !== found[0]) return `the second open finds [${again}], the first found [${found[0]}]`
    await a.flush()
    const extra = await strayFiles(fileSystem, db)
    return extra.length > 0 ? `files that nothing needs: ${extra.join(', ')}` : undefined
  } finally {
    await db.close()
  }
}

/** Folders in sst/ or tmp/ and logs beyond those that the table's statistics account for. */
async function strayFiles(fileSystem: FileSystem, db: Database): Promise<string[]> {
  const stray: string[] = []
  for (const name of db.tables()) {
    const table = await db.table(name)
    await table.flush()
    await table.compactionIdle()
    const path = `${directory}/${name}`
    const tables = await fileSystem.list(`${path}/sst`)
    if (tables.length !== table.stats().sstables) stray.push(`${path}/sst: ${tables.join(' ')}`)
    const temporary = await fileSystem.list(`${path}/tmp`)
    if (temporary.length > 0) stray.push(`${path}/tmp: ${temporary.join(' ')}`)
    const logs = (await fileSystem.list(path)).filter((file) => file.endsWith('.wal'))
    if (logs.length > 0) stray.push(`${path}: ${logs.join(' ')}`)
  }
  return stray
}
