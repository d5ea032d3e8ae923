// One random database and some scans of it, compared with a plain filter over a model.
//
// Values follow keys, so that row groups and pages differ and there is something to prune; keys are few, so that runs, memtables
// and versions overlap; some databases have a file in which the versions of one key fill the end of a page and the start of the next.

import type { Snapshot, Table } from 'marquetry'
import { seededRandom } from '#src/util/seeded-random.js'
import {
  type Asked,
  Choices,
  type Row,
  randomWhere,
  steadyColumn,
  textOf,
  truthOf,
  type ValueColumn,
  valueColumns,
} from './world.js'

/** What is tested: the package, or a mutant of it. */
export interface Engine {
  readonly open: typeof import('marquetry').open
  readonly t: typeof import('marquetry').t
  readonly and: typeof import('marquetry').and
  readonly or: typeof import('marquetry').or
  readonly not: typeof import('marquetry').not
  readonly MemoryFileSystem: typeof import('#src/fs/memory.js').MemoryFileSystem
}

/** Scans of each database in the tests that try many. */
export const scansPerDatabase = 5

/** A scan answered something else than the model. */
export class WrongAnswer extends Error {}

type State = Map<number, Row>

interface World {
  readonly engine: Engine
  readonly choices: Choices
  readonly table: Table
  readonly columns: readonly ValueColumn[]
  /** Keys are below this, but for those of special files. */
  readonly keys: number
  /** Values are those of keys below this. */
  spread: number
  readonly state: State
  readonly snapshots: { readonly snapshot: Snapshot; readonly state: State }[]
}

const kinds = ['enhanced-skiplist', 'hash-skiplist', 'linked-list', 'vector', 'sorted', 'trie'] as const

/** Makes the database of this seed and scans it. Throws where an answer is not the model's. */
export async function playDatabase(engine: Engine, seed: number, scans: number): Promise<void> {
  const choices = new Choices(seededRandom(seed))
  const special = choices.below(16)
  const db = await engine.open('db', {
    fileSystem: new engine.MemoryFileSystem(),
    workers: 0,
    wal: 'async',
    flushOnClose: false,
    memtable: choices.pick(kinds),
    rowGroupRows: special < 2 ? 1000 : choices.pick([5, 24, 100, 1000]),
    pageBytes: 1024,
    sparseIndexInterval: choices.pick([1, 3, 16]),
    cacheBytes: choices.pick([0, 1 << 20]),
    filter: false,
  })
  try {
    const columns = valueColumns.filter(() => choices.chance(0.35))
    if (columns.length === 0 || special < 2) columns.push(steadyColumn)
    const types = Object.fromEntries(columns.map(({ name, kind }) => [name, typeOf(engine, kind).nullable()]))
    const table = (await db.table('t', {
      columns: { k: engine.t.int32(), ...types },
      key: ['k'],
    })) as unknown as Table
    await table.pauseCompaction()
    const keys = choices.pick([12, 60, 200])
    const world: World = {
      engine,
      choices,
      table,
      columns,
      keys,
      spread: keys,
      state: new Map(),
      snapshots: [],
    }
    if (special === 0) await straddle(world)
    if (special === 1) await write(world, 700, 700) // several pages in a row group
    await fill(world)
    for (let i = 0; i < scans; i++) await checkScan(world)
  } finally {
    await db.close()
  }
}

function typeOf({ t }: Engine, kind: string) {
  switch (kind) {
    case 'float64':
      return t.float64()
    case 'float32':
      return t.float32()
    case 'utf8':
      return t.utf8()
    case 'int64':
      return t.int64()
    case 'uint32':
      return t.uint32()
    case 'decimal128':
      return t.decimal128(12, 2)
    case 'bool':
      return t.bool()
    default:
      return t.int32()
  }
}

// Writing.

async function fill(world: World): Promise<void> {
  const { choices, table } = world
  for (let steps = choices.between(1, 5); steps > 0; steps--) {
    await write(world, choices.between(1, 40), world.keys)
    if (choices.chance(0.25)) snap(world)
    if (choices.chance(0.15)) await removeRange(world)
    if (choices.chance(0.75)) await table.flush()
    if (choices.chance(0.05)) await table.compact({ gte: choices.below(world.keys) })
  }
}

function randomRow({ choices, columns }: World, k: number, drift = k): Row {
  const values = columns.map(({ name, value }) => [name, choices.chance(0.1) ? null : value(choices, drift)])
  return { k, ...Object.fromEntries(values) }
}

/** `count` puts and deletes as one batch, keys ascending from some place on where there are many. */
async function write(world: World, count: number, keys: number): Promise<void> {
  const { choices, table, state } = world
  const operations = Array.from({ length: count }, (_, i) => {
    const k = count === keys ? i : choices.below(keys)
    // Now and then far from what the key had before, so that versions fall on both sides of a condition.
    const drift = choices.chance(0.3) ? choices.below(keys) : k
    return choices.chance(0.15)
      ? ({ type: 'delete', key: k } as const)
      : ({ type: 'put', row: randomRow(world, k, drift) } as const)
  })
  for (const operation of operations) {
    if (operation.type === 'delete') state.delete(operation.key)
    else state.set(operation.row['k'] as number, operation.row)
  }
  await table.batch(operations as never)
}

/** Pages end where the writer looks at their size, which is once per so many rows. */
const pageEnd = 512

/**
 * A flushed file in which the versions of one key, each seen by a snapshot, lie on both sides of the end of a page: the new ones
 * look like all that is before them, the old ones like nothing else.
 */
async function straddle(world: World): Promise<void> {
  const { choices, table, state } = world
  const before = choices.between(440, 500)
  const rows = Array.from({ length: before }, (_, k) => randomRow(world, k))
  for (const row of rows) state.set(row['k'] as number, row)
  await table.batch(rows.map((row) => ({ type: 'put', row })) as never)
  world.spread = 2 * before
  for (let left = 90; left > 0; left--) {
    const row = randomRow(world, before, before + left > pageEnd ? world.spread : before)
    await table.put(row as never)
    state.set(before, row)
    snap(world)
  }
  await table.flush()
}

function snap({ table, snapshots, state }: World): void {
  snapshots.push({ snapshot: table.snapshot(), state: new Map(state) })
}

async function removeRange({ choices, table, state, keys }: World): Promise<void> {
  const gte = choices.below(keys)
  const lt = gte + choices.below(keys / 2)
  await table.deleteRange({ gte, lt } as never)
  for (let k = gte; k < lt; k++) state.delete(k)
}

// Reading.

interface Query {
  readonly gte: number | undefined
  readonly lt: number | undefined
  readonly reverse: boolean
  readonly limit: number | undefined
  readonly where: Asked | undefined
  readonly names: readonly string[]
}

function randomQuery({ choices, columns, keys, spread }: World): Query {
  const gte = choices.chance(0.4) ? choices.below(keys) : undefined
  return {
    gte,
    lt: choices.chance(0.4) ? (gte ?? 0) + choices.below(keys) : undefined,
    reverse: choices.chance(0.4),
    limit: choices.chance(0.3) ? choices.pick([0, 1, 3, 50]) : undefined,
    where: choices.chance(0.85) ? randomWhere(choices, columns, spread) : undefined,
    names: ['k', ...columns.map(({ name }) => name)].filter(() => choices.chance(0.6)),
  }
}

function answer(state: State, { gte, lt, reverse, limit, where }: Query): Row[] {
  const within = [...state.values()].filter(({ k }) => {
    return (gte === undefined || (k as number) >= gte) && (lt === undefined || (k as number) < lt)
  })
  const sign = reverse ? -1 : 1
  return within
    .filter((row) => where === undefined || truthOf(where, row) === true)
    .sort((a, b) => sign * ((a['k'] as number) - (b['k'] as number)))
    .slice(0, limit)
}

function whereOf(engine: Engine, asked: Asked): object {
  if (asked.kind === 'leaf') return { [asked.column.name]: { [asked.operator]: asked.operand } }
  if (asked.kind === 'not') return engine.not(whereOf(engine, asked.part) as never)
  return engine[asked.kind](...(asked.parts.map((part) => whereOf(engine, part)) as never[]))
}

async function checkScan(world: World): Promise<void> {
  const { engine, choices, table, state, snapshots } = world
  const query = randomQuery(world)
  const seen =
    snapshots.length > 0 && choices.chance(0.4) ? choices.pick(snapshots) : { snapshot: undefined, state }
  const { gte, lt, reverse, limit, where, names } = query
  const scan = table.scan({
    gte,
    lt,
    reverse,
    limit,
    columns: names,
    where: where && whereOf(engine, where),
    snapshot: seen.snapshot,
  } as never)
  const rows = answer(seen.state, query)
  const expected = rows.map((row) => textOf(row, names))
  const compare = (way: string, found: readonly string[], wanted: readonly string[]) => {
    const at = Array.from({ length: Math.max(found.length, wanted.length) }).findIndex(
      (_, i) => found[i] !== wanted[i],
    )
    if (at < 0) return
    throw new WrongAnswer(
      `${way} of ${describe(query)}: row ${at} of ${found.length}, expected ${wanted.length}: ${found[at]}, expected ${wanted[at]}`,
    )
  }
  const textsOf = (found: readonly unknown[]) => found.map((row) => textOf(row as Row, names))
  compare('toArray', textsOf(await scan.toArray()), expected)
  compare('count', [String(await scan.count())], [String(expected.length)])
  if (choices.chance(0.3))
    compare('toArrow', [String((await scan.toArrow()).numRows)], [String(expected.length)])
  if (choices.chance(0.3)) {
    const some: unknown[] = []
    const most = choices.between(1, 5)
    for await (const row of scan) if (some.push(row) === most) break
    compare('iterator', textsOf(some), expected.slice(0, most))
  }
  const analyze = choices.chance(0.3)
  const explanation = await scan.explain({ analyze })
  if (!explanation.toString().includes('section')) throw new Error('an explanation tells of sections')
  if (analyze) compare('explain', [String(explanation.readings?.rows)], [String(expected.length)])
}

function describe({ where, ...query }: Query): string {
  const text = JSON.stringify({ ...query, where }, (_, value) =>
    typeof value === 'bigint' ? `${value}n` : value,
  )
  return `scan ${text}`
}
