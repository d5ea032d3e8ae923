// One damaged database, opened and asked. It must say so, in a typed error that names a file, or answer exactly right; only
// the newest log may have lost the records of its last group that was not synced, and then it is a clean prefix. What
// was not opened for writing, or refused to open, is left as it was.

import { type Database, isMarquetryError, open, type Table } from 'marquetry'
import { type Contents, changes, contentsOf, fileSystemOf } from './contents.js'
import type { Damage } from './damages.js'
import { directory, type Image, type ImageTable, quiet, type Rows } from './images.js'
import { recordsOf } from './log-records.js'

/** Lookups per case where a table has many keys; every key gets its turn. */
const lookupsMost = 12

const readErrors = new Set(['MARQUETRY_CORRUPTION'])
/** To who only reads, a file that is gone is one that the writer has merged. */
const readerErrors = new Set([...readErrors, 'MARQUETRY_STALE'])
const openErrors = new Set(['MARQUETRY_CORRUPTION', 'MARQUETRY_UNSUPPORTED_FORMAT', 'MARQUETRY_NOT_A_DATABASE'])

/** What should not have come out. */
export class Wrong extends Error {}

export class Case {
  readonly #image: Image
  readonly #damages: readonly Damage[]
  readonly #number: number
  readonly #damaged: Contents
  /** What became of it. */
  readonly seen = { refused: 0, 'reads refused': 0, 'errors with offset': 0, right: 0, 'clean prefixes': 0 }

  constructor(image: Image, damages: readonly Damage[], number: number) {
    this.#image = image
    this.#damages = damages
    this.#number = number
    const damaged = new Map(image.contents)
    for (const { path, bytes } of damages) {
      if (bytes === undefined) damaged.delete(path)
      else damaged.set(path, bytes)
    }
    this.#damaged = damaged
  }

  /** Throws Wrong. */
  async run(): Promise<void> {
    const readOnly = this.#isReader
    const fs = await fileSystemOf(this.#damaged)
    const found = await this.#session(fs, readOnly)
    const changed = changes(this.#damaged, await contentsOf(fs, directory))
    if (changed.length === 0) return
    if (readOnly) throw new Wrong(`opened for reading, it changed ${changed.join(', ')}`)
    if (found === undefined) throw new Wrong(`refused to open, and changed ${changed.join(', ')}`)
    const after = await contentsOf(fs, directory)
    if (!this.#compacts) for (const path of changed) this.#checkChange(path, after)
    // What it has repaired, cut or flushed must answer the same from then on.
    const again = await this.#session(fs, false)
    if (again === undefined) throw new Wrong(`opened once and not again; changed ${changed.join(', ')}`)
    for (const [name, state] of found) {
      const now = again.get(name)
      if (state !== undefined && now !== undefined && !sameRows(state, now))
        throw new Wrong(`${name} shows other rows when it is opened again`)
    }
  }

  get #isReader(): boolean {
    return this.#number % 3 !== 0
  }

  get #compacts(): boolean {
    return this.#number % 24 === 9
  }

  /**
   * Sidecars may be made again from what is whole; a log may be cut where nobody could rely on it, and flushed, which adds
   * an SSTable and an edit. Nothing else changes.
   */
  #checkChange(path: string, after: Contents): void {
    const now = after.get(path)
    const good = this.#image.contents.get(path)
    if (path.includes('/sst/') && !this.#image.contents.has(path)) return
    if (/\/(index\.sparse|filter\.bloom|checksums\.crc)$/.test(path)) {
      if (now === undefined || good === undefined || Buffer.compare(now, good) !== 0)
        throw new Wrong(`${path} was repaired, but not to what it was`)
      return
    }
    const before = this.#damaged.get(path)
    if (path.endsWith('.wal')) {
      if (now === undefined || Buffer.compare(now, before?.subarray(0, now.length) ?? now) === 0) return
    }
    if (/\/MANIFEST-\d+$|\/HISTORY$/.test(path)) return
    throw new Wrong(`${path} was ${now === undefined ? 'removed' : 'changed'}`)
  }

  /** Rows of each table as a scan gave them, undefined where it failed; or undefined: it did not open. */
  async #session(
    fs: Awaited<ReturnType<typeof fileSystemOf>>,
    readOnly: boolean,
  ): Promise<Map<string, Rows | undefined> | undefined> {
    let db: Database
    try {
      db = await open(directory, { ...quiet, readOnly, fileSystem: fs })
    } catch (error) {
      this.#checkError(error, openErrors, 'open')
      this.seen.refused++
      return undefined
    }
    const found = new Map<string, Rows | undefined>()
    try {
      const names = this.#image.tables.map(({ name }) => name)
      if (`${db.tables()}` !== `${names.toSorted()}`) throw new Wrong(`the tables are ${db.tables()}`)
      for (const table of this.#image.tables) found.set(table.name, await this.#read(db, table))
      if (!readOnly && this.#compacts) {
        for (const table of this.#image.tables) {
          await this.#attempt('compact', async () => (await db.table(table.name)).compact())
          await this.#read(db, table)
        }
      }
    } finally {
      await db.close().catch((error) => this.#checkError(error, readErrors, 'close'))
    }
    return found
  }

  async #read(db: Database, image: ImageTable): Promise<Rows | undefined> {
    const table = await db.table(image.name)
    const allowed = this.#allowedStates(image)
    let states = [...allowed]
    const narrow = (what: string, holds: (state: Rows) => boolean) => {
      const left = states.filter(holds)
      if (left.length > 0) states = left
      else
        throw new Wrong(`${image.name}: ${what}${allowed.length === 0 ? '; it should have been refused' : ''}`)
    }
    const lookups = this.#number % 2 === 0 ? 'first' : 'last'
    const looksUp = async () => {
      const { keys } = image
      const count = Math.min(keys.length, lookupsMost)
      for (let i = 0; i < count; i++) {
        const key = keys[(this.#number * count + i) % keys.length]!
        const row = await this.#attempt('get', async () => ({
          row: this.#number % 4 < 2 ? table.getSync(key as never) : await table.get(key as never),
        }))
        if (row === undefined) continue
        const text = row.row === undefined ? undefined : rowText(row.row)
        narrow(`key ${key} gives ${text}`, (state) => state.get(JSON.stringify(key)) === text)
      }
    }
    if (lookups === 'first') await looksUp()
    const rows = await this.#attempt('scan', () => this.#scan(table))
    if (rows !== undefined)
      narrow(`a scan gives ${rows.size} rows: ${[...rows.values()].slice(0, 9)}`, (state) =>
        sameRows(state, rows),
      )
    if (lookups === 'last') await looksUp()
    if (rows !== undefined) {
      const [state] = states
      if (state === image.states.at(-1)) this.seen.right++
      else this.seen['clean prefixes']++
    }
    return rows
  }

  async #scan(table: Table): Promise<Rows> {
    const rows = new Map<string, string>()
    const reverse = this.#number % 5 === 4
    let before: string | undefined
    for await (const row of table.scan({ reverse })) {
      const key = JSON.stringify([row['region'], row['id']])
      if (rows.has(key)) throw new Wrong(`${table.name}: a scan gives ${key} twice`)
      const place = `${row['region']} ${String(row['id']).padStart(6, '0')}`
      if (before !== undefined && (reverse ? place >= before : place <= before))
        throw new Wrong(`${table.name}: a scan gives ${place} behind ${before}`)
      before = place
      rows.set(key, rowText(row))
    }
    return rows
  }

  /** What a read gave; undefined: it failed as it may. */
  async #attempt<T>(what: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read()
    } catch (error) {
      this.#checkError(
        error,
        this.#isReader && this.#damages.some(({ bytes }) => bytes === undefined) ? readerErrors : readErrors,
        what,
      )
      this.seen['reads refused']++
      return undefined
    }
  }

  #checkError(error: unknown, codes: ReadonlySet<string>, what: string): void {
    if (error instanceof Wrong) throw error
    if (!isMarquetryError(error) || !codes.has(error.code))
      throw new Wrong(`${what} gave ${(error as Error)?.stack ?? error}`)
    const { file, offset, message } = error
    // What another catalog names is looked for where it says.
    const folders = this.#damages.map(({ path }) =>
      path.endsWith('/CATALOG') ? directory : path.split('/').slice(0, 2).join('/'),
    )
    if (file === undefined || !(file === directory || folders.some((folder) => file.startsWith(folder))))
      throw new Wrong(`${what} gave an error that names ${file}: ${message}`)
    if (/undefined|NaN|\[object/.test(message)) throw new Wrong(`${what} gave an odd message: ${message}`)
    if (offset !== undefined) this.seen['errors with offset']++
  }

  /** The states that a table may show. */
  #allowedStates({ log, states }: ImageTable): readonly Rows[] {
    const all = states.at(-1)!
    const damage = this.#damages.find(({ path }) => path === log)
    if (log === undefined || damage?.bytes === undefined) return [all]
    const { good, bytes } = { good: this.#image.contents.get(log)!, bytes: damage.bytes }
    const records = recordsOf(good)
    const isWhole = ({ start, end }: { readonly start: number; readonly end: number }) =>
      Buffer.compare(good.subarray(start, end), bytes.subarray(start, end)) === 0
    const first = records.findIndex((record) => !isWhole(record))
    if (first < 0) return [all]
    // A record behind it that says it was durable proves that this is damage.
    const vouched = records
      .slice(first + 1)
      .some((record) => isWhole(record) && record.durable > records[first]!.start)
    return vouched ? [] : [states[states.length - 1 - records.length + first]!]
  }
}

const rowText = (row: object) =>
  JSON.stringify(Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'extra')))

function sameRows(a: Rows, b: Rows): boolean {
  return a.size === b.size && [...a].every(([key, row]) => b.get(key) === row)
}
