// A Parquet file into a table, through the normal write path.
//
//   row group → decoded and converted in a worker thread → records of some thousand rows → LsmTree.write
//
// At most two row groups are in memory: one being written, the next being decoded. Writes are awaited, some records
// late: so many share one sync, and a table that cannot keep up slows the import down.

import { shortThreads } from '../compaction/executor.js'
import { throwIfAborted } from '../errors.js'
import type { Columns } from '../format/row-types.js'
import { nullVector, type Vector } from '../format/vector.js'
import { type FileSystem, readWhole } from '../fs/file-system.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import { ImportDecoder } from './import-decoder.js'
import { checkImportOptions, type ImportSettings } from './import-settings.js'
import { type DecodedColumns, type ImportFile, type ImportPlan, invalidInput } from './import-task.js'
import { numberedColumn, RowNumberer } from './row-numberer.js'
import type { ImportOptions, ImportProgress, ImportResult } from './transfer-options.js'

/** Records that are encoded and not yet committed. */
const recordsInFlight = 8
/** A record is cut when it has grown to this, however few rows it has. */
const recordBytes = 1024 * 1024

/**
 * Reads the file at `path` into the table. Not atomic: what was written before an error, or an abort, stays, and
 * importing again overwrites it. Throws MARQUETRY_INVALID_INPUT, MARQUETRY_IO, MARQUETRY_ABORTED and whatever writes
 * throw.
 */
export async function importParquet(
  tree: LsmTree,
  path: string,
  options: ImportOptions<Columns>,
): Promise<ImportResult> {
  const settings = checkImportOptions(tree.schema, path, options)
  const { fs, executor } = tree.environment
  const decoder = new ImportDecoder({
    file: await importFile(fs, path),
    schema: tree.schema.toJSON(),
    // Even where all other work runs on the calling thread: a malformed file may take its thread with it.
    threads: shortThreads(executor.threads),
    timeoutMs: settings.rowGroupTimeoutMs,
    signal: settings.signal,
    module: new URL('./import-worker.js', import.meta.url),
  })
  const numbered = settings.numbered === undefined ? undefined : tree.schema.columns[settings.numbered]!.name
  const plan = await decoder.plan({ names: settings.names, numbered })
  await new Importer(tree, path, settings, plan).run(decoder)
  return { rows: plan.rowGroups.reduce((sum, group) => sum + group.rows, 0), bytes: plan.bytes }
}

async function importFile(fs: FileSystem, path: string): Promise<ImportFile> {
  if (fs.sharedWithWorkers) return { path }
  const bytes = await readWhole(fs, path)
  const content = new SharedArrayBuffer(bytes.length)
  new Uint8Array(content).set(bytes)
  return { path, content }
}

class Importer {
  readonly #tree: LsmTree
  readonly #path: string
  readonly #settings: ImportSettings
  readonly #plan: ImportPlan
  readonly #numberer: RowNumberer | undefined
  readonly #totals: { readonly rowsTotal: number; readonly bytesTotal: number }
  /** Writes that are under way, oldest first. */
  readonly #writes: Promise<void>[] = []
  #rows = 0
  #bytes = 0

  constructor(tree: LsmTree, path: string, settings: ImportSettings, plan: ImportPlan) {
    this.#tree = tree
    this.#path = path
    this.#settings = settings
    this.#plan = plan
    if (settings.numbered !== undefined) this.#numberer = new RowNumberer(tree.schema, settings.numbered)
    this.#totals = {
      rowsTotal: plan.rowGroups.reduce((sum, group) => sum + group.rows, 0),
      bytesTotal: plan.rowGroups.reduce((sum, group) => sum + group.bytes, 0),
    }
  }

  async run(decoder: ImportDecoder): Promise<void> {
    const { rowGroups, names } = this.#plan
    let firstRow = 0
    const tasks = rowGroups.map(({ rows, bytes }, rowGroup) => {
      firstRow += rows
      return { bytes, task: { names, rowGroup, rows, firstRow: firstRow - rows } }
    })
    const wanted = tasks.filter(({ task }) => task.rows > 0)
    const begin = (index: number) => {
      const next = wanted[index]
      const decoding = next === undefined ? undefined : decoder.decode(next.task)
      decoding?.catch(() => {}) // awaited later, or never, if something else fails before
      return decoding
    }
    try {
      let decoding = begin(0)
      for (let index = 0; decoding !== undefined; index++) {
        const { task, bytes } = wanted[index]!
        const decoded = await decoding
        decoding = begin(index + 1)
        await this.#write(this.#columns(decoded, task.rows, task.firstRow), task.rows, bytes)
      }
    } finally {
      await Promise.allSettled(this.#writes)
    }
  }

  /** All columns of the table: those decoded, those that the file does not have, and the row numbers. */
  #columns(decoded: DecodedColumns, rows: number, firstRow: number): readonly Vector[] {
    const { columns } = this.#tree.schema
    const vectors = columns.map(({ codec }, index) => decoded[index] ?? nullVector(codec.layout, rows))
    const { numbered } = this.#settings
    if (numbered === undefined || this.#numberer === undefined) return vectors
    const numbers = this.#numberer.number(vectors, rows)
    const { type, name } = columns[numbered]!
    const values = numberedColumn(type.kind, numbers, (row, what) => {
      throw invalidInput(this.#path, what, { column: name, row: firstRow + row })
    })
    return vectors.with(numbered, values)
  }

  async #write(vectors: readonly Vector[], rows: number, bytes: number): Promise<void> {
    const { batchRows, signal, onProgress } = this.#settings
    const keys = this.#tree.schema.key.map((index) => vectors[index]!)
    const before = { rows: this.#rows, bytes: this.#bytes }
    for (let from = 0; from < rows; ) {
      throwIfAborted(signal)
      const to = Math.min(from + batchRows, rows)
      from = this.#writeRecord(vectors, keys, from, to)
      while (this.#writes.length >= recordsInFlight) await this.#writes.shift()
      if (turnIsDue()) await takeTurn()
      this.#rows = before.rows + from
      this.#bytes = from === rows ? before.bytes + bytes : before.bytes + Math.floor(bytes * (from / rows))
      if (from === rows) while (this.#writes.length > 0) await this.#writes.shift()
      if (onProgress !== undefined) onProgress(this.#progress())
    }
  }

  /** Encodes rows from `from` on as one record, now, and begins its commit. Returns the first row that is not in it. */
  #writeRecord(vectors: readonly Vector[], keys: readonly Vector[], from: number, to: number): number {
    let row = from
    const write = this.#tree.write((memtable, firstSeq) => {
      const end = memtable.encodedBytes + recordBytes
      while (row < to && memtable.encodedBytes < end) {
        memtable.addVectors(vectors, keys, row, firstSeq + row - from)
        row++
      }
      return row - from
    })
    write.catch(() => {}) // awaited later
    this.#writes.push(write)
    return row
  }

  #progress(): ImportProgress {
    return { rows: this.#rows, bytes: this.#bytes, ...this.#totals }
  }
}
