// Scrubs one SSTable: every block against its checksum, all of the data against the digest in the manifest, the sidecars against
// the data, and what the rows add up to against what manifest and footer say.

import { corruption, isMarquetryError, type MarquetryError } from '../errors.js'
import { sstableFiles } from '../format/file-names.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { type FileSystem, readWhole } from '../fs/file-system.js'
import { systemCode } from '../fs/io-error.js'
import { AssertionError } from '../util/assert.js'
import { equalBytes } from '../util/bytes.js'
import { BulkReader } from './bulk-reader.js'
import { blockBytes, decodeChecksums } from './checksums.js'
import { filterKeysMin, KeyFilter } from './filter.js'
import { openIndex } from './open-index.js'
import { decodeSidecar, type SidecarName, sidecarKinds } from './sidecar.js'
import { checksumsOf, type RowFacts, readFooterFacts, surveyRows, type Tick } from './survey.js'

/** Problems told of one file, at the most: a wrong disk may have one in each block. */
const problemsMax = 20

export interface ScrubOptions {
  /** Whether the table wants a filter. */
  readonly hasFilter: boolean
  readonly tick: Tick
  readonly report: (problem: MarquetryError) => void
}

/** Reports all that is wrong with an SSTable. Throws what `tick` throws. */
export async function scrubSSTable(
  fs: FileSystem,
  folder: string,
  meta: SSTableMeta,
  schema: Schema,
  { hasFilter, tick, report }: ScrubOptions,
): Promise<void> {
  const data = `${folder}/${sstableFiles.data}`
  const attempt = <T>(step: () => Promise<T>) => attempted(data, report, step)
  const crcs = await attempt(() =>
    readSidecar(fs, folder, 'checksums', tick, (path, bytes) =>
      decodeChecksums(path, meta.digest, meta.bytes, bytes),
    ),
  )
  await attempt(() =>
    readSidecar(fs, folder, 'index', tick, (path, bytes) =>
      openIndex(path, decodeSidecar(path, sidecarKinds.index, meta.digest, bytes), meta),
    ),
  )
  const filter =
    hasFilter && meta.keys >= filterKeysMin
      ? await attempt(() =>
          readSidecar(
            fs,
            folder,
            'filter',
            tick,
            (path, bytes) => new KeyFilter(path, decodeSidecar(path, sidecarKinds.filter, meta.digest, bytes)),
          ),
        )
      : undefined
  const found = await attempt(() => checksumsOf(fs, folder, tick))
  if (found === undefined) return
  if (found.bytes !== meta.bytes) {
    report(corruption(data, Math.min(found.bytes, meta.bytes), `the file is not ${meta.bytes} bytes long`))
    return
  }
  if (found.digest !== meta.digest) {
    const bad = crcs === undefined ? [] : [...crcs.keys()].filter((block) => crcs[block] !== found.crcs[block])
    for (const block of bad.slice(0, problemsMax))
      report(corruption(data, block * blockBytes, `the checksum of block ${block} does not match`))
    if (bad.length === 0)
      report(corruption(data, undefined, 'the data does not match its digest in the manifest'))
    return
  }
  let told = 0
  const wrong = (message: string) => {
    if (told++ < problemsMax) report(corruption(data, undefined, message))
  }
  await attempt(async () => {
    const reader = new BulkReader(fs, folder, meta, schema)
    try {
      compare(await surveyRows(reader, schema, { filter, tick }, wrong), meta, 'the manifest', wrong)
    } finally {
      reader.close()
    }
    const footer = await readFooterFacts(fs, folder)
    if (footer === undefined) wrong('its footer says nothing of an SSTable')
    else compare(footer, meta, 'the manifest', wrong, 'its footer')
    if (footer !== undefined && footer.schema.id !== meta.schemaId)
      wrong(`its footer says schema ${footer.schema.id}, the manifest ${meta.schemaId}`)
  })
}

function compare(
  found: Partial<RowFacts>,
  meta: SSTableMeta,
  whose: string,
  wrong: (message: string) => void,
  what = 'the file',
): void {
  for (const name of ['rows', 'keys', 'tombstones', 'minSeq', 'maxSeq'] as const) {
    if (found[name] !== undefined && found[name] !== meta[name])
      wrong(`${what} says ${name} ${found[name]}, ${whose} ${meta[name]}`)
  }
  for (const name of ['minKey', 'maxKey'] as const) {
    if (found[name] !== undefined && !equalBytes(found[name], meta[name]))
      wrong(`${what} has another ${name} than ${whose}`)
  }
}

async function readSidecar<T>(
  fs: FileSystem,
  folder: string,
  name: SidecarName,
  tick: Tick,
  decode: (path: string, bytes: Uint8Array) => T,
): Promise<T> {
  const path = `${folder}/${sstableFiles[name]}`
  let bytes: Uint8Array
  try {
    bytes = await readWhole(fs, path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw corruption(path, undefined, 'the sidecar is missing', error)
    throw error
  }
  tick(bytes.length)
  return decode(path, bytes)
}

/** The result; undefined where there is none, and the reason is reported. What is thrown otherwise is thrown on. */
async function attempted<T>(
  path: string,
  report: (problem: MarquetryError) => void,
  step: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await step()
  } catch (error) {
    if (isMarquetryError(error) && error.code !== 'MARQUETRY_ABORTED' && error.code !== 'MARQUETRY_CLOSED')
      report(error)
    // Decoders meet bytes that a checksum vouches for: whatever they stumble over is damage, and the caller's to hear of.
    else if (error instanceof RangeError || error instanceof AssertionError)
      report(corruption(path, undefined, error.message, error))
    else throw error
    return undefined
  }
}
