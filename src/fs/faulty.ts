// A file system that fails on order: tests break each operation of a workload in turn and look at what the engine makes of it.

import type { FileHandle, FileLock, FileStat, FileSystem, OpenMode } from './file-system.js'
import { type Operation, simulatedIoError } from './io-error.js'
import { MemoryFile } from './memory.js'

/** Which operation is to fail, and how. */
export interface Fault {
  /** Only operations of this name count; default: all. */
  readonly operation?: Operation
  /** Only operations on a path that matches count (of a rename or link: one of the two); default: all. */
  readonly path?: RegExp
  /** The n-th of them from now on fails, counted from 1. */
  readonly nth: number
  /** The system's code that the error's cause bears, such as ENOSPC, EIO or EMFILE. */
  readonly code: string
  /** Whether all that count fail from then on, until `heal`; default: the one alone. */
  readonly forever?: boolean
  /** Whether a write that fails has written the first half of its bytes; default: nothing. */
  readonly partial?: boolean
}

/** A fault at work. */
class Planned {
  readonly fault: Fault
  /** How many operations counted, and how many of them failed. */
  met = 0
  failed = 0

  constructor(fault: Fault) {
    this.fault = fault
  }

  /** Counts one operation; true: it is to fail. */
  strikes(operation: Operation, paths: readonly string[]): boolean {
    const { operation: wanted, path, nth, forever } = this.fault
    if (wanted !== undefined && wanted !== operation) return false
    // `search` starts anew each time, whatever the pattern's flags.
    if (path !== undefined && !paths.some((name) => name.search(path) >= 0)) return false
    this.met++
    if (this.met !== nth && !(forever === true && this.met > nth)) return false
    this.failed++
    return true
  }
}

/** Asked before each operation. Undefined: let it happen. */
type Gate = (operation: Operation, path: string, to?: string) => Fault | undefined

/**
 * Passes every operation on to another file system, but for those that a test has made fail. Nothing of a failed
 * operation happens, apart from a partial write; a file whose closing fails is closed. After a failed sync, later
 * syncs through the same handle succeed and do nothing: like Linux, which reports lost pages once and then forgets. In
 * memory also those of all other handles: what the sync was to make durable counts as clean (`FileNode.failSync`).
 */
export class FaultyFileSystem implements FileSystem {
  readonly sharedWithWorkers = false
  readonly #inner: FileSystem
  readonly #log: string[] = []
  #planned: Planned[] = []

  constructor(inner: FileSystem) {
    this.#inner = inner
  }

  /** Every operation so far, failed ones too, in order, as `write /db/000001.wal` or `rename /a to /b`. */
  get log(): readonly string[] {
    return this.#log
  }

  /** Plans a failure, beside those planned before. What it returns tells how often it has struck. */
  failAt(fault: Fault): { readonly failed: number } {
    const planned = new Planned(fault)
    this.#planned.push(planned)
    return planned
  }

  /** Takes back all planned failures. What they have lost stays lost. */
  heal(): void {
    this.#planned = []
  }

  readonly #gate: Gate = (operation, path, to) => {
    const paths = to === undefined ? [path] : [path, to]
    this.#log.push(`${operation} ${paths.join(' to ')}`)
    // All count this operation, whichever makes it fail.
    return this.#planned.filter((planned) => planned.strikes(operation, paths))[0]?.fault
  }

  #pass(operation: Operation, path: string, to?: string): void {
    const fault = this.#gate(operation, path, to)
    if (fault !== undefined) throw simulatedIoError(operation, path, fault.code, to)
  }

  async open(path: string, mode: OpenMode): Promise<FileHandle> {
    this.#pass(mode.startsWith('create') ? 'create' : 'open', path)
    return new FaultyFile(await this.#inner.open(path, mode), this.#gate)
  }

  openSync(path: string, mode: OpenMode): FileHandle {
    this.#pass(mode.startsWith('create') ? 'create' : 'open', path)
    return new FaultyFile(this.#inner.openSync(path, mode), this.#gate)
  }

  async stat(path: string): Promise<FileStat | undefined> {
    this.#pass('stat', path)
    return this.#inner.stat(path)
  }

  async list(directory: string): Promise<readonly string[]> {
    this.#pass('list', directory)
    return this.#inner.list(directory)
  }

  async makeDirectory(path: string): Promise<void> {
    this.#pass('makeDirectory', path)
    await this.#inner.makeDirectory(path)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#pass('rename', from, to)
    await this.#inner.rename(from, to)
  }

  async link(from: string, to: string): Promise<void> {
    this.#pass('link', from, to)
    await this.#inner.link(from, to)
  }

  async remove(path: string): Promise<void> {
    this.#pass('remove', path)
    await this.#inner.remove(path)
  }

  async syncDirectory(path: string): Promise<void> {
    this.#pass('syncDirectory', path)
    await this.#inner.syncDirectory(path)
  }

  async lock(path: string, content: string): Promise<FileLock | { readonly heldBy: string }> {
    this.#pass('lock', path)
    return this.#inner.lock(path, content)
  }
}

class FaultyFile implements FileHandle {
  readonly #inner: FileHandle
  readonly #gate: Gate
  #syncFailed = false
  #closed = false

  constructor(inner: FileHandle, gate: Gate) {
    this.#inner = inner
    this.#gate = gate
  }

  get path(): string {
    return this.#inner.path
  }

  #pass(operation: Operation): void {
    const fault = this.#gate(operation, this.path)
    if (fault !== undefined) throw simulatedIoError(operation, this.path, fault.code)
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    this.#pass('read')
    return this.#inner.read(into, position)
  }

  readSync(into: Uint8Array, position: number): number {
    this.#pass('read')
    return this.#inner.readSync(into, position)
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    const fault = this.#gate('write', this.path)
    if (fault === undefined || fault.partial === true) {
      await this.#inner.write(fault === undefined ? bytes : firstHalf(bytes), position)
    }
    if (fault !== undefined) throw simulatedIoError('write', this.path, fault.code)
  }

  writeSync(bytes: Uint8Array, position: number): void {
    const fault = this.#gate('write', this.path)
    if (fault === undefined || fault.partial === true) {
      this.#inner.writeSync(fault === undefined ? bytes : firstHalf(bytes), position)
    }
    if (fault !== undefined) throw simulatedIoError('write', this.path, fault.code)
  }

  async sync(): Promise<void> {
    const fault = this.#gate('sync', this.path)
    if (fault !== undefined) {
      this.#syncFailed = true
      if (this.#inner instanceof MemoryFile) this.#inner.failSync()
      throw simulatedIoError('sync', this.path, fault.code)
    }
    if (!this.#syncFailed) await this.#inner.sync()
  }

  async truncate(bytes: number): Promise<void> {
    this.#pass('truncate')
    await this.#inner.truncate(bytes)
  }

  async size(): Promise<number> {
    this.#pass('size')
    return this.#inner.size()
  }

  sizeSync(): number {
    this.#pass('size')
    return this.#inner.sizeSync()
  }

  async close(): Promise<void> {
    if (this.#closed) return this.#inner.close()
    this.#closed = true
    const fault = this.#gate('close', this.path)
    await this.#inner.close()
    if (fault !== undefined) throw simulatedIoError('close', this.path, fault.code)
  }

  closeSync(): void {
    if (this.#closed) return
    this.#closed = true
    const fault = this.#gate('close', this.path)
    this.#inner.closeSync()
    if (fault !== undefined) throw simulatedIoError('close', this.path, fault.code)
  }
}

function firstHalf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, Math.floor(bytes.length / 2))
}
