// Rows as a Parquet file.
//
//   rows → gathered into row groups → encoded in a worker thread → stitched into the file
//
// While a row group is being encoded the next one fills: at most two are in memory.

import type { Batch } from '../format/batch.js'
import type { Schema, SchemaColumn } from '../format/schema.js'
import { vectorBytes } from '../format/vector.js'
import { buffersOf } from '../format/vector-buffers.js'
import type { Compression } from '../options.js'
import { SliceList, sliceBatch } from '../scan/gather.js'
import type { StoredPages } from '../sstable/bulk-reader.js'
import { ParquetStitcher } from '../sstable/stitch.js'
import { type FileColumn, sstableColumns } from '../sstable/stored-columns.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import { isStored } from '../tree/stored-groups.js'
import { engineVersion } from '../util/engine-version.js'
import type { ByteOutput } from './byte-output.js'
import { emptyFile, oneRow } from './empty-file.js'
import { ownBatch } from './own-vectors.js'
import type { RowEncoder } from './row-encoder.js'

/** Exported files are read in bulk: larger pages than an SSTable's, which single rows are looked up in. */
const pageBytes = 64 * 1024
const createdBy = `marquetry version ${engineVersion}`

/** How a Parquet file is written. */
export interface ParquetStyle {
  readonly compression: Compression
  /** Most rows of a row group. */
  readonly rowGroupRows: number
  /** Bytes of decoded rows at which a row group ends, about. */
  readonly rowGroupBytes: number
}

export class ParquetRows implements RowEncoder {
  readonly #tree: LsmTree
  readonly #output: ByteOutput
  readonly #style: ParquetStyle
  readonly #columns: readonly SchemaColumn[]
  readonly #fileColumns: readonly FileColumn[]
  readonly #stitcher: ParquetStitcher
  readonly #reported: () => void
  readonly #slices = new SliceList()
  /** Bytes of the rows in `#slices`. */
  #bytes = 0
  #encoding: Promise<Uint8Array> | undefined

  /** `reported` is called after every row group; what it throws ends the file. */
  constructor(
    tree: LsmTree,
    columns: readonly SchemaColumn[],
    output: ByteOutput,
    style: ParquetStyle,
    reported: () => void,
  ) {
    this.#tree = tree
    this.#columns = columns
    this.#output = output
    this.#style = style
    this.#reported = reported
    this.#fileColumns = publicColumns(tree.schema, columns)
    const sorting = sortedBy(tree.schema, columns).map((column) => ({ column, descending: false }))
    const file = { write: (bytes: Uint8Array) => output.write(bytes) }
    this.#stitcher = new ParquetStitcher(file, { createdBy, sorting })
  }

  get rows(): number {
    return this.#stitcher.rows
  }

  /**
   * Adds rows, cut where the row group is full: of rows, or of bytes by the batch's average. A row group that comes as it is
   * stored becomes one of the file.
   */
  async add(batch: Batch, from: number, to: number): Promise<void> {
    if (isStored(batch)) return await this.#carry(batch.stored)
    const { rowGroupBytes, rowGroupRows } = this.#style
    const { columns, rows: count } = sliceBatch(batch, from, to)
    const bytesPerRow = columns.reduce((sum, vector) => sum + vectorBytes(vector), 0) / count
    for (let at = from; at < to; ) {
      const { rows } = this.#slices
      const fit = Math.floor((rowGroupBytes - this.#bytes) / bytesPerRow)
      const room = Math.min(rowGroupRows - rows, rows === 0 ? Math.max(fit, 1) : fit)
      if (room <= 0) await this.#cut()
      else {
        const taken = Math.min(to - at, room)
        this.#slices.add(this.#slices.use(batch), at, taken)
        this.#bytes += bytesPerRow * taken
        at += taken
      }
    }
  }

  /** Adds a row group of an SSTable as its bytes are. Requires: its columns are the file's. */
  async #carry({ footer, group, slice }: StoredPages): Promise<void> {
    if (this.#slices.rows > 0) await this.#cut()
    await this.#appendEncoded()
    await this.#stitcher.carry(footer, group, slice)
    this.#reported()
  }

  async finish(): Promise<void> {
    if (this.#slices.rows > 0) await this.#cut()
    await this.#appendEncoded()
    if (this.#stitcher.rowGroups === 0) {
      const vectors = oneRow(this.#columns.map(({ codec }) => codec.layout))
      await this.#output.write(emptyFile(await this.#encode(vectors, 1), createdBy))
    } else await this.#stitcher.finish(new Map())
  }

  /** Gives the gathered rows to the encoder, once it is done with the row group before. */
  async #cut(): Promise<void> {
    const { rows, columns: vectors } = ownBatch(this.#slices)
    this.#slices.clear()
    this.#bytes = 0
    await this.#appendEncoded()
    this.#encoding = this.#encode(vectors, rows)
    this.#encoding.catch(() => {}) // awaited later, or never, if something else fails before
  }

  #encode(vectors: Batch['columns'], rows: number): Promise<Uint8Array> {
    const options = { compression: this.#style.compression, pageBytes }
    const task = { kind: 'encode', columns: this.#fileColumns, vectors, rows, options } as const
    return this.#tree.environment.executor.encode(task, buffersOf(vectors))
  }

  async #appendEncoded(): Promise<void> {
    if (this.#encoding === undefined) return
    const part = await this.#encoding
    this.#encoding = undefined
    await this.#stitcher.append(part)
    this.#reported()
  }
}

/** The columns as callers know them: public types, nullable as the schema says. */
function publicColumns(schema: Schema, columns: readonly SchemaColumn[]): readonly FileColumn[] {
  const stored = sstableColumns(schema, false)
  return columns.map(({ name, id, type, nullable }) => {
    const { encoding } = stored[schema.indexOf(name)!]!
    return { name, fieldId: id, type, nullable, encoding }
  })
}

/** Places among the columns of the leading key columns that are there: what the rows are sorted by. */
function sortedBy(schema: Schema, columns: readonly SchemaColumn[]): readonly number[] {
  const names = columns.map(({ name }) => name)
  const places = schema.key.map((index) => names.indexOf(schema.columns[index]!.name))
  const missing = places.indexOf(-1)
  return missing < 0 ? places : places.slice(0, missing)
}
