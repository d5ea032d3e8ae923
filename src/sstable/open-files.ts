// How many data files are open at a time: a database may have more SSTables than the system grants descriptors, a process
// more databases.

/** A file that can be closed between two reads, and opens itself again for the next. */
export interface OpenFile {
  /** Whether a read is under way. */
  readonly isInUse: boolean
  /** Closes the descriptor. Does not throw: nothing was written that could be lost. */
  closeIdle(): void
}

const openFilesMaxDefault = 500

/** Most files looked at for one that can be closed: where all are in use, none is searched for long. */
const searchMax = 8

/** Open data files in order of use. Files in use stay open, also beyond the bound. */
export class OpenFiles {
  readonly max: number
  readonly #files = new Set<OpenFile>()

  constructor(max = openFilesMaxDefault) {
    this.max = max
  }

  /** Files that are open. */
  get count(): number {
    return this.#files.size
  }

  /** Says that a file is open and used now. Others that were not used for longest are closed. */
  used(file: OpenFile): void {
    this.#files.delete(file)
    this.#files.add(file)
    let looked = 0
    for (const oldest of this.#files) {
      if (this.#files.size <= this.max || oldest === file || looked++ === searchMax) return
      this.#files.delete(oldest)
      if (oldest.isInUse) this.#files.add(oldest)
      else oldest.closeIdle()
    }
  }

  /** Says that a file was closed. */
  closed(file: OpenFile): void {
    this.#files.delete(file)
  }
}

/** Those of all databases of the process, which share one limit of descriptors. */
export const processFiles = new OpenFiles()
