// What a tree gets from its database: everything that trees share, and everything a test may want to replace.

import type { JobExecutor } from '../compaction/executor.js'
import type { MergeSlots } from '../compaction/slots.js'
import { MarquetryError } from '../errors.js'
import type { FileSystem } from '../fs/file-system.js'
import type { OpenFiles } from '../sstable/open-files.js'
import type { PageCache } from '../sstable/page-cache.js'
import type { SidecarStats } from '../sstable/reader-host.js'

/** A flush has been committed. */
export interface FlushEvent {
  readonly table: string
  readonly rows: number
  readonly bytes: number
  readonly durationMs: number
  /** Folder of the new SSTable below the database's directory; undefined: there was nothing to keep. */
  readonly sstable: string | undefined
}

/** What every event of a compaction says. */
interface CompactionFacts {
  readonly table: string
  /** What made the strategy act: "L0 has 4 runs"; "asked for" by `table.compact`. */
  readonly reason: string
  /** Level of the output. */
  readonly level: number
  /** Numbers of the SSTables that are merged. */
  readonly inputs: readonly number[]
  /** Bytes and rows of the inputs. */
  readonly bytesIn: number
  readonly rowsIn: number
}

/** A compaction begins, has been committed, or has failed and changed nothing. */
export type CompactionEvent =
  | (CompactionFacts & { readonly phase: 'start' })
  | (CompactionFacts & {
      readonly phase: 'end'
      /** Numbers of the new SSTables; of the same ones, if they only moved. */
      readonly outputs: readonly number[]
      /** Whether the tables only changed their level, and nothing was read or written. */
      readonly isMove: boolean
      readonly bytesOut: number
      readonly rowsOut: number
      /** Bytes read from the inputs. */
      readonly bytesRead: number
      /** Row groups that were copied as bytes, since nothing overlapped them. */
      readonly rowGroupsCarried: number
      readonly durationMs: number
    })
  | (CompactionFacts & { readonly phase: 'failed'; readonly error: Error; readonly durationMs: number })

/** Writers wait. */
export interface StallEvent {
  readonly table: string
  readonly cause: string
  readonly immutableMemtables: number
  /** Sorted runs that a lookup may have to ask for one key. */
  readonly overlapDepth: number
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
  readonly compaction: CompactionEvent
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
  readonly mergeSlots: MergeSlots
  /** What one merge may hold in memory. */
  readonly mergeMemoryBytes: number
  readonly cache: PageCache
  /** Data files of SSTables that are open, in the whole process. */
  readonly openFiles: OpenFiles
  /** What became of the sidecars of all tables; counts up. */
  readonly sidecars: SidecarStats
  readonly health: Health
  readonly clock: () => number
  readonly readOnly: boolean
  /** The database's one sequence: the number that the next entry gets. */
  readonly sequence: { next: number }
  emit<E extends keyof Events>(event: E, payload: Events[E]): void
}

/** Throws MARQUETRY_READ_ONLY if the database was opened for reading, or has turned read-only. */
export function checkWritable({ readOnly, health }: TreeEnvironment): void {
  if (readOnly) throw new MarquetryError('MARQUETRY_READ_ONLY', 'The database was opened with `readOnly`')
  health.check()
}
