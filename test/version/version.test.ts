import { describe, expect, test } from 'vitest'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import { AssertionError } from '#src/util/assert.js'
import { overlapping, type SortedRun, tableFor, Version } from '#src/version/version.js'
import { below, forSeeds, key, keyNumber, show, table, Workload } from './support.js'

const run = (id: number, level: number, ...tables: SSTableMeta[]): SortedRun => ({ id, level, tables })

describe('the invariants of a version', () => {
  const broken: Record<string, readonly SortedRun[]> = {
    'an empty run': [run(1, 0)],
    'two runs with one id': [run(1, 0, table(1, 1, 2)), run(1, 1, table(2, 1, 2))],
    'two tables with one number': [run(1, 0, table(1, 1, 2)), run(2, 1, table(1, 5, 6))],
    'a table without a number': [run(1, 0, table(0, 1, 2))],
    'tables that share a key': [run(1, 0, table(1, 1, 5), table(2, 5, 6))],
    'tables out of order': [run(1, 0, table(1, 7, 8), table(2, 5, 6))],
    'a table that ends before it begins': [run(1, 0, table(1, 7, 6))],
    'fewer rows than keys': [run(1, 0, table(1, 1, 2, { rows: 1, keys: 2 }))],
    'a table without keys': [run(1, 0, table(1, 1, 2, { rows: 0, keys: 0 }))],
    'more tombstones than rows': [run(1, 0, table(1, 1, 2, { tombstones: 2 }))],
    'sequence numbers out of order': [run(1, 0, table(1, 1, 2, { minSeq: 2, maxSeq: 1 }))],
    'a level that is no whole number': [run(1, -1, table(1, 1, 2))],
  }
  for (const [what, runs] of Object.entries(broken)) {
    test(`${what} is refused`, () => expect(() => new Version(runs)).toThrow(AssertionError))
  }

  test('runs may overlap one another, neighbours in a run may touch', () => {
    const runs = [run(2, 0, table(3, 1, 9)), run(1, 1, table(1, 1, 2), table(2, 3, 9))]
    expect(new Version(runs).runs).toEqual(runs)
    expect(Version.empty.runs).toEqual([])
  })
})

describe('finding tables', () => {
  test('binary search finds what a walk over all tables finds', async () => {
    await forSeeds(200, (random) => {
      const tables: SSTableMeta[] = []
      for (let at = below(random, 3); at < 40; ) {
        const to = at + below(random, 4)
        tables.push(table(tables.length + 1, at, to))
        at = to + 1 + below(random, 4)
      }
      const whole = run(1, 0, ...tables)
      for (let k = 0; k < 50; k++) {
        const holds = ({ minKey, maxKey }: SSTableMeta) => keyNumber(minKey) <= k && k <= keyNumber(maxKey)
        expect(tableFor(whole, key(k))).toBe(tables.find(holds))
      }
      const gte = random() < 0.2 ? undefined : below(random, 50)
      const lt = random() < 0.2 ? undefined : below(random, 50)
      const meets = ({ minKey, maxKey }: SSTableMeta) => {
        for (let k = keyNumber(minKey); k <= keyNumber(maxKey); k++) {
          if ((gte === undefined || k >= gte) && (lt === undefined || k < lt)) return true
        }
        return false
      }
      const range = {
        gte: gte === undefined ? undefined : key(gte),
        lt: lt === undefined ? undefined : key(lt),
      }
      expect(overlapping(whole, range)).toEqual(tables.filter(meets))
    })
  })

  test('totals of a level are sums over its runs', () => {
    const facts = { rows: 5, keys: 2, tombstones: 1 }
    const version = new Version([
      run(3, 0, table(4, 1, 9, facts)),
      run(2, 0, table(3, 1, 9, facts)),
      run(1, 4, table(1, 1, 2, { bytes: 7 }), table(2, 3, 9)),
    ])
    expect(version.levels()).toEqual([
      { level: 0, runs: 2, tables: 2, rows: 10, tombstones: 2, bytes: 200 },
      { level: 4, runs: 1, tables: 2, rows: 2, tombstones: 0, bytes: 107 },
    ])
    expect(version.allTables().map(({ number }) => number)).toEqual([4, 3, 1, 2])
  })
})

describe('applying an edit', () => {
  const base = new Version([
    run(3, 0, table(5, 0, 90, { rows: 9 })),
    run(2, 1, table(3, 10, 19), table(4, 30, 39)),
    run(1, 2, table(1, 10, 29), table(2, 40, 49)),
  ])
  const applied = (edit: Parameters<Version['apply']>[0]) => show(base.apply(edit).runs)

  test('a flush is the newest run', () => {
    expect(applied({ addTables: [table(6, 1, 2)], run: { id: 4, level: 0 } })).toBe(
      '4@0[6:1-2] | 3@0[5:0-90] | 2@1[3:10-19 4:30-39] | 1@2[1:10-29 2:40-49]',
    )
  })

  test('a new run goes directly behind what is left of the run it names, and an emptied run vanishes', () => {
    const place = { id: 4, level: 2, behind: 2 }
    expect(applied({ removeTables: [3], addTables: [table(6, 10, 19)], run: place })).toBe(
      '3@0[5:0-90] | 2@1[4:30-39] | 4@2[6:10-19] | 1@2[1:10-29 2:40-49]',
    )
    expect(applied({ removeTables: [3, 4], addTables: [table(6, 10, 19)], run: place })).toBe(
      '3@0[5:0-90] | 4@2[6:10-19] | 1@2[1:10-29 2:40-49]',
    )
  })

  test('tables join a run in key order, also one that the edit empties', () => {
    const join = { id: 1, level: 2 }
    expect(
      applied({ removeTables: [4, 1, 3], addTables: [table(7, 30, 35), table(6, 10, 19)], run: join }),
    ).toBe('3@0[5:0-90] | 1@2[6:10-19 7:30-35 2:40-49]')
    const all = { removeTables: [1, 2, 3, 4, 5], addTables: [table(6, 5, 5)], run: join }
    expect(applied(all)).toBe('1@2[6:5-5]')
  })

  test('a table moves by an edit alone', () => {
    expect(applied({ removeTables: [4], addTables: [table(4, 30, 39)], run: { id: 1, level: 2 } })).toBe(
      '3@0[5:0-90] | 2@1[3:10-19] | 1@2[1:10-29 4:30-39 2:40-49]',
    )
  })

  test('a merge may leave nothing', () => {
    expect(applied({ removeTables: [3], run: { id: 4, level: 2, behind: 2 } })).toBe(
      '3@0[5:0-90] | 2@1[4:30-39] | 1@2[1:10-29 2:40-49]',
    )
    expect(applied({ removeTables: [3, 4] })).toBe('3@0[5:0-90] | 1@2[1:10-29 2:40-49]')
  })

  const refused: Record<string, Parameters<Version['apply']>[0]> = {
    'removing a table that is not there': { removeTables: [9] },
    'removing a table twice': { removeTables: [3, 3] },
    'adding tables to no run': { addTables: [table(6, 1, 2)] },
    'adding a number that is there': { addTables: [table(5, 1, 2)], run: { id: 4, level: 0 } },
    'changing a table that moves': {
      removeTables: [4],
      addTables: [table(4, 30, 38)],
      run: { id: 1, level: 2 },
    },
    'adding to an old run without inputs': { addTables: [table(6, 60, 62)], run: { id: 1, level: 2 } },
    'a flush behind another run': { addTables: [table(6, 60, 62)], run: { id: 4, level: 1, behind: 3 } },
    'overlapping what the run keeps': {
      removeTables: [4],
      addTables: [table(6, 30, 41)],
      run: { id: 1, level: 2 },
    },
    'outputs outside of the inputs': {
      removeTables: [1],
      addTables: [table(6, 9, 20)],
      run: { id: 1, level: 2 },
    },
    'more rows out than in': {
      removeTables: [1],
      addTables: [table(6, 10, 20), table(7, 21, 22)],
      run: { id: 1, level: 2 },
    },
    'another level for a run': { removeTables: [1], addTables: [table(6, 10, 20)], run: { id: 1, level: 3 } },
    'passing a table that meets the inputs': {
      removeTables: [5, 1, 2],
      addTables: [table(6, 0, 90)],
      run: { id: 1, level: 2 },
    },
    'going before an input': { removeTables: [5, 3], addTables: [table(6, 10, 19)], run: { id: 3, level: 0 } },
    'a new run in front though it has inputs': {
      removeTables: [1],
      addTables: [table(6, 10, 19)],
      run: { id: 4, level: 0 },
    },
  }
  for (const [what, edit] of Object.entries(refused)) {
    test(`refused: ${what}`, () => expect(() => base.apply(edit)).toThrow(AssertionError))
  }

  test('nothing to do: the same version', () => expect(base.apply({})).toBe(base))

  test('whatever allowed edits come, the first run that has a key has its newest version', async () => {
    let merges = 0
    await forSeeds(60, (random) => {
      const workload = new Workload(random)
      for (let i = 0; i < 80; i++) {
        const { removeTables = [] } = workload.step()
        if (removeTables.length > 0) merges++
        expect(workload.read()).toEqual(workload.truth)
      }
    })
    expect(merges).toBeGreaterThan(process.env['MARQUETRY_SEED'] === undefined ? 300 : 0)
  })
})
