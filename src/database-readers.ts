// A database as a read-only opener sees it, beside a writer who goes on.
//
// All of it is read at one go, at open and at each refresh: catalog, manifests, whole logs. What stays on the disk and is read later are
// SSTables. For these the opener is registered (version/readers.ts): for anything while it reads, then for the places it has found, each as
// long as somebody reads there.

import type { DatabaseDirectory } from './database-directory.js'
import { type Idle, openTree, type TableOpening } from './database-environment.js'
import { isMarquetryError, MarquetryError } from './errors.js'
import type { Catalog } from './format/catalog.js'
import type { ReaderPlace, ReaderView } from './format/reader-registration.js'
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
  /** What is read, or still read by somebody; the last one is what the next readers see. */
  #views: readonly ReaderView[] = []
  /** A refresh reads: anything may be needed, whatever else comes to an end meanwhile. */
  #isReading = false

  constructor(opening: TableOpening, directory: DatabaseDirectory) {
    this.#opening = opening
    this.#directory = directory
  }

  /** The first reading. */
  async begin(): Promise<DatabaseReading> {
    const { environment, path } = this.#opening
    this.#registration = await Registration.enter(environment.fs, path)
    const reading = await this.#read()
    this.#views = [viewOf(reading)]
    await this.#registration?.narrow(this.#views)
    return reading
  }

  /**
   * A later reading. `adopt` shows it, in one step, and returns how many old views of tables are still to be let go; it calls the function
   * that it is given once for each of these. If reading fails, nothing has changed.
   */
  async refresh(adopt: (reading: DatabaseReading, oneIsGone: () => void) => number): Promise<void> {
    const old = this.#views.at(-1)
    let gone = 0
    let wanted = Number.POSITIVE_INFINITY
    const forgetIfOver = () => {
      if (gone === wanted) this.#views = this.#views.filter((view) => view !== old)
    }
    this.#isReading = true
    try {
      await this.#registration?.widen()
      const reading = await this.#read()
      this.#views = [...this.#views, viewOf(reading)]
      wanted = adopt(reading, () => {
        gone++
        forgetIfOver()
        if (gone === wanted && !this.#isReading) void this.#registration?.narrow(this.#views)
      })
      forgetIfOver()
    } finally {
      this.#isReading = false
      await this.#registration?.narrow(this.#views)
    }
  }

  /** Requires: nothing is read any more. */
  async close(): Promise<void> {
    await this.#registration?.leave()
    this.#registration = undefined
  }

  /**
   * Repeats what a writer has spoilt by going on: it replaced a file, or began a log or a table after its manifest was read, which
   * looks as if the manifest had lost an edit. What fails twice in the same way is not its doing.
   */
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
}

function viewOf({ tables }: DatabaseReading): ReaderView {
  const places = new Map<number, ReaderPlace>()
  for (const { files } of tables.values()) {
    const { nextNumber } = files.state
    places.set(files.treeId, { ...files.position(), nextNumber })
  }
  return { tables: places }
}
