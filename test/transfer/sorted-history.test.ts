// Random histories: sorted imports among puts, deletes, deletions of ranges, flushes, merges, snapshots and scans, held
// against a model that has them in the order of writes.

import { type CompactionOptions, type Database, open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed } from '../test-seed.js'
import { gatedCsv } from './sorted-support.js'

const keys = 60
const steps = 220

/** One thing that was done; a sorted import stands where it began. */
type Change =
  | { readonly kind: 'write'; readonly key: number; readonly value: number | undefined }
  | { readonly kind: 'range'; readonly gte: number; readonly lt: number }
  | { readonly kind: 'import'; readonly rows: Map<number, number>; isOver: boolean }

/** The order of writes, and what it makes. */
class Model {
  readonly #changes: Change[] = []

  add<C extends Change>(change: C): C {
    this.#changes.push(change)
    return change
  }

  remove(change: Change): void {
    this.#changes.splice(this.#changes.indexOf(change), 1)
  }

  /** What is visible. */
  rows(): Map<number, number> {
    const rows = new Map<number, number>()
    for (const change of this.#changes) {
      if (change.kind === 'write') {
        if (change.value === undefined) rows.delete(change.key)
        else rows.set(change.key, change.value)
      } else if (change.kind === 'range') {
        for (const key of [...rows.keys()]) if (change.gte <= key && key < change.lt) rows.delete(key)
      } else if (change.isOver) for (const [key, value] of change.rows) rows.set(key, value)
    }
    return rows
  }
}

const sorted = (rows: Iterable<readonly [number, number]>) => [...rows].sort(([a], [b]) => a - b)

function tableOf(db: Database) {
  return db.table('t', { columns: { key: t.int32(), value: t.int32() }, key: ['key'] })
}

type Pairs = Awaited<ReturnType<typeof tableOf>>

class History {
  readonly #random: (below: number) => number
  readonly #model = new Model()
  readonly #fs = new MemoryFileSystem()
  readonly #compaction: CompactionOptions
  #db: Database | undefined
  #value = 0
  #snapshots: { readonly snapshot: ReturnType<Pairs['snapshot']>; readonly rows: Map<number, number> }[] = []
  #load:
    | { readonly change: Change & { kind: 'import' }; readonly finish: (end: boolean) => Promise<void> }
    | undefined
  /** Deletions that wait for the import under way. */
  #deletions: { readonly change: Change; readonly done: Promise<void> }[] = []
  loads = 0
  newerRuns = 0

  constructor(seed: number, compaction: CompactionOptions) {
    const random = seededRandom(seed)
    this.#random = (below) => Math.floor(random() * below)
    this.#compaction = compaction
  }

  async play(): Promise<void> {
    let table = await this.#open()
    for (let step = 0; step < steps; step++) {
      if (this.#random(60) === 0) {
        await this.#end(this.#random(2) === 0)
        for (const { snapshot } of this.#snapshots.splice(0)) snapshot.close()
        await this.#db?.close()
        table = await this.#open()
      }
      await this.#step(table)
      if (step % 4 === 0) await this.#check(table)
    }
    await this.#end(true)
    await this.#check(table)
    for (const { snapshot } of this.#snapshots.splice(0)) snapshot.close()
    await table.compact()
    await this.#check(table)
    expect((await table.verify()).problems).toEqual([])
    await this.#db?.close()
    table = await this.#open()
    await this.#check(table)
    await this.#db?.close()
  }

  async #open(): Promise<Pairs> {
    this.#db = await open('db', {
      fileSystem: this.#fs,
      memtableRows: 10,
      rowGroupRows: 4,
      wal: 'async',
      compaction: { targetFileBytes: 4096, flushBytes: 4096, tombstoneShareMax: 0.6, ...this.#compaction },
    })
    return await tableOf(this.#db)
  }

  async #step(table: Pairs): Promise<void> {
    const key = this.#random(keys)
    switch (this.#random(14)) {
      case 0:
      case 1:
        return await this.#end(this.#random(5) > 0)
      case 2:
        return await this.#begin(table)
      case 3:
        return await table.flush()
      case 4:
        return await table.compactionIdle()
      case 5:
        return this.#random(3) === 0 ? await table.compact({ gte: key }) : undefined
      case 6:
        this.#snapshots.push({ snapshot: table.snapshot(), rows: this.#model.rows() })
        return
      case 7:
        if (this.#snapshots.length > 2)
          this.#snapshots.splice(this.#random(this.#snapshots.length), 1)[0]!.snapshot.close()
        return
      case 8:
        return await this.#deleteRange(table, key, key + this.#random(15))
      case 9:
      case 10:
        this.#model.add({ kind: 'write', key, value: undefined })
        return await table.delete(key)
      default:
        return await this.#put(table, key)
    }
  }

  async #put(table: Pairs, first: number): Promise<void> {
    const rows = Array.from({ length: 1 + this.#random(5) }, (_, i) => ({
      key: first + i,
      value: this.#value++,
    }))
    for (const row of rows) this.#model.add({ kind: 'write', ...row })
    await table.batch(rows.map((row) => ({ type: 'put', row })))
  }

  async #deleteRange(table: Pairs, gte: number, lt: number): Promise<void> {
    const change: Change = { kind: 'range', gte, lt }
    const done = table.deleteRange({ gte, lt })
    if (this.#load === undefined) {
      this.#model.add(change)
      return await done
    }
    // It is in the order of writes from now on, and begins when the import has ended.
    this.#deletions.push({ change: this.#model.add({ ...change, lt: gte }), done })
    this.#deletions.push({ change, done })
  }

  async #begin(table: Pairs): Promise<void> {
    if (this.#load !== undefined) return
    const rows = new Map<number, number>()
    const first = this.#random(keys)
    for (let key = first; key < first + this.#random(40); key++) rows.set(key, this.#value++)
    const csv = gatedCsv('key,value')
    csv.push(...sorted(rows).map(([key, value]) => `${key},${value}`))
    const done = table.import(csv.source, { format: 'csv', sorted: true })
    done.catch(() => {})
    await csv.begun
    const change = this.#model.add({ kind: 'import', rows, isOver: false })
    this.loads++
    this.#load = {
      change,
      finish: async (end) => {
        if (end) csv.end()
        else csv.fail(new Error('the line is dead'))
        await done.catch((error: unknown) => {
          if (end) throw error
        })
      },
    }
  }

  /** Ends the import under way, or breaks it off; then those deletions take place that wait for it. */
  async #end(well: boolean): Promise<void> {
    const load = this.#load
    if (load === undefined) return
    this.#load = undefined
    await load.finish(well)
    load.change.isOver = well
    for (let i = 0; i < this.#deletions.length; i += 2) {
      const [marker, deletion] = [this.#deletions[i]!, this.#deletions[i + 1]!]
      await deletion.done
      Object.assign(marker.change, deletion.change)
    }
    this.#deletions = []
  }

  async #check(table: Pairs): Promise<void> {
    const found = (await table.scan().toArray()).map(({ key, value }) => [key, value] as const)
    const rows = this.#model.rows()
    expect(found).toEqual(sorted(rows))
    const key = this.#random(keys)
    expect((await table.get(key))?.value).toBe(rows.get(key))
    for (const { snapshot, rows: then } of this.#snapshots) {
      const seen = (await table.scan({ snapshot }).toArray()).map(({ key, value }) => [key, value] as const)
      expect(seen).toEqual(sorted(then))
      expect(table.getSync(key, { snapshot })?.value).toBe(then.get(key))
    }
  }
}

test.each<CompactionOptions>([
  { strategy: 'leveled', level0RunsMax: 2, levelRatio: 3 },
  { strategy: 'size-tiered', runsMin: 2 },
  { strategy: 'unified', scaling: 'T2' },
  { strategy: 'unified', scaling: 'L3' },
  { strategy: 'none' },
])('sorted imports among everything else, in the order of writes: $strategy $scaling', async (compaction) => {
  const histories = Number(process.env.MARQUETRY_HISTORY_SEEDS ?? 2)
  let loads = 0
  for (let i = 0; i < histories; i++) {
    const seed = testSeed + i
    const history = new History(seed, compaction)
    await history.play().catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error })
    })
    loads += history.loads
  }
  expect(loads).toBeGreaterThan(histories)
})
