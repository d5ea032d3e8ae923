// A database as a read-only opener sees it, beside a writer who goes on.
//
// All of it is read at one go, at open and at each refresh: catalog, manifests, whole logs. What stays on the disk and is read later are
// SSTables. For these the opener is registered (version/readers.ts): first for anything, as long as it does not know where it
// reads; then for the places it has found. A registration ends when nobody reads any more what was read under it.

import type { DatabaseDirectory } from './database-directory.js'
import { type Idle, openTree, type TableOpening } from './database-environment.js'
import { isMarquetryError, MarquetryError } from './errors.js'
import type { Catalog } from './format/catalog.js'
import type { ReaderPlace } from './format/reader-registration.js'
import { Registration } from './version/readers.js'

/** Readings that may be in vain, one after the other, because a writer replaces what is read. */
const attemptsMax = 20

/** What was read at one go. */
export interface DatabaseReading {
  readonly catalog: Catalog
  /** By name. */
  readonly tables: ReadonlyMap<string, Idle>
}

/** The part of a read-only opener that goes from one reading to the next. */
export class ReaderSession {
  readonly #opening: TableOpening
  readonly #directory: DatabaseDirectory
  /** Undefined: the directory cannot be written. */
  #registration: Registration | undefined
  readonly #registrations = new Set<Registration>()
  #leaving: Promise<void> = Promise.resolve()

  constructor(opening: TableOpening, directory: DatabaseDirectory) {
    this.#opening = opening
    this.#directory = directory
  }

  /** The first reading. */
  async begin(): Promise<DatabaseReading> {
    const first = await this.#enter()
    try {
      const reading = await this.#read()
      this.#registration = await this.#enter(reading)
      return reading
    } finally {
      await this.#leave(first)
    }
  }

  /**
   * A later reading. `adopt` shows it, in one step, and returns how many old views of tables are still to be let go; it calls the function
   * that it is given once for each of these. If reading fails, nothing has changed.
   */
  async refresh(adopt: (reading: DatabaseReading, oneIsGone: () => void) => number): Promise<void> {
    // What is registered now holds all that comes later, too.
    const reading = await this.#read()
    const old = this.#registration
    this.#registration = await this.#enter(reading)
    let gone = 0
    let wanted = Number.POSITIVE_INFINITY
    const leaveIfOver = () => {
      if (gone === wanted) this.#leaving = this.#leave(old).catch(() => {})
    }
    wanted = adopt(reading, () => {
      gone++
      leaveIfOver()
    })
    leaveIfOver()
  }

  /** Resolves when no registration is being ended. */
  async left(): Promise<void> {
    await this.#leaving
  }

  /** Requires: nothing is read any more. */
  async close(): Promise<void> {
    for (const registration of [...this.#registrations]) await this.#leave(registration)
  }

  /** Repeats what a writer has spoilt by replacing a file: what fails twice in the same way is not its doing. */
  async #read(): Promise<DatabaseReading> {
    let failure: string | undefined
    for (let attempt = 1; ; attempt++) {
      const tables = new Map<string, Idle>()
      try {
        const catalog = await this.#directory.reread()
        for (const entry of catalog.tables) tables.set(entry.name, await openTree(this.#opening, entry))
        return { catalog, tables }
      } catch (error) {
        await Promise.allSettled([...tables.values()].map(({ files }) => files.close()))
        if (!isMarquetryError(error, 'MARQUETRY_IO') && !isMarquetryError(error, 'MARQUETRY_CORRUPTION'))
          throw error
        if (error.message === failure) throw error
        failure = error.message
        if (attempt === attemptsMax) {
          throw new MarquetryError(
            'MARQUETRY_STALE',
            `${this.#directory.path} was changed ${attemptsMax} times while it was read; try again`,
            { cause: error },
          )
        }
      }
    }
  }

  async #enter(reading?: DatabaseReading): Promise<Registration | undefined> {
    const { environment, path } = this.#opening
    const registration = await Registration.enter(environment.fs, path, reading && placesOf(reading))
    if (registration !== undefined) this.#registrations.add(registration)
    return registration
  }

  async #leave(registration: Registration | undefined): Promise<void> {
    if (registration === undefined || !this.#registrations.delete(registration)) return
    await registration.leave()
  }
}

function placesOf({ catalog, tables }: DatabaseReading) {
  const places = new Map<number, ReaderPlace>()
  for (const { files } of tables.values()) {
    const { nextNumber } = files.state
    places.set(files.treeId, { ...files.position(), nextNumber })
  }
  return { nextTableId: catalog.nextTableId, tables: places }
}
