// What a tree gets from its database: everything that trees share, and everything a test may want to replace.

import type { JobExecutor } from '../compaction/executor.js'
import type { MarquetryError } from '../errors.js'
import type { FileSystem } from '../fs/file-system.js'
import type { PageCache } from '../sstable/page-cache.js'

/** A flush has been committed. */
export interface FlushEvent {
  readonly table: string
  readonly rows: number
  readonly bytes: number
  readonly durationMs: number
  /** Folder of the new SSTable below the database's directory; undefined: there was nothing to keep. */
  readonly sstable: string | undefined
}

/** Writers wait. */
export interface StallEvent {
  readonly table: string
  readonly cause: string
  readonly immutableMemtables: number
}

/** Something failed that no caller was waiting for. */
export interface BackgroundErrorEvent {
  readonly table: string
  readonly error: Error
  /** Whether the engine tries again by itself. */
  readonly willRetry: boolean
}

/** The events of a database and what each carries. */
export interface Events {
  readonly flush: FlushEvent
  readonly stall: StallEvent
  readonly backgroundError: BackgroundErrorEvent
}

/**
 * The health of a database. It turns read-only, for good, when a log or a manifest could not be written: what is on
 * the disk is then not known, and only a reopen finds out.
 */
export interface Health {
  /** Throws MARQUETRY_READ_ONLY if the database cannot be written. */
  check(): void
  /** Turns the database read-only. The first cause stays. */
  fail(cause: unknown): void
  readonly failure: MarquetryError | undefined
}

export interface TreeEnvironment {
  readonly fs: FileSystem
  readonly executor: JobExecutor
  readonly cache: PageCache
  readonly health: Health
  readonly clock: () => number
  readonly readOnly: boolean
  /** The database's one sequence: the number that the next entry gets. */
  readonly sequence: { next: number }
  emit<E extends keyof Events>(event: E, payload: Events[E]): void
}
