// What a tree has on the disk: manifest, numbers, folders; and which of it is still needed.
//
//   <table>/MANIFEST-000007  000012.wal  sst/000009/…  tmp/000013/…
//
// An SSTable appears in four steps, and the process may die between any two: written and synced below tmp/ (an orphan),
// renamed to sst/ (an orphan), the rename synced (still an orphan), listed in the manifest (there). A log: created and
// synced (an orphan), listed (there). Orphans are collected at open only, under the lock.
//
// What a table no longer needs goes through its disposal, which knows of the readers beside this writer. A read-only opener
// never removes anything: its files are replaced as a whole, by what it reads when it refreshes.

import { corruption } from '../errors.js'
import {
  directories,
  logName,
  numberedName,
  parseName,
  parseNumber,
  sstableFolder,
} from '../format/file-names.js'
import { logHeaderBytes } from '../format/log-record.js'
import type { ManifestPosition } from '../format/manifest-record.js'
import { Schema } from '../format/schema.js'
import type { FileSystem } from '../fs/file-system.js'
import { assert } from '../util/assert.js'
import { Serial } from '../util/serial.js'
import { Manifest } from '../version/manifest.js'
import type { Readers } from '../version/readers.js'
import { type PinnedVersion, VersionSet } from '../version/references.js'
import { applyEdit, newTreeState, type TreeState, type VersionEdit } from '../version/state.js'
import type { Version } from '../version/version.js'
import { Disposal, type NumberedPath } from './disposal.js'
import { checkOrphanTable, markedByLoads, markLoad } from './orphans.js'
import type { TreeImage } from './tree-image.js'

/** Where a table lies, and what its files need of the database. */
export interface TreePlace {
  readonly fs: FileSystem
  readonly directory: string
  readonly tree: { readonly id: number; readonly name: string }
  /** Told of a failure after which nothing may be written. */
  readonly fail: (error: unknown) => void
  /** Those beside this writer. */
  readonly readers: Readers
}

/** What an opening found that nothing names. */
export interface Orphans {
  /** Outputs of jobs that did not end. */
  readonly ofJobs: readonly string[]
  /** SSTables of loads that did not come to their edit: nobody has ever seen them. */
  readonly ofLoads: readonly string[]
  /** Logs and SSTables that were replaced, and whose removal did not come about. */
  readonly ofTable: readonly NumberedPath[]
}

export class TreeFiles {
  readonly directory: string
  readonly #fs: FileSystem
  #manifest: Manifest
  readonly #versions: VersionSet
  readonly #edits = new Serial()
  readonly #fail: (error: unknown) => void
  readonly #disposal: Disposal
  readonly #readOnly: boolean
  #state: TreeState
  #nextNumber: number
  #nextRunId: number
  /** Called with the number of a table whose files are about to go. */
  onObsolete: (number: number) => void = () => {}

  private constructor(place: TreePlace, manifest: Manifest, state: TreeState, readOnly: boolean) {
    const { fs, directory, fail, readers } = place
    this.#fs = fs
    this.directory = directory
    this.#manifest = manifest
    this.#state = state
    this.#fail = fail
    this.#readOnly = readOnly
    this.#disposal = new Disposal(fs, readers, state.tree.id)
    this.#nextNumber = state.nextNumber
    this.#nextRunId = state.nextRunId
    this.#versions = new VersionSet(state.version, (numbers) => this.#removeObsolete(numbers))
  }

  /** Makes the directory of a new, empty table. It counts once the catalog names it. */
  static async create(place: TreePlace, schema: Schema): Promise<TreeFiles> {
    const { fs, directory, tree } = place
    if ((await fs.stat(directory)) !== undefined) {
      throw corruption(
        directory,
        undefined,
        'there are files here already, of a table that the catalog does not name',
      )
    }
    await fs.makeDirectory(directory)
    for (const name of [directories.sstables, directories.temporary])
      await fs.makeDirectory(`${directory}/${name}`)
    const state = newTreeState(tree, schema.toJSON())
    const manifest = await Manifest.create(fs, directory, state)
    await fs.syncDirectory(directory)
    return new TreeFiles(place, manifest, state, false)
  }

  /** Opens the directory of a table. Throws MARQUETRY_CORRUPTION if the manifest is damaged or lists what is not there. */
  static async open(place: TreePlace, readOnly: boolean): Promise<TreeFiles> {
    const { fs, directory, tree } = place
    await checkDirectories(fs, directory)
    const { manifest, state } = await Manifest.load(fs, directory, { readOnly })
    if (state.tree.id !== tree.id) {
      throw corruption(
        directory,
        undefined,
        `this is the table ${state.tree.name} (id ${state.tree.id}), not ${tree.name}`,
      )
    }
    const files = new TreeFiles(place, manifest, state, readOnly)
    await files.#checkTables()
    return files
  }

  /**
   * What nothing names any more, once it is proven to be that. To be called when the logs have been read, for only they can tell
   * a torn manifest from one that has lost edits, and what looks like an orphan then may be all that is left of somebody's
   * data. Changes nothing. Throws MARQUETRY_CORRUPTION.
   */
  async findOrphans(): Promise<Orphans> {
    const { directory } = this
    const live = new Set(this.version.allTables().map(({ number }) => number))
    const logs = new Set(this.#state.logs.map(({ number }) => number))
    const ofJobs: string[] = []
    const ofLoads: string[] = []
    const ofTable: NumberedPath[] = []
    for (const name of await this.#fs.list(directory)) {
      const parsed = parseName(name)
      if (parsed?.kind !== 'log') continue
      if (!logs.has(parsed.number)) {
        await this.#checkOrphanLog(`${directory}/${name}`, parsed.number)
        ofTable.push({ path: `${directory}/${name}`, number: parsed.number })
      }
      this.#seen(parsed.number)
    }
    for (const { path, number } of await this.#numbered(directories.temporary)) {
      ofJobs.push(path)
      this.#seen(number)
    }
    const marked = await markedByLoads(this.#fs, ofJobs)
    for (const { path, number } of await this.#numbered(directories.sstables)) {
      this.#seen(number)
      if (live.has(number)) continue
      if (marked.has(number)) ofLoads.push(path)
      else {
        await checkOrphanTable(this.#fs, path, number, this.#state)
        ofTable.push({ path, number })
      }
    }
    return { ofJobs, ofLoads, ofTable }
  }

  /** Tidies up after what ended last: a manifest with a torn tail is replaced, orphans are removed unless a reader needs them. */
  async settle({ ofJobs, ofLoads, ofTable }: Orphans): Promise<void> {
    if (this.#manifest.rewriteDue) await this.#manifest.rewrite(this.#state)
    // Before the folders of jobs, among which are those that say what these are.
    if (ofLoads.length > 0) await this.#removeUnlisted(ofLoads)
    for (const orphan of ofJobs) await this.#fs.remove(orphan)
    if (ofTable.length > 0) await this.#disposal.remove(ofTable, this.position())
  }

  /**
   * Replaces all that is known by what was read later; for a read-only opener. Files of the old version stay open for those who have
   * pinned it; `whenOldIsGone` is called when nobody has any more.
   */
  become(later: TreeFiles, whenOldIsGone: () => void): void {
    assert(this.#readOnly && later.#readOnly, 'only a reader takes over what another one wrote')
    this.#manifest = later.#manifest
    this.#state = later.#state
    this.#versions.install(later.#state.version, whenOldIsGone)
  }

  get version(): Version {
    return this.#versions.current
  }

  get state(): TreeState {
    return this.#state
  }

  /** Greatest sequence number in the SSTables. */
  get lastSeq(): number {
    return this.#state.lastSeq
  }

  get treeId(): number {
    return this.#state.tree.id
  }

  /** The schema that rows are written by. */
  get schema(): Schema {
    const current = this.schemaOf(this.#state.currentSchemaId)
    if (current === undefined) throw corruption(this.directory, undefined, 'the current schema is missing')
    return current
  }

  schemaOf(id: number): Schema | undefined {
    const json = this.#state.schemas.find((schema) => schema.id === id)
    return json && new Schema(json)
  }

  /** A number for a log, a job's folder or an SSTable. Never given twice. */
  newNumber(): number {
    return this.#nextNumber++
  }

  newRunId(): number {
    return this.#nextRunId++
  }

  /** Where the manifest stands: what a new log's header records. */
  position(): ManifestPosition {
    return this.#manifest.position()
  }

  /** Whether the manifest holds, or its predecessors held, this position. */
  holds(position: ManifestPosition): boolean {
    return this.#manifest.holds(position)
  }

  /** A job's folder. */
  temporary(number: number): string {
    return `${this.directory}/${directories.temporary}/${numberedName(number)}`
  }

  /** An SSTable's folder. */
  folder(number: number): string {
    return `${this.directory}/${sstableFolder(number)}`
  }

  /** Moves finished SSTables to where they stay, and makes that durable. Each of `from` is a folder below `tmp/`. */
  async place(outputs: readonly { readonly from: string; readonly number: number }[]): Promise<void> {
    const { directory } = this
    for (const { from, number } of outputs) await this.#fs.rename(from, this.folder(number))
    await this.#fs.syncDirectory(`${directory}/${directories.sstables}`)
    await this.#fs.syncDirectory(`${directory}/${directories.temporary}`)
  }

  /** The same for what a load made: until its folder goes, it says that these SSTables may be there without an edit. */
  async placeLoad(
    folder: string,
    outputs: readonly { readonly from: string; readonly number: number }[],
  ): Promise<void> {
    const numbers = outputs.map(({ number }) => number)
    await markLoad(this.#fs, folder, numbers)
    await this.#fs.syncDirectory(`${this.directory}/${directories.temporary}`)
    await this.place(outputs)
  }

  /** Removes SSTables of a load that were placed, and never listed. */
  removePlaced(numbers: readonly number[]): Promise<void> {
    return this.#removeUnlisted(numbers.map((number) => this.folder(number)))
  }

  /**
   * Makes an edit durable, then makes it true, together with `apply`, in one step. Edits take their turn; one that
   * depends on the version is given as a function and made when its turn has come.
   * A failure turns the database read-only: whether the edit is on the disk is not known.
   */
  edit(given: VersionEdit | ((version: Version) => VersionEdit), apply: () => void = () => {}): Promise<void> {
    return this.#edits.run(async () => {
      const edit = typeof given === 'function' ? given(this.version) : given
      const whole = { ...edit, nextNumber: this.#nextNumber }
      const next = applyEdit(this.#state, whole)
      try {
        await this.#manifest.append(whole)
      } catch (error) {
        this.#fail(error)
        throw error
      }
      this.#state = next
      this.#versions.install(next.version)
      apply()
      // If the new manifest cannot be written, the old one goes on; if it is unclear which is in place, appends fail.
      if (this.#manifest.rewriteDue) await this.#manifest.rewrite(next).catch(() => {})
    })
  }

  acquire(): PinnedVersion {
    return this.#versions.acquire()
  }

  /** What the manifest says now, and logs with these contents by number, as files. A log without content is left out. */
  image(contents: ReadonlyMap<number, Uint8Array>): TreeImage {
    const pinned = this.acquire()
    const logs = this.#state.logs.flatMap((log) => {
      const bytes = contents.get(log.number)
      return bytes === undefined ? [] : [{ ...log, bytes }]
    })
    return {
      state: { ...this.#state, logs: logs.map(({ bytes: _, ...log }) => log) },
      position: this.position(),
      logs,
      directory: this.directory,
      hasLog: (number) => this.#state.logs.some((log) => log.number === number),
      release: () => pinned.release(),
      removed: () => this.removed(),
    }
  }

  /** Pins once more what is pinned. */
  acquireAgain(pinned: PinnedVersion): PinnedVersion {
    return this.#versions.acquireAgain(pinned)
  }

  /** Resolves when the folders of tables that nobody needs any more are gone, as far as that can be done. */
  removed(): Promise<void> {
    return this.#disposal.idle()
  }

  /** Removes a log that is no longer listed. */
  removeLog(number: number): Promise<void> {
    return this.#disposal.remove([{ path: `${this.directory}/${logName(number)}`, number }], this.position())
  }

  async close(): Promise<void> {
    await this.#edits.run(async () => {})
    await this.#disposal.close()
    await this.#manifest.close()
  }

  async #checkTables(): Promise<void> {
    for (const { number } of this.version.allTables())
      await checkDirectory(this.#fs, this.folder(number), 'the SSTable')
  }

  /**
   * Records are written only after the edit that lists their log, and that edit counts past the log's number. So a log
   * that has records, and a number that the manifest has not come to, proves that the manifest has lost that edit.
   */
  async #checkOrphanLog(path: string, number: number): Promise<void> {
    if (number < this.#state.nextNumber) return
    const bytes = (await this.#fs.stat(path))?.bytes ?? 0
    if (bytes > logHeaderBytes) {
      throw corruption(
        path,
        undefined,
        'the log holds records, but the manifest has lost the edit that lists it',
      )
    }
  }

  /** A number that was given before a crash, without an edit that says so, is not given again. */
  #seen(number: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, number + 1)
  }

  async #removeUnlisted(folders: readonly string[]): Promise<void> {
    for (const folder of folders) await this.#fs.remove(folder)
    await this.#fs.syncDirectory(`${this.directory}/${directories.sstables}`)
  }

  /** The folders with numbers below one of the table's directories. */
  async #numbered(parent: string): Promise<readonly NumberedPath[]> {
    const names = await this.#fs.list(`${this.directory}/${parent}`)
    return names.flatMap((name) => {
      const number = parseNumber(name)
      return number === undefined ? [] : [{ path: `${this.directory}/${parent}/${name}`, number }]
    })
  }

  /** If this fails, or the process dies in it, the next open finds orphans. */
  #removeObsolete(numbers: readonly number[]): void {
    for (const number of numbers) this.onObsolete(number)
    if (this.#readOnly) return
    const folders = numbers.map((number) => ({ path: this.folder(number), number }))
    void this.#disposal.remove(folders, this.position())
  }
}

/**
 * Checks that a table's directories are there, and are directories: what is tidied up or renamed through a symbolic link
 * would not be the database's.
 */
async function checkDirectories(fs: FileSystem, directory: string): Promise<void> {
  await checkDirectory(fs, directory, "the table's directory")
  for (const name of [directories.sstables, directories.temporary])
    await checkDirectory(fs, `${directory}/${name}`, 'the directory')
}

async function checkDirectory(fs: FileSystem, path: string, what: string): Promise<void> {
  const stat = await fs.stat(path)
  if (stat === undefined) throw corruption(path, undefined, `${what} is missing`)
  if (stat.kind !== 'directory') throw corruption(path, undefined, `${what} is no directory`)
}
