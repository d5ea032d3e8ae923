// What a merge writes: batches regrouped into row groups, row groups into SSTables of about the wished size.
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
import type { MergeJob } from './job.js'

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

/** Writes row groups to SSTables, which it begins and completes. */
export class MergeOutput {
  readonly #fs: FileSystem
  readonly #job: MergeJob
  readonly #schema: Schema
  readonly #hasTombstones: boolean
  readonly #tables: SSTableMeta[] = []
  #writer: SSTableWriter | undefined
  #rows = 0
  #rowGroupsCarried = 0

  /** Requires: `job.folder` exists. `hasTombstones`: whether a row may be one. */
  constructor(fs: FileSystem, job: MergeJob, schema: Schema, hasTombstones: boolean) {
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
    this.#writer ??= await this.#create()
    await this.#writer.append(batch)
    await this.#count(batch.rows)
  }

  /** Writes a row group as its bytes are; see `SSTableWriter.carry`. */
  async carry(stored: StoredRowGroup): Promise<void> {
    this.#writer ??= await this.#create()
    await this.#writer.carry(stored)
    this.#rowGroupsCarried++
    await this.#count(stored.rows)
  }

  /** Completes the last table; all of them, in key order. */
  async finish(): Promise<readonly SSTableMeta[]> {
    await this.#complete()
    return this.#tables
  }

  /** Closes what is open and removes what it has written. After a failure. */
  async abort(): Promise<void> {
    await this.#writer?.abort()
    this.#writer = undefined
  }

  async #count(rows: number): Promise<void> {
    this.#rows += rows
    if (this.#writer !== undefined && this.#writer.bytes >= this.#job.output.targetFileBytes)
      await this.#complete()
  }

  async #complete(): Promise<void> {
    const writer = this.#writer
    if (writer === undefined) return
    this.#tables.push(await writer.finish(this.#job.createdMs))
    this.#writer = undefined
  }

  #create(): Promise<SSTableWriter> {
    const { folder, output } = this.#job
    const { rowGroupRows: _rows, rowGroupBytes: _bytes, targetFileBytes: _target, ...settings } = output
    return SSTableWriter.create(this.#fs, `${folder}/${numberedName(this.#tables.length)}`, this.#schema, {
      ...settings,
      hasTombstones: this.#hasTombstones,
      engineVersion,
    })
  }
}
