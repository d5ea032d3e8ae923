// The workloads that are crashed at each of their file operations. Each takes one step of the engine's protocols apart; the
// last few mix them.

import type { CompactionOptions, OpenOptions } from 'marquetry'
import { readWhole } from '#src/fs/file-system.js'
import { Manifest } from '#src/version/manifest.js'
import { directory, type Stage } from './stage.js'

export interface Workload {
  readonly options?: OpenOptions
  /** Makes what the workload finds; not crashed. Leaves the database closed. */
  readonly before?: (stage: Stage) => Promise<void>
  /** From its opening to its close. */
  readonly run: (stage: Stage) => Promise<void>
}

const tiny = { targetFileBytes: 4096, flushBytes: 4096, tombstoneShareMax: 0.9 } as const

async function session(stage: Stage, steps: () => Promise<void>, options: OpenOptions = {}): Promise<void> {
  await stage.open(options)
  await steps()
  await stage.close()
}

/** `{ p0: first, p1: first + 1, … }` */
function rows(prefix: string, from: number, to: number, first: number): Record<string, number> {
  return Object.fromEntries(
    Array.from({ length: to - from }, (_, i) => [`${prefix}${String(from + i).padStart(2, '0')}`, first + i]),
  )
}

/** Runs that overlap, with keys that are overwritten and deleted, until nothing is left to merge. */
function merging(compaction: CompactionOptions): Workload {
  return {
    options: { memtableRows: 100, compaction: { ...tiny, ...compaction } },
    before: (stage) =>
      session(
        stage,
        async () => {
          await stage.table('a')
          await stage.write('a', rows('k', 0, 12, 0))
          await stage.flush('a')
          await stage.write('a', rows('k', 6, 18, 100))
          await stage.flush('a')
        },
        { compaction: { strategy: 'none' } },
      ),
    run: (stage) =>
      session(stage, async () => {
        const a = await stage.table('a')
        await stage.write('a', { ...rows('k', 3, 6, 200), k08: undefined, k17: undefined })
        await stage.flush('a')
        await a.compactionIdle()
        await stage.write('a', { k01: undefined, z: 300 })
        await stage.flush('a')
        await a.compactionIdle()
        await a.compact()
      }),
  }
}

const life: Workload['run'] = async (stage) => {
  await session(stage, async () => {
    await stage.table('a')
    for (let i = 0; i < 5; i++) await stage.write('a', { [`k${i}`]: i })
    await stage.write('a', { k1: 100, k2: undefined, x: 1, y: 2 })
    await stage.table('b')
    await stage.write('b', { b1: 1, b2: 2 })
    await Promise.all([0, 1, 2, 3].map((i) => stage.write('a', { [`c${i}`]: i, k0: 10 + i })))
    await stage.flush('a')
    await stage.write('a', { k0: undefined, z: 26 })
    await Promise.all([stage.write('a', { k4: 44 }), stage.write('b', { b1: undefined, b3: 3 })])
  })
  await session(stage, async () => {
    for (let i = 0; i < 9; i++) await stage.write('a', { [`m${i}`]: i, x: i })
    await stage.write('a', { y: undefined, nothing: undefined })
    await stage.write('b', { b4: 4 })
  })
}

/** Appends bytes that are no frame to a table's manifest, as a crash within an append does. */
async function tearManifest({ fs }: Stage, name: string): Promise<void> {
  const table = `${directory}/${name}`
  const [manifest] = (await fs.list(table)).filter((file) => file.startsWith('MANIFEST-'))
  const path = `${table}/${manifest}`
  const bytes = await readWhole(fs, path)
  const file = await fs.open(path, 'write')
  await file.write(bytes.subarray(0, 9), bytes.length)
  await file.sync()
  await file.close()
}

/** Appends edits that change nothing, until one more makes the manifest due to be written anew. */
async function lengthenManifest({ fs }: Stage, name: string): Promise<void> {
  const { manifest } = await Manifest.load(fs, `${directory}/${name}`, { readOnly: false })
  const edits = 996
  await Promise.all(Array.from({ length: edits }, () => manifest.append({})))
  await manifest.close()
}

const sortedImport: Workload = {
  options: { memtableRows: 100, compaction: { ...tiny, strategy: 'leveled', level0RunsMax: 2, levelRatio: 3 } },
  before: (stage) =>
    session(stage, async () => {
      await stage.table('a')
      await stage.write('a', rows('k', 4, 9, 0))
    }),
  run: (stage) =>
    session(stage, async () => {
      const a = await stage.table('a')
      await stage.write('a', { k02: 2, k99: 99 })
      await stage.load('a', rows('k', 0, 14, 100), [{ k03: 33, k04: undefined, k98: 98 }])
      await stage.write('a', { k05: 55, k06: undefined })
      await stage.load('a', rows('k', 10, 16, 200))
      await a.compactionIdle()
    }),
}

export const workloads = {
  'single puts': {
    run: (stage) =>
      session(stage, async () => {
        await stage.table('a')
        for (let i = 0; i < 7; i++) await stage.write('a', { [`k${i}`]: i })
        await stage.write('a', { k2: undefined })
        await stage.write('a', { k3: 33 })
      }),
  },
  batches: {
    options: { memtableRows: 1000 },
    run: (stage) =>
      session(stage, async () => {
        await stage.table('a')
        await stage.write('a', rows('k', 0, 20, 0))
        await stage.write('a', { k03: undefined, k04: 44, l: 9, m: 14 })
        await stage.write('a', rows('k', 10, 30, 100))
        await stage.write('a', { l: undefined, m: undefined })
      }),
  },
  rotation: {
    options: { memtableRows: 3, immutableMemtablesMax: 4 },
    run: (stage) =>
      session(stage, async () => {
        await stage.table('a')
        for (let i = 0; i < 14; i++) await stage.write('a', { [`k${i % 6}`]: i })
      }),
  },
  /** Logs that are ahead of their rows by zeros, which are cut off before the next one begins. */
  'rotation, zeros ahead': {
    options: { memtableRows: 7, immutableMemtablesMax: 4 },
    run: (stage) =>
      session(stage, async () => {
        await stage.table('a')
        for (let i = 0; i < 16; i++) await stage.write('a', { [`k${i % 6}`]: i })
      }),
  },
  /** The first memtable is large enough for a key filter, so that those behind it are flushed sooner. */
  'rotation, uneven': {
    options: { memtableRows: 3, immutableMemtablesMax: 4, flushWorkers: 3 },
    run: (stage) =>
      session(stage, async () => {
        await stage.table('a')
        await stage.write('a', rows('k', 0, 80, 0))
        for (let i = 0; i < 7; i++) await stage.write('a', { [`k${i % 6}`]: i })
      }),
  },
  flush: {
    run: (stage) =>
      session(stage, async () => {
        await stage.table('a')
        await stage.write('a', rows('k', 0, 6, 0))
        await stage.flush('a')
        await stage.write('a', { k01: undefined, k02: 22 })
        await Promise.all([stage.flush('a'), stage.write('a', { late: 4 })])
        await stage.flush('a')
        await stage.write('a', { late: undefined })
        await stage.flush('a')
      }),
  },
  'leveled compaction': merging({ strategy: 'leveled', level0RunsMax: 2, levelRatio: 3 }),
  'size-tiered compaction': merging({ strategy: 'size-tiered', runsMin: 2 }),
  'unified compaction, tiered': merging({ strategy: 'unified', scaling: 'T2' }),
  'unified compaction, leveled': merging({ strategy: 'unified', scaling: 'L3' }),
  move: {
    options: {
      memtableRows: 100,
      compaction: { ...tiny, strategy: 'leveled', level0RunsMax: 1, levelRatio: 2 },
    },
    run: (stage) =>
      session(stage, async () => {
        const a = await stage.table('a')
        for (let i = 0; i < 4; i++) {
          await stage.write('a', rows('k', 10 * i, 10 * i + 6, 10 * i))
          await stage.flush('a')
          await a.compactionIdle()
        }
      }),
  },
  deleteRange: {
    options: { memtableRows: 100 },
    before: (stage) =>
      session(stage, async () => {
        await stage.table('a')
        for (let i = 0; i < 4; i++) {
          await stage.write('a', rows('k', 5 * i, 5 * i + 6, 10 * i))
          await stage.flush('a')
        }
      }),
    run: (stage) =>
      session(stage, async () => {
        await stage.table('a')
        await stage.write('a', { k07: 77, k99: 99 })
        await stage.deleteRange('a', 'k04', 'k17')
        await stage.write('a', { k05: 55 })
        await stage.deleteRange('a', 'k00', 'k03')
      }),
  },
  'sorted import': sortedImport,
  'sorted import, log synced when the system likes': {
    ...sortedImport,
    options: { ...sortedImport.options, preset: 'high-performance' },
  },
  'sorted import, alone': {
    options: { flushOnClose: false },
    run: async (stage) => {
      await session(stage, async () => {
        await stage.table('a')
        await stage.load('a', rows('k', 0, 12, 0))
      })
      await session(stage, async () => {
        await stage.load('a', rows('k', 6, 18, 50))
      })
    },
  },
  'sorted import, interrupted and done again': {
    options: { compaction: { ...tiny, strategy: 'none' } },
    run: async (stage) => {
      await stage.open()
      await stage.table('a')
      await stage.write('a', rows('k', 0, 5, 0))
      await stage.load('a', rows('k', 0, 12, 100), [{ k01: 11, m: 1 }], true)
      await session(stage, async () => {
        await stage.load('a', rows('k', 0, 12, 100), [{ k02: 22 }])
        await stage.write('a', { k03: 33 })
      })
    },
  },
  'tables made and dropped': {
    run: (stage) =>
      session(stage, async () => {
        await stage.table('a')
        await stage.write('a', { k1: 1 })
        await stage.table('b')
        await stage.write('b', { k1: 2 })
        await stage.flush('a')
        await stage.drop('a')
        await stage.table('a')
        await stage.write('a', { k2: 3 })
        await stage.drop('b')
      }),
  },
  'new manifest, grown': {
    before: async (stage) => {
      await session(stage, async () => {
        await stage.table('a')
        await stage.write('a', { k1: 1 })
      })
      await lengthenManifest(stage, 'a')
    },
    run: (stage) =>
      session(stage, async () => {
        await stage.table('a')
        await stage.write('a', { k2: 2 })
        await stage.flush('a')
        await stage.write('a', { k3: 3 })
        await stage.flush('a')
      }),
  },
  'new manifest, torn': {
    before: async (stage) => {
      await session(
        stage,
        async () => {
          await stage.table('a')
          await stage.write('a', { k1: 1 })
          await stage.flush('a')
          await stage.write('a', { k1: undefined, k2: 2 })
        },
        { flushOnClose: false },
      )
      await tearManifest(stage, 'a')
    },
    run: (stage) =>
      session(stage, async () => {
        await stage.table('a')
        await stage.write('a', { k3: 3 })
      }),
  },
  close: {
    run: async (stage) => {
      await session(stage, async () => {
        for (const name of ['a', 'b']) {
          await stage.table(name)
          await stage.write(name, { k1: 1, k2: 4 })
        }
      })
      await session(
        stage,
        async () => {
          await stage.write('a', { k3: 3 })
        },
        { flushOnClose: false },
      )
    },
  },
  open: {
    options: { memtableRows: 3, immutableMemtablesMax: 6, flushOnClose: false },
    before: (stage) =>
      session(stage, async () => {
        for (const name of ['a', 'b']) await stage.table(name)
        for (let i = 0; i < 3; i++) await stage.write('b', { [`k${i}`]: i })
        await Promise.all(Array.from({ length: 9 }, (_, i) => stage.write('a', { [`k${i}`]: i })))
      }),
    run: async (stage) => {
      await stage.open({ flushOnClose: true })
      for (const name of ['a', 'b']) await stage.table(name)
      await stage.close()
    },
  },
  'concurrent writers': {
    options: { memtableRows: 5, compaction: { ...tiny, strategy: 'leveled', level0RunsMax: 2 } },
    run: (stage) =>
      session(stage, async () => {
        await Promise.all(['a', 'b'].map((name) => stage.table(name)))
        const write = (i: number) => stage.write(i % 3 === 0 ? 'b' : 'a', { [`k${i % 7}`]: i, [`w${i}`]: i })
        await Promise.all(Array.from({ length: 8 }, (_, i) => write(i)))
        await Promise.all([stage.flush('a'), ...Array.from({ length: 8 }, (_, i) => write(8 + i))])
      }),
  },
  'log synced when the system likes': { options: { preset: 'high-performance', memtableRows: 8 }, run: life },
  'log synced now and then': { options: { preset: 'memory-efficient', memtableRows: 8 }, run: life },
  'a whole life': { run: life },
} satisfies Readonly<Record<string, Workload>>

export type WorkloadName = keyof typeof workloads
