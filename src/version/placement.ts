// Where a merge's output may go. Moving data past a table that holds another version of one of its keys would make an
// old value the newest; projects of this kind lost data so, hence it is checked when a plan is made and at every edit.
//
//   newest   run 9   [a····f]                 [q··t]        input: the left one
//            run 7         [e···h]                          no input, between, meets a–f: refused
//            run 4   [a··c]      [g····m]                   input: the left one; output joins run 4
//
// The inputs move down to the output's place. What they must not pass: any table that is no input, lies behind the
// newest input's run and not behind the output's place, and meets the key range of all the inputs together. The output's
// own run counts too, for its tables must stay disjoint and an output may span gaps between the inputs.
//
// Tables without inputs are a flush, which goes to the front, or a load of rows that were numbered when it began: it goes
// behind all that was written since, and its sequence numbers have to say the same.

import type { KeyBytes } from '../format/key-codec.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { assert } from '../util/assert.js'
import { compareBytes } from '../util/bytes.js'
import { overlapping, type SortedRun } from './run.js'
import type { Version } from './version.js'

/** Where a plan wants its output: in a run that is there, or, without `runId`, in a new one. */
export interface PlanOutput {
  readonly runId?: number
  readonly level: number
}

/**
 * A place in a version, as edits name it. A run of this id that is there takes the tables in. Otherwise the tables are
 * a new run: directly behind run `behind`, as that stood before the edit (it may vanish by the edit), or at the front
 * if that is not given.
 */
export interface RunPlace {
  readonly id: number
  readonly level: number
  readonly behind?: number
}

/**
 * The place for a plan's output. A new run without inputs (a flush) goes to the front; a new run with inputs goes where
 * the oldest run stood that it takes tables from, behind what that keeps.
 * Throws an AssertionError if `validatePlan` would.
 */
export function placeOutput(
  version: Version,
  inputs: readonly SSTableMeta[],
  output: PlanOutput,
  newRunId: number,
): RunPlace {
  const { runId, level } = output
  let place: RunPlace = { id: runId ?? newRunId, level }
  if (runId === undefined && inputs.length > 0) {
    const oldest = version.runs[spanOf(version, inputs).oldest]
    assert(oldest !== undefined, 'inputs are in the version')
    place = { ...place, behind: oldest.id }
  }
  assert(
    (version.run(place.id) !== undefined) === (runId !== undefined),
    'a plan names a run that is there, a new run has a new id',
  )
  checkPlace(version, inputs, place)
  return place
}

/** Throws an AssertionError if carrying out the plan would put an older version of a key before a newer one. */
export function validatePlan(version: Version, inputs: readonly SSTableMeta[], output: PlanOutput): void {
  placeOutput(version, inputs, output, Number.MAX_SAFE_INTEGER)
}

/** The same at commit, and that the outputs are made of their inputs. Requires: `removed` are tables of the version. */
export function checkMerge(
  version: Version,
  removed: readonly SSTableMeta[],
  added: readonly SSTableMeta[],
  place: RunPlace,
): void {
  if (removed.length === 0) {
    checkAddition(version, added, place)
    return
  }
  checkPlace(version, removed, place)
  const { min, max } = hullOf(removed)
  for (const table of added) {
    assert(
      compareBytes(min, table.minKey) <= 0 && compareBytes(table.maxKey, max) <= 0,
      "a merge's outputs lie within the keys of its inputs",
    )
  }
  const rows = (tables: readonly SSTableMeta[]) => tables.reduce((total, table) => total + table.rows, 0)
  assert(rows(added) <= rows(removed), 'a merge makes no rows')
}

/** Checks the place of tables that come from outside of the version. */
function checkAddition(version: Version, added: readonly SSTableMeta[], place: RunPlace): void {
  const { id, behind } = place
  assert(version.run(id) === undefined, 'tables without inputs are a new run')
  if (behind === undefined) return
  const front = version.runs.findIndex((run) => run.id === behind)
  assert(front !== -1, 'a place is named by a run that is there')
  const minSeq = Math.min(...added.map((table) => table.minSeq))
  const maxSeq = Math.max(...added.map((table) => table.maxSeq))
  for (const [index, { tables }] of version.runs.entries()) {
    for (const table of tables) {
      const isInOrder = index <= front ? table.minSeq > maxSeq : table.maxSeq < minSeq
      assert(isInOrder, 'tables without inputs stand between what is newer and what is older than they are')
    }
  }
}

function checkPlace(version: Version, inputs: readonly SSTableMeta[], place: RunPlace): void {
  const { runs } = version
  const joined = runs.findIndex((run) => run.id === place.id)
  if (inputs.length === 0) {
    assert(joined === -1 && place.behind === undefined, 'a plan without inputs is a new run at the front')
    return
  }
  const { newest, oldest } = spanOf(version, inputs)
  const end = joined !== -1 ? joined : runs.findIndex((run) => run.id === place.behind)
  assert(
    joined === -1 || (runs[joined]!.level === place.level && place.behind === undefined),
    'a run keeps its level and its place',
  )
  assert(end >= oldest, 'an output goes where its oldest input is, or further back')
  const numbers = new Set(inputs.map((table) => table.number))
  for (let i = newest; i <= end; i++) {
    if (i === newest && i !== joined) continue
    assert(
      !tablesWithin(runs[i]!, inputs).some((table) => !numbers.has(table.number)),
      `run ${runs[i]!.id} holds no table that a merge into run ${place.id} would pass or meet`,
    )
  }
}

/** Indexes of the newest and of the oldest run that hold an input. */
function spanOf(version: Version, inputs: readonly SSTableMeta[]): { newest: number; oldest: number } {
  const numbers = new Set(inputs.map((table) => table.number))
  let newest = -1
  let oldest = -1
  let found = 0
  version.runs.forEach((run, index) => {
    const count = run.tables.filter((table) => numbers.has(table.number)).length
    if (count === 0) return
    found += count
    if (newest === -1) newest = index
    oldest = index
  })
  assert(found === inputs.length, 'inputs are in the version, each once')
  return { newest, oldest }
}

function hullOf(tables: readonly SSTableMeta[]): { min: KeyBytes; max: KeyBytes } {
  let { minKey: min, maxKey: max } = tables[0]!
  for (const { minKey, maxKey } of tables) {
    if (compareBytes(minKey, min) < 0) min = minKey
    if (compareBytes(maxKey, max) > 0) max = maxKey
  }
  return { min, max }
}

/** A run's tables that meet the key range of all the inputs together, both ends included. */
function tablesWithin(run: SortedRun, inputs: readonly SSTableMeta[]): readonly SSTableMeta[] {
  const { min, max } = hullOf(inputs)
  return overlapping(run, { gte: min, lt: undefined }).filter((table) => compareBytes(table.minKey, max) <= 0)
}
