// Crashes one workload at every file operation and checks what each crash leaves.

import { type FileSystem, open } from 'marquetry'
import { type CrashOptions, MemoryFileSystem } from '#src/fs/memory.js'
import { checkImage, directory, Oracle, runWorkload, smallOptions } from './workload.js'

export interface Enumeration {
  crashPoints: number
  images: number
  nestedImages: number
  readonly violations: string[]
}

/** A generator of numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface EnumerateOptions {
  /** Puts a flawed file system between engine and memory; none by default. */
  readonly mutant?: (inner: FileSystem) => FileSystem
  readonly tornSeeds: readonly number[]
  /** Of each so many images one is also crashed at every operation of its recovery; 0: none. */
  readonly nestedEvery: number
  /** Stops at the first violation. */
  readonly stopEarly?: boolean
}

/** Operations that the whole workload takes. */
async function countOperations(mutant: (inner: FileSystem) => FileSystem): Promise<number> {
  const fs = new MemoryFileSystem()
  await runWorkload(mutant(fs), { a: new Oracle(), b: new Oracle() })
  return fs.operations
}

/** Whether open, flushes of what was recovered, and close go through. */
async function recovers(fs: FileSystem): Promise<boolean> {
  try {
    const db = await open(directory, smallOptions(fs))
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
  const { mutant = (inner) => inner, tornSeeds, nestedEvery, stopEarly = false } = options
  const result: Enumeration = { crashPoints: 0, images: 0, nestedImages: 0, violations: [] }
  const total = await countOperations(mutant)
  for (let point = 0; point <= total; point++) {
    result.crashPoints++
    const fs = new MemoryFileSystem()
    fs.crashAfter(point)
    const oracles = { a: new Oracle(), b: new Oracle() }
    await runWorkload(mutant(fs), oracles).catch(() => {})
    const modes: CrashOptions[] = [{ unsynced: 'lost' }, { unsynced: 'kept' }]
    for (const seed of tornSeeds) modes.push({ unsynced: 'torn', random: seededRandom(seed * 7919 + point) })
    for (const [index, mode] of modes.entries()) {
      const name = `operation ${point}, ${mode.unsynced}${index > 1 ? ` (seed ${tornSeeds[index - 2]})` : ''}`
      const image = fs.crash(mode)
      await check(image.crash({ unsynced: 'kept' }), name)
      result.images++
      if (nestedEvery > 0 && result.images % nestedEvery === 0) await nest(image, name)
      if (stopEarly && result.violations.length > 0) return result
    }

    async function check(image: MemoryFileSystem, name: string): Promise<void> {
      let violation: string | undefined
      try {
        violation = await checkImage(mutant(image), oracles)
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
        if (await recovers(mutant(again))) return
        const what = `${name}, then ${inner} of recovery`
        await check(again.crash({ unsynced: 'torn', random: seededRandom(point * 31 + inner) }), what)
        result.nestedImages++
      }
    }
  }
  return result
}
