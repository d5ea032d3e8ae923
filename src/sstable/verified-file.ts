// data.parquet, read only after its checksums matched.
//
// 1. Nothing is opened before the first read, and only so many files are open at a time.
// 2. No byte of the data is handed out whose 4 KiB block was not checked. Where checksums.crc is damaged, the checksums are
//    taken again from the data, and used only if they hash to the digest in the manifest.
// 3. Every operation is a Reading, so that synchronous and asynchronous callers share it.

import { corruption, MarquetryError } from '../errors.js'
import { sstableFiles } from '../format/file-names.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { FileHandle, FileSystem } from '../fs/file-system.js'
import { systemCode } from '../fs/io-error.js'
import { type Reading, SharedReading } from '../fs/reading.js'
import { assert } from '../util/assert.js'
import type { BufferPool } from '../util/buffer-pool.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import {
  blockBytes,
  ChecksumBuilder,
  type Checksums,
  decodeChecksums,
  encodeChecksums,
  verifyBlocks,
} from './checksums.js'
import type { Held, HeldRing } from './held.js'
import type { OpenFile, OpenFiles } from './open-files.js'
import type { SidecarFault, SidecarFiles } from './sidecar-files.js'

/** Bytes read at once where all of the file is. */
const wholeReadBytes = 256 * blockBytes

/** What a file shares with others. */
interface Shared {
  readonly openFiles: OpenFiles
  readonly memory: HeldRing
  readonly sidecars: SidecarFiles
  readonly isGuest: boolean
}

/** The data file of one SSTable. */
export class VerifiedFile implements OpenFile {
  readonly path: string
  readonly #fs: FileSystem
  readonly #meta: SSTableMeta
  readonly #shared: Shared
  readonly #loading = new SharedReading()
  #file: FileHandle | undefined
  #readsUnderWay = 0
  #crcs: Held<Uint32Array> | undefined
  /** All of the file was read, and it is not what the manifest says: found once, said to all. */
  #damage: MarquetryError | undefined
  #closed = false

  constructor(fs: FileSystem, folder: string, meta: SSTableMeta, shared: Shared) {
    this.path = `${folder}/${sstableFiles.data}`
    this.#fs = fs
    this.#meta = meta
    this.#shared = shared
  }

  /**
   * Bytes `from` to `to`, as a view over the blocks around them. Throws MARQUETRY_CORRUPTION where a block does not
   * match its checksum, or the file its length. They lie in memory from `pool`, if it is given.
   */
  *read(from: number, to: number, pool?: BufferPool): Reading<Uint8Array> {
    const { path } = this
    const { bytes } = this.#meta
    if (!(from >= 0 && from <= to && to <= bytes))
      throw corruption(path, from, `no ${to - from} bytes lie here`)
    const crcs = yield* this.#checksums()
    const start = Math.floor(from / blockBytes) * blockBytes
    const end = Math.min(Math.ceil(to / blockBytes) * blockBytes, bytes)
    const blocks = yield* this.#unverified(start, end, pool?.take(end - start))
    verifyBlocks(path, crcs, bytes, start, blocks)
    return blocks.subarray(from - start, to - start)
  }

  get isInUse(): boolean {
    return this.#readsUnderWay > 0
  }

  closeIdle(): void {
    try {
      this.#file?.closeSync()
    } catch {
      // It was only read: nothing is lost.
    }
    this.#file = undefined
  }

  /** Idempotent. What is under way ends with its next read. */
  close(): void {
    this.#closed = true
    this.#shared.openFiles.closed(this)
    this.#shared.memory.release(this.#crcs)
    this.#file?.closeSync()
    this.#file = undefined
  }

  *#checksums(): Reading<Uint32Array> {
    for (;;) {
      const known = this.#crcs
      if (known?.value !== undefined) {
        known.used = true
        return known.value
      }
      const crcs = yield* this.#loading.run(() => this.#loadChecksums())
      if (crcs !== undefined) return crcs
    }
  }

  *#loadChecksums(): Reading<Uint32Array> {
    assert(!this.#closed, 'a closed SSTable is not read')
    const { digest, bytes } = this.#meta
    const { sidecars, memory } = this.#shared
    const read = yield* sidecars.read('checksums', (path, content) =>
      decodeChecksums(path, digest, bytes, content),
    )
    let crcs: Uint32Array
    if (typeof read === 'string') {
      const rebuilt = yield* this.#rebuildChecksums(read)
      sidecars.rebuilt('checksums', () => encodeChecksums(rebuilt))
      crcs = rebuilt.crcs
    } else crcs = read
    memory.release(this.#crcs)
    this.#crcs = memory.hold(crcs, crcs.byteLength)
    return crcs
  }

  /** Checksums of the data as it lies there, if it is the data that the manifest means. */
  *#rebuildChecksums(fault: SidecarFault): Reading<Checksums> {
    if (this.#damage !== undefined) throw this.#damage
    const { bytes, digest } = this.#meta
    const builder = new ChecksumBuilder()
    for (let at = 0; at < bytes; at += wholeReadBytes) {
      builder.update(yield* this.#unverified(at, Math.min(at + wholeReadBytes, bytes)))
      if (turnIsDue()) yield { until: takeTurn() }
    }
    const checksums = builder.finish()
    if (checksums.digest === digest) return checksums
    this.#damage = corruption(
      this.path,
      undefined,
      `the data does not match its digest in the manifest; ${sstableFiles.checksums}, which could say where, is ${fault}`,
    )
    throw this.#damage
  }

  *#unverified(from: number, to: number, into?: ArrayBuffer): Reading<Uint8Array> {
    const file = this.#open()
    this.#readsUnderWay++
    try {
      const bytes = yield { file, from, to, into }
      if (bytes.length === to - from) return bytes
      throw corruption(this.path, from + bytes.length, `the file is not ${this.#meta.bytes} bytes long`)
    } finally {
      this.#readsUnderWay--
    }
  }

  /** Versions that are read keep their files: one that is gone was taken away by somebody else, to a guest by its host. */
  #openHandle(): FileHandle {
    try {
      return this.#fs.openSync(this.path, 'read')
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error
      if (!this.#shared.isGuest) throw corruption(this.path, undefined, 'the data is missing', error)
      throw new MarquetryError(
        'MARQUETRY_STALE',
        `${this.path} is gone: the process that writes has merged or dropped it since; call db.refresh()`,
        { file: this.path, cause: error },
      )
    }
  }

  #open(): FileHandle {
    assert(!this.#closed, 'a closed SSTable is not read')
    if (this.#file === undefined) {
      const file = this.#openHandle()
      const bytes = file.sizeSync()
      if (bytes !== this.#meta.bytes) {
        file.closeSync()
        throw corruption(this.path, bytes, `the file is not ${this.#meta.bytes} bytes long`)
      }
      this.#file = file
    }
    this.#shared.openFiles.used(this)
    return this.#file
  }
}
