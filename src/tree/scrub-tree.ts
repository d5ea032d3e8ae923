// Scrubs one table as it was at a moment: its manifest, its logs, its SSTables. Writes and merges go on meanwhile.

import { corruption, isMarquetryError, type MarquetryError } from '../errors.js'
import { logName, sstableFolder } from '../format/file-names.js'
import { Schema } from '../format/schema.js'
import type { FileSystem } from '../fs/file-system.js'
import { systemCode } from '../fs/io-error.js'
import { scrubSSTable } from '../sstable/scrub.js'
import { equalBytes } from '../util/bytes.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import { Manifest } from '../version/manifest.js'
import type { LogImage, TreeImage } from './tree-image.js'

const pieceBytes = 1 << 20

export interface TreeScrubOptions {
  readonly hasFilter: boolean
  /** Told of bytes read, and how many files are done with them. May throw to end the scrub. */
  readonly tick: (bytes: number, files: number) => void
  readonly report: (problem: MarquetryError) => void
}

/** Files that a scrub of this image looks at: data files, logs and the manifest. */
export function filesToScrub(image: TreeImage): number {
  return 1 + image.logs.length + image.state.version.allTables().length
}

/** Reports all that is wrong. Throws what `tick` throws. */
export async function scrubTree(fs: FileSystem, image: TreeImage, options: TreeScrubOptions): Promise<void> {
  const { directory, state, logs } = image
  const { hasFilter, tick, report } = options
  const attempt = async (step: () => Promise<void>) => {
    try {
      await step()
    } catch (error) {
      const isEnd = isMarquetryError(error, 'MARQUETRY_ABORTED') || isMarquetryError(error, 'MARQUETRY_CLOSED')
      if (isEnd || !isMarquetryError(error)) throw error
      report(error)
    }
    tick(0, 1)
  }
  await attempt(async () => {
    const { manifest } = await Manifest.load(fs, directory, { readOnly: true })
    if (manifest.holds(image.position)) return
    const { number, bytes } = image.position
    throw corruption(
      directory,
      undefined,
      `the manifest has lost what it held when manifest ${number} had ${bytes} bytes`,
    )
  })
  for (const log of logs) await attempt(() => scrubLog(fs, image, log, tick))
  const json = state.schemas.find(({ id }) => id === state.currentSchemaId)
  if (json === undefined) return report(corruption(directory, undefined, 'the current schema is missing'))
  const schema = new Schema(json)
  for (const meta of state.version.allTables()) {
    const bytes = (read: number) => tick(read, 0)
    const folder = `${directory}/${sstableFolder(meta.number)}`
    await attempt(() => scrubSSTable(fs, folder, meta, schema, { hasFilter, tick: bytes, report }))
  }
}

/** A log is what its memtable's arena is, byte for byte. */
async function scrubLog(
  fs: FileSystem,
  { directory, hasLog }: TreeImage,
  log: LogImage,
  tick: TreeScrubOptions['tick'],
): Promise<void> {
  const path = `${directory}/${logName(log.number)}`
  try {
    const file = await fs.open(path, 'read')
    try {
      for (let at = 0; at < log.bytes.length; at += pieceBytes) {
        const wanted = log.bytes.subarray(at, at + pieceBytes)
        const piece = new Uint8Array(wanted.length)
        const read = await file.read(piece, at)
        tick(read, 0)
        if (!equalBytes(piece, wanted)) {
          const offset = wanted.findIndex((byte, i) => i >= read || byte !== piece[i])
          throw corruption(path, at + offset, 'the log is not what was written to it')
        }
        if (turnIsDue()) await takeTurn()
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    if (hasLog(log.number)) throw corruption(path, undefined, 'the log is missing', error)
  }
}
