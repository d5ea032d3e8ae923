// Flaws: file systems that drop or reorder one step of what makes writes durable, as an engine would that had
// forgotten it. The crash enumeration has to notice each of them.

import type { FileHandle, FileSystem } from 'marquetry'

/** `syncCut`: the first sync after a truncate. */
type Operation = 'sync' | 'syncCut' | 'syncDirectory' | 'truncate'

/** What a mutant does to an operation: lets it happen, or only says that it did. */
type Flaw = (operation: Operation, path: string) => 'pass' | 'skip'

class FlawedHandle implements FileHandle {
  readonly #inner: FileHandle
  readonly #flaw: Flaw
  #isCut = false

  constructor(inner: FileHandle, flaw: Flaw) {
    this.#inner = inner
    this.#flaw = flaw
  }

  get path(): string {
    return this.#inner.path
  }

  async sync(): Promise<void> {
    const operation = this.#isCut ? 'syncCut' : 'sync'
    this.#isCut = false
    if (this.#flaw(operation, this.path) === 'pass') await this.#inner.sync()
  }

  async truncate(bytes: number): Promise<void> {
    this.#isCut = true
    if (this.#flaw('truncate', this.path) === 'pass') await this.#inner.truncate(bytes)
  }

  read = (into: Uint8Array, position: number) => this.#inner.read(into, position)
  readSync = (into: Uint8Array, position: number) => this.#inner.readSync(into, position)
  write = (bytes: Uint8Array, position: number) => this.#inner.write(bytes, position)
  writeSync = (bytes: Uint8Array, position: number) => this.#inner.writeSync(bytes, position)
  size = () => this.#inner.size()
  sizeSync = () => this.#inner.sizeSync()
  close = () => this.#inner.close()
  closeSync = () => this.#inner.closeSync()
}

interface Flaws {
  readonly flaw?: Flaw
  /** Runs before a rename. */
  readonly beforeRename?: (inner: FileSystem, from: string, to: string) => Promise<void>
}

function flawed(inner: FileSystem, { flaw = () => 'pass', beforeRename = async () => {} }: Flaws): FileSystem {
  return {
    sharedWithWorkers: false,
    open: async (path, mode) => new FlawedHandle(await inner.open(path, mode), flaw),
    openSync: (path, mode) => new FlawedHandle(inner.openSync(path, mode), flaw),
    stat: (path) => inner.stat(path),
    list: (path) => inner.list(path),
    makeDirectory: (path) => inner.makeDirectory(path),
    rename: async (from, to) => {
      await beforeRename(inner, from, to)
      await inner.rename(from, to)
    },
    link: (from, to) => inner.link(from, to),
    remove: (path) => inner.remove(path),
    syncDirectory: async (path) => {
      if (flaw('syncDirectory', path) === 'pass') await inner.syncDirectory(path)
    },
    lock: (path, content) => inner.lock(path, content),
  }
}

const skip =
  (operations: RegExp, pattern: RegExp): Flaw =>
  (operation, path) =>
    operations.test(operation) && pattern.test(path) ? 'skip' : 'pass'

const skipSync = (pattern: RegExp): Flaw => skip(/^sync(Cut)?$/, pattern)

const skipDirectorySync = (pattern: RegExp): Flaw => skip(/^syncDirectory$/, pattern)

/** Removes a table's log when its flush's SSTable gets its place: before the manifest knows the SSTable. */
async function removeLogsEarly(inner: FileSystem, from: string, to: string): Promise<void> {
  const match = /^(.*)\/sst\/\d+$/.exec(to)
  if (match === null || !/\/tmp\/\d+$/.test(from)) return // a merge's outputs lie one folder deeper
  const [first] = (await inner.list(match[1]!)).filter((name) => name.endsWith('.wal'))
  if (first !== undefined) await inner.remove(`${match[1]}/${first}`)
}

export const flaws: { readonly [name: string]: (inner: FileSystem) => FileSystem } = {
  'the log is not synced': (inner) => flawed(inner, { flaw: skipSync(/\.wal$/) }),
  'zeros stay at the end of sealed logs': (inner) => flawed(inner, { flaw: skip(/^truncate$/, /\.wal$/) }),
  'logs whose zeros were cut off are not synced': (inner) =>
    flawed(inner, { flaw: skip(/^syncCut$/, /\.wal$/) }),
  'the manifest is not synced': (inner) => flawed(inner, { flaw: skipSync(/MANIFEST/) }),
  'SSTables are not synced': (inner) => flawed(inner, { flaw: skipSync(/data\.parquet$/) }),
  'the catalog is not synced': (inner) => flawed(inner, { flaw: skipSync(/CATALOG/) }),
  'a table directory is not synced': (inner) => flawed(inner, { flaw: skipDirectorySync(/^db\/[ab]$/) }),
  'the renaming of SSTables is not synced': (inner) =>
    flawed(inner, { flaw: skipDirectorySync(/\/(sst|tmp)$/) }),
  'the database directory is not synced': (inner) => flawed(inner, { flaw: skipDirectorySync(/^db$/) }),
  'a log is removed before its flush is committed': (inner) => flawed(inner, { beforeRename: removeLogsEarly }),
}

/** Syncs that could be forgotten without loss, since what they make durable is rebuilt from what is durable anyway. */
export const harmlessFlaws: typeof flaws = {
  'sidecars are not synced': (inner) =>
    flawed(inner, { flaw: skipSync(/(checksums\.crc|index\.sparse|filter\.bloom)(\.tmp)?$/) }),
}
