// Repairs one table: what its manifest says, if that can be read; else what its SSTables say of themselves.
//
// Without a manifest, the order of SSTables has to be found. Of two files of one version whose key ranges meet, all sequence numbers
// of the newer one are above all of the older one, but for rows that a merge has numbered 0; and those have nothing older within the bounds of any
// file behind them. So files ordered by their greatest number, highest first, are in order: that is certain for files that were part of one
// version. What is not certain is whether they all were: a process that was killed may have left inputs of a merge, or a reader was there for whom
// they were kept. Then rows that were overwritten or deleted may be back, and the report says that it may be so.

import { corruption, isMarquetryError } from './errors.js'
import { checkRows } from './format/check-rows.js'
import {
  directories,
  logName,
  manifestName,
  parseName,
  parseNumber,
  sstableFolder,
} from './format/file-names.js'
import {
  digestRecords,
  findRecords,
  type LogHeader,
  logHeaderBytes,
  readLog,
  readLogHeader,
  writeLogHeader,
} from './format/log-record.js'
import type { LogJson } from './format/manifest-record.js'
import { Schema, type SchemaJson } from './format/schema.js'
import type { SSTableMeta } from './format/sstable-meta.js'
import { type FileSystem, readWhole, writeWhole } from './fs/file-system.js'
import type { RepairNotes } from './repair-report.js'
import { rebuildSidecars, type Salvaged, salvageSSTable } from './sstable/salvage.js'
import { checkOrphanTable } from './tree/orphans.js'
import { compareBytes } from './util/bytes.js'
import { Manifest, writeManifest } from './version/manifest.js'
import type { TreeState } from './version/state.js'
import { Version } from './version/version.js'

/** What one table's repair works with. */
export interface TableRepair {
  readonly fs: FileSystem
  readonly directory: string
  /** Undefined: the catalog is lost. */
  readonly id: number | undefined
  readonly name: string
  readonly notes: RepairNotes
  readonly signal: AbortSignal | undefined
  readonly tick: () => void
}

/** A log with the records that are whole. */
interface SavedLog {
  readonly path: string
  readonly header: LogHeader
  readonly bytes: Uint8Array
  readonly isWhole: boolean
  readonly lastSeq: number
}

/** Repairs a table. Returns its id; undefined: nothing of it can be used, and it cannot be opened. */
export async function repairTable(repair: TableRepair): Promise<number | undefined> {
  const { fs, directory, notes } = repair
  const names = await fs.list(directory)
  const known = await loadState(repair)
  const tables = await salvageTables(repair, known)
  const schemas = new Map<number, SchemaJson>(known?.schemas.map((schema) => [schema.id, schema]))
  for (const { schema } of tables) schemas.set(schema.id, schema.toJSON())
  const flushedSeq = Math.max(0, ...tables.map(({ meta }) => meta.maxSeq))
  const logs = await salvageLogs(repair, known, schemas, flushedSeq)
  const isIntact =
    known !== undefined &&
    tables.length === known.version.allTables().length &&
    logs.length === known.logs.length &&
    logs.every((log, i) => log.isWhole && (i === 0 || follows(log, logs[i - 1]!)))
  for (const salvaged of tables) {
    if (salvaged.badSidecars.length === 0) continue
    const folder = `${directory}/${sstableFolder(salvaged.meta.number)}`
    notes.note('rebuilt', folder, `made anew from whole data: ${salvaged.badSidecars.join(', ')}`)
    await notes.change(() => rebuildSidecars(fs, folder, salvaged, repair.tick))
  }
  const id = repair.id ?? known?.tree.id ?? logs[0]?.header.treeId
  if (isIntact) {
    notes.note('kept', directory, 'manifest, logs and SSTables are whole')
    return known.tree.id
  }
  if (schemas.size === 0) {
    notes.note('lost', directory, 'no manifest and no SSTable that could tell its schema')
    return undefined
  }
  const treeId = id ?? 1
  await notes.change(async () => {
    for (const name of [directories.sstables, directories.temporary])
      await fs.makeDirectory(`${directory}/${name}`)
    const numbers = await highestNumbers(fs, directory, names)
    const manifestNumber = 1 + Math.max(numbers.manifest, ...logs.map(({ header }) => header.manifest.number))
    let nextNumber = Math.max(numbers.file + 1, known?.nextNumber ?? 1)
    const listed: LogJson[] = []
    const replaced = names
      .filter((name) => parseName(name)?.kind === 'manifest')
      .map((name) => `${directory}/${name}`)
    let previous = { number: 0, bytes: 0, digest: 0 }
    for (const { header, bytes, path } of logs) {
      const number = nextNumber++
      const log = bytes.slice()
      const manifest = { number: manifestNumber - 1, bytes: 0, chain: 0 }
      writeLogHeader(log, { ...header, number, treeId, previous, manifest })
      await writeWhole(fs, `${directory}/${logName(number)}`, log)
      previous = { number, bytes: log.length, digest: digestRecords(log.subarray(logHeaderBytes)) }
      listed.push({ number, id: header.id, schemaId: header.schemaId })
      replaced.push(path)
    }
    const state = stateOf(repair, known, treeId, schemas, tables, listed, nextNumber)
    await writeManifest(fs, directory, manifestNumber, state)
    // A crash before this line leaves what was there, and one behind it what was saved: nothing listed has gone before.
    for (const path of replaced) await moveToLost(repair, path)
  })
  const what = `lists ${tables.length} SSTables and ${logs.length} logs`
  notes.note('rebuilt', `${directory}/${manifestName(0).slice(0, -7)}`, what)
  return treeId
}

/** Whether a log says of the one before it how that ends. */
function follows({ header }: SavedLog, before: SavedLog): boolean {
  const { number, bytes, digest } = header.previous
  const records = before.bytes.subarray(logHeaderBytes)
  return number === before.header.number && bytes === before.bytes.length && digest === digestRecords(records)
}

async function loadState({ fs, directory, id, notes }: TableRepair): Promise<TreeState | undefined> {
  try {
    const { manifest, state } = await Manifest.load(fs, directory, { readOnly: true })
    if (id !== undefined && state.tree.id !== id)
      throw corruption(directory, undefined, `the manifest is that of table ${state.tree.id}, not of ${id}`)
    for (const { path, header, bytes } of await logHeaders(fs, directory)) {
      const isLater = header.number >= state.nextNumber && bytes > logHeaderBytes
      if (header.treeId === state.tree.id && (isLater || !manifest.holds(header.manifest)))
        throw corruption(path, 52, 'the manifest has lost edits since this log was made')
    }
    for (const number of await tableNumbers(fs, directory)) {
      if (state.version.allTables().some((table) => table.number === number)) continue
      await checkOrphanTable(fs, `${directory}/${sstableFolder(number)}`, number, state)
    }
    return state
  } catch (error) {
    if (!isMarquetryError(error, 'MARQUETRY_CORRUPTION')) throw error
    notes.note('lost', error.file ?? directory, error.message)
    notes.note(
      'saved',
      directory,
      'SSTables are ordered by their sequence numbers; if the last process was killed in a merge, or had readers, rows that were ' +
        'overwritten or deleted may be back',
    )
  }
  return undefined
}

/** The SSTables whose folders are there. */
async function tableNumbers(fs: FileSystem, directory: string): Promise<readonly number[]> {
  const parent = `${directory}/${directories.sstables}`
  const names = (await fs.stat(parent)) === undefined ? [] : await fs.list(parent)
  return names.flatMap((name) => parseNumber(name) ?? [])
}

/** The logs whose headers can be read. */
async function logHeaders(fs: FileSystem, directory: string) {
  const logs: { readonly path: string; readonly header: LogHeader; readonly bytes: number }[] = []
  for (const name of await fs.list(directory)) {
    if (parseName(name)?.kind !== 'log') continue
    const path = `${directory}/${name}`
    const bytes = await readWhole(fs, path)
    const header = readLogHeader(path, bytes)
    if (header !== undefined) logs.push({ path, header, bytes: bytes.length })
  }
  return logs
}

async function salvageTables(repair: TableRepair, known: TreeState | undefined): Promise<readonly Salvaged[]> {
  const { fs, directory, notes, tick } = repair
  const metas = known?.version.allTables()
  const numbers = metas?.map(({ number }) => number) ?? (await tableNumbers(fs, directory))
  const salvaged: Salvaged[] = []
  for (const number of numbers) {
    const folder = `${directory}/${sstableFolder(number)}`
    const meta = metas?.find((table) => table.number === number)
    const json = known?.schemas.find((schema) => schema.id === meta?.schemaId)
    const from = meta && json && { meta, schema: new Schema(json) }
    const found =
      (await fs.stat(folder)) === undefined
        ? 'it is missing'
        : await salvageSSTable(fs, folder, number, from, tick)
    if (typeof found !== 'string') {
      salvaged.push(found)
      continue
    }
    notes.note('lost', folder, `${found}${meta === undefined ? '' : `; ${meta.rows} rows`}`)
    await notes.change(() => moveToLost(repair, folder))
  }
  return salvaged
}

async function salvageLogs(
  repair: TableRepair,
  known: TreeState | undefined,
  schemas: ReadonlyMap<number, SchemaJson>,
  flushedSeq: number,
): Promise<readonly SavedLog[]> {
  const { fs, directory, notes } = repair
  const present = (await fs.list(directory)).flatMap((name) => {
    const parsed = parseName(name)
    return parsed?.kind === 'log' ? [parsed.number] : []
  })
  const numbers = (known?.logs.map(({ number }) => number) ?? present).sort((a, b) => a - b)
  const logs: SavedLog[] = []
  for (const [at, number] of numbers.entries()) {
    const path = `${directory}/${logName(number)}`
    const saved = present.includes(number)
      ? saveLog(path, await readWhole(fs, path), schemas, at === numbers.length - 1)
      : 'it is missing'
    if (typeof saved === 'string') {
      notes.note('lost', path, saved)
      await notes.change(() => moveToLost(repair, path))
    } else if (known === undefined && saved.lastSeq <= flushedSeq) {
      // Flushes are committed in the order of logs: what is not above all that is flushed has been flushed.
      notes.note('kept', path, 'all of it is in SSTables')
      await notes.change(() => moveToLost(repair, path))
    } else {
      if (!saved.isWhole) notes.note('lost', path, 'records between those that are whole')
      if (!saved.isWhole)
        notes.note('saved', path, `${saved.bytes.length - logHeaderBytes} bytes of whole records`)
      logs.push(saved)
    }
  }
  return logs
}

/** The whole records of a log whose rows are of its schema, or why there are none. */
function saveLog(
  path: string,
  bytes: Uint8Array,
  schemas: ReadonlyMap<number, SchemaJson>,
  isNewest: boolean,
): SavedLog | string {
  const header = readLogHeader(path, bytes)
  if (header === undefined) return 'its header is damaged, so that its records cannot be told from others'
  const json = schemas.get(header.schemaId)
  if (json === undefined) return `its schema ${header.schemaId} is not known any more`
  const schema = new Schema(json)
  const lastSeqOf = (offset: number) => (offset < 0 ? 0 : header.baseSeq + offset)
  try {
    const contents = readLog(path, bytes, header, isNewest)
    checkRows(path, bytes, contents, schema)
    const whole = bytes.subarray(0, contents.bytes)
    return { path, header, bytes: whole, isWhole: true, lastSeq: lastSeqOf(contents.lastSeqOffset) }
  } catch (error) {
    if (!isMarquetryError(error, 'MARQUETRY_CORRUPTION')) throw error
  }
  const head = bytes.subarray(0, logHeaderBytes)
  const good = findRecords(bytes, header).filter((record) => {
    try {
      const alone = Buffer.concat([head, record])
      checkRows(path, alone, readLog(path, alone, header, false), schema)
      return true
    } catch {
      return false
    }
  })
  const saved = new Uint8Array(Buffer.concat([head, ...good]))
  const { lastSeqOffset } = readLog(path, saved, header, false)
  return { path, header, bytes: saved, isWhole: false, lastSeq: lastSeqOf(lastSeqOffset) }
}

function stateOf(
  { name }: TableRepair,
  known: TreeState | undefined,
  id: number,
  schemas: ReadonlyMap<number, SchemaJson>,
  tables: readonly Salvaged[],
  logs: readonly LogJson[],
  nextNumber: number,
): TreeState {
  const numbers = new Set(tables.map(({ meta }) => meta.number))
  const runs =
    known === undefined
      ? runsBySequence(tables.map(({ meta }) => meta))
      : known.version.runs
          .map((run) => ({ ...run, tables: run.tables.filter(({ number }) => numbers.has(number)) }))
          .filter((run) => run.tables.length > 0)
  return {
    tree: { id, name },
    schemas: [...schemas.values()].sort((a, b) => a.id - b.id),
    currentSchemaId: known?.currentSchemaId ?? Math.max(...schemas.keys()),
    logs,
    version: new Version(runs),
    nextNumber,
    nextRunId: Math.max(known?.nextRunId ?? 1, ...runs.map((run) => run.id + 1)),
    lastSeq: Math.max(known?.lastSeq ?? 0, ...tables.map(({ meta }) => meta.maxSeq)),
  }
}

/** Runs of neighbours in age that are disjoint, newest first. */
function runsBySequence(metas: readonly SSTableMeta[]) {
  const runs: { id: number; level: number; tables: SSTableMeta[] }[] = []
  for (const meta of [...metas].sort((a, b) => b.maxSeq - a.maxSeq || b.number - a.number)) {
    const last = runs.at(-1)
    const meets = last?.tables.some(
      ({ minKey, maxKey }) => compareBytes(minKey, meta.maxKey) <= 0 && compareBytes(meta.minKey, maxKey) <= 0,
    )
    if (last === undefined || meets) runs.push({ id: runs.length + 1, level: 0, tables: [meta] })
    else last.tables.push(meta)
  }
  for (const { tables } of runs) tables.sort((a, b) => compareBytes(a.minKey, b.minKey))
  return runs
}

async function highestNumbers(fs: FileSystem, directory: string, names: readonly string[]) {
  let [manifest, file] = [0, 0]
  for (const name of names) {
    const parsed = parseName(name)
    if (parsed?.kind === 'manifest') manifest = Math.max(manifest, parsed.number)
    if (parsed?.kind === 'log') file = Math.max(file, parsed.number)
  }
  for (const folder of [directories.sstables, directories.temporary, 'lost']) {
    if ((await fs.stat(`${directory}/${folder}`)) === undefined) continue
    for (const name of await fs.list(`${directory}/${folder}`))
      file = Math.max(file, Number.parseInt(name, 10) || 0)
  }
  return { manifest, file }
}

/** Moves a file or folder of the table to its `lost/`, if it is there. */
async function moveToLost({ fs, directory }: TableRepair, path: string): Promise<void> {
  if ((await fs.stat(path)) === undefined) return
  const lost = `${directory}/lost`
  await fs.makeDirectory(lost)
  const base = `${lost}/${path.slice(path.lastIndexOf('/') + 1)}`
  let to = base
  for (let copy = 2; (await fs.stat(to)) !== undefined; copy++) to = `${base}-${copy}`
  await fs.rename(path, to)
  await fs.syncDirectory(lost)
  await fs.syncDirectory(directory)
}
