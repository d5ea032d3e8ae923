// What lies in a database's directory. Reads only, takes no lock, and so works beside whoever has the database open; a
// file that goes away meanwhile means that there is a newer version, and all is read again.

import { isMarquetryError, MarquetryError } from '../../errors.js'
import { checkFormat, decodeCatalog } from '../../format/catalog.js'
import { databaseFiles, logName, sstableFiles, sstableFolder } from '../../format/file-names.js'
import { decodeKeys } from '../../format/key-codec.js'
import { Schema } from '../../format/schema.js'
import type { SSTableMeta } from '../../format/sstable-meta.js'
import { type FileSystem, readWhole } from '../../fs/file-system.js'
import { KeyFilter } from '../../sstable/filter.js'
import { decodeSidecar, sidecarKinds } from '../../sstable/sidecar.js'
import { Manifest } from '../../version/manifest.js'
import type { TreeState } from '../../version/state.js'
import { textOf, typeText } from '../value-text.js'
import type { Facts, FilterFacts, SSTableFacts, TableFacts } from './facts.js'
import { keyAxis } from './key-axis.js'
import { readParquetFacts } from './parquet-facts.js'

const attemptsMax = 5

/** The facts of a database's directory or of a Parquet file, whichever stands at `path`. */
export async function readFacts(fs: FileSystem, path: string): Promise<Facts> {
  const stat = await fs.stat(path)
  if (stat?.kind === 'file') return { kind: 'file', path, file: await readParquetFacts(fs, path) }
  const format = `${path}/${databaseFiles.format}`
  if ((await fs.stat(format)) === undefined) {
    throw new MarquetryError('MARQUETRY_NOT_A_DATABASE', `${path} is neither a marquetry database nor a file`, {
      file: path,
    })
  }
  checkFormat(format, await readWhole(fs, format))
  for (let attempt = 1; ; attempt++) {
    try {
      return { kind: 'database', path, tables: await readTables(fs, path) }
    } catch (error) {
      if (attempt === attemptsMax || !isMarquetryError(error, 'MARQUETRY_IO')) throw error
    }
  }
}

async function readTables(fs: FileSystem, path: string): Promise<readonly TableFacts[]> {
  const catalog = `${path}/${databaseFiles.catalog}`
  const entries = [...decodeCatalog(catalog, await readWhole(fs, catalog)).tables]
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  const tables: TableFacts[] = []
  for (const { name } of entries) tables.push(await readTable(fs, `${path}/${name}`))
  return tables
}

async function readTable(fs: FileSystem, directory: string): Promise<TableFacts> {
  const { manifest, state } = await Manifest.load(fs, directory, { readOnly: true })
  await manifest.close()
  const schema = new Schema(state.schemas.find(({ id }) => id === state.currentSchemaId)!)
  const tables = state.version.runs.flatMap(({ id: run, level, tables }) =>
    tables.map((meta) => ({ meta, run, level })),
  )
  const { places, depths } = keyAxis(tables.map(({ meta, run }) => ({ ...meta, run })))
  const sstables: SSTableFacts[] = []
  for (const [i, { meta, run, level }] of tables.entries())
    sstables.push({ ...(await readSSTable(fs, directory, schema, meta)), ...places[i]!, run, level })
  return {
    name: state.tree.name,
    columns: schema.columns.map(({ name, type, nullable }) => ({ name, type: typeText(type), nullable })),
    key: schema.key.map((index) => schema.columns[index]!.name),
    logs: await readLogs(fs, directory, state),
    levels: state.version.levels().map(({ tables, ...totals }) => ({ ...totals, sstables: tables })),
    sstables,
    depths,
  }
}

async function readLogs(fs: FileSystem, directory: string, { logs }: TreeState): Promise<TableFacts['logs']> {
  const found: { number: number; bytes: number }[] = []
  for (const { number } of logs) {
    const stat = await fs.stat(`${directory}/${logName(number)}`)
    if (stat !== undefined) found.push({ number, bytes: stat.bytes })
  }
  return found
}

async function readSSTable(
  fs: FileSystem,
  directory: string,
  schema: Schema,
  meta: SSTableMeta,
): Promise<Omit<SSTableFacts, 'run' | 'level' | 'from' | 'to'>> {
  const folder = `${directory}/${sstableFolder(meta.number)}`
  let sidecarBytes = 0
  for (const name of [sstableFiles.filter, sstableFiles.index, sstableFiles.checksums])
    sidecarBytes += (await fs.stat(`${folder}/${name}`))?.bytes ?? 0
  const { number, rows, keys, tombstones, minSeq, maxSeq, createdMs } = meta
  return {
    number,
    minKey: keyWords(schema, meta.minKey),
    maxKey: keyWords(schema, meta.maxKey),
    rows,
    keys,
    tombstones,
    minSeq,
    maxSeq,
    createdMs,
    filter: await readFilter(fs, `${folder}/${sstableFiles.filter}`, meta.digest),
    sidecarBytes,
    file: await readParquetFacts(fs, `${folder}/${sstableFiles.data}`),
  }
}

function keyWords(schema: Schema, key: Uint8Array): readonly string[] {
  const vectors = decodeKeys(schema, key, new Uint32Array([0]))
  return vectors.map((vector, position) => {
    const { type, codec } = schema.columns[schema.key[position]!]!
    return textOf(type, codec.value(vector, 0))
  })
}

/** A filter is only ever a shortcut: one that is missing or damaged is nothing to stop at. */
async function readFilter(fs: FileSystem, path: string, digest: string): Promise<FilterFacts | undefined> {
  if ((await fs.stat(path)) === undefined) return undefined
  try {
    const bytes = await readWhole(fs, path)
    const filter = new KeyFilter(path, decodeSidecar(path, sidecarKinds.filter, digest, bytes))
    const { bits, hashes, keys, errorRate } = filter
    return { bytes: bytes.length, bits, hashes, keys, errorRate }
  } catch (error) {
    if (isMarquetryError(error, 'MARQUETRY_CORRUPTION')) return undefined
    throw error
  }
}
