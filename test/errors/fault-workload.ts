// A workload that goes on whatever fails, and what may be found after it.

import type { Database, FileSystem, OpenOptions, Table } from 'marquetry'
import type { FaultyFileSystem } from '#src/fs/faulty.js'
import type { MemoryFileSystem } from '#src/fs/memory.js'
import type { Engine } from '../crash/engine.js'
import { type State, TableOracle } from '../kill/oracle.js'

const directory = 'db'
const names = ['left', 'right'] as const
type Name = (typeof names)[number]

function tableOf({ t }: Engine, db: Database, name: Name) {
  const columns = { key: t.utf8(), stamp: t.int32(), note: t.utf8().nullable() }
  return db.table(name, { columns, key: ['key'] }) as unknown as Promise<Table>
}

/** What is done to the database, from the first opening to the last close. */
export type OrdealKind = 'a life' | 'merges'

/** What a write that was not done may say; anything else leaves open whether it was. */
const notDone = new Set(['MARQUETRY_READ_ONLY', 'MARQUETRY_BUSY', 'MARQUETRY_CLOSED', 'MARQUETRY_NOT_FOUND'])
const expected = new Set([...notDone, 'MARQUETRY_IO', 'MARQUETRY_CORRUPTION'])

/** Far longer than anything here takes: who has not answered by then hangs. */
const patienceMs = 20_000

const small: OpenOptions = {
  memtable: 'sorted',
  memtableRows: 5,
  rowGroupRows: 4,
  sparseIndexInterval: 2,
  immutableMemtablesMax: 1,
  stallTimeoutMs: 30,
}
const eager: OpenOptions = {
  memtableRows: 100,
  compaction: { strategy: 'leveled', targetFileBytes: 4096, flushBytes: 4096, level0RunsMax: 2, levelRatio: 3 },
}

/** One life of a database on a file system that fails. */
export class Ordeal {
  readonly #engine: Engine
  readonly #kind: OrdealKind
  readonly #memory: MemoryFileSystem
  readonly #fs: FaultyFileSystem
  readonly #oracles: Record<Name, TableOracle> = { left: new TableOracle(), right: new TableOracle() }
  /** What should not have happened. */
  readonly violations: string[] = []
  /** Errors that callers were given, by code. */
  readonly errors = new Map<string, number>()
  #db: Database | undefined
  #tables: Partial<Record<Name, Table>> = {}
  #stamp = 0
  #failedReadOnly = false

  #failedToOpen = false

  constructor(engine: Engine, kind: OrdealKind) {
    this.#engine = engine
    this.#kind = kind
    this.#memory = new engine.MemoryFileSystem()
    this.#fs = new engine.FaultyFileSystem(this.#memory)
  }

  get fs(): FaultyFileSystem {
    return this.#fs
  }

  /** Whether an opening failed. */
  get failedToOpen(): boolean {
    return this.#failedToOpen
  }

  /** Whether the database has turned read-only at any time. */
  get turnedReadOnly(): boolean {
    return this.#failedReadOnly
  }

  /** Runs the workload from the first opening to the last close. */
  async live(): Promise<void> {
    await (this.#kind === 'merges' ? this.#merges() : this.#life())
  }

  async #life(): Promise<void> {
    await this.#session(async () => {
      await this.#write('left', ['k0'])
      await this.#write('left', ['k1', '-k0', 'x', 'y'])
      await this.#write('right', ['r1', 'r2'])
      await Promise.all([1, 2].map((i) => this.#write('left', [`c${i}`, 'k0'])))
      await this.#step('flush', () => this.#tables.left?.flush())
      await Promise.all([this.#write('left', ['-k0', 'z']), this.#write('right', ['-r1', 'r3'])])
      await this.#read()
    })
    await this.#session(async () => {
      await this.#compare('in the second session')
      for (let i = 0; i < 3; i++) await this.#write('left', [`m${i}`, 'x'])
      await this.#step('flush', () => this.#tables.left?.flush())
    })
  }

  async #merges(): Promise<void> {
    await this.#session(async () => {
      for (let run = 0; run < 3; run++) {
        await this.#write('left', [...[0, 1, 2, 3, 4, 5].map((i) => `k${run + i}`), `-k${run}`])
        await this.#step('flush', () => this.#tables.left?.flush())
        await this.#step('idle', () => this.#tables.left?.compactionIdle())
      }
      await this.#write('left', ['-k5', 'z'])
      await this.#step('compact', () => this.#tables.left?.compact())
      await this.#read()
    })
  }

  /**
   * Loses the power as it is; then, with the disk well again, closes, opens, and compares with what was acknowledged; then
   * lives on, and loses the power again.
   */
  async settle(): Promise<void> {
    await this.#losePower('before the disk was well')
    this.#fs.heal()
    await this.#step('close', () => this.#db?.close())
    for (const time of ['first', 'second']) {
      await this.#open(false)
      if (this.#tables.left === undefined || this.#tables.right === undefined) {
        this.violations.push(`the ${time} opening on a disk that is well fails`)
        return
      }
      await this.#compare(`${time} opening`)
      for (const name of names) {
        const before = this.#oracles[name].acknowledged
        await this.#write(name, ['after', 'k1'])
        if (this.#oracles[name].acknowledged === before) this.violations.push(`${name} takes no more writes`)
      }
      if (time === 'first') await this.#losePower('after the disk was well')
      await this.#step('close', () => this.#db?.close())
      this.#note(this.#db?.metrics().failed === true, 'a database on a disk that is well has turned read-only')
    }
  }

  /** Opens what a power cut would leave now, and compares it with what was acknowledged. */
  async #losePower(when: string): Promise<void> {
    const what = `a power cut ${when}`
    try {
      const db = await this.#openOn(this.#memory.crash(), { flushOnClose: false })
      try {
        for (const name of names) {
          const found = stateOf(await (await tableOf(this.#engine, db, name)).scan().toArray())
          const wrong = this.#oracles[name].clone().settle(found)
          if (wrong !== undefined) this.violations.push(`${name}, ${what}: ${wrong}`)
        }
      } finally {
        await db.close()
      }
    } catch (error) {
      this.violations.push(`${what}: ${(error as Error).stack}`)
    }
  }

  #openOn(fileSystem: FileSystem, options: OpenOptions): Promise<Database> {
    const kind = this.#kind === 'merges' ? eager : {}
    return this.#engine.open(directory, { ...small, ...kind, ...options, fileSystem })
  }

  /** Whoever has opened the database and can read it has all that was acknowledged. */
  async #compare(when: string): Promise<void> {
    for (const name of names) {
      if (this.#tables[name] === undefined) continue
      await this.#step(`scan ${name}`, async () => {
        const wrong = this.#oracles[name].settle(await this.#stateOf(name))
        if (wrong !== undefined) this.violations.push(`${name}, ${when}: ${wrong}`)
      })
    }
  }

  #note(wrong: boolean, what: string): void {
    if (wrong) this.violations.push(what)
  }

  async #session(steps: () => Promise<void>): Promise<void> {
    await this.#open()
    await steps()
    this.#failedReadOnly ||= this.#db?.metrics().failed === true
    await this.#step('close', () => this.#db?.close())
    this.#failedReadOnly ||= this.#db?.metrics().failed === true
  }

  async #open(flushOnClose = true): Promise<void> {
    this.#tables = {}
    this.#db = undefined
    await this.#step('open', async () => {
      const db = await this.#openOn(this.#fs, { flushOnClose })
      db.on('backgroundError', ({ error }) => this.#noteError('background', error))
      this.#db = db
    })
    this.#failedToOpen ||= this.#db === undefined
    for (const name of names) {
      await this.#step(`table ${name}`, async () => {
        if (this.#db !== undefined) this.#tables[name] = await tableOf(this.#engine, this.#db, name)
      })
    }
  }

  /** A batch: `-k` deletes the key k. */
  async #write(name: Name, keys: readonly string[]): Promise<void> {
    const table = this.#tables[name]
    if (table === undefined) return
    const stamp = ++this.#stamp
    const isDelete = (key: string) => key.startsWith('-')
    const operations = keys.map((key) =>
      isDelete(key) ? { key: key.slice(1) } : { key, value: `${stamp} note ${stamp}` },
    )
    this.#oracles[name].hear({ sent: stamp, operations })
    const error = await this.#step(`write ${stamp}`, () =>
      table.batch(
        keys.map((key) =>
          isDelete(key)
            ? { type: 'delete', key: key.slice(1) }
            : { type: 'put', row: { key, stamp, note: `note ${stamp}` } },
        ),
      ),
    )
    if (error === undefined) this.#oracles[name].hear({ acked: stamp })
    else if (notDone.has(error)) this.#oracles[name].refuse(stamp)
  }

  async #read(): Promise<void> {
    for (const name of names) {
      await this.#step(`scan ${name}`, async () => void (await this.#stateOf(name)))
      await this.#step(`get ${name}`, () => this.#tables[name]?.get('x'))
    }
  }

  async #stateOf(name: Name): Promise<State> {
    const rows = (await this.#tables[name]?.scan().toArray()) ?? []
    return stateOf(rows)
  }

  /** Does one thing. Returns the code of the error it ends with; anything but a typed error is a violation. */
  async #step(what: string, run: () => PromiseLike<unknown> | undefined): Promise<string | undefined> {
    let timer: NodeJS.Timeout | undefined
    const hangs = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer: it hangs')), patienceMs)
    })
    try {
      await Promise.race([run(), hangs])
      return undefined
    } catch (error) {
      return this.#noteError(what, error)
    } finally {
      clearTimeout(timer)
    }
  }

  #noteError(what: string, error: unknown): string {
    const code = this.#engine.isMarquetryError(error) ? error.code : 'no code'
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1)
    if (!expected.has(code)) this.violations.push(`${what}: ${(error as Error)?.stack ?? String(error)}`)
    return code
  }
}

function stateOf(rows: readonly Readonly<Record<string, unknown>>[]): State {
  return new Map(rows.map(({ key, stamp, note }) => [String(key), `${stamp} ${note}`]))
}
