// What can be had of an SSTable whose files, or whose manifest, are damaged.
//
// Parquet protects no bytes, so data is used only if something vouches for all of it: the digest in the manifest, or, where that is lost,
// the digest that a whole sidecar bears.

import { isMarquetryError } from '../errors.js'
import { sstableFiles } from '../format/file-names.js'
import { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { type FileSystem, readWhole, writeWhole } from '../fs/file-system.js'
import { readAsync } from '../fs/reading.js'
import { BulkReader } from './bulk-reader.js'
import { encodeChecksums } from './checksums.js'
import { filterKeysMin, KeyFilter } from './filter.js'
import { KeyFilterBuilder } from './filter-builder.js'
import { openIndex } from './open-index.js'
import { PageCache } from './page-cache.js'
import { plainHost, RepairQueue } from './reader-host.js'
import { decodeSidecar, encodeSidecar, type SidecarName, sidecarKinds } from './sidecar.js'
import { checksumsOf, readFooterFacts, surveyRows, type Tick } from './survey.js'

const filterErrorRate = 0.001
const names = Object.keys(sidecarKinds) as readonly SidecarName[]

/** An SSTable that can be used. */
export interface Salvaged {
  readonly meta: SSTableMeta
  readonly schema: Schema
  /** Sidecars that are missing or damaged. */
  readonly badSidecars: readonly SidecarName[]
}

/**
 * Looks at all of the data. `known`: what the manifest says. Returns why it cannot be used as a text.
 */
export async function salvageSSTable(
  fs: FileSystem,
  folder: string,
  number: number,
  known: { readonly meta: SSTableMeta; readonly schema: Schema } | undefined,
  tick: Tick,
): Promise<Salvaged | string> {
  try {
    const { bytes, digest } = await checksumsOf(fs, folder, tick)
    const bad: SidecarName[] = []
    let vouchers = 0
    for (const name of names) {
      const found = await lookAt(fs, folder, name, digest, known?.meta)
      if (found === 'bad') bad.push(name)
      if (found === 'whole') vouchers++
    }
    if (known !== undefined) {
      if (digest !== known.meta.digest)
        return 'its data is damaged: it does not hash to the digest in the manifest'
      return { ...known, badSidecars: bad }
    }
    if (vouchers === 0)
      return 'nothing vouches for its data: all of its sidecars are missing, damaged or of other data'
    const footer = await readFooterFacts(fs, folder)
    if (footer === undefined) return 'its footer says nothing of an SSTable'
    const schema = new Schema(footer.schema)
    const { minKey, maxKey, minSeq, maxSeq, rows } = footer
    const guessed: SSTableMeta = {
      number, schemaId: schema.id, minKey, maxKey, rows, keys: rows, tombstones: 1, minSeq, maxSeq, bytes, digest,
      rowGroupBytesMax: 1 << 28, createdMs: 0,
    } // biome-ignore format: a list
    const wrong: string[] = []
    const reader = new BulkReader(fs, folder, guessed, schema)
    try {
      const facts = await surveyRows(reader, schema, { tick }, (message) => wrong.push(message))
      if (wrong[0] !== undefined) return wrong[0]
      const hasFilter = (await fs.stat(`${folder}/${sstableFiles.filter}`)) !== undefined
      if (!hasFilter && facts.keys >= filterKeysMin) bad.push('filter')
      return { meta: { ...guessed, ...facts }, schema, badSidecars: bad }
    } finally {
      reader.close()
    }
  } catch (error) {
    if (isMarquetryError(error, 'MARQUETRY_ABORTED') || isMarquetryError(error, 'MARQUETRY_UNSUPPORTED_FORMAT'))
      throw error
    return (error as Error).message
  }
}

/** A filter may be absent: small files have none. */
async function lookAt(
  fs: FileSystem,
  folder: string,
  name: SidecarName,
  digest: string,
  meta: SSTableMeta | undefined,
): Promise<'whole' | 'bad' | 'absent'> {
  const path = `${folder}/${sstableFiles[name]}`
  try {
    if ((await fs.stat(path)) === undefined) {
      return name === 'filter' && (meta === undefined || meta.keys < filterKeysMin) ? 'absent' : 'bad'
    }
    const body = decodeSidecar(path, sidecarKinds[name], digest, await readWhole(fs, path))
    if (name === 'filter') void new KeyFilter(path, body)
    if (name === 'index' && meta !== undefined) openIndex(path, body, meta)
    return 'whole'
  } catch (error) {
    if (isMarquetryError(error, 'MARQUETRY_CORRUPTION')) return 'bad'
    throw error
  }
}

/** Writes the bad sidecars anew. If the process dies in here, they are bad still. */
export async function rebuildSidecars(
  fs: FileSystem,
  folder: string,
  salvaged: Salvaged,
  tick: Tick,
): Promise<void> {
  const { meta, schema, badSidecars } = salvaged
  for (const name of badSidecars) await fs.remove(`${folder}/${sstableFiles[name]}`)
  if (badSidecars.includes('checksums')) {
    const path = `${folder}/${sstableFiles.checksums}`
    await writeWhole(fs, path, encodeChecksums(await checksumsOf(fs, folder, tick)))
  }
  const repairs = new RepairQueue((error) => {
    throw error
  })
  const host = { ...plainHost(), repairs, mayWrite: () => true }
  const reader = new BulkReader(fs, folder, meta, schema, new PageCache(0), host)
  try {
    await readAsync(reader.open(), tick)
    await repairs.idle()
    if (badSidecars.includes('filter') && meta.keys >= filterKeysMin) {
      const filter = new KeyFilterBuilder(filterErrorRate)
      await surveyRows(reader, schema, { tick, takeHashes: (hashes) => filter.addHashes(hashes) }, () => {})
      const body = filter.finish()
      if (body !== undefined)
        await writeWhole(
          fs,
          `${folder}/${sstableFiles.filter}`,
          encodeSidecar(sidecarKinds.filter, meta.digest, body),
        )
    }
  } finally {
    reader.close()
  }
  await fs.syncDirectory(folder)
}
