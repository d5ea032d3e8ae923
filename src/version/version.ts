// Which SSTables make up a table of the database at one moment, and in which order they are read.
//
// A version is an immutable list of sorted runs, newest first. Invariants, checked whenever one is made:
// 1. The tables of a run are disjoint and in key order; a key's versions lie in one table of a run.
// 2. Of two entries of one key, the one in the earlier run is the newer. The order of the list alone says so: a run's
//    level is a label for the strategies. `placement.ts` guards it when an edit moves data.
// 3. No run is empty; numbers of tables and ids of runs are unique.

import type { SSTableMeta } from '../format/sstable-meta.js'
import { assert } from '../util/assert.js'
import { compareBytes } from '../util/bytes.js'
import { checkMerge, type RunPlace } from './placement.js'
import type { SortedRun } from './run.js'

export { type PlanOutput, placeOutput, type RunPlace, validatePlan } from './placement.js'
export { overlapping, type SortedRun, tableFor } from './run.js'

/** What an edit does to the tables. All of it at once. */
export interface TableEdit {
  /** Numbers of tables that leave. */
  readonly removeTables?: readonly number[]
  /** Tables that come. A table that is also removed moves: it is given unchanged. */
  readonly addTables?: readonly SSTableMeta[]
  /** Where the added tables go; also given where a merge left nothing to add, so that it is checked all the same. */
  readonly run?: RunPlace
}

/** What lies on one level. */
export interface LevelTotals {
  readonly level: number
  readonly runs: number
  readonly tables: number
  readonly rows: number
  readonly tombstones: number
  readonly bytes: number
}

/** An immutable list of sorted runs, newest first. */
export class Version {
  static readonly empty: Version = new Version([])

  readonly runs: readonly SortedRun[]

  /** Throws an AssertionError if the runs break an invariant. */
  constructor(runs: readonly SortedRun[]) {
    this.runs = runs
    this.check()
  }

  /** The version after an edit. Throws an AssertionError if the edit loses, doubles or reorders data. */
  apply(edit: TableEdit): Version {
    const { removeTables = [], addTables = [], run } = edit
    assert(addTables.length === 0 || run !== undefined, 'added tables have a run to go to')
    const removed = new Set(removeTables)
    assert(removed.size === removeTables.length, 'an edit removes a table once')
    const gone = new Map<number, SSTableMeta>()
    for (const table of this.allTables()) if (removed.has(table.number)) gone.set(table.number, table)
    assert(gone.size === removed.size, 'an edit removes only tables that are there')
    for (const table of addTables) {
      const before = gone.get(table.number)
      assert(before === undefined || isSameTable(before, table), 'a table that moves does not change')
    }
    if (run !== undefined) checkMerge(this, [...gone.values()], addTables, run)
    else if (removed.size === 0) return this
    return new Version(withTables(withoutTables(this.runs, removed, run), addTables, run))
  }

  /** Throws an AssertionError if an invariant does not hold. */
  check(): void {
    const numbers = new Set<number>()
    const ids = new Set<number>()
    for (const { id, level, tables } of this.runs) {
      assert(!ids.has(id), 'ids of runs are unique')
      ids.add(id)
      assert(Number.isSafeInteger(level) && level >= 0, 'a level is a whole number')
      assert(tables.length > 0, 'no run is empty')
      let last: SSTableMeta | undefined
      for (const table of tables) {
        assert(table.number > 0 && !numbers.has(table.number), 'numbers of tables are given, and unique')
        numbers.add(table.number)
        checkTable(table)
        assert(
          last === undefined || compareBytes(last.maxKey, table.minKey) < 0,
          'tables of a run are disjoint and in key order',
        )
        last = table
      }
    }
  }

  /** Every table, run by run, newest run first. */
  allTables(): readonly SSTableMeta[] {
    return this.runs.flatMap((run) => run.tables)
  }

  /** The run of this id. */
  run(id: number): SortedRun | undefined {
    return this.runs.find((run) => run.id === id)
  }

  /** Totals of each level that holds a run, ascending. */
  levels(): readonly LevelTotals[] {
    const totals = new Map<number, LevelTotals>()
    for (const { level, tables } of this.runs) {
      const before = totals.get(level) ?? { level, runs: 0, tables: 0, rows: 0, tombstones: 0, bytes: 0 }
      const sum = (of: (table: SSTableMeta) => number) => tables.reduce((total, table) => total + of(table), 0)
      totals.set(level, {
        level,
        runs: before.runs + 1,
        tables: before.tables + tables.length,
        rows: before.rows + sum((table) => table.rows),
        tombstones: before.tombstones + sum((table) => table.tombstones),
        bytes: before.bytes + sum((table) => table.bytes),
      })
    }
    return [...totals.values()].sort((a, b) => a.level - b.level)
  }
}

function checkTable(table: SSTableMeta): void {
  assert(compareBytes(table.minKey, table.maxKey) <= 0, 'a table begins at or before its end')
  assert(table.keys > 0 && table.rows >= table.keys, 'a table has keys, each with a version')
  assert(table.tombstones >= 0 && table.tombstones <= table.rows, 'tombstones are rows')
  assert(table.minSeq >= 0 && table.minSeq <= table.maxSeq, 'sequence numbers are in order')
}

function isSameTable(a: SSTableMeta, b: SSTableMeta): boolean {
  if (a === b) return true
  const equalKeys = compareBytes(a.minKey, b.minKey) === 0 && compareBytes(a.maxKey, b.maxKey) === 0
  return equalKeys && a.digest === b.digest && a.bytes === b.bytes && a.rows === b.rows
}

/** The runs without some tables; empty runs vanish, but for the one that tables are about to go to or behind. */
function withoutTables(
  runs: readonly SortedRun[],
  removed: ReadonlySet<number>,
  place: RunPlace | undefined,
): readonly SortedRun[] {
  return runs
    .map((run) => {
      const tables = run.tables.filter((table) => !removed.has(table.number))
      return tables.length === run.tables.length ? run : { ...run, tables }
    })
    .filter((run) => run.tables.length > 0 || run.id === place?.id || run.id === place?.behind)
}

function withTables(
  runs: readonly SortedRun[],
  added: readonly SSTableMeta[],
  place: RunPlace | undefined,
): readonly SortedRun[] {
  if (place === undefined) return runs
  const { id, level, behind } = place
  const ordered = [...added].sort((a, b) => compareBytes(a.minKey, b.minKey))
  const at = runs.findIndex((run) => run.id === id)
  const next = [...runs]
  if (at !== -1) {
    const tables = [...runs[at]!.tables, ...ordered].sort((a, b) => compareBytes(a.minKey, b.minKey))
    next[at] = { id, level, tables }
  } else {
    const front = runs.findIndex((run) => run.id === behind)
    next.splice(front + 1, 0, { id, level, tables: ordered })
  }
  return next.filter((run) => run.tables.length > 0)
}
