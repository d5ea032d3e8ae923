// data.parquet and its sidecars, read only after their checksums matched.
//
// 1. Nothing is opened before the first read. 2. No byte of the data is handed out whose 4 KiB block was not checked.
// 3. Every operation is a Reading, so that synchronous and asynchronous callers share it.

import { corruption } from '../errors.js'
import { sstableFiles } from '../format/file-names.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { FileHandle, FileSystem } from '../fs/file-system.js'
import type { Reading } from '../fs/reading.js'
import { assert } from '../util/assert.js'
import { blockBytes, decodeChecksums, verifyBlocks } from './checksums.js'

/** The data file of one SSTable. */
export class VerifiedFile {
  readonly path: string
  readonly #fs: FileSystem
  readonly #folder: string
  readonly #meta: SSTableMeta
  #file: FileHandle | undefined
  #crcs: Uint32Array | undefined
  #closed = false

  constructor(fs: FileSystem, folder: string, meta: SSTableMeta) {
    this.path = `${folder}/${sstableFiles.data}`
    this.#fs = fs
    this.#folder = folder
    this.#meta = meta
  }

  /**
   * Bytes `from` to `to`, as a view over the blocks around them. Throws MARQUETRY_CORRUPTION where a block does not
   * match its checksum, or the file its length.
   */
  *read(from: number, to: number): Reading<Uint8Array> {
    const { path } = this
    const { bytes } = this.#meta
    if (!(from >= 0 && from <= to && to <= bytes))
      throw corruption(path, from, `no ${to - from} bytes lie here`)
    const crcs = yield* this.#checksums()
    const start = Math.floor(from / blockBytes) * blockBytes
    const end = Math.min(Math.ceil(to / blockBytes) * blockBytes, bytes)
    const blocks = yield { file: this.#open(), from: start, to: end }
    if (blocks.length !== end - start) {
      throw corruption(path, start + blocks.length, `the file is not ${bytes} bytes long`)
    }
    verifyBlocks(path, crcs, bytes, start, blocks)
    return blocks.subarray(from - start, to - start)
  }

  /** A whole file of the SSTable's folder; not verified: sidecars carry their own checksum. */
  *sidecar(name: string): Reading<{ readonly path: string; readonly bytes: Uint8Array }> {
    this.#checkOpen()
    const path = `${this.#folder}/${name}`
    const file = this.#fs.openSync(path, 'read')
    try {
      const bytes = yield { file, from: 0, to: file.sizeSync() }
      return { path, bytes }
    } finally {
      file.closeSync()
    }
  }

  /** Idempotent. Requires: no reading is under way. */
  close(): void {
    this.#closed = true
    this.#file?.closeSync()
    this.#file = undefined
  }

  *#checksums(): Reading<Uint32Array> {
    this.#checkOpen()
    if (this.#crcs === undefined) {
      const { path, bytes } = yield* this.sidecar(sstableFiles.checksums)
      this.#crcs = decodeChecksums(path, this.#meta.digest, this.#meta.bytes, bytes)
    }
    return this.#crcs
  }

  #open(): FileHandle {
    this.#checkOpen()
    if (this.#file === undefined) {
      const file = this.#fs.openSync(this.path, 'read')
      const bytes = file.sizeSync()
      if (bytes !== this.#meta.bytes) {
        file.closeSync()
        throw corruption(this.path, bytes, `the file is not ${this.#meta.bytes} bytes long`)
      }
      this.#file = file
    }
    return this.#file
  }

  #checkOpen(): void {
    assert(!this.#closed, 'a closed SSTable is not read')
  }
}
