// Crashes one workload at every file operation and checks what each crash leaves.

import { type FileSystem, open, type Preset } from 'marquetry'
import { type CrashOptions, MemoryFileSystem } from '#src/fs/memory.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { checkImage, directory, Oracle, runWorkload, smallOptions } from './workload.js'

export interface Enumeration {
  crashPoints: number
  images: number
  nestedImages: number
  readonly violations: string[]
}

export interface EnumerateOptions {
  /** What the database is opened with; `balanced` by default. */
  readonly preset?: Preset
  /** Puts a flawed file system between engine and memory; none by default. */
  readonly mutant?: (inner: FileSystem) => FileSystem
  readonly tornSeeds: readonly number[]
  /** Of each so many images one is also crashed at every operation of its recovery; 0: none. */
  readonly nestedEvery: number
  /** Stops at the first violation. */
  readonly stopEarly?: boolean
}

/** Operations that the whole workload takes. */
async function countOperations(preset: Preset, mutant: (inner: FileSystem) => FileSystem): Promise<number> {
  const fs = new MemoryFileSystem()
  await runWorkload(mutant(fs), preset, { a: new Oracle(), b: new Oracle() })
  return fs.operations
}

/** Whether open, flushes of what was recovered, and close go through. */
async function recovers(fs: FileSystem, preset: Preset): Promise<boolean> {
  try {
    const db = await open(directory, smallOptions(fs, preset))
    try {
      for (const name of db.tables()) await (await db.table(name)).flush()
    } finally {
      await db.close()
    }
    return true
  } catch {
    return false
  }
}

export async function enumerateCrashes(options: EnumerateOptions): Promise<Enumeration> {
  const { preset = 'balanced', mutant = (inner) => inner, tornSeeds, nestedEvery, stopEarly = false } = options
  // Only a log that is synced before it answers keeps its word when the machine stops, and not just the process.
  const afterPowerLoss = preset === 'balanced' ? 'acknowledged' : 'durable'
  const result: Enumeration = { crashPoints: 0, images: 0, nestedImages: 0, violations: [] }
  const total = await countOperations(preset, mutant)
  for (let point = 0; point <= total; point++) {
    result.crashPoints++
    const fs = new MemoryFileSystem()
    fs.crashAfter(point)
    const oracles = { a: new Oracle(), b: new Oracle() }
    await runWorkload(mutant(fs), preset, oracles).catch(() => {})
    const modes: CrashOptions[] = [{ unsynced: 'lost' }, { unsynced: 'kept' }]
    for (const seed of tornSeeds) modes.push({ unsynced: 'torn', random: seededRandom(seed * 7919 + point) })
    for (const [index, mode] of modes.entries()) {
      const name = `operation ${point}, ${mode.unsynced}${index > 1 ? ` (seed ${tornSeeds[index - 2]})` : ''}`
      const image = fs.crash(mode)
      await check(
        image.crash({ unsynced: 'kept' }),
        name,
        mode.unsynced === 'kept' ? 'acknowledged' : afterPowerLoss,
      )
      result.images++
      if (nestedEvery > 0 && result.images % nestedEvery === 0) await nest(image, name)
      if (stopEarly && result.violations.length > 0) return result
    }

    async function check(
      image: MemoryFileSystem,
      name: string,
      lasting: 'acknowledged' | 'durable',
    ): Promise<void> {
      let violation: string | undefined
      try {
        violation = await checkImage(mutant(image), preset, oracles, lasting)
      } catch (error) {
        violation = `${(error as Error).stack}`
      }
      if (violation !== undefined) result.violations.push(`${name}: ${violation}`)
    }

    /** Crashes the recovery of an image at each of its operations, and recovers from that. */
    async function nest(image: MemoryFileSystem, name: string): Promise<void> {
      for (let inner = 0; ; inner++) {
        const again = image.crash({ unsynced: 'kept' })
        again.crashAfter(again.operations + inner)
        if (await recovers(mutant(again), preset)) return
        const what = `${name}, then ${inner} of recovery`
        // What the first crash had kept may go with the second: nobody has read it.
        const torn = again.crash({ unsynced: 'torn', random: seededRandom(point * 31 + inner) })
        await check(torn, what, afterPowerLoss)
        result.nestedImages++
      }
    }
  }
  return result
}
