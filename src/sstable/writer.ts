// Writes an SSTable: a folder of data.parquet and its sidecars. One writer, one file, used once.
//
// 1. Rows come sorted: key ascending, then sequence number descending. Checked, for every row, in production.
// 2. No key is in two row groups.
// 3. `finish` answers only after the file was synced, read again and found to be what was written.
// If the process dies before the folder is renamed and the manifest edited, the folder in tmp/ is only garbage.

import { corruption } from '../errors.js'
import { type Batch, batchBytes } from '../format/batch.js'
import { compareKeys } from '../format/compare.js'
import { sstableFiles } from '../format/file-names.js'
import { type KeyBytes, vectorKey } from '../format/key-codec.js'
import { KeySampler } from '../format/key-sample.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { Vector } from '../format/vector.js'
import type { FileHandle, FileSystem } from '../fs/file-system.js'
import { writeWhole } from '../fs/file-system.js'
import { assert } from '../util/assert.js'
import { compareBytes, toBase64 } from '../util/bytes.js'
import type { StoredRowGroup } from './bulk-reader.js'
import { blockBytes, ChecksumBuilder, type Checksums, encodeChecksums } from './checksums.js'
import { type EncodeOptions, encodeRowGroup } from './encode-row-group.js'
import { KeyFilterBuilder, KeyHasher } from './filter-builder.js'
import type { SortingColumn } from './parquet-footer.js'
import { encodeSidecar, sidecarKinds } from './sidecar.js'
import { type ChunkPages, SparseIndexBuilder } from './sparse-index-builder.js'
import { splitBlockFilter } from './split-block-filter.js'
import { type ChunkFilters, ParquetStitcher } from './stitch.js'
import { creator, type FileColumn, sstableColumns, storedVectors } from './stored-columns.js'

/** Which filters an SSTable has. */
export interface FilterOptions {
  readonly errorRate: number
  readonly parquet?: boolean | undefined
}

export interface SSTableOptions extends EncodeOptions {
  /** Every so many rows one full key goes into index.sparse. */
  readonly sparseIndexInterval: number
  /** Whether a row may be a tombstone: then value columns are nullable in the file. */
  readonly hasTombstones: boolean
  /** Name of the table: for the footer, which external tools show. */
  readonly table: string
  readonly engineVersion: string
  /** The key filter's share of wrong answers, and whether Parquet's own filters of the key columns are written too. Default: no filter. */
  readonly filter?: FilterOptions | undefined
}

/** What has been written so far. */
interface Progress {
  minKey: KeyBytes | undefined
  maxKey: KeyBytes | undefined
  keys: number
  tombstones: number
  minSeq: number
  maxSeq: number
  rowGroupBytesMax: number
}

/** Bytes read at once when a finished file is checked. */
const rereadBytes = 256 * blockBytes

export class SSTableWriter {
  readonly #fs: FileSystem
  readonly #folder: string
  readonly #schema: Schema
  readonly #options: SSTableOptions
  readonly #columns: readonly FileColumn[]
  readonly #file: FileHandle
  readonly #stitcher: ParquetStitcher
  readonly #checksums = new ChecksumBuilder()
  readonly #hasher = new KeyHasher()
  readonly #sampler = new KeySampler()
  readonly #filter: KeyFilterBuilder | undefined
  /** Keys and pages for index.sparse, until the file says how its columns are stored. */
  readonly #sparseKeys: KeyBytes[] = []
  readonly #pages: { readonly rows: number; readonly chunks: readonly ChunkPages[] }[] = []
  readonly #progress: Progress = {
    minKey: undefined,
    maxKey: undefined,
    keys: 0,
    tombstones: 0,
    minSeq: Number.POSITIVE_INFINITY,
    maxSeq: 0,
    rowGroupBytesMax: 0,
  }

  private constructor(
    fs: FileSystem,
    folder: string,
    schema: Schema,
    options: SSTableOptions,
    file: FileHandle,
  ) {
    this.#fs = fs
    this.#folder = folder
    this.#schema = schema
    this.#options = options
    this.#columns = sstableColumns(schema, options.hasTombstones)
    this.#file = file
    this.#filter = options.filter && new KeyFilterBuilder(options.filter.errorRate)
    const sorting: SortingColumn[] = schema.key.map((column) => ({ column, descending: false }))
    sorting.push({ column: schema.columns.length, descending: true }) // _seq
    this.#stitcher = new ParquetStitcher(file, {
      createdBy: creator(options.engineVersion),
      sorting,
      observe: (bytes) => this.#checksums.update(bytes),
    })
  }

  /** Makes the folder, whose parent exists, and the data file in it. */
  static async create(
    fs: FileSystem,
    folder: string,
    schema: Schema,
    options: SSTableOptions,
  ): Promise<SSTableWriter> {
    assert(options.sparseIndexInterval >= 1, 'the interval of the sparse index is at least a row')
    await fs.makeDirectory(folder)
    const file = await fs.open(`${folder}/${sstableFiles.data}`, 'create')
    return new SSTableWriter(fs, folder, schema, options, file)
  }

  /** Bytes written to the data file so far. */
  get bytes(): number {
    return this.#stitcher.bytes
  }

  /**
   * Writes one row group.
   * Requires: a batch of all columns in schema order, sorted, all its keys above those before; one call at a
   * time.
   */
  async append(batch: Batch): Promise<void> {
    const { rows } = batch
    assert(rows > 0, 'a row group has rows')
    assert(batch.columns.length === this.#schema.columns.length, 'a row group has all columns of the schema')
    const keys = this.#schema.key.map((index) => batch.columns[index]!)
    this.#observeKeys(keys, rows, batch.seq)
    this.#observeVersions(batch.seq, batch.deleted)
    this.#progress.rowGroupBytesMax = Math.max(this.#progress.rowGroupBytesMax, batchBytes(batch))
    const vectors = storedVectors(this.#schema, this.#columns, batch)
    const part = encodeRowGroup(this.#columns, vectors, rows, this.#options)
    this.#pages.push({ rows, chunks: await this.#stitcher.append(part, this.#columnFilters(keys)) })
  }

  /**
   * Writes a row group of another SSTable as its bytes are.
   * Requires: what `append` does of its rows; that file was written as this one is, see `BulkReader.isWrittenAs`; no tombstones,
   * no key twice.
   */
  async carry(stored: StoredRowGroup): Promise<void> {
    const { rows, keys, footer, group, slice } = stored
    const progress = this.#progress
    this.#observeKeys(keys, rows, undefined)
    progress.minSeq = Math.min(progress.minSeq, stored.minSeq)
    progress.maxSeq = Math.max(progress.maxSeq, stored.maxSeq)
    progress.rowGroupBytesMax = Math.max(progress.rowGroupBytesMax, stored.bytesMax)
    const filters = this.#columnFilters(keys)
    this.#pages.push({ rows, chunks: await this.#stitcher.carry(footer, group, slice, filters) })
  }

  /**
   * Completes the SSTable and makes all of it durable but the folder's own entry in its parent. The number in
   * the metadata is 0. Throws MARQUETRY_CORRUPTION if the file does not read back as it was written.
   */
  async finish(createdMs: number): Promise<SSTableMeta> {
    const { minKey, maxKey, rowGroupBytesMax, ...counted } = this.#progress
    assert(minKey !== undefined && maxKey !== undefined, 'an SSTable has rows')
    await this.#stitcher.finish(this.#keyValues(minKey, maxKey))
    const syncing = this.#file.sync()
    syncing.catch(() => {}) // told below
    const filter = this.#filter?.finish() // the disk and this thread work at the same time
    await syncing
    const checksums = this.#checksums.finish()
    await this.#reread(checksums)
    await this.#file.close()
    await this.#writeSidecars(checksums, filter)
    await this.#fs.syncDirectory(this.#folder)
    return {
      number: 0,
      schemaId: this.#schema.id,
      minKey,
      maxKey,
      rows: this.#stitcher.rows,
      ...counted,
      bytes: checksums.bytes,
      digest: checksums.digest,
      rowGroupBytesMax,
      createdMs,
      keySample: this.#sampler.finish(),
    }
  }

  /** Removes what was written. For a writer that has failed, or is not needed any more; not after `finish`. */
  async abort(): Promise<void> {
    await this.#file.close()
    await this.#fs.remove(this.#folder)
  }

  /** Checks the order of the rows, counts their keys and notes bounds and sparse keys. Without `seq` no key may come twice. */
  #observeKeys(keys: readonly Vector[], rows: number, seq: Float64Array | undefined): void {
    const progress = this.#progress
    const first = vectorKey(this.#schema, keys, 0)
    assert(
      progress.maxKey === undefined || compareBytes(progress.maxKey, first) < 0,
      'row groups are in key order and share no key',
    )
    const compare = compareKeys(keys, keys)
    let distinct = 1
    for (let row = 1; row < rows; row++) {
      const order = compare(row - 1, row)
      if (order < 0) distinct++
      else {
        const isOlder = order === 0 && seq !== undefined && seq[row - 1]! > seq[row]!
        assert(isOlder, 'rows are sorted by key and, newest first, by version')
      }
    }
    progress.minKey ??= first
    progress.maxKey = vectorKey(this.#schema, keys, rows - 1)
    progress.keys += distinct
    const hashes = this.#hasher.hash(keys, rows)
    for (let i = 0; i < hashes.length; i += 2) this.#sampler.add(hashes[i]!)
    this.#filter?.addHashes(hashes)
    const interval = this.#options.sparseIndexInterval
    const before = this.#stitcher.rows
    for (let row = (interval - (before % interval)) % interval; row < rows; row += interval) {
      this.#sparseKeys.push(vectorKey(this.#schema, keys, row))
    }
  }

  /** Parquet's own filters of a row group's key columns. */
  #columnFilters(keys: readonly Vector[]): ChunkFilters {
    const filters = new Map<number, Uint8Array>()
    const { filter } = this.#options
    if (filter?.parquet !== true) return filters
    for (const [i, column] of this.#schema.key.entries()) {
      const bytes = splitBlockFilter(this.#schema.columns[column]!.type, keys[i]!, filter.errorRate)
      if (bytes !== undefined) filters.set(column, bytes)
    }
    return filters
  }

  #observeVersions(seq: Float64Array, deleted: Uint8Array | undefined): void {
    const rows = seq.length
    const progress = this.#progress
    let { minSeq, maxSeq } = progress
    for (let row = 0; row < rows; row++) {
      const value = seq[row]!
      if (value < minSeq) minSeq = value
      if (value > maxSeq) maxSeq = value
    }
    progress.minSeq = minSeq
    progress.maxSeq = maxSeq
    if (deleted !== undefined) {
      assert(this.#options.hasTombstones, 'tombstones only in a file that was announced to have them')
      for (let row = 0; row < rows; row++) progress.tombstones += deleted[row]!
    }
  }

  /**
   * What the footer says to whoever looks into the file with another tool. The manifest, not this, is what
   * counts.
   */
  #keyValues(minKey: KeyBytes, maxKey: KeyBytes): ReadonlyMap<string, string> {
    const { minSeq, maxSeq } = this.#progress
    return new Map([
      ['marquetry.version', this.#options.engineVersion],
      ['marquetry.table', this.#options.table],
      ['marquetry.schema', JSON.stringify(this.#schema)],
      ['marquetry.keys', JSON.stringify({ min: toBase64(minKey), max: toBase64(maxKey) })],
      ['marquetry.seq', `${minSeq}..${maxSeq}`],
    ])
  }

  /** Compares the file with the checksums of what was written to it. */
  async #reread(written: Checksums): Promise<void> {
    const { path } = this.#file
    const checksums = new ChecksumBuilder()
    const buffer = new Uint8Array(Math.min(rereadBytes, written.bytes))
    for (let at = 0; at < written.bytes; ) {
      const read = await this.#file.read(buffer, at)
      if (read === 0) break
      checksums.update(buffer.subarray(0, read))
      at += read
    }
    const { crcs, bytes } = checksums.finish()
    const size = await this.#file.size()
    if (bytes !== written.bytes || size !== written.bytes) {
      throw corruption(
        path,
        Math.min(bytes, size),
        `the new file is not the ${written.bytes} bytes that were written`,
      )
    }
    const block = crcs.findIndex((crc, index) => crc !== written.crcs[index])
    if (block >= 0)
      throw corruption(path, block * blockBytes, 'the new file does not read back as it was written')
  }

  async #writeSidecars(checksums: Checksums, filter: Uint8Array | undefined): Promise<void> {
    const { columns, codec } = this.#stitcher.columns()
    const index = new SparseIndexBuilder(this.#options.sparseIndexInterval, columns, codec)
    for (const key of this.#sparseKeys) index.addKey(key)
    for (const { rows, chunks } of this.#pages) index.addRowGroup(rows, chunks)
    const sidecar = encodeSidecar(sidecarKinds.index, checksums.digest, index.finish())
    await writeWhole(this.#fs, `${this.#folder}/${sstableFiles.index}`, sidecar)
    if (filter !== undefined) {
      const framed = encodeSidecar(sidecarKinds.filter, checksums.digest, filter)
      await writeWhole(this.#fs, `${this.#folder}/${sstableFiles.filter}`, framed)
    }
    await writeWhole(this.#fs, `${this.#folder}/${sstableFiles.checksums}`, encodeChecksums(checksums))
  }
}
