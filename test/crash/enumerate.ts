// Crashes a workload at every file operation, in every way that a disk may lose what was not synced, and recoveries too.
//
//   workload ──► after each operation: a crash point ──► its images, one per kind of damage ──► check
//                                                           └─► recovery ──► after each operation: nested images ──► check …
//
// The workload itself goes on: an image is taken from a copy of the disk. Images that hold the same bytes as one of the
// same point are not checked twice, nor counted.

import { createHash } from 'node:crypto'
import type { FileSystem, OpenOptions } from 'marquetry'
import type { CrashOptions, MemoryFileSystem } from '#src/fs/memory.js'
import type { Tear } from '#src/fs/memory-tree.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { type Expected, ImageChecker } from './check.js'
import { contentsOf } from './contents.js'
import type { Engine } from './engine.js'
import { directory, Stage, smallOptions } from './stage.js'
import type { Workload } from './workloads.js'

export interface Enumeration {
  crashPoints: number
  images: number
  nestedImages: number
  readonly violations: string[]
}

export interface EnumerateOptions {
  readonly engine: Engine
  /** Beside those of the workload. */
  readonly options?: OpenOptions
  /** Puts a flawed file system between engine and memory; none by default. */
  readonly flaw?: (inner: FileSystem) => FileSystem
  readonly seed: number
  /** How often each kind of damage that has chance in it is drawn at a point. */
  readonly draws: number
  /** Every so many operations there is a crash point; default 1: at each. */
  readonly pointEvery?: number
  /** Of each so many images one is also crashed at operations of its recovery; 0: none. */
  readonly nestedEvery: number
  /** Stops at the first violation. */
  readonly stopEarly?: boolean
}

/** Kinds of damage beside the loss of all that was not synced, and of nothing. */
const tears: Readonly<Record<string, Omit<Tear, 'random'>>> = {
  'names without data': { data: 'lost', entries: 'kept' },
  'data without names': { data: 'kept', entries: 'lost' },
  'some names': { data: 'kept', entries: 'some' },
  'halved renames': { data: 'kept', entries: 'some', renames: 'halved' },
  'cut data': { data: 'cut', entries: 'kept' },
  'length without data, zeros': { data: 'zeros', entries: 'kept' },
  'length without data, garbage': { data: 'garbage', entries: 'kept' },
  'some sectors': { data: 'sectors', entries: 'kept' },
  'data without length': { data: 'length lost', entries: 'kept' },
  anything: {},
  'anything, halved renames': { renames: 'halved' },
}
const certain = new Set(['names without data', 'data without names', 'data without length'])

interface Damage {
  readonly name: string
  readonly options: CrashOptions
}

/** Every way to crash at one point. */
function damages(seed: number, draws: number): Damage[] {
  const all: Damage[] = [
    { name: 'process death', options: { unsynced: 'kept' } },
    { name: 'all unsynced lost', options: { unsynced: 'lost' } },
  ]
  for (const [kind, [name, tear]] of Object.entries(tears).entries()) {
    for (let draw = 0; draw < (certain.has(name) ? 1 : draws); draw++) {
      const random = seededRandom(seed + 7919 * draw + 104_729 * kind)
      all.push({
        name: draw === 0 ? name : `${name} (${draw})`,
        options: { unsynced: 'torn', random, ...tear },
      })
    }
  }
  return all
}

/** The disk after an operation, and what had been promised by then. */
interface Point {
  readonly name: string
  readonly disk: MemoryFileSystem
  readonly expected: Expected
}

const nestedDepthMax = 3

class Enumerator {
  readonly #workload: Workload
  readonly #given: EnumerateOptions
  readonly #options: OpenOptions
  readonly #syncsLog: boolean
  readonly #checker: ImageChecker
  readonly result: Enumeration = { crashPoints: 0, images: 0, nestedImages: 0, violations: [] }

  constructor(workload: Workload, given: EnumerateOptions) {
    this.#workload = workload
    this.#given = given
    this.#options = { ...workload.options, ...given.options }
    const { wal, preset = 'balanced' } = { ...smallOptions, ...this.#options }
    this.#syncsLog = wal === undefined ? preset === 'balanced' : wal === 'sync'
    this.#checker = new ImageChecker(this.#engine())
  }

  get #isOver(): boolean {
    return this.#given.stopEarly === true && this.result.violations.length > 0
  }

  /** A flaw works on all that the engine does, also in recoveries; what a crash leaves is asked of the memory beneath. */
  #engine(): Engine {
    const { engine, flaw } = this.#given
    if (flaw === undefined) return engine
    const open: Engine['open'] = (path, options = {}) =>
      engine.open(path, { ...options, ...(options.fileSystem && { fileSystem: flaw(options.fileSystem) }) })
    return { ...engine, open }
  }

  /** The disk as it was after each operation, with what had been promised by then. */
  async #points(): Promise<readonly Point[]> {
    const { engine, pointEvery = 1 } = this.#given
    const fs = new engine.MemoryFileSystem()
    const stage = new Stage(this.#engine(), fs, this.#options)
    await this.#workload.before?.(stage)
    const points: Point[] = []
    let operations = 0
    const note = (operation: string) => {
      if (operations++ % pointEvery !== 0) return
      const expected: Expected = {
        oracles: stage.oracles,
        promised: stage.promised(),
        lasting: 'acknowledged',
        syncsLog: this.#syncsLog,
        options: this.#options,
      }
      points.push({ name: `operation ${operations - 1} (${operation})`, disk: fs.snapshot(), expected })
    }
    note('before all')
    fs.onOperation = (operation, path) => note(`${operation} ${path}`)
    await this.#workload.run(stage)
    return points
  }

  async run(): Promise<Enumeration> {
    try {
      await this.#crashAtAll(await this.#points())
    } catch (error) {
      this.result.violations.push(`the workload itself fails: ${(error as Error).stack}`)
    }
    return this.result
  }

  async #crashAtAll(points: readonly Point[]): Promise<void> {
    const { seed, draws } = this.#given
    for (const [index, { name, disk, expected }] of points.entries()) {
      this.result.crashPoints++
      const seen = new Set<string>()
      for (const damage of damages(seed + 31 * index, draws)) {
        const image = disk.crash(damage.options)
        if (!(await isNew(image, seen))) continue
        this.result.images++
        const isPowerLoss = damage.options.unsynced !== 'kept'
        const lasting = isPowerLoss && !this.#syncsLog ? 'durable' : 'acknowledged'
        const what = `${name}, ${damage.name}`
        await this.#check(image, what, { ...expected, lasting })
        if (this.#isOver) return
        const { nestedEvery } = this.#given
        // Not the last of so many, else a workload with fewer images would have none.
        if (nestedEvery > 0 && this.result.images % nestedEvery === nestedEvery >> 2) {
          await this.#nest(
            image,
            what,
            { ...expected, lasting: this.#syncsLog ? 'acknowledged' : 'durable' },
            2,
          )
        }
      }
      // An engine in memory may never wait for anything; timers and listeners must have their turn.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async #check(image: MemoryFileSystem, what: string, expected: Expected): Promise<void> {
    try {
      await this.#checker.check(image.snapshot(), expected)
    } catch (error) {
      this.result.violations.push(`${what}: ${(error as Error).stack}`)
    }
  }

  /**
   * Crashes the recovery of an image, once at each of its operations, and checks what that leaves; from one of them on, the
   * recovery of that. What the first crash had kept may go with the second: nobody has read it.
   */
  async #nest(image: MemoryFileSystem, name: string, expected: Expected, depth: number): Promise<void> {
    const { seed } = this.#given
    const fs = image.snapshot()
    const disks: MemoryFileSystem[] = []
    fs.onOperation = () => disks.push(fs.snapshot())
    await recover(this.#engine(), fs, expected.options).catch(() => {})
    const random = seededRandom(seed + this.result.nestedImages)
    const deeper = Math.floor(random() * disks.length)
    for (const [index, disk] of disks.entries()) {
      const all = damages(seed + 977 * index + depth, 1)
      const damage = all[Math.floor(random() * all.length)]!
      const nested = disk.crash(damage.options)
      const what = `${name}; operation ${index} of recovery ${depth - 1}, ${damage.name}`
      this.result.nestedImages++
      await this.#check(nested, what, expected)
      if (this.#isOver) return
      if (index === deeper && depth < nestedDepthMax) await this.#nest(nested, what, expected, depth + 1)
    }
  }
}

/** Opens, flushes what was recovered, and closes. */
async function recover(engine: Engine, fs: FileSystem, options: OpenOptions): Promise<void> {
  const db = await engine.open(directory, { ...smallOptions, ...options, fileSystem: fs })
  try {
    for (const name of db.tables()) await (await db.table(name)).flush()
  } finally {
    await db.close()
  }
}

async function isNew(image: MemoryFileSystem, seen: Set<string>): Promise<boolean> {
  const hash = createHash('sha1')
  for (const [path, content] of await contentsOf(image)) {
    hash.update(`${path}\0${content?.length}\0`)
    if (content !== undefined) hash.update(content)
  }
  const digest = hash.digest('base64')
  if (seen.has(digest)) return false
  seen.add(digest)
  return true
}

export function enumerateCrashes(workload: Workload, options: EnumerateOptions): Promise<Enumeration> {
  return new Enumerator(workload, options).run()
}
