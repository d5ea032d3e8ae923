// A history as data: what is done to a table, step by step, and what each look at it should then find. It is drawn from a
// seed and played to a model once; then every strategy gets the same one.

import type { CompactionOptions } from 'marquetry'
import { Random } from '../history/random.js'

/** A row of the table; `group` and `id` are its key. */
export interface Row {
  readonly group: string
  readonly id: number
  readonly value: number
  readonly note: string | null
}

export type Key = readonly [group: string, id: number]
export interface Range {
  readonly gte?: readonly [string] | Key
  readonly lt?: readonly [string] | Key
}

export type Operation =
  | { readonly type: 'put'; readonly row: Row }
  | { readonly type: 'delete'; readonly key: Key }

/** A look at the table, or at the snapshot of that number, and what it should find. */
export interface Look {
  readonly snapshot?: number
  readonly range: Range
  readonly reverse: boolean
  readonly limit?: number
  readonly rows: readonly Row[]
  readonly gets: readonly { readonly key: Key; readonly row: Row | undefined }[]
}

export type Step =
  | { readonly do: 'write'; readonly operations: readonly Operation[] }
  /** Writes, the deletion of a range and writes again, none waiting for the one before. */
  | {
      readonly do: 'delete range'
      readonly before: readonly Operation[]
      readonly range: Range
      readonly after: readonly Operation[]
    }
  | { readonly do: 'flush' }
  | { readonly do: 'compact'; readonly range: Range }
  | { readonly do: 'open snapshot'; readonly snapshot: number }
  | { readonly do: 'close snapshot'; readonly snapshot: number }
  /** `flushOnClose` is for the session that begins. */
  | { readonly do: 'reopen'; readonly flushOnClose: boolean }
  | { readonly do: 'look'; readonly look: Look }
  /** Flush, and look at the files as other engines do. */
  | { readonly do: 'look at files'; readonly rows: readonly Row[] }

export interface Script {
  readonly seed: number
  readonly steps: readonly Step[]
  /** Puts and deletes, ranges counted as one. */
  readonly operations: number
  /** What is there in the end, in key order. */
  readonly rows: readonly Row[]
}

const groups = ['a', 'b', 'b\u0000', 'ba', 'c', 'd', 'é', '\u{1f600}']
const idsMax = 250
const snapshotsMax = 3

/** The rows of a table, by `nameOf` their keys. */
export type State = Map<string, Row>

export const nameOf = ([group, id]: Key) => `${group} ${id}`

/** Order of keys: by UTF-8 bytes, then by number; a bound that names the group only stands before all its keys. */
function compare(
  [group, id]: readonly [string, number?],
  [otherGroup, otherId]: readonly [string, number?],
): number {
  return (
    Buffer.compare(Buffer.from(group), Buffer.from(otherGroup)) ||
    (id ?? Number.NEGATIVE_INFINITY) - (otherId ?? Number.NEGATIVE_INFINITY) ||
    0
  )
}

export function within({ group, id }: Row, { gte, lt }: Range): boolean {
  const key = [group, id] as const
  return (gte === undefined || compare(gte, key) <= 0) && (lt === undefined || compare(key, lt) < 0)
}

/** Rows in key order. */
export function sorted(state: State): Row[] {
  return [...state.values()].sort((a, b) => compare([a.group, a.id], [b.group, b.id]))
}

export function apply(state: State, operations: readonly Operation[]): void {
  for (const operation of operations) {
    if (operation.type === 'put') state.set(nameOf([operation.row.group, operation.row.id]), operation.row)
    else state.delete(nameOf(operation.key))
  }
}

/** Draws a history of so many operations and plays it to a model. */
export function drawScript(seed: number, operationsMin: number): Script {
  const random = new Random(seed)
  const state: State = new Map()
  const snapshots = new Map<number, State>()
  const steps: Step[] = []
  let operations = 0
  let value = 0

  const drawKey = (): Key => [random.pick(groups), random.below(idsMax)]
  const drawOperations = (count: number, deletes: number): Operation[] => {
    // Often neighbours: files that overlap in a part of their keys, or not at all.
    const group = random.chance(0.5) ? random.pick(groups) : undefined
    const first = random.below(idsMax)
    const spread = random.pick([20, 100, idsMax])
    return Array.from({ length: count }, () => {
      const key: Key = group === undefined ? drawKey() : [group, (first + random.below(spread)) % idsMax]
      if (random.chance(deletes)) return { type: 'delete', key }
      const note = random.chance(0.2) ? null : 'x'.repeat(random.below(30))
      return { type: 'put', row: { group: key[0], id: key[1], value: value++, note } }
    })
  }
  const drawBound = () => (random.chance(0.3) ? ([random.pick(groups)] as const) : drawKey())
  const drawRange = (): Range => {
    let [gte, lt] = [drawBound(), drawBound()]
    if (compare(gte, lt) > 0) [gte, lt] = [lt, gte]
    if (random.chance(0.1)) return { gte }
    return random.chance(0.1) ? { lt } : { gte, lt }
  }
  const look = (range: Range, snapshot?: number): Step => {
    const rows = sorted(snapshot === undefined ? state : snapshots.get(snapshot)!)
    const found = rows.filter((row) => within(row, range))
    const reverse = random.chance(0.4)
    if (reverse) found.reverse()
    const limit = random.chance(0.3) ? random.below(60) : undefined
    const gets = Array.from({ length: 6 }, () => {
      const key: Key = random.chance(0.5) && rows.length > 0 ? keyOf(random.pick(rows)) : drawKey()
      return { key, row: (snapshot === undefined ? state : snapshots.get(snapshot)!).get(nameOf(key)) }
    })
    return {
      do: 'look',
      look: {
        ...(snapshot === undefined ? {} : { snapshot }),
        range,
        reverse,
        ...(limit === undefined ? {} : { limit }),
        rows: found.slice(0, limit),
        gets,
      },
    }
  }

  const draw: readonly (readonly [number, () => void])[] = [
    [
      20,
      () => {
        const written = drawOperations(random.pick([1, 10, 60, 200]), random.pick([0, 0.1, 0.4, 1]))
        steps.push({ do: 'write', operations: written })
        apply(state, written)
        operations += written.length
      },
    ],
    [
      3,
      () => {
        const [before, after] = [drawOperations(random.below(20), 0.2), drawOperations(random.below(40), 0.2)]
        const range = drawRange()
        steps.push({ do: 'delete range', before, range, after })
        apply(state, before)
        for (const row of [...state.values()]) if (within(row, range)) state.delete(nameOf(keyOf(row)))
        apply(state, after)
        operations += before.length + 1 + after.length
      },
    ],
    [2, () => void steps.push({ do: 'flush' })],
    [0.4, () => void steps.push({ do: 'compact', range: random.chance(0.3) ? {} : drawRange() })],
    [
      2,
      () => {
        if (snapshots.size === snapshotsMax) return
        const snapshot = steps.length
        snapshots.set(snapshot, new Map(state))
        steps.push({ do: 'open snapshot', snapshot })
      },
    ],
    [
      1.5,
      () => {
        if (snapshots.size === 0) return
        const snapshot = random.pick([...snapshots.keys()])
        steps.push(look({}, snapshot), { do: 'close snapshot', snapshot })
        snapshots.delete(snapshot)
      },
    ],
    [
      0.4,
      () => {
        for (const snapshot of snapshots.keys()) steps.push({ do: 'close snapshot', snapshot })
        snapshots.clear()
        steps.push({ do: 'reopen', flushOnClose: random.chance(0.5) })
      },
    ],
    [5, () => void steps.push(look(drawRange()))],
    [1.5, () => void steps.push(look({}))],
    [0.3, () => void steps.push({ do: 'look at files', rows: sorted(state) })],
    [2, () => void (snapshots.size > 0 && steps.push(look(drawRange(), random.pick([...snapshots.keys()]))))],
  ]
  while (operations < operationsMin) random.weighted(draw)()
  for (const snapshot of snapshots.keys()) steps.push(look({}, snapshot), { do: 'close snapshot', snapshot })
  return { seed, steps, operations, rows: sorted(state) }
}

export function keyOf({ group, id }: Row): Key {
  return [group, id]
}

/** Few rows fill a memtable, a file and a level, so that merges are many and have many files. */
export const tiny = { targetFileBytes: 4096, flushBytes: 4096 } as const

/** Every strategy, and every shape that the unified one takes. */
export const strategies: { readonly [name: string]: CompactionOptions } = {
  leveled: { strategy: 'leveled', ...tiny, level0RunsMax: 2, levelRatio: 3 },
  'size-tiered': { strategy: 'size-tiered', ...tiny, runsMin: 2 },
  L4: { strategy: 'unified', ...tiny, scaling: 'L4' },
  T4: { strategy: 'unified', ...tiny, scaling: 'T4' },
  N: { strategy: 'unified', ...tiny, scaling: 'N' },
  'T4, L10': { strategy: 'unified', ...tiny, scaling: ['T4', 'L10'] },
}
