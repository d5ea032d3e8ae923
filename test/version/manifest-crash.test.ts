// The machine crashes after each operation of a workload, once for every way in which unsynced data may be lost. What is
// opened afterwards must be a state that lived: the last one acknowledged, or the one whose edit was under way.

import { expect, test } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import type { ManifestPosition } from '#src/format/manifest-record.js'
import { type CrashOptions, MemoryFileSystem } from '#src/fs/memory.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { Manifest } from '#src/version/manifest.js'
import { stateToJson, type TreeState } from '#src/version/state.js'
import { forSeeds, Workload } from './support.js'

const directory = '/flights'
const writing = { readOnly: false }

/** States are compared as text: much quicker. */
const textOf = (state: TreeState) => JSON.stringify(stateToJson(state))

/** What was promised before the crash. */
interface Promised {
  /** Undefined: `create` had not resolved. */
  acknowledged: TreeState | undefined
  /** The state that an edit under way leads to. */
  underWay: TreeState | undefined
  /** Positions as headers of logs would record them. */
  readonly positions: ManifestPosition[]
}

async function newDisk(): Promise<MemoryFileSystem> {
  const fs = new MemoryFileSystem()
  await fs.makeDirectory(directory)
  await fs.syncDirectory('/')
  return fs
}

/** Creates, appends, rewrites, closes and opens, until done or until the machine crashes. */
async function work(
  fs: MemoryFileSystem,
  random: () => number,
  steps: number,
  promised: Promised,
): Promise<void> {
  const workload = new Workload(random)
  promised.underWay = workload.state
  let manifest = await Manifest.create(fs, directory, workload.state)
  promised.acknowledged = workload.state
  for (let i = 0; i < steps; i++) {
    if (random() < 0.2) await manifest.rewrite(workload.state)
    if (random() < 0.2) {
      await manifest.close()
      const loaded = await Manifest.load(fs, directory, writing)
      expect(textOf(loaded.state)).toBe(textOf(workload.state))
      manifest = loaded.manifest
    }
    promised.positions.push(manifest.position())
    const edit = workload.step()
    promised.underWay = workload.state
    await manifest.append(edit)
    promised.acknowledged = workload.state
  }
  await manifest.close()
}

/** Opens what a crash left, checks it, and goes on writing. */
async function reopen(fs: MemoryFileSystem, promised: Promised, label: string): Promise<void> {
  const { acknowledged, underWay, positions } = promised
  if (acknowledged === undefined && !(await fs.list(directory)).includes('MANIFEST-000001')) {
    return
  }
  const reader = await Manifest.load(fs, directory, { readOnly: true })
  const { manifest, state } = await Manifest.load(fs, directory, writing)
  expect(textOf(reader.state), label).toBe(textOf(state))
  const candidates = [acknowledged, underWay].filter((candidate) => candidate !== undefined)
  expect(candidates.map(textOf), label).toContain(textOf(state))
  for (const position of positions) expect(manifest.holds(position), label).toBe(true)
  if (manifest.rewriteDue) await manifest.rewrite(state)
  // Whoever has opened may rely on what was read: remove the inputs of a merge, say.
  const kept = await Manifest.load(fs.crash(), directory, writing)
  expect(textOf(kept.state), `${label}, again`).toBe(textOf(state))
  expect((await fs.list(directory)).length, label).toBe(1)
  await manifest.append({ lastSeq: state.lastSeq + 5 })
  const next = await Manifest.load(fs.crash(), directory, writing)
  expect(textOf(next.state), label).toBe(textOf({ ...state, lastSeq: state.lastSeq + 5 }))
}

async function crashedAt(count: number, seed: number, steps: number) {
  const fs = await newDisk()
  fs.crashAfter(fs.operations + count)
  const promised: Promised = { acknowledged: undefined, underWay: undefined, positions: [] }
  let crashed = false
  try {
    await work(fs, seededRandom(seed), steps, promised)
  } catch (error) {
    if (!isMarquetryError(error)) throw error
    crashed = true
  }
  return { fs, promised, crashed }
}

test('a crash after any operation leaves the last acknowledged state, or the one under way', async () => {
  await forSeeds(3, async (_, seed) => {
    let crashes = 0
    for (let count = 0; ; count++) {
      const { fs, promised, crashed } = await crashedAt(count, seed, 12)
      const ways: CrashOptions[] = [{ unsynced: 'lost' }, { unsynced: 'kept' }]
      for (let i = 0; i < 3; i++) ways.push({ unsynced: 'torn', random: seededRandom(seed + 1000 * i + count) })
      for (const way of ways) await reopen(fs.crash(way), promised, `after ${count}, ${way.unsynced}`)
      if (!crashed) break
      crashes++
    }
    expect(crashes).toBeGreaterThan(24)
  })
})

test('a crash during what follows a crash loses nothing either', async () => {
  await forSeeds(2, async (random, seed) => {
    for (let count = 3; ; count += 1 + Math.floor(random() * 4)) {
      const { fs, promised, crashed } = await crashedAt(count, seed, 10)
      const way: CrashOptions =
        random() < 0.4 ? { unsynced: 'kept' } : { unsynced: 'torn', random: seededRandom(seed + count) }
      const left = fs.crash(way)
      for (let second = 0; second < 14; second++) {
        const again = left.crash({ unsynced: 'kept' })
        // Crashing with all kept loses no more than the first crash did, but counts operations anew.
        again.crashAfter(second)
        await opened(again)
        const torn = again.crash({ unsynced: 'torn', random: seededRandom(seed + count + second) })
        await reopen(torn, promised, `after ${count}, ${way.unsynced}, then after ${second}`)
      }
      if (!crashed) break
    }
  })
})

/** Opens and rewrites as far as the machine lets it. */
async function opened(fs: MemoryFileSystem): Promise<void> {
  try {
    const { manifest, state } = await Manifest.load(fs, directory, writing)
    await manifest.rewrite(state)
  } catch (error) {
    if (!isMarquetryError(error)) throw error
  }
}
