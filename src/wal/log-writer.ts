// Appends to one log file. Knows bytes, not entries: records are made where memtables are (one encoding serves both).
//
// After a failed write or sync the writer is dead: the kernel may have dropped the pages it could not write and would
// report the next sync as good (fsyncgate), so the descriptor is never synced again.

import { digestRecords } from '../format/log-record.js'
import type { FileHandle, FileSystem } from '../fs/file-system.js'
import { assert } from '../util/assert.js'

/** Groups up to this size are written from the calling thread: a copy into the page cache, faster than a thread switch. */
const writeSyncBytesMax = 128 * 1024

export class LogWriter {
  readonly path: string
  readonly #file: FileHandle
  #bytes = 0
  #durableBytes = 0
  #digest = 0
  #failed = false
  #syncing: Promise<void> | undefined

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  /** Creates the file with its header and makes both durable, all but the directory entry. */
  static async create(fs: FileSystem, path: string, header: Uint8Array): Promise<LogWriter> {
    const writer = new LogWriter(path, await fs.open(path, 'create'))
    try {
      await writer.#write(header)
      await writer.sync()
    } catch (error) {
      await writer.#file.close()
      throw error
    }
    return writer
  }

  /** Length of what was written. */
  get bytes(): number {
    return this.#bytes
  }

  /** Length of what is known to survive a power cut. */
  get durableBytes(): number {
    return this.#durableBytes
  }

  /** Digest of all records written. */
  get digest(): number {
    return this.#digest
  }

  /** Writes whole records behind what is there. Resolves when the system has them; durable only after `sync`. */
  async append(records: Uint8Array): Promise<void> {
    await this.#write(records)
    this.#digest = digestRecords(records, this.#digest)
  }

  async #write(bytes: Uint8Array): Promise<void> {
    assert(!this.#failed, 'a failed log is not written again')
    const at = this.#bytes
    try {
      if (bytes.length <= writeSyncBytesMax) this.#file.writeSync(bytes, at)
      else await this.#file.write(bytes, at)
    } catch (error) {
      this.#failed = true
      throw error
    }
    this.#bytes = at + bytes.length
  }

  /** Makes all that was written before this call durable. */
  async sync(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing
    if (this.#durableBytes === this.#bytes) return
    assert(!this.#failed, 'a failed log is not synced again')
    this.#syncing = this.#sync(this.#bytes)
    try {
      await this.#syncing
    } finally {
      this.#syncing = undefined
    }
  }

  async #sync(bytes: number): Promise<void> {
    try {
      await this.#file.sync()
    } catch (error) {
      this.#failed = true
      throw error
    }
    this.#durableBytes = bytes
  }

  /** Closes the file without making anything durable. Idempotent. */
  async close(): Promise<void> {
    await this.#file.close()
  }
}
