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
import { type Contents, contentsOf } from './contents.js'
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

/** Files whose content decides nothing: the lock names its last holder, and HISTORY is for the simulator. */
const unread: ReadonlySet<string> = new Set([databaseFiles.lock, 'HISTORY'])

/** What was read, by table; undefined: there was none of that name. */
type Found = ReadonlyMap<string, ReadonlyMap<string, number> | undefined>

/**
 * Checks images of one workload. What a recovery leaves is often what another one has left, seen and durable, byte for byte: then
 * all that would follow has been seen already, and is only compared with what had been promised at this crash.
 */
export class ImageChecker {
  readonly #engine: Engine
  /** What passed, by the fingerprint of the disk after its recovery. */
  readonly #passed = new Map<string, Found>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * Opens what a crash has left, without looking at a table: the directory is tidy then, and another open changes nothing.
   * Then reads, writes on, also to tables that are not there, loses the power, and opens once more. Throws an error that says
   * what is wrong. Requires: each time the same oracles, options and way to sync the log.
   */
  async check(image: MemoryFileSystem, expected: Expected): Promise<void> {
    const engine = this.#engine
    await reopen(engine, image, expected.options)
    const recovered = image.fingerprint((name) => unread.has(name))
    const known = this.#passed.get(recovered)
    if (known !== undefined) {
      checkFound(known, expected)
      return
    }
    await checkTidy(image)
    const before = await contentsOf(image)
    await reopen(engine, image, expected.options)
    expectSame(before, await contentsOf(image))
    this.#passed.set(recovered, await liveOn(engine, image, expected))
  }
}

/** Compares with what may be there. */
function checkFound(found: Found, { oracles, promised, lasting }: Expected): void {
  for (const [name, oracle] of oracles) {
    const { [lasting]: first, states } = promised.get(name) ?? unborn
    const wrong = oracle.check(found.get(name), first, states)
    if (wrong !== undefined) throw new Error(`table ${name} ${wrong}`)
  }
}

/** Reads, compares, writes on, loses the power, opens and reads once more. Returns what was read first. */
async function liveOn(engine: Engine, image: MemoryFileSystem, expected: Expected): Promise<Found> {
  const { found, crashed } = await readAndWrite(engine, image, expected)
  const db = await opened(engine, crashed, expected.options)
  try {
    for (const [name, rows] of found) {
      if (!db.tables().includes(name)) throw new Error(`table ${name} is gone after the second crash`)
      const written = textOf(new Map(rows).set(marker, markerValue))
      const again = textOf(await readRows(await db.table(name)))
      if (again !== written)
        throw new Error(`table ${name}: read ${written}, then, after a power cut, ${again}`)
    }
  } finally {
    await db.close()
  }
  await checkTidy(crashed)
  return found
}

async function opened(engine: Engine, fs: FileSystem, options: OpenOptions): Promise<Database> {
  return engine.open(directory, { ...smallOptions, ...options, fileSystem: fs })
}

/** Opens and closes. No table is asked for, so nothing but the recovery happens. */
async function reopen(engine: Engine, fs: FileSystem, options: OpenOptions): Promise<void> {
  const db = await opened(engine, fs, options)
  await db.close()
}

/** Compares with what may be there, then writes to each table. Returns what was there, and what a power cut leaves. */
async function readAndWrite(
  engine: Engine,
  fs: MemoryFileSystem,
  expected: Expected,
): Promise<{ readonly found: Found; readonly crashed: MemoryFileSystem }> {
  const { oracles, syncsLog, options } = expected
  const db = await opened(engine, fs, { ...options, flushOnClose: false })
  try {
    for (const name of db.tables()) if (!oracles.has(name)) throw new Error(`there is a table ${name}`)
    const found = new Map<string, ReadonlyMap<string, number> | undefined>()
    for (const name of oracles.keys()) {
      found.set(name, db.tables().includes(name) ? await readRows(await tableOf(engine, db, name)) : undefined)
    }
    checkFound(found, expected)
    for (const name of oracles.keys()) {
      const table = await tableOf(engine, db, name)
      await table.put({ key: marker, value: markerValue, note: noteOf(markerValue) })
      if (!syncsLog) await table.flush()
    }
    return { found, crashed: fs.crash() }
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

function expectSame(before: Contents, after: Contents): void {
  const paths = [...new Set([...before.keys(), ...after.keys()])]
  const isSame = (path: string) => {
    const [was, is] = [before.get(path), after.get(path)]
    if (was === undefined || is === undefined) return was === is && before.has(path) === after.has(path)
    return Buffer.compare(was, is) === 0
  }
  const changed = paths.filter((path) => !isSame(path))
  if (changed.length > 0) throw new Error(`opening again changes ${changed.join(', ')}`)
}
