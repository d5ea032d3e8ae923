// What the readers of a table share besides the cache: open files, what became of their sidecars, how these are rebuilt.

import { isMarquetryError } from '../errors.js'
import { Serial } from '../util/serial.js'
import { OpenFiles } from './open-files.js'
import type { SidecarName } from './sidecar.js'

/** What happened to sidecars of one kind since the database was opened. Each SSTable counts once. */
export interface SidecarCounts {
  /** Did not match its checksum, its data or itself. */
  damaged: number
  /** Were not there; filters: only where the table wants one. */
  missing: number
  /** Whole, but written by a newer marquetry: passed over and left as they are. */
  newer: number
  /** Made anew in memory out of whole data. */
  rebuilt: number
  /** Rebuilt, and written in the place of the bad one. */
  written: number
}

/** Counts per kind of sidecar: filter, index, checksums. */
export type SidecarStats = Readonly<Record<SidecarName, SidecarCounts>>

export function newSidecarStats(): SidecarStats {
  const counts = () => ({ damaged: 0, missing: 0, newer: 0, rebuilt: 0, written: 0 })
  return { filter: counts(), index: counts(), checksums: counts() }
}

/** Repairs, one after the other, beside what readers do. */
export class RepairQueue {
  readonly #serial = new Serial()
  readonly #report: (error: unknown) => void
  #isClosing = false
  #waiting = 0

  /** `report` is told what fails, but for what the system refuses: a repair may fail, the next opener tries again. */
  constructor(report: (error: unknown) => void) {
    this.#report = report
  }

  /** Whether long repairs should give up. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  add(repair: () => Promise<void>): void {
    this.#waiting++
    void this.#serial.run(async () => {
      try {
        await repair()
      } catch (error) {
        if (!isMarquetryError(error, 'MARQUETRY_IO')) this.#report(error)
      } finally {
        this.#waiting--
      }
    })
  }

  /** Resolves when no repair is left, nor any that a repair has added. */
  async idle(): Promise<void> {
    while (this.#waiting > 0) await this.#serial.run(async () => {})
  }

  /** Ends long repairs, and waits for the others. */
  close(): Promise<void> {
    this.#isClosing = true
    return this.idle()
  }
}

/** What the readers of a table share. */
export interface ReaderHost {
  readonly openFiles: OpenFiles
  /** Counts up; shared by all tables of a database. */
  readonly sidecars: SidecarStats
  /** Undefined: what lookups cannot do without is rebuilt in memory, filters are passed over, nothing is written. */
  readonly repairs: RepairQueue | undefined
  /** Whether rebuilt sidecars may be written now. */
  mayWrite(): boolean
  /** Whether somebody else may remove data files: then one that is gone means that the reader is behind. */
  readonly isGuest: boolean
  /** Interval of an index that is rebuilt. */
  readonly sparseIndexInterval: number
  /** False: the table goes without filters, and damaged ones are not rebuilt. */
  readonly filter: { readonly errorRate: number } | false
}

/** A host for readers of their own, such as a job's: they repair nothing on the disk. */
export function plainHost(): ReaderHost {
  return {
    openFiles: new OpenFiles(),
    sidecars: newSidecarStats(),
    repairs: undefined,
    mayWrite: () => false,
    isGuest: false,
    sparseIndexInterval: 256,
    filter: false,
  }
}
