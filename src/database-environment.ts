// What the tables of a database share, and how one of them is opened: its files, and what is left in its logs.

import type { EventEmitter } from 'node:events'
import { availableParallelism } from 'node:os'
import { inlineExecutor, poolExecutor } from './compaction/executor.js'
import { MergeSlots } from './compaction/slots.js'
import { publish } from './diagnostics.js'
import { MarquetryError } from './errors.js'
import type { CatalogEntry } from './format/catalog.js'
import { type Schema, schemaDifference } from './format/schema.js'
import type { FileSystem } from './fs/file-system.js'
import type { MemtableRepFactory } from './memtable/rep.js'
import type { OpenOptions } from './options.js'
import { processFiles } from './sstable/open-files.js'
import { PageCache } from './sstable/page-cache.js'
import { newSidecarStats } from './sstable/reader-host.js'
import type { Health, TreeEnvironment } from './tree/environment.js'
import { recoverLogs } from './tree/recovery.js'
import type { SealedLog } from './tree/sealed-log.js'
import { TreeFiles } from './tree/tree-files.js'
import type { TreeImage } from './tree/tree-image.js'
import type { Readers } from './version/readers.js'

const cacheBytesDefault = 64 * 1024 * 1024
const mergeMemoryBytesDefault = 256 * 1024 * 1024

/** A table's files and what was recovered from its logs, until somebody asks for the table. */
export interface Idle {
  readonly files: TreeFiles
  readonly recovered: readonly SealedLog[]
}

/** What a database is opened with, as its tables see it. */
export function makeEnvironment(
  fs: FileSystem,
  path: string,
  options: OpenOptions,
  events: EventEmitter,
): TreeEnvironment {
  const threads = options.workers ?? Math.max(1, availableParallelism() - 1)
  return {
    fs,
    mergeSlots: new MergeSlots(Math.max(1, fs.sharedWithWorkers ? threads : 1)),
    mergeMemoryBytes: options.mergeMemoryBytes ?? mergeMemoryBytesDefault,
    executor: threads === 0 || !fs.sharedWithWorkers ? inlineExecutor(fs) : poolExecutor(threads),
    cache: new PageCache(options.cacheBytes ?? cacheBytesDefault),
    openFiles: processFiles,
    sidecars: newSidecarStats(),
    health: makeHealth(),
    clock: options.clock ?? Date.now,
    readOnly: options.readOnly === true,
    sequence: { next: 1 },
    emit: (event, payload) => {
      publish(path, event, payload)
      try {
        events.emit(event, payload)
      } catch (error) {
        // A listener's mistake is its author's to see, but must not stop a flush half-way.
        queueMicrotask(() => {
          throw error
        })
      }
    },
  }
}

function makeHealth(): Health {
  let failure: MarquetryError | undefined
  return {
    check() {
      if (failure !== undefined) throw failure
    },
    fail(cause) {
      if (cause === failure) return
      failure ??= new MarquetryError(
        'MARQUETRY_READ_ONLY',
        `The database is read-only until it is opened anew, since a write failed: ${(cause as Error)?.message}`,
        { cause },
      )
    },
    get failure() {
      return failure
    },
  }
}

/** What a table holds that nobody has asked for, as files. */
export function imageOf({ files, recovered }: Idle): TreeImage {
  return files.image(
    new Map(recovered.map(({ number, memtable, bytes }) => [number, memtable.image(0, bytes)])),
  )
}

/** How the tables of a database are opened. */
export interface TableOpening {
  readonly environment: TreeEnvironment
  /** The database's directory. */
  readonly path: string
  readonly readers: Readers
  readonly rep: MemtableRepFactory
}

/** A table that was looked at. */
interface LookedAt extends Idle {
  /** Mends what a crash left. Before, nothing of the table was changed. */
  settle(): Promise<void>
}

/**
 * Opens the tables that the catalog names, for who writes to them. All are looked at before anything is mended: a database that
 * is refused stays as it was, for whoever has to find out what became of it. Throws MARQUETRY_CORRUPTION.
 */
export async function openTables(
  opening: TableOpening,
  entries: readonly CatalogEntry[],
): Promise<Map<string, Idle>> {
  const tables = new Map<string, LookedAt>()
  try {
    for (const entry of entries) tables.set(entry.name, await openTree(opening, entry))
    for (const table of tables.values()) await table.settle()
    return tables
  } catch (error) {
    await Promise.allSettled([...tables.values()].map(({ files }) => files.close()))
    throw error
  }
}

/** Looks at a table that the catalog names, and reads its logs. Throws MARQUETRY_CORRUPTION. */
export async function openTree(
  { environment, path, readers, rep }: TableOpening,
  entry: CatalogEntry,
): Promise<LookedAt> {
  const { fs, readOnly, health, sequence } = environment
  const directory = `${path}/${entry.name}`
  const fail = (error: unknown) => health.fail(error)
  const files = await TreeFiles.open({ fs, directory, tree: entry, fail, readers }, readOnly)
  try {
    const logs = await recoverLogs({
      fs,
      directory,
      treeId: entry.id,
      logs: files.state.logs,
      schema: (id) => files.schemaOf(id),
      rep,
      holds: (position) => files.holds(position),
    })
    const orphans = await files.findOrphans()
    const recovered = logs.sealed
    const last = Math.max(files.lastSeq, ...recovered.map((log) => log.memtable.lastSeq))
    sequence.next = Math.max(sequence.next, last + 1)
    const settle = async () => {
      await logs.settle()
      await files.settle(orphans)
    }
    return { files, recovered, settle }
  } catch (error) {
    await files.close().catch(() => {})
    throw error
  }
}

/** Throws MARQUETRY_SCHEMA_MISMATCH if a table has another schema than its caller expects. */
export function checkSchema(name: string, stored: Schema, given: Schema): void {
  const difference = schemaDifference(stored, given)
  if (difference !== undefined) {
    throw new MarquetryError('MARQUETRY_SCHEMA_MISMATCH', `Table ${name} has another schema: ${difference}`)
  }
}
