// Parquet files as an input of imports: row groups, decoded and converted in a worker thread. While one is being written
// the next one is being decoded: at most two are in memory.

import { shortThreads } from '../compaction/executor.js'
import { type FileSystem, readWhole } from '../fs/file-system.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import { type DecoderOptions, ImportDecoder } from './import-decoder.js'
import type { ImportChunk, ImportInput } from './import-input.js'
import { resolveLimits } from './import-limits.js'
import type { DecodedColumns, FoundColumn, ImportFile, ImportPlan } from './import-task.js'
import type { WantedColumns } from './match-columns.js'

/** How long it may take to read a footer. */
const describeTimeoutMs = 60_000

/** Looks at the file and checks that it fits the table. */
export async function openParquet(
  tree: LsmTree,
  path: string,
  wanted: WantedColumns,
  options: Pick<DecoderOptions, 'limits' | 'timeoutMs' | 'signal'>,
): Promise<ImportInput> {
  const { schema, names, numbered } = wanted
  const { fs, executor } = tree.environment
  const decoder = new ImportDecoder({
    file: await importFile(fs, path),
    schema: schema.toJSON(),
    // Even where all other work runs on the calling thread: a malformed file may take its thread with it.
    threads: shortThreads(executor.threads),
    ...options,
    module: new URL('./import-worker.js', import.meta.url),
  })
  const numberedName = numbered === undefined ? undefined : schema.columns[numbered]!.name
  return new ParquetInput(path, decoder, await decoder.plan({ names, numbered: numberedName }))
}

/** The columns of a file, whatever table they are for. */
export async function inferParquet(
  fs: FileSystem,
  path: string,
  signal: AbortSignal | undefined,
): Promise<readonly FoundColumn[]> {
  const decoder = new ImportDecoder({
    file: await importFile(fs, path),
    schema: { id: 0, columns: [], key: [] },
    threads: shortThreads(0),
    limits: resolveLimits(undefined),
    timeoutMs: describeTimeoutMs,
    signal,
    module: new URL('./import-worker.js', import.meta.url),
  })
  return await decoder.describe()
}

/** A file as workers are told of it. */
export async function importFile(fs: FileSystem, path: string): Promise<ImportFile> {
  if (fs.sharedWithWorkers) return { path }
  const bytes = await readWhole(fs, path)
  const content = new SharedArrayBuffer(bytes.length)
  new Uint8Array(content).set(bytes)
  return { path, content }
}

interface Group {
  readonly rowGroup: number
  readonly rows: number
  readonly bytes: number
  /** Rows of the file before it. */
  readonly firstRow: number
}

class ParquetInput implements ImportInput {
  readonly name: string
  readonly rowsTotal: number
  readonly bytesTotal: number
  readonly bytes: number
  readonly #decoder: ImportDecoder
  readonly #plan: ImportPlan
  readonly #groups: readonly Group[]
  #next = 0
  /** The row group after those that were given out. */
  #decoding: Promise<DecodedColumns> | undefined

  constructor(path: string, decoder: ImportDecoder, plan: ImportPlan) {
    this.name = path
    this.#decoder = decoder
    this.#plan = plan
    this.bytes = plan.bytes
    this.rowsTotal = plan.rowGroups.reduce((sum, group) => sum + group.rows, 0)
    this.bytesTotal = plan.rowGroups.reduce((sum, group) => sum + group.bytes, 0)
    let firstRow = 0
    this.#groups = plan.rowGroups
      .map(({ rows, bytes }, rowGroup) => {
        firstRow += rows
        return { rowGroup, rows, bytes, firstRow: firstRow - rows }
      })
      .filter(({ rows }) => rows > 0)
  }

  async next(): Promise<ImportChunk | undefined> {
    const group = this.#groups[this.#next]
    if (group === undefined) return undefined
    this.#decoding ??= this.#decode(group)
    const columns = await this.#decoding
    this.#next++
    const following = this.#groups[this.#next]
    this.#decoding = following && this.#decode(following)
    const { rows, bytes, firstRow } = group
    return { columns, rows, bytes, placeOf: (row) => ({ row: firstRow + row }) }
  }

  /** What is being decoded comes to its end, but nobody waits for it. */
  async close(): Promise<void> {
    this.#decoding = undefined
  }

  #decode({ rowGroup, rows, firstRow }: Group): Promise<DecodedColumns> {
    const decoding = this.#decoder.decode({ names: this.#plan.names, rowGroup, rows, firstRow })
    decoding.catch(() => {}) // awaited later, or never, if something else fails before
    return decoding
  }
}
