// A file system in memory for tests: strict, deterministic, and able to lose power. It does every operation at the
// call, so that the order of calls is the order of effects. What lies durable beneath is in memory-tree.ts.

import { asBuffer } from '../util/bytes.js'
import type { FileHandle, FileLock, FileStat, FileSystem, OpenMode } from './file-system.js'
import { type Operation, simulatedIoError } from './io-error.js'
import { FileNode } from './memory-file.js'
import { DirectoryNode, type Node, type Tear, Tree } from './memory-tree.js'

/**
 * What becomes of that which was not synced.
 * `lost` (default): all of it is lost, as a power cut may do. A file that has a durable name but was never synced is empty.
 * `kept`: nothing is lost, as when only the process dies. It is no more durable for that: a later crash may lose it.
 * `torn`: a choice, drawn as far as it is not given, of the changes of directories, none without those it rests on, and of each
 * file's new data: any sectors, or a prefix cut at any byte, followed by nothing, zeros or garbage up to the length it had.
 */
export type CrashOptions = { readonly unsynced: 'lost' | 'kept' } | ({ readonly unsynced: 'torn' } & Tear)

/** An entry looked up: `node` is undefined if the directory has none of that name. */
interface Place {
  readonly directory: DirectoryNode
  readonly name: string
  readonly node: Node | undefined
}

/** Counts operations, and stops answering when its time has come. */
class Machine {
  operations = 0
  operationsMax = Number.POSITIVE_INFINITY
  onOperation: (operation: Operation, path: string) => void = () => {}

  /** An operation that only looks. */
  look<T>(operation: Operation, path: string, effect: () => T): T {
    if (this.operations >= this.operationsMax) throw simulatedIoError(operation, path, 'ECRASHED')
    return effect()
  }

  /** An operation that changes something, or makes it durable. */
  act<T>(operation: Operation, path: string, effect: () => T): T {
    const result = this.look(operation, path, effect)
    this.operations++
    this.onOperation(operation, path)
    return result
  }
}

/**
 * Files and directories in memory, with an empty root. Relative paths start at the root too. Only what was synced is
 * sure to be in the file system that `crash` returns.
 */
export class MemoryFileSystem implements FileSystem {
  readonly sharedWithWorkers = false
  readonly #tree: Tree
  readonly #machine = new Machine()
  readonly #locked = new Set<FileNode>()

  constructor(tree = new Tree()) {
    this.#tree = tree
  }

  /**
   * How many operations have changed something, or made it durable: create, write, sync, truncate, rename, link,
   * remove, makeDirectory, syncDirectory, lock. Failed ones do not count.
   */
  get operations(): number {
    return this.#machine.operations
  }

  /**
   * Crashes the machine once `operations` has reached `count`: from then on every operation, also one that only reads,
   * fails without effect, with a cause whose code is ECRASHED. Closing files and releasing locks still work, as nothing
   * on the disk depends on them. `crash()` then tells what is left.
   */
  crashAfter(count: number): void {
    this.#machine.operationsMax = count
  }

  /** Calls `listener` after each operation that `operations` counts, before its caller hears of it. One at a time. */
  set onOperation(listener: (operation: Operation, path: string) => void) {
    this.#machine.onOperation = listener
  }

  /** What a crash at this moment leaves: a file system of its own, running, without locks. This one stays as it is. */
  crash(options: CrashOptions = { unsynced: 'lost' }): MemoryFileSystem {
    const left = this.snapshot()
    if (options.unsynced === 'torn') left.#tree.tear(options)
    if (options.unsynced !== 'kept') left.#tree.settle()
    return left
  }

  /** A copy of this disk as it is: what is seen, what is durable, and what lies between. Without locks, running. */
  snapshot(): MemoryFileSystem {
    return new MemoryFileSystem(this.#tree.clone())
  }

  /**
   * A digest of what `snapshot` copies: disks of the same fingerprint are alike to all who use them, also after crashes, but
   * for the content of files whose name `isIgnored`.
   */
  fingerprint(isIgnored: (name: string) => boolean = () => false): string {
    return this.#tree.fingerprint(isIgnored)
  }

  async open(path: string, mode: OpenMode): Promise<FileHandle> {
    return this.openSync(path, mode)
  }

  openSync(path: string, mode: OpenMode): FileHandle {
    if (mode === 'create' || mode === 'create-shared') {
      const file = this.#machine.act('create', path, () => {
        const place = this.#find('create', path)
        if (place.node !== undefined) throw simulatedIoError('create', path, 'EEXIST')
        return this.#addFile(place)
      })
      return new MemoryFile(this.#machine, path, file, true)
    }
    const file = this.#machine.look('open', path, () => asFile('open', path, this.#find('open', path).node))
    return new MemoryFile(this.#machine, path, file, mode === 'write')
  }

  async stat(path: string): Promise<FileStat | undefined> {
    return this.#machine.look('stat', path, () => {
      const node = this.#findIfThere('stat', path)?.node
      if (node === undefined) return undefined
      return { kind: node.kind, bytes: node.kind === 'file' ? node.bytes : 0 }
    })
  }

  async list(directory: string): Promise<readonly string[]> {
    return this.#machine.look('list', directory, () => {
      return [...this.#directory('list', directory).entries.keys()].sort()
    })
  }

  async makeDirectory(path: string): Promise<void> {
    this.#machine.act('makeDirectory', path, () => {
      const { directory, name, node } = this.#find('makeDirectory', path)
      if (node?.kind === 'directory') return
      if (node !== undefined) throw simulatedIoError('makeDirectory', path, 'EEXIST')
      this.#tree.change({ directory, name, node: new DirectoryNode() })
    })
  }

  async rename(from: string, to: string): Promise<void> {
    this.#machine.act('rename', from, () => {
      const fail = (code: string) => simulatedIoError('rename', from, code, to)
      const source = this.#find('rename', from)
      const target = this.#find('rename', to)
      const moved = source.node
      if (moved === undefined) throw fail('ENOENT')
      if (moved === target.node) return
      if (moved.kind === 'directory' && isWithin(target.directory, moved)) throw fail('EINVAL')
      if (target.node !== undefined) {
        if (target.node.kind !== moved.kind) throw fail(moved.kind === 'file' ? 'EISDIR' : 'ENOTDIR')
        if (target.node.kind === 'directory' && target.node.entries.size > 0) throw fail('ENOTEMPTY')
      }
      this.#tree.change(
        { directory: source.directory, name: source.name, node: undefined },
        { directory: target.directory, name: target.name, node: moved },
      )
    })
  }

  async link(from: string, to: string): Promise<void> {
    this.#machine.act('link', from, () => {
      const source = this.#find('link', from).node
      const { directory, name, node } = this.#find('link', to)
      if (source === undefined) throw simulatedIoError('link', from, 'ENOENT', to)
      if (source.kind === 'directory') throw simulatedIoError('link', from, 'EPERM', to)
      if (node !== undefined) throw simulatedIoError('link', from, 'EEXIST', to)
      this.#tree.change({ directory, name, node: source })
    })
  }

  async remove(path: string): Promise<void> {
    this.#machine.act('remove', path, () => {
      const place = this.#findIfThere('remove', path)
      if (place?.node === undefined) return
      if (place.node === this.#tree.root) throw simulatedIoError('remove', path, 'EBUSY')
      this.#removeAll(place.directory, place.name, place.node)
    })
  }

  async syncDirectory(path: string): Promise<void> {
    this.#machine.act('syncDirectory', path, () => {
      this.#tree.syncDirectory(this.#directory('syncDirectory', path))
    })
  }

  async lock(path: string, content: string): Promise<FileLock | { readonly heldBy: string }> {
    const place = this.#machine.look('lock', path, () => this.#find('lock', path))
    const held = place.node === undefined ? undefined : asFile('lock', path, place.node)
    if (held !== undefined && this.#locked.has(held)) {
      const bytes = new Uint8Array(held.bytes)
      held.read(bytes, 0)
      return { heldBy: asBuffer(bytes).toString() }
    }
    return this.#machine.act('lock', path, () => {
      const file = held ?? this.#addFile(place)
      this.#locked.add(file)
      file.truncate(0)
      file.write(Buffer.from(content), 0)
      let released = false
      return {
        release: async () => {
          if (!released) this.#locked.delete(file)
          released = true
        },
      }
    })
  }

  #addFile({ directory, name }: Place): FileNode {
    const file = new FileNode()
    this.#tree.change({ directory, name, node: file })
    return file
  }

  /** Removes what is inside first, as a real system must, so that a torn crash may leave part of it. */
  #removeAll(directory: DirectoryNode, name: string, node: Node): void {
    if (node.kind === 'directory') {
      for (const [childName, child] of [...node.entries]) this.#removeAll(node, childName, child)
    }
    this.#tree.change({ directory, name, node: undefined })
  }

  #directory(operation: Operation, path: string): DirectoryNode {
    const { node } = this.#find(operation, path)
    if (node === undefined) throw simulatedIoError(operation, path, 'ENOENT')
    if (node.kind !== 'directory') throw simulatedIoError(operation, path, 'ENOTDIR')
    return node
  }

  #find(operation: Operation, path: string): Place {
    const place = this.#findIfThere(operation, path)
    if (place === undefined) throw simulatedIoError(operation, path, 'ENOENT')
    return place
  }

  /** Undefined: not even the directory that would hold it is there. */
  #findIfThere(operation: Operation, path: string): Place | undefined {
    const { root } = this.#tree
    let place: Place = { directory: root, name: '', node: root }
    for (const name of namesOf(path)) {
      if (place.node === undefined) return undefined
      if (place.node.kind !== 'directory') throw simulatedIoError(operation, path, 'ENOTDIR')
      place = { directory: place.node, name, node: place.node.entries.get(name) }
    }
    return place
  }
}

/** The names that lead to a path; `..` is taken back by text, as there are no symbolic links. */
function namesOf(path: string): readonly string[] {
  const names: string[] = []
  for (const part of path.split(/[/\\]/)) {
    if (part === '..') names.pop()
    else if (part !== '' && part !== '.') names.push(part)
  }
  return names
}

function asFile(operation: Operation, path: string, node: Node | undefined): FileNode {
  if (node === undefined) throw simulatedIoError(operation, path, 'ENOENT')
  if (node.kind === 'directory') throw simulatedIoError(operation, path, 'EISDIR')
  return node
}

function isWithin(inner: Node, outer: DirectoryNode): boolean {
  if (inner === outer) return true
  return [...outer.entries.values()].some((node) => node.kind === 'directory' && isWithin(inner, node))
}

/** An open file of a `MemoryFileSystem`. */
export class MemoryFile implements FileHandle {
  readonly path: string
  readonly #machine: Machine
  readonly #node: FileNode
  readonly #writable: boolean
  #closed = false

  constructor(machine: Machine, path: string, node: FileNode, writable: boolean) {
    this.#machine = machine
    this.path = path
    this.#node = node
    this.#writable = writable
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return this.readSync(into, position)
  }

  readSync(into: Uint8Array, position: number): number {
    return this.#machine.look('read', this.path, () => this.#opened('read').read(into, position))
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    this.writeSync(bytes, position)
  }

  writeSync(bytes: Uint8Array, position: number): void {
    this.#machine.act('write', this.path, () => this.#opened('write').write(bytes, position))
  }

  async sync(): Promise<void> {
    this.#machine.act('sync', this.path, () => this.#opened('sync').sync())
  }

  /** See `FileNode.failSync`. */
  failSync(): void {
    this.#opened('sync').failSync()
  }

  async truncate(bytes: number): Promise<void> {
    this.#machine.act('truncate', this.path, () => this.#opened('truncate').truncate(bytes))
  }

  async size(): Promise<number> {
    return this.sizeSync()
  }

  sizeSync(): number {
    return this.#machine.look('size', this.path, () => this.#opened('size').bytes)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  closeSync(): void {
    this.#closed = true
  }

  #opened(operation: Operation): FileNode {
    const writes = operation === 'write' || operation === 'truncate'
    if (this.#closed) throw simulatedIoError(operation, this.path, 'EBADF')
    // The system's codes differ for the two.
    if (writes && !this.#writable) {
      throw simulatedIoError(operation, this.path, operation === 'write' ? 'EBADF' : 'EINVAL')
    }
    return this.#node
  }
}
