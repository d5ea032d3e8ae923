// Appends to one log file. Knows bytes, not entries: records are made where memtables are (one encoding serves both).
//
// A log that is synced after every few bytes is kept ahead of them by zeros: a sync that has no new length to write takes the
// file system a third less time. To a reader zeros are a torn tail, so they are cut off before the log is sealed; a log that a crash
// leaves with them is the newest one, whose tail may be torn. PostgreSQL and InnoDB fill their logs beforehand for that reason.
//
// After a failed write or sync the writer is dead: the kernel may have dropped the pages it could not write and would
// report the next sync as good (fsyncgate), so the descriptor is never synced again.

import { digestRecords } from '../format/log-record.js'
import type { FileHandle, FileSystem } from '../fs/file-system.js'
import { assert } from '../util/assert.js'

/** Groups up to this size are written from the calling thread: a copy into the page cache, faster than a thread switch. */
const writeSyncBytesMax = 128 * 1024

/** Groups up to this size are worth zeros ahead: a large one takes longer to write than the new length. */
const smallGroupBytes = 4 * 1024
/** Zeros come with the group behind so many small ones: many logs never see more. */
const smallGroupsMin = 4
/** How many zeros at a time: for some hundred single rows. */
const reserveBytes = 64 * 1024

export class LogWriter {
  readonly path: string
  readonly #file: FileHandle
  readonly #reserves: boolean
  #bytes = 0
  /** Length of the file, with the zeros at its end. */
  #reservedBytes = 0
  /** Small groups without a large one between. */
  #smallGroups = 0
  /** Zeros were cut off, and may come back if the power goes. */
  #isCut = false
  #durableBytes = 0
  #digest = 0
  #failed = false
  #syncing: Promise<void> | undefined

  private constructor(path: string, file: FileHandle, reserves: boolean) {
    this.path = path
    this.#file = file
    this.#reserves = reserves
  }

  /**
   * Creates the file with its header and makes both durable, all but the directory entry. `reserves`: every group will be synced
   * before the next one is written.
   */
  static async create(fs: FileSystem, path: string, header: Uint8Array, reserves = false): Promise<LogWriter> {
    const writer = new LogWriter(path, await fs.open(path, 'create'), reserves)
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
    await this.#write(this.#isReserveDue(records.length) ? withZeros(records) : records, records.length)
    this.#digest = digestRecords(records, this.#digest)
  }

  #isReserveDue(bytes: number): boolean {
    if (!this.#reserves) return false
    this.#smallGroups = bytes <= smallGroupBytes ? this.#smallGroups + 1 : 0
    return this.#smallGroups > smallGroupsMin && this.#bytes + bytes > this.#reservedBytes
  }

  /** Writes bytes, of which the first `length` are more than zeros ahead. */
  async #write(bytes: Uint8Array, length = bytes.length): Promise<void> {
    assert(!this.#failed, 'a failed log is not written again')
    const at = this.#bytes
    try {
      if (bytes.length <= writeSyncBytesMax) this.#file.writeSync(bytes, at)
      else await this.#file.write(bytes, at)
    } catch (error) {
      this.#failed = true
      throw error
    }
    this.#bytes = at + length
    this.#reservedBytes = Math.max(this.#reservedBytes, at + bytes.length)
  }

  /** Cuts zeros at the end off. To be synced before another log says how this one ended. */
  async cut(): Promise<void> {
    if (this.#reservedBytes <= this.#bytes) return
    assert(!this.#failed, 'a failed log is not cut')
    this.#isCut = true
    try {
      await this.#file.truncate(this.#bytes)
    } catch (error) {
      this.#failed = true
      throw error
    }
    this.#reservedBytes = this.#bytes
  }

  /** Makes all that was written before this call durable. */
  async sync(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing
    if (this.#durableBytes === this.#bytes && !this.#isCut) return
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
    this.#isCut = false
  }

  /** Closes the file without making anything durable. Idempotent. */
  async close(): Promise<void> {
    await this.#file.close()
  }
}

function withZeros(records: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(records.length + reserveBytes)
  bytes.set(records)
  return bytes
}
