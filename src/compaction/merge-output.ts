// What merges and loads write: batches regrouped into row groups, row groups into SSTables of about the wished size.
//
// 1. No key is in two row groups, and so in no two files.
// 2. A row group has at most `rowGroupRows` rows and about `rowGroupBytes` bytes, but for a key with more versions than that.

import { type Batch, batchBytes } from '../format/batch.js'
import { compareKeys } from '../format/compare.js'
import { concatBatches } from '../format/concat.js'
import { numberedName } from '../format/file-names.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { FileSystem } from '../fs/file-system.js'
import { sliceBatch } from '../scan/gather.js'
import type { StoredRowGroup } from '../sstable/bulk-reader.js'
import { SSTableWriter } from '../sstable/writer.js'
import { engineVersion } from '../util/engine-version.js'
import type { OutputJob } from './job.js'

/** Sorted batches in, row groups out. */
export class RowGroupCutter {
  readonly #keyColumns: readonly number[]
  readonly #rowsMax: number
  readonly #bytesMax: number
  #parts: Batch[] = []
  #rows = 0
  #bytes = 0

  /** `keyColumns` are the places of the key columns in the batches. */
  constructor(keyColumns: readonly number[], rowsMax: number, bytesMax: number) {
    this.#keyColumns = keyColumns
    this.#rowsMax = rowsMax
    this.#bytesMax = bytesMax
  }

  /** Whether no rows wait. */
  get isEmpty(): boolean {
    return this.#rows === 0
  }

  /** Memory of the rows that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes a batch, in which the last key is whole. */
  add(batch: Batch): void {
    this.#parts.push(batch)
    this.#rows += batch.rows
    this.#bytes += batchBytes(batch)
  }

  /** The next full row group; with `all`, also what is left in the end. Undefined: there is none. */
  take(all: boolean): Batch | undefined {
    const isFull = this.#rows >= this.#rowsMax || this.#bytes >= this.#bytesMax
    if (this.#rows === 0 || !(isFull || all)) return undefined
    const rows = concatBatches(this.#parts)
    const end = this.#cut(rows)
    this.#parts = []
    this.#rows = 0
    this.#bytes = 0
    if (end < rows.rows) this.add(sliceBatch(rows, end, rows.rows))
    return sliceBatch(rows, 0, end)
  }

  /** Rows of the first row group: as many keys as fit, at least one. */
  #cut(batch: Batch): number {
    const { rows } = batch
    let most = Math.min(rows, this.#rowsMax)
    if (batchBytes(batch) > this.#bytesMax) {
      let least = 1
      while (least < most) {
        const middle = (least + most + 1) >>> 1
        if (batchBytes(sliceBatch(batch, 0, middle)) <= this.#bytesMax) least = middle
        else most = middle - 1
      }
    }
    if (most === rows) return rows
    const keys = this.#keyColumns.map((column) => batch.columns[column]!)
    const compare = compareKeys(keys, keys)
    let end = most
    while (end > 0 && compare(end - 1, end) === 0) end--
    if (end > 0) return end
    for (end = most; end < rows && compare(end - 1, end) === 0; ) end++
    return end
  }
}

/**
 * Writes row groups to SSTables, which it begins and completes. Behind its caller's back: while a row group goes to the
 * disk the next one is merged, and while a table is synced and read again, the next one is written. One of each at a time;
 * a failure is told by the next call.
 */
export class MergeOutput {
  readonly #fs: FileSystem
  readonly #job: OutputJob
  readonly #schema: Schema
  readonly #hasTombstones: boolean
  readonly #tables: SSTableMeta[] = []
  #writer: SSTableWriter | undefined
  /** The write of the last row group. */
  #writing: Promise<void> = Promise.resolve()
  /** The table that is being completed, and the end of that. */
  #completed: SSTableWriter | undefined
  #completing: Promise<void> = Promise.resolve()
  #begun = 0
  #rows = 0
  #rowGroupsCarried = 0

  /** Requires: `job.folder` exists. `hasTombstones`: whether a row may be one. */
  constructor(fs: FileSystem, job: OutputJob, schema: Schema, hasTombstones: boolean) {
    this.#fs = fs
    this.#job = job
    this.#schema = schema
    this.#hasTombstones = hasTombstones
  }

  /** Rows written so far. */
  get rows(): number {
    return this.#rows
  }

  get rowGroupsCarried(): number {
    return this.#rowGroupsCarried
  }

  /** Writes a row group, all its keys above those before. */
  async append(batch: Batch): Promise<void> {
    const writer = await this.#ready()
    this.#rows += batch.rows
    this.#write(writer.append(batch))
  }

  /** Writes a row group as its bytes are, and gives its memory back; see `SSTableWriter.carry`. */
  async carry(stored: StoredRowGroup): Promise<void> {
    const writer = await this.#ready()
    this.#rows += stored.rows
    this.#rowGroupsCarried++
    this.#write(writer.carry(stored).then(stored.recycle))
  }

  /** Completes the last table; all of them, in key order. */
  async finish(): Promise<readonly SSTableMeta[]> {
    await this.#writing
    await this.#complete()
    await this.#completing
    return this.#tables
  }

  /** Closes what is open and removes what it has written. After a failure. */
  async abort(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#completing])
    await Promise.allSettled([this.#completed?.abort(), this.#writer?.abort()])
  }

  /** The writer of the next row group, when the one before has been written. */
  async #ready(): Promise<SSTableWriter> {
    await this.#writing
    if (this.#writer !== undefined && this.#writer.bytes >= this.#job.output.targetFileBytes)
      await this.#complete()
    this.#writer ??= await this.#create()
    return this.#writer
  }

  #write(writing: Promise<void>): void {
    this.#writing = writing
    writing.catch(() => {}) // whoever waits for it is told
  }

  /** Begins to complete the current table. Requires: its last row group has been written. */
  async #complete(): Promise<void> {
    await this.#completing
    const writer = this.#writer
    if (writer === undefined) return
    this.#writer = undefined
    this.#completed = writer
    this.#completing = writer.finish(this.#job.createdMs).then((table) => {
      this.#tables.push(table)
      this.#completed = undefined
    })
    this.#completing.catch(() => {})
  }

  #create(): Promise<SSTableWriter> {
    const { folder, output } = this.#job
    const { rowGroupRows: _rows, rowGroupBytes: _bytes, targetFileBytes: _target, ...settings } = output
    return SSTableWriter.create(this.#fs, `${folder}/${numberedName(this.#begun++)}`, this.#schema, {
      ...settings,
      hasTombstones: this.#hasTombstones,
      engineVersion,
    })
  }
}
