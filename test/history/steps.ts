// What may happen in a history, and how often.

import { setImmediate as turn } from 'node:timers/promises'
import { isMarquetryError } from 'marquetry'
import type { History, Lane } from './history.js'
import { expectedText, type Operation, type State } from './model.js'
import { everything } from './query.js'
import type { Random } from './random.js'
import { BegunScan, checkAll, checkScan } from './reads.js'

const snapshotsMax = 4
const scansMax = 3

function put(lane: Lane, random: Random, key: readonly unknown[]): Operation {
  return { type: 'put', key, row: lane.model.row(random, key) }
}

/** A key to change: often one that is there, or was the last to be written when a snapshot was made. */
function someKey({ model, state, snapshots }: Lane, random: Random): readonly unknown[] {
  const rows = state.sorted()
  const { recent } = snapshots.length > 0 ? random.pick(snapshots).state : state
  if (recent.length > 0 && random.chance(0.15)) return random.pick(recent)
  return rows.length > 0 && random.chance(0.4) ? random.pick(rows).key : random.pick(model.keys)
}

function someOperations(lane: Lane, random: Random, count: number): Operation[] {
  // Few keys: then a batch writes to some of them again and again.
  const few = random.chance(0.3)
    ? Array.from({ length: 1 + count / 4 }, () => someKey(lane, random))
    : undefined
  const deletes = random.pick([0, 0.1, 0.4, 1])
  return Array.from({ length: count }, () => {
    const key = few === undefined ? someKey(lane, random) : random.pick(few)
    return random.chance(deletes) ? { type: 'delete', key } : put(lane, random, key)
  })
}

const nameOf = (lane: Lane) => lane.model.spec.name

/** One operation by `put` or `delete`. */
async function single(history: History, lane: Lane): Promise<void> {
  const { random } = history
  const key = someKey(lane, random)
  const operation: Operation = random.chance(0.6) ? put(lane, random, key) : { type: 'delete', key }
  history.log(`${operation.type} in ${nameOf(lane)}: ${lane.model.keyText(key)}`)
  await history.write(lane, [operation], true)
}

/** Some updates at once, of few keys: those of one key wait for each other. */
async function updates(history: History, lane: Lane): Promise<void> {
  const { random } = history
  const keys = Array.from({ length: random.between(1, 4) }, () => someKey(lane, random))
  const calls = random.between(1, 15)
  history.log(`${calls} updates of ${keys.length} keys in ${nameOf(lane)}`)
  await Promise.all(Array.from({ length: calls }, () => history.update(lane, random.pick(keys), random.fork())))
}

async function batch(history: History, lane: Lane): Promise<void> {
  const operations = someOperations(lane, history.random, history.random.below(60))
  history.log(`batch of ${operations.length} in ${nameOf(lane)}`)
  await history.write(lane, operations)
}

async function bulk(history: History, lane: Lane): Promise<void> {
  const { random } = history
  const keys = random.shuffled(lane.model.keys).slice(0, random.between(200, 1500))
  history.log(`batch of ${keys.length} puts in ${nameOf(lane)}`)
  await history.write(lane, keys.map((key) => put(lane, random, key))) // biome-ignore format: short
}

/** Writes many rows again and again, with snapshots in between: a flush has to keep several versions of their keys. */
async function versions(history: History, lane: Lane): Promise<void> {
  const { random } = history
  const keys = random.shuffled(lane.model.keys).slice(0, random.between(150, 500))
  const times = random.between(2, 4)
  history.log(
    `batches of ${keys.length} rows in ${nameOf(lane)}, with ${times} snapshots in between, and flush`,
  )
  for (let i = 0; i < times; i++) {
    const changed = keys.filter(() => random.chance(0.7))
    await history.write(lane, changed.map((key) => (random.chance(0.9) ? put(lane, random, key) : { type: 'delete', key }))) // biome-ignore format: short
    lane.snapshots.push({ snapshot: lane.table.snapshot(), state: lane.state.copy() })
  }
  await history.flush(lane)
  for (const kept of lane.snapshots) {
    await checkScan({ ...lane, ...kept }, { ...everything, reverse: true }, ['toArray'])
    await checkScan({ ...lane, ...kept }, everything, ['chunks'])
  }
  for (const { snapshot } of lane.snapshots.splice(random.below(3))) snapshot.close()
}

/** Deletes a range of rows. */
async function thin(history: History, lane: Lane): Promise<void> {
  const { random } = history
  const rows = lane.state.sorted()
  const from = random.below(rows.length + 1)
  const keys = rows.slice(from, from + random.pick([1, 10, 300])).map(({ key }) => key)
  history.log(`delete ${keys.length} rows of ${nameOf(lane)} from row ${from} on`)
  await history.write(lane, random.shuffled(keys).map((key) => ({ type: 'delete', key }))) // biome-ignore format: short
}

/** Many calls that do not wait for each other, and reads in between: each sees whole batches, in the order of the calls. */
async function concurrent(history: History, lane: Lane): Promise<void> {
  const { random } = history
  const calls = random.between(4, 40)
  history.log(`${calls} concurrent writes in ${nameOf(lane)}`)
  const states = new Map<number, State>([[lane.lastSeq, lane.state.copy()]])
  const pending: Promise<unknown>[] = []
  const start = (promise: Promise<unknown>) => {
    promise.catch(() => {}) // whoever waits for it, later, is told
    pending.push(promise)
  }
  for (let i = 0; i < calls; i++) {
    const operations = someOperations(lane, random, random.pick([0, 1, 1, 5, 20]))
    start(history.write(lane, operations, operations.length === 1))
    states.set(lane.lastSeq, lane.state.copy())
    if (random.chance(0.15)) start(history.flush(lane))
    if (random.chance(0.25)) start(readNow(lane, states, random.fork()))
    const rest = random.below(8)
    if (rest === 0) await turn()
    else if (rest === 1) await random.pick(pending)
  }
  await Promise.all(pending)
}

/** Reads with and without a snapshot that begin in one turn see one state, that of a whole batch. */
async function readNow(lane: Lane, states: ReadonlyMap<number, State>, random: Random): Promise<void> {
  const { table, model } = lane
  using snapshot = table.snapshot()
  const state = states.get(snapshot.seq)
  if (state === undefined) throw new Error(`${nameOf(lane)} shows a part of a batch: number ${snapshot.seq}`)
  const key = random.pick(model.keys)
  const names = model.columns.map(({ name }) => name)
  const [row] = await Promise.all([
    table.get(model.asKey(key)),
    checkScan({ table, model, state }, { ...everything, reverse: random.chance(0.5) }, ['toArray']),
  ])
  const expected = state.get(key)
  const found = row && model.textOf(row, names)
  if (found !== (expected && expectedText(expected, names))) {
    throw new Error(`${nameOf(lane)} as of ${snapshot.seq}: get of ${model.keyText(key)} found ${found}`)
  }
  await checkScan({ table, model, state, snapshot }, everything, ['count', 'toArray'])
}

/** What is refused is refused as a whole. */
async function refused(history: History, lane: Lane): Promise<void> {
  const { random } = history
  const { model, table } = lane
  const good = someOperations(lane, random, random.below(8)).map((operation) =>
    operation.type === 'put' ? operation : { type: 'delete' as const, key: model.asKey(operation.key) },
  )
  const column = random.pick(model.columns)
  const row = model.row(random, random.pick(model.keys))
  const [what, bad] = random.pick<readonly [string, object]>([
    ['a wrong value', { type: 'put', row: { ...row, [column.name]: Symbol('wrong') } }],
    ['an unknown column', { type: 'put', row: { ...row, 'no such column': 1 } }],
    ['a missing value', { type: 'put', row: { ...row, [model.spec.key[0]]: undefined } }],
    ['a wrong key', { type: 'delete', key: [{}] }],
    ['an unknown operation', { type: 'merge' }],
  ])
  history.log(`batch of ${good.length} in ${nameOf(lane)}, then ${what}: refused`)
  const error = await table.batch([...good, bad] as Parameters<typeof table.batch>[0]).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  const codes = ['MARQUETRY_INVALID_ROW', 'MARQUETRY_INVALID_KEY', 'MARQUETRY_INVALID_OPTION'] as const
  if (!codes.some((code) => isMarquetryError(error, code)))
    throw new Error(`a batch with ${what} gave ${error}`)
}

async function flush(history: History, lane: Lane): Promise<void> {
  history.log(`flush ${nameOf(lane)}`)
  await history.flush(lane)
}

/** Writes on while a flush is under way. */
async function flushMeanwhile(history: History, lane: Lane): Promise<void> {
  const { random } = history
  history.log(`flush ${nameOf(lane)}, and write meanwhile`)
  const flushed = history.flush(lane)
  flushed.catch(() => {})
  for (let i = random.below(6); i >= 0; i--)
    await history.write(lane, someOperations(lane, random, random.below(20)))
  await history.check(lane, random.fork())
  await flushed
}

async function openSnapshot(history: History, lane: Lane): Promise<void> {
  if (lane.snapshots.length >= snapshotsMax) return closeSnapshot(history, lane)
  history.log(`snapshot of ${nameOf(lane)} at ${lane.lastSeq}`)
  const snapshot = lane.table.snapshot()
  if (snapshot.seq !== lane.lastSeq)
    throw new Error(`the snapshot is one of ${snapshot.seq}, not of ${lane.lastSeq}`)
  lane.snapshots.push({ snapshot, state: lane.state.copy() })
}

async function closeSnapshot(history: History, lane: Lane): Promise<void> {
  if (lane.snapshots.length === 0) return openSnapshot(history, lane)
  const [kept] = lane.snapshots.splice(history.random.below(lane.snapshots.length), 1)
  history.log(`close snapshot ${kept!.snapshot.seq} of ${nameOf(lane)}`)
  await checkAll({ ...lane, ...kept })
  kept!.snapshot.close()
}

async function beginScan(history: History, lane: Lane): Promise<void> {
  if (lane.scans.length >= scansMax) return continueScan(history, lane)
  const { random } = history
  const kept = random.chance(0.3) && lane.snapshots.length > 0 ? random.pick(lane.snapshots) : undefined
  history.log(`begin a scan of ${nameOf(lane)}${kept ? ` as of ${kept.snapshot.seq}` : ''}`)
  const view = { table: lane.table, model: lane.model, state: lane.state.copy(), ...kept }
  lane.scans.push(await BegunScan.begin(view, random))
}

async function continueScan(history: History, lane: Lane): Promise<void> {
  const { random } = history
  const scan = lane.scans[0]
  if (scan === undefined) return beginScan(history, lane)
  const rows = random.pick([1, 100, 600, Infinity])
  history.log(`read ${rows} rows of a begun scan of ${nameOf(lane)}`)
  await scan.read(rows)
  if (rows === Infinity || random.chance(0.2)) {
    await scan.leave()
    lane.scans.shift()
  }
}

async function reopen(history: History, lane: Lane): Promise<void> {
  const { random } = history
  const count = random.pick([0, 0, 3, 20])
  history.log(`${count} writes in ${nameOf(lane)}, close with flushOnClose ${history.options.flushOnClose}`)
  const writes = Array.from({ length: count }, () =>
    history.write(lane, someOperations(lane, random, random.below(9))),
  )
  await history.reopen(writes)
  for (const other of history.lanes) await history.check(other, random.fork())
}

async function addColumns(history: History, lane: Lane): Promise<void> {
  history.log(`reopen with more columns in ${nameOf(lane)}, flushOnClose ${history.options.flushOnClose}`)
  await history.extend(lane)
  history.log(`${nameOf(lane)} now has ${lane.model.columns.map(({ name }) => name).join(', ')}`)
  await checkAll(lane)
}

async function recreate(history: History, lane: Lane): Promise<void> {
  const { random } = history
  const count = random.pick([0, 0, 3, 20])
  history.log(`${count} writes in ${nameOf(lane)}; drop it and make it anew`)
  const writes = Array.from({ length: count }, () =>
    history.write(lane, someOperations(lane, random, random.below(9))),
  )
  await history.recreate(lane, writes)
  await checkAll(lane)
  await bulk(history, lane)
}

async function checkFiles(history: History, lane: Lane): Promise<void> {
  history.log(`flush ${nameOf(lane)} and ask DuckDB`)
  await history.checkFiles(lane)
  await checkAll(lane)
}

const steps: readonly (readonly [number, (history: History, lane: Lane) => Promise<void>])[] = [
  [7, single],
  [5, updates],
  [16, batch],
  [4, bulk],
  [4, thin],
  [3, versions],
  [6, concurrent],
  [4, refused],
  [6, flush],
  [5, flushMeanwhile],
  [7, openSnapshot],
  [4, closeSnapshot],
  [4, beginScan],
  [5, continueScan],
  [4, reopen],
  [3, addColumns],
  [2, recreate],
  [3, checkFiles],
]

/** Does so many steps, with checks in between. */
export async function live(history: History, count: number): Promise<void> {
  const { random } = history
  await bulk(history, history.lanes[0]!)
  for (let i = 0; i < count; i++) {
    await random.weighted(steps)(history, history.lane())
    if (i % 2 === 0) await history.check(history.lane(), random.fork())
  }
}
