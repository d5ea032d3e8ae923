// What a shell remembers between its lines: the database, the table in use, the form of rows.

import type { Database } from '../../database.js'
import type { Table } from '../../table.js'
import type { RowFormat } from '../format-rows.js'
import type { Io } from '../io.js'
import { pairsTableName, tableToWrite } from '../session.js'
import { UsageError } from '../usage-error.js'

/** One shell. Commands read and change it. */
export class ShellState {
  readonly db: Database
  /** Its signal is that of the line being carried out: Ctrl-C ends a command, not the shell. */
  io: Io
  mode: RowFormat = 'table'
  /** Whether a person is watching: then commands that return nothing say what they did, and how long it took. */
  readonly interactive: boolean
  #inUse: string | undefined

  constructor(db: Database, io: Io, interactive: boolean) {
    this.db = db
    this.io = io
    this.interactive = interactive
  }

  /** The name of the table that commands go to: the one chosen, or the only one there is, or that of pairs. */
  get tableName(): string | undefined {
    const names = this.db.tables()
    if (this.#inUse !== undefined && names.includes(this.#inUse)) return this.#inUse
    if (names.length > 1) return undefined
    return names[0] ?? pairsTableName
  }

  /** The table that reads and deletions go to; undefined: it is not made yet, and so has no rows. */
  async table(): Promise<Table | undefined> {
    const name = this.#mustHaveName()
    return this.db.tables().includes(name) ? await this.db.table(name) : undefined
  }

  /** The table that rows are put to: made, if it is that of pairs. */
  tableToWrite(): Promise<Table> {
    return tableToWrite(this.db, this.#mustHaveName())
  }

  /** Chooses a table. */
  async use(name: string): Promise<void> {
    await this.db.table(name)
    this.#inUse = name
  }

  /** Says something that is not data, if somebody is watching. */
  say(text: string): void {
    if (this.interactive) this.io.stdout.write(`${text}\n`)
  }

  /** Says something that is not data, but that also the reader of a script's output should know. */
  remark(text: string): void {
    const { stdout, stderr } = this.io
    const stream = this.interactive ? stdout : stderr
    stream.write(`${text}\n`)
  }

  #mustHaveName(): string {
    const name = this.tableName
    if (name !== undefined) return name
    throw new UsageError(`choose a table with .use: ${this.db.tables().join(', ')}`)
  }
}
