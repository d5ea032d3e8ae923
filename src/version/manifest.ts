// The manifest of a table of the database: one file of edits, its life on the disk. What its bytes mean stands in
// format/manifest-record.ts, what the edits do in state.ts.
//
// 1. An edit counts once its frame is synced; until then a crash may keep or lose it, whole or in part.
// 2. A manifest gets its name only when its full state is synced. So the one with the highest number is always the one
//    to read, and if it is damaged that is corruption: an older one would pass for a database that lost its last edits.
// 3. After a failure that leaves it open what is on the disk, nothing more is written, and the same descriptor is never
//    synced again: Linux reports lost pages once and then forgets them.

import { corruption, MarquetryError } from '../errors.js'
import { manifestName, parseName } from '../format/file-names.js'
import {
  type DecodedManifest,
  decodeManifest,
  encodeManifestFrame,
  encodeManifestHeader,
  holdsPosition,
  type ManifestPosition,
  manifestHeaderBytes,
} from '../format/manifest-record.js'
import { type FileHandle, type FileSystem, readAll, readWhole, writeWhole } from '../fs/file-system.js'
import { AssertionError, assert } from '../util/assert.js'
import { editToJson, replayEdit, stateToJson, type TreeState, type VersionEdit } from './state.js'

const rewriteBytes = 1024 * 1024
const rewriteFrames = 1_000
const temporarySuffix = '.tmp'

/** An open manifest. It does not keep the state: whoever appends an edit applies it, in the same order. */
export class Manifest {
  readonly #fs: FileSystem
  readonly #directory: string
  #path: string
  /** Undefined: opened to be read only. */
  #file: FileHandle | undefined
  /** Ends of the frames, the last one where the next frame goes. */
  #positions: ManifestPosition[]
  #torn: boolean
  /** The failure after which nothing is written any more. */
  #failure: unknown
  #closed = false
  /** Writes are done one after the other, in the order of the calls. */
  #tail: Promise<unknown> = Promise.resolve()
  #pending = 0

  private constructor(
    fs: FileSystem,
    directory: string,
    file: FileHandle | undefined,
    decoded: Pick<DecodedManifest, 'number' | 'positions' | 'torn'>,
  ) {
    this.#fs = fs
    this.#directory = directory
    this.#path = `${directory}/${manifestName(decoded.number)}`
    this.#file = file
    this.#positions = [...decoded.positions]
    this.#torn = decoded.torn
  }

  /**
   * Writes the first manifest of a table. Requires: the directory is there and has none.
   * A crash leaves no manifest or a whole one; the catalog must not name the table before this has resolved.
   */
  static async create(fs: FileSystem, directory: string, state: TreeState): Promise<Manifest> {
    assert(highestManifest(await fs.list(directory)) === undefined, 'a new table has no manifest yet')
    const prepared = await prepare(fs, directory, 1, state)
    const file = await publish(fs, directory, prepared)
    return new Manifest(fs, directory, file, { ...prepared, torn: false })
  }

  /**
   * Reads the manifest with the highest number. Unless `readOnly`, it is made durable as it was read, and what crashes
   * have left of other manifests is removed. Throws MARQUETRY_CORRUPTION or MARQUETRY_UNSUPPORTED_FORMAT.
   * The caller then asks `holds` for the positions in the logs' headers and, if `rewriteDue`, calls `rewrite`: in
   * this order, for rewriting a cut manifest would hide the cut.
   */
  static async load(
    fs: FileSystem,
    directory: string,
    options: { readonly readOnly: boolean },
  ): Promise<{ readonly manifest: Manifest; readonly state: TreeState }> {
    if (options.readOnly) {
      const { path, number, bytes } = await readHighest(fs, directory)
      const { decoded, state } = replay(path, number, bytes)
      return { manifest: new Manifest(fs, directory, undefined, decoded), state }
    }
    const names = await fs.list(directory)
    const number = highestManifest(names)
    if (number === undefined) throw noManifest(directory)
    const path = `${directory}/${manifestName(number)}`
    if ((await fs.stat(path))?.kind !== 'file') throw corruption(path, undefined, 'the manifest is no file')
    const file = await fs.open(path, 'write')
    try {
      const bytes = await readAll(file)
      const { decoded, state } = replay(path, number, bytes)
      await settle(fs, directory, file, bytes, decoded)
      // A crash from here on leaves some of the others, to be removed at the next opening.
      for (const name of names) {
        if (isLeftover(name, number)) await fs.remove(`${directory}/${name}`)
      }
      return { manifest: new Manifest(fs, directory, file, decoded), state }
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
  }

  /** The end of what is durable: what a new log's header records. */
  position(): ManifestPosition {
    return this.#end()
  }

  /** Whether the manifest still holds all it held when this position was recorded; see `holdsPosition`. */
  holds(position: ManifestPosition): boolean {
    return holdsPosition({ number: this.#end().number, positions: this.#positions }, position)
  }

  /** Whether it has a torn tail, and so must be rewritten before an append, or has grown so that it should be. */
  get rewriteDue(): boolean {
    const stateEnd = this.#positions[0]!.bytes
    const editBytes = this.#end().bytes - stateEnd
    // A state larger than the limit is not written again for every few edits.
    return this.#torn || this.#positions.length > rewriteFrames || editBytes > Math.max(rewriteBytes, stateEnd)
  }

  /**
   * Writes one edit and makes it durable. Calls may overlap: they are carried out in their order. If the write or the
   * sync fails, this one rejects with that error, and all later ones with MARQUETRY_READ_ONLY and the error as cause;
   * whether the edit is there is then known only after the next opening.
   */
  append(edit: VersionEdit): Promise<void> {
    return this.#enqueue(async (file) => {
      assert(!this.#torn, 'a manifest with a torn tail is rewritten before it is appended to')
      const { number, bytes: at, chain: previous } = this.#end()
      const { bytes, chain } = encodeManifestFrame(editToJson(edit), previous)
      try {
        await file.write(bytes, at)
        // A crash here leaves none of the frame, a part (a torn tail), or all of it: an edit that nobody relies on.
        await file.sync()
        // A crash here leaves the edit, though nobody was told: what it names was made before it.
      } catch (error) {
        this.#failure = error
        throw error
      }
      this.#positions.push({ number, bytes: at + bytes.length, chain })
    })
  }

  /**
   * Replaces the manifest by a new one, with the next number, that begins with this state.
   * Requires: no append is in flight, and the state is that after the last one. Later appends wait.
   * If the new file cannot be written, the old one stays in use; if it cannot be put in place, which of the two a crash
   * would leave is unknown, so nothing more is written, as after a failed append.
   */
  async rewrite(state: TreeState): Promise<void> {
    assert(this.#pending === 0, 'a manifest is rewritten with no append in flight')
    await this.#enqueue(async (old) => {
      const oldPath = this.#path
      const prepared = await prepare(this.#fs, this.#directory, this.#end().number + 1, state)
      try {
        this.#file = await publish(this.#fs, this.#directory, prepared)
      } catch (error) {
        this.#failure = error
        throw error
      }
      this.#path = prepared.path
      this.#positions = [...prepared.positions]
      this.#torn = false
      // The new manifest is durable and in use. What fails from here on leaves an old file to the next opening.
      await Promise.allSettled([old.close(), this.#fs.remove(oldPath)])
    })
  }

  /** Waits for appends in flight, then closes the file. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#tail
    await this.#file?.close()
  }

  #end(): ManifestPosition {
    return this.#positions[this.#positions.length - 1]!
  }

  #enqueue(work: (file: FileHandle) => Promise<void>): Promise<void> {
    if (this.#closed) return Promise.reject(new MarquetryError('MARQUETRY_CLOSED', `${this.#path} is closed`))
    this.#pending++
    const result = this.#tail.then(async () => {
      try {
        if (this.#failure !== undefined || this.#file === undefined) throw this.#readOnly()
        await work(this.#file)
      } finally {
        this.#pending--
      }
    })
    this.#tail = result.catch(() => undefined)
    return result
  }

  #readOnly(): MarquetryError {
    if (this.#failure === undefined) {
      return new MarquetryError('MARQUETRY_READ_ONLY', `${this.#path} was opened to be read only`, {
        file: this.#path,
      })
    }
    return new MarquetryError('MARQUETRY_READ_ONLY', `${this.#path} is no longer written after a failure`, {
      file: this.#path,
      cause: this.#failure,
    })
  }
}

function highestManifest(names: readonly string[]): number | undefined {
  let highest: number | undefined
  for (const name of names) {
    const parsed = parseName(name)
    if (parsed?.kind === 'manifest') highest = Math.max(highest ?? 0, parsed.number)
  }
  return highest
}

/** Whether a file is an older manifest, or one that never got its name. */
function isLeftover(name: string, current: number): boolean {
  const isTemporary = name.endsWith(temporarySuffix)
  const parsed = parseName(isTemporary ? name.slice(0, -temporarySuffix.length) : name)
  return parsed?.kind === 'manifest' && (isTemporary || parsed.number < current)
}

function noManifest(directory: string): MarquetryError {
  return corruption(directory, undefined, 'there is no manifest')
}

/** Reads beside a writer, who may replace the manifest between the listing and the opening. */
async function readHighest(
  fs: FileSystem,
  directory: string,
): Promise<{ path: string; number: number; bytes: Uint8Array }> {
  for (let missed: number | undefined; ; ) {
    const number = highestManifest(await fs.list(directory))
    if (number === undefined) throw noManifest(directory)
    const path = `${directory}/${manifestName(number)}`
    try {
      return { path, number, bytes: await readWhole(fs, path) }
    } catch (error) {
      // Once per manifest, so that this ends: a file that is listed, but cannot be read, is no newer one's fault.
      if (missed === number || (await fs.stat(path)) !== undefined) throw error
      missed = number
    }
  }
}

function replay(
  path: string,
  number: number,
  bytes: Uint8Array,
): { readonly decoded: DecodedManifest; readonly state: TreeState } {
  const decoded = decodeManifest(path, bytes)
  if (decoded.number !== number) throw corruption(path, 8, `the header names manifest ${decoded.number}`)
  let state: TreeState | undefined
  decoded.edits.forEach((edit, index) => {
    try {
      state = replayEdit(state, edit)
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error
      throw corruption(path, frameStart(decoded, index), 'an edit contradicts those before it', error)
    }
  })
  assert(state !== undefined, 'a decoded manifest begins with a state')
  return { decoded, state }
}

function frameStart({ positions }: Pick<DecodedManifest, 'positions'>, index: number): number {
  return positions[index - 1]?.bytes ?? manifestHeaderBytes
}

/**
 * Makes durable what was read. If the last process was killed, the last frame may be seen and yet not be on the disk,
 * also after a sync that failed: then its pages count as clean. So it is written again, byte for byte, which a crash
 * cannot make worse. The same goes for the manifest's name.
 */
async function settle(
  fs: FileSystem,
  directory: string,
  file: FileHandle,
  bytes: Uint8Array,
  decoded: DecodedManifest,
): Promise<void> {
  const frames = decoded.positions.length
  // A torn manifest is going to be rewritten; the first frame was synced before it was named.
  if (!decoded.torn && frames > 1) {
    const from = frameStart(decoded, frames - 1)
    await file.write(bytes.subarray(from, decoded.validBytes), from)
    await file.sync()
  }
  await fs.syncDirectory(directory)
}

interface Prepared {
  readonly number: number
  readonly path: string
  readonly temporary: string
  readonly positions: readonly ManifestPosition[]
}

/** Writes a manifest under a temporary name. A crash or failure leaves at most that file, which nobody reads. */
async function prepare(fs: FileSystem, directory: string, number: number, state: TreeState): Promise<Prepared> {
  const path = `${directory}/${manifestName(number)}`
  const temporary = path + temporarySuffix
  const header = encodeManifestHeader(number)
  const frame = encodeManifestFrame(stateToJson(state), header.chain)
  const bytes = new Uint8Array(header.bytes.length + frame.bytes.length)
  bytes.set(header.bytes)
  bytes.set(frame.bytes, header.bytes.length)
  await fs.remove(temporary)
  await writeWhole(fs, temporary, bytes)
  return { number, path, temporary, positions: [{ number, bytes: bytes.length, chain: frame.chain }] }
}

/** Writes a manifest that begins with this state into a directory that has none, durably. */
export async function writeManifest(
  fs: FileSystem,
  directory: string,
  number: number,
  state: TreeState,
): Promise<void> {
  const { temporary, path } = await prepare(fs, directory, number, state)
  await fs.rename(temporary, path)
  await fs.syncDirectory(directory)
}

/** Gives a prepared manifest its name, durably, and opens it. */
async function publish(fs: FileSystem, directory: string, { temporary, path }: Prepared): Promise<FileHandle> {
  await fs.rename(temporary, path)
  // A crash here leaves the new name or not. Both manifests are whole and say the same.
  await fs.syncDirectory(directory)
  // A crash here leaves the new manifest, and the old one beside it.
  return fs.open(path, 'write')
}
