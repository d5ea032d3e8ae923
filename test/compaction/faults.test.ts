// What goes wrong while tables are merged: damaged inputs, a disk that fails or is full, a machine that stops, callers
// who change their minds.

import { type CompactionEvent, type CompactionOptions, type OpenOptions, open, t } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import type { FileSystem } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { seededRandom } from '#src/util/seeded-random.js'

const none: CompactionOptions = { strategy: 'none' }
const eager: CompactionOptions = {
  strategy: 'leveled',
  level0RunsMax: 2,
  targetFileBytes: 4096,
  flushBytes: 4096,
}

async function opened(fileSystem: FileSystem, options: OpenOptions = {}) {
  const db = await open('db', { rowGroupRows: 20, compaction: none, ...options, fileSystem })
  const table = await db.table('t', { columns: { key: t.int32(), value: t.int32() }, key: ['key'] })
  /** Writes keys and flushes them: a run of one file. */
  const run = async (from: number, to: number, value: number) => {
    const rows = Array.from({ length: to - from }, (_, i) => ({ key: from + i, value }))
    await table.batch(rows.map((row) => ({ type: 'put', row })))
    await table.flush()
  }
  const values = async () => (await table.scan().toArray()).map(({ key, value }) => `${key}=${value}`).join(' ')
  return { db, table, run, values }
}

type World = Awaited<ReturnType<typeof opened>>

/** Three runs that overlap, and what they hold. */
async function threeRuns({ run }: World): Promise<void> {
  await run(0, 60, 1)
  await run(30, 90, 2)
  await run(10, 40, 3)
}

const valueAt = (key: number) => (key >= 10 && key < 40 ? 3 : key >= 30 ? 2 : 1)
const threeRunsHold = Array.from({ length: 90 }, (_, key) => `${key}=${valueAt(key)}`).join(' ')

async function expectTidy(fs: FileSystem, { table }: World): Promise<void> {
  await table.compactionIdle()
  expect(await fs.list('db/t/tmp')).toEqual([])
  expect((await fs.list('db/t/sst')).length).toBe(table.files().length)
}

async function flip(fs: FileSystem, path: string, position: number): Promise<void> {
  const file = await fs.open(path, 'write')
  const byte = new Uint8Array(1)
  await file.read(byte, position)
  await file.write(byte.map((value) => value ^ 0xff), position) // biome-ignore format: short
  await file.close()
}

test('a damaged input is never merged away: after three failures its file is left alone, and what is whole is read', async () => {
  const fs = new MemoryFileSystem()
  const world = await opened(fs, { cacheBytes: 0 })
  const { db, table, run } = world
  await run(1000, 1100, 1)
  await threeRuns(world)
  const other = await db.table('other', { columns: { key: t.int32() }, key: ['key'] })
  await other.put({ key: 1 })
  const damaged = table.files().find(({ rows }) => rows === 60)!
  await flip(fs, damaged.path, 8)
  const errors: { error: Error; willRetry: boolean }[] = []
  db.on('backgroundError', (event) => errors.push(event))
  table.setCompaction({ ...eager })
  for (let times = 1; times <= 3; times++)
    await expect(table.compactionIdle()).rejects.toMatchObject({ code: 'MARQUETRY_CORRUPTION' })
  await table.compactionIdle()
  expect(errors.map(({ willRetry }) => willRetry)).toEqual([true, true, false])
  for (const { error } of errors)
    expect(error).toMatchObject({ code: 'MARQUETRY_CORRUPTION', file: damaged.path })
  expect(table.stats().compaction.quarantined).toEqual([damaged.number])
  expect(table.files().map(({ number }) => number)).toContain(damaged.number)
  await expectTidy(fs, world)
  expect(await table.scan({ gte: 1000 }).count()).toBe(100)
  expect(await table.get(1050)).toEqual({ key: 1050, value: 1 })
  expect(await other.get(1)).toEqual({ key: 1 })
  await expect(table.scan().toArray()).rejects.toMatchObject({ code: 'MARQUETRY_CORRUPTION' })
  await expect(table.compact()).rejects.toMatchObject({ code: 'MARQUETRY_CORRUPTION' })
  await db.close()
})

describe.each(['ENOSPC', 'EIO'])('%s at any file operation of a merge', (code) => {
  test('loses nothing; a second attempt succeeds and nothing is left over', async () => {
    const counting = new FaultyFileSystem(new MemoryFileSystem())
    const whole = await opened(counting)
    await threeRuns(whole)
    const before = counting.log.length
    await whole.table.compact()
    await whole.table.compactionIdle()
    const operations = counting.log.length - before
    await whole.db.close()
    let failed = 0
    for (let nth = 1; nth <= operations; nth++) {
      const fs = new FaultyFileSystem(new MemoryFileSystem())
      let world = await opened(fs)
      await threeRuns(world)
      fs.failAt({ nth, code, partial: true })
      const error = await world.table.compact().catch((reason: unknown) => reason)
      const struck = fs.log[fs.log.length - 1]
      if (error !== undefined) {
        failed++
        expect(error, struck).toMatchObject({ code: expect.stringMatching(/^MARQUETRY_(IO|READ_ONLY)$/) })
      }
      fs.heal()
      expect(await world.values(), struck).toBe(threeRunsHold)
      if (world.db.metrics().failed) {
        await world.db.close().catch(() => {})
        world = await opened(fs)
      }
      await world.table.compact()
      expect(await world.values(), struck).toBe(threeRunsHold)
      // The folder whose removal failed is an orphan until the next open.
      await world.db.close()
      world = await opened(fs)
      await expectTidy(fs, world)
      await world.db.close()
    }
    expect(failed).toBeGreaterThan(operations / 3)
  })
})

test('a machine that stops at any operation of merges, compact() and deleteRange() keeps what was acknowledged', async () => {
  const options: OpenOptions = { memtableRows: 30, compaction: eager }
  /** Tells the state after each step. */
  async function live(fs: FileSystem, done: (step: number, state: string) => void): Promise<void> {
    const { db, table, run, values } = await opened(fs, options)
    const steps = [
      () => run(0, 60, 1),
      () => run(30, 90, 2),
      () => run(10, 40, 3),
      () => table.compactionIdle(),
      () => table.compact(),
      () => table.deleteRange({ gte: 20, lt: 50 }),
      () => table.compact(),
    ]
    for (const [i, step] of steps.entries()) {
      await step()
      done(i, await values())
    }
    await db.close()
  }
  const states: string[] = []
  const whole = new MemoryFileSystem()
  await live(whole, (_, state) => states.push(state))
  expect(states.at(-1)?.split(' ').length).toBe(60)
  for (let at = 20; at < whole.operations; at += 2) {
    const fs = new MemoryFileSystem()
    fs.crashAfter(at)
    let last = -1
    await live(fs, (step) => {
      last = step
    }).catch(() => {})
    const modes = [{ unsynced: 'lost' }, { unsynced: 'torn', random: seededRandom(at) }] as const
    for (const mode of modes) {
      const image = fs.crash(mode)
      const world = await opened(image, options)
      const found = await world.values()
      const rows = found === '' ? 0 : found.split(' ').length
      if (last === 4) expect(rows, `operation ${at}`).toBeGreaterThanOrEqual(60)
      // A run's batch has 60 rows at most, and is there whole or not at all; nothing else changes what is found.
      else
        expect(
          [states[Math.max(last, 0)], last === -1 ? '' : states[last + 1]],
          `operation ${at}, step ${last}`,
        ).toContain(found)
      await world.table.flush()
      await expectTidy(image, world)
      await world.db.close()
    }
  }
})

describe('while a merge is under way', () => {
  /** A world in which the next merge stops at its first write, until it is let go. */
  async function held(options: OpenOptions = {}) {
    const memory = new MemoryFileSystem()
    let release = () => {}
    let reached = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const begun = new Promise<void>((resolve) => {
      reached = resolve
    })
    let isHeld = false
    const fs = new Proxy(memory, {
      get(target, name) {
        if (name === 'makeDirectory') {
          return async (path: string) => {
            // A merge's outputs lie one folder deeper than a flush's.
            if (isHeld && /\/tmp\/\d+\/\d+$/.test(path)) {
              reached()
              await gate
            }
            await target.makeDirectory(path)
          }
        }
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }) as FileSystem
    const world = await opened(fs, options)
    await threeRuns(world)
    const hold = () => {
      isHeld = true
    }
    return { ...world, fs, begun, release, hold }
  }

  test('an abort ends compact() with AbortError and changes nothing', async () => {
    const world = await held()
    world.hold()
    const files = world.table.files()
    const controller = new AbortController()
    const reason = new Error('enough')
    const compacted = world.table.compact({ signal: controller.signal })
    await world.begun
    controller.abort(reason)
    world.release()
    await expect(compacted).rejects.toMatchObject({ name: 'AbortError', cause: reason })
    expect(world.table.files()).toEqual(files)
    expect(await world.values()).toBe(threeRunsHold)
    await expectTidy(world.fs, world)
    await world.db.close()
  })

  test('close() cancels it, and nothing is lost', async () => {
    const world = await held()
    world.hold()
    const events: CompactionEvent[] = []
    world.db.on('compaction', (event) => events.push(event))
    const compacted = expect(world.table.compact()).rejects.toMatchObject({ code: 'MARQUETRY_CLOSED' })
    await world.begun
    const closed = world.db.close()
    world.release()
    await Promise.all([closed, compacted])
    const again = await opened(world.fs)
    expect(await again.values()).toBe(threeRunsHold)
    await expectTidy(world.fs, again)
    await again.db.close()
  })

  test('dropTable() ends it', async () => {
    const world = await held()
    world.hold()
    const compacted = world.table.compact().catch((error: unknown) => error)
    await world.begun
    const dropped = world.db.dropTable('t')
    world.release()
    await dropped
    expect(await compacted).toMatchObject({ code: expect.stringMatching(/CLOSED|ABORTED/) })
    expect(world.db.tables()).toEqual([])
    expect(await world.fs.list('db')).not.toContain('t')
    await world.db.close()
  })

  test('pauseCompaction() waits for it, then nothing begins before resumeCompaction()', async () => {
    const world = await held()
    world.hold()
    const { table, run } = world
    table.setCompaction(eager)
    await world.begun
    const paused = table.pauseCompaction()
    world.release()
    await paused
    expect(table.stats().compaction).toMatchObject({ running: 0, paused: true })
    const files = table.files().length
    for (let i = 0; i < 4; i++) await run(0, 30, 10 + i)
    expect(table.files().length).toBe(files + 4)
    table.resumeCompaction()
    await table.compactionIdle()
    expect(table.files().length).toBeLessThan(files + 4)
    await world.db.close()
  })

  test('a run that deleteRange() empties meanwhile is not missed by the merge that meant to join it', async () => {
    const world = await held()
    const { db, table, run } = world
    await table.compact()
    await table.deleteRange()
    await run(1000, 1100, 1)
    await table.compact()
    const [lower] = table.files()
    await threeRuns(world)
    world.hold()
    const merges: CompactionEvent[] = []
    db.on('compaction', (event) => merges.push(event))
    table.setCompaction(eager)
    await world.begun
    await table.deleteRange({ gte: 1000 })
    expect(table.files().map(({ number }) => number)).not.toContain(lower!.number)
    world.release()
    await table.compactionIdle()
    expect(lower!.level).toBe(1)
    expect(merges.map(({ phase, level }) => `${phase} L${level}`)).toEqual(['start L1', 'end L1'])
    expect(await world.values()).toBe(threeRunsHold)
    await expectTidy(world.fs, world)
    await db.close()
  })

  test('writers that pile up runs are stopped, told why by an event, and refused in the end', async () => {
    const world = await held({ memtableRows: 10, stallTimeoutMs: 200 })
    world.hold()
    const { table, db, run } = world
    const causes: string[] = []
    db.on('stall', ({ cause, overlapDepth }) => causes.push(`${cause}; ${overlapDepth}`))
    table.setCompaction(eager)
    await world.begun
    let refused: unknown
    for (let i = 0; i < 100 && refused === undefined; i++) {
      await run(0, 10, i).catch((error: unknown) => {
        refused = error
      })
    }
    expect(refused).toMatchObject({ code: 'MARQUETRY_BUSY' })
    expect(causes[0]).toMatch(/^(\d+) sorted runs overlap and wait for their merge; \1$/)
    world.release()
    await table.compactionIdle()
    await run(0, 10, 1000)
    expect(await table.get(5)).toEqual({ key: 5, value: 1000 })
    await db.close()
  })
})

test('contradictory options are refused by name, and the old ones stay', async () => {
  const { db, table } = await opened(new MemoryFileSystem(), { compaction: eager })
  for (const [options, option] of [
    [{ strategy: 'size-tiered', level0RunsMax: 4 }, 'compaction.level0RunsMax'],
    [{ strategy: 'leveled', scaling: 'T4' }, 'compaction.scaling'],
    [{ strategy: 'unified', scaling: 'L1' }, 'compaction.scaling'],
    [{ strategy: 'leveled', targetFileBytes: 8192, jobBytesMax: 8192 }, 'compaction.jobBytesMax'],
  ] as const) {
    expect(() => table.setCompaction(options as CompactionOptions)).toThrow(
      expect.objectContaining({ code: 'MARQUETRY_INVALID_OPTION', option }),
    )
  }
  expect(table.stats().compaction.strategy).toBe('leveled')
  await db.close()
})
