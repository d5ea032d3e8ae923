// An export in parts, as a tree of folders that Hive has made common: `dir/country=DE/year=2001/part-0.parquet`.
//
// 1. The columns that are parted by stand in the folders' names and not in the files.
// 2. So many parts are open at a time; one more, and that which was used longest ago is finished: rows that come for
//    it later make another file. Parted by leading key columns there is one file each, since rows come in key order.
// 3. The tree is built beside its place, synced, and renamed: it is there whole or not at all.

import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { invalidOption, throwIfAborted } from '../errors.js'
import type { Batch } from '../format/batch.js'
import type { SchemaColumn } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { FileHandle, FileSystem } from '../fs/file-system.js'
import { type ByteOutput, fileOutput } from './byte-output.js'
import type { RowEncoder } from './row-encoder.js'
import { type TextOf, textOf } from './value-texts.js'

/** Parts that are being written at a time. */
const partsOpenMax = 32
/** What Hive, Spark and DuckDB read as null. */
const nullName = '__HIVE_DEFAULT_PARTITION__'

/** What of the rows goes where. */
export interface PartitionPlan {
  readonly fs: FileSystem
  /** The folder to make. */
  readonly path: string
  /** All columns of the batches. */
  readonly columns: readonly SchemaColumn[]
  /** Places in `columns` of those that are parted by, outermost first. */
  readonly by: readonly number[]
  readonly extension: string
  readonly signal: AbortSignal | undefined
  /** An encoder of the columns that are left. */
  encoder(columns: readonly SchemaColumn[], output: ByteOutput): RowEncoder
  /** Told after every batch how much was written. */
  report(rows: number, bytes: number): void
}

interface Part {
  readonly folder: string
  readonly file: FileHandle
  readonly output: ByteOutput
  readonly encoder: RowEncoder
}

/** Writes all rows of a source; returns what was written. */
export async function exportParts(plan: PartitionPlan, source: BatchSource) {
  const { fs, path } = plan
  const there = await fs.stat(path)
  if (there !== undefined && (there.kind !== 'directory' || (await fs.list(path)).length > 0)) {
    throw invalidOption('path', `must be a folder that is not there or is empty, which ${path} is not`)
  }
  const temporary = `${path}.tmp-${randomBytes(6).toString('hex')}`
  const parts = new Parts(plan, temporary)
  try {
    await fs.makeDirectory(temporary)
    await parts.run(source)
    await parts.finish()
    await fs.rename(temporary, path)
    await fs.syncDirectory(dirname(path))
    return { rows: parts.rows, bytes: parts.bytes, files: parts.files }
  } catch (error) {
    await parts.abandon()
    await fs.remove(temporary).catch(() => {})
    throw error
  }
}

class Parts {
  readonly #plan: PartitionPlan
  readonly #root: string
  readonly #names: readonly string[]
  readonly #texts: readonly TextOf[]
  /** Places in the batches of the columns that are written. */
  readonly #rest: readonly number[]
  /** Open parts by folder, that used longest ago first. */
  readonly #open = new Map<string, Part>()
  /** Folders that were made, and how many files each has. */
  readonly #folders = new Map<string, number>()
  #closedBytes = 0
  rows = 0
  files = 0

  constructor(plan: PartitionPlan, root: string) {
    const { columns, by } = plan
    this.#plan = plan
    this.#root = root
    this.#names = by.map((place) => escapeHive(columns[place]!.name))
    this.#texts = by.map((place) => textOf(columns[place]!))
    this.#rest = columns.map((_, place) => place).filter((place) => !by.includes(place))
  }

  get bytes(): number {
    let open = 0
    for (const { output } of this.#open.values()) open += output.bytes
    return this.#closedBytes + open
  }

  async run(source: BatchSource): Promise<void> {
    for (;;) {
      throwIfAborted(this.#plan.signal)
      const batch = await source.next()
      if (batch === undefined) return
      await this.#add(batch)
      this.#plan.report(this.rows, this.bytes)
    }
  }

  async finish(): Promise<void> {
    for (const part of [...this.#open.values()]) await this.#close(part)
    const { fs } = this.#plan
    for (const folder of [...this.#folders.keys()].reverse()) await fs.syncDirectory(folder)
    await fs.syncDirectory(this.#root)
  }

  async abandon(): Promise<void> {
    for (const { file } of this.#open.values()) await file.close().catch(() => {})
  }

  async #add(batch: Batch): Promise<void> {
    const columns = this.#rest.map((place) => batch.columns[place]!)
    const rest = { ...batch, columns }
    for (let from = 0; from < batch.rows; ) {
      const folder = this.#folderOf(batch, from)
      let to = from + 1
      while (to < batch.rows && this.#folderOf(batch, to) === folder) to++
      const { encoder } = await this.#part(folder)
      await encoder.add(rest, from, to)
      this.rows += to - from
      from = to
    }
  }

  #folderOf(batch: Batch, i: number): string {
    let folder = this.#root
    for (let p = 0; p < this.#names.length; p++) {
      const vector = batch.columns[this.#plan.by[p]!]!
      const text = vector.valid !== undefined && vector.valid[i] === 0 ? '' : this.#texts[p]!(vector, i)
      folder += `/${this.#names[p]!}=${text === '' ? nullName : escapeHive(text)}`
    }
    return folder
  }

  async #part(folder: string): Promise<Part> {
    let part = this.#open.get(folder)
    if (part !== undefined)
      this.#open.delete(folder) // and to the end again
    else {
      const [oldest] = this.#open.values()
      if (this.#open.size >= partsOpenMax && oldest !== undefined) await this.#close(oldest)
      part = await this.#create(folder)
    }
    this.#open.set(folder, part)
    return part
  }

  async #create(folder: string): Promise<Part> {
    const { fs, columns, extension } = this.#plan
    await this.#makeFolders(folder)
    const number = this.#folders.get(folder)!
    this.#folders.set(folder, number + 1)
    const file = await fs.open(`${folder}/part-${number}.${extension}`, 'create-shared')
    this.files++
    const output = fileOutput(file)
    const rest = this.#rest.map((place) => columns[place]!)
    return { folder, file, output, encoder: this.#plan.encoder(rest, output) }
  }

  async #makeFolders(folder: string): Promise<void> {
    for (let at = folder.indexOf('/', this.#root.length + 1); ; at = folder.indexOf('/', at + 1)) {
      const parent = at < 0 ? folder : folder.slice(0, at)
      if (!this.#folders.has(parent)) {
        await this.#plan.fs.makeDirectory(parent)
        this.#folders.set(parent, 0)
      }
      if (at < 0) return
    }
  }

  async #close({ folder, file, encoder, output }: Part): Promise<void> {
    await encoder.finish()
    await file.sync()
    await file.close()
    this.#open.delete(folder)
    this.#closedBytes += output.bytes
  }
}

/** What Hive escapes in names of folders, as `%XX`: `FileUtils.escapePathName`. */
function escapeHive(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among them
    /[\u0000-\u001f"#%'*/:=?\\\u007f{}[\]^]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
