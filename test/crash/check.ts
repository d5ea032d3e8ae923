// What has to hold for whatever a crash has left.

import type { Database, FileSystem, OpenOptions } from 'marquetry'
import { decodeCatalog } from '#src/format/catalog.js'
import {
  databaseFiles,
  directories,
  logName,
  manifestName,
  numberedName,
  sstableFiles,
} from '#src/format/file-names.js'
import { readWhole } from '#src/fs/file-system.js'
import type { MemoryFileSystem } from '#src/fs/memory.js'
import { Manifest } from '#src/version/manifest.js'
import { contentsOf } from './contents.js'
import type { Engine } from './engine.js'
import { type Oracle, type Promised, textOf } from './oracle.js'
import { directory, noteOf, readRows, smallOptions, tableOf } from './stage.js'

/** What a crash may have left, and what must not be missing. */
export interface Expected {
  readonly oracles: ReadonlyMap<string, Oracle>
  /** As of the crash. */
  readonly promised: ReadonlyMap<string, Promised>
  /** `acknowledged`: all that was; `durable`: what lies before a rotation, a flush or a close. */
  readonly lasting: 'acknowledged' | 'durable'
  /** Whether a write is durable when it is acknowledged. */
  readonly syncsLog: boolean
  readonly options: OpenOptions
}

/** What is promised of a table before anybody has asked for it. */
const unborn: Promised = { acknowledged: 0, durable: 0, states: 1 }

const marker = 'written after the crash'
const markerValue = 4

/**
 * Opens what a crash has left, without looking at a table: the directory is tidy then, and another open changes nothing.
 * Then reads, writes on, also to tables that are not there, loses the power, and opens once more. Throws an error that says what is wrong.
 */
export async function checkImage(engine: Engine, image: MemoryFileSystem, expected: Expected): Promise<void> {
  await reopen(engine, image, expected.options)
  await checkTidy(image)
  const before = await contentsOf(image)
  await reopen(engine, image, expected.options)
  expectSame(before, await contentsOf(image))
  const { rows, crashed } = await readAndWrite(engine, image, expected)
  const db = await opened(engine, crashed, expected.options)
  try {
    for (const [name, found] of rows) {
      if (!db.tables().includes(name)) throw new Error(`table ${name} is gone after the second crash`)
      const again = textOf(await readRows(await db.table(name)))
      if (again !== textOf(found))
        throw new Error(`table ${name}: read ${textOf(found)}, then, after a power cut, ${again}`)
    }
  } finally {
    await db.close()
  }
  await checkTidy(crashed)
}

async function opened(engine: Engine, fs: FileSystem, options: OpenOptions): Promise<Database> {
  return engine.open(directory, { ...smallOptions, ...options, fileSystem: fs })
}

/** Opens and closes. No table is asked for, so nothing but the recovery happens. */
async function reopen(engine: Engine, fs: FileSystem, options: OpenOptions): Promise<void> {
  const db = await opened(engine, fs, options)
  await db.close()
}

/** Compares with what may be there, then writes to each table. Returns what is there then, and what a power cut leaves. */
async function readAndWrite(
  engine: Engine,
  fs: MemoryFileSystem,
  { oracles, promised, lasting, syncsLog, options }: Expected,
): Promise<{
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, number>>
  readonly crashed: MemoryFileSystem
}> {
  const db = await opened(engine, fs, { ...options, flushOnClose: false })
  const all = new Map<string, ReadonlyMap<string, number>>()
  try {
    for (const name of db.tables()) if (!oracles.has(name)) throw new Error(`there is a table ${name}`)
    for (const [name, oracle] of oracles) {
      const isThere = db.tables().includes(name)
      const table = await tableOf(engine, db, name)
      const rows = await readRows(table)
      const { [lasting]: first, states } = promised.get(name) ?? unborn
      const wrong = oracle.check(isThere ? rows : undefined, first, states)
      if (wrong !== undefined) throw new Error(`table ${name} ${wrong}`)
      await table.put({ key: marker, value: markerValue, note: noteOf(markerValue) })
      if (!syncsLog) await table.flush()
      all.set(name, rows.set(marker, markerValue))
    }
    return { rows: all, crashed: fs.crash() }
  } finally {
    await db.close()
  }
}

/** The directory holds what catalog and manifests name, and nothing else. */
async function checkTidy(fs: MemoryFileSystem): Promise<void> {
  const path = `${directory}/${databaseFiles.catalog}`
  const catalog = decodeCatalog(path, await readWhole(fs, path))
  const tables = catalog.tables.map(({ name }) => name)
  const known = new Set<string>([...Object.values(databaseFiles), ...tables])
  const stray = (await fs.list(directory)).filter((name) => !known.has(name))
  for (const name of tables) stray.push(...(await strayIn(fs, `${directory}/${name}`)))
  if (stray.length > 0) throw new Error(`files that nothing names: ${stray.join(', ')}`)
  if (catalog.dropped !== undefined) throw new Error(`the catalog still names dropped tables`)
}

async function strayIn(fs: MemoryFileSystem, table: string): Promise<string[]> {
  const { manifest, state } = await Manifest.load(fs, table, { readOnly: true })
  const tables = state.version.allTables().map(({ number }) => numberedName(number))
  const known: Readonly<Record<string, readonly string[]>> = {
    '': [
      ...Object.values(directories),
      'HISTORY',
      manifestName(manifest.position().number),
      ...state.logs.map(({ number }) => logName(number)),
    ],
    [`/${directories.sstables}`]: tables,
    [`/${directories.temporary}`]: [],
    ...Object.fromEntries(
      tables.map((name) => [`/${directories.sstables}/${name}`, Object.values<string>(sstableFiles)]),
    ),
  }
  const stray: string[] = []
  for (const [folder, names] of Object.entries(known)) {
    for (const name of await fs.list(table + folder))
      if (!names.includes(name)) stray.push(`${table}${folder}/${name}`)
  }
  return stray
}

function expectSame(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): void {
  const paths = [...new Set([...before.keys(), ...after.keys()])]
  const changed = paths.filter((path) => before.get(path) !== after.get(path))
  if (changed.length > 0) throw new Error(`opening again changes ${changed.join(', ')}`)
}
