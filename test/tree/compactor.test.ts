// The compactor alone, over a host whose jobs end when the test says so.

import { MarquetryError } from 'marquetry'
import { expect, test } from 'vitest'
import type { CompactionPlan, CompactionStrategy } from '#src/compaction/plan.js'
import { MergeSlots } from '#src/compaction/slots.js'
import { type CompactionHost, Compactor, type ManualCompaction } from '#src/tree/compactor.js'
import { Version } from '#src/version/version.js'
import { table } from '../version/support.js'

interface Job {
  readonly plan: CompactionPlan
  readonly more: number
  cancelled: boolean
  end(error?: unknown): void
}

class FakeHost implements CompactionHost {
  readonly slots: MergeSlots
  version: Version
  failure: MarquetryError | undefined
  readonly jobs: Job[] = []
  readonly failures: { readonly error: unknown; readonly willRetry: boolean }[] = []

  constructor(slots: number) {
    this.slots = new MergeSlots(slots)
    this.version = new Version([
      { id: 3, level: 0, tables: [table(5, 0, 9), table(6, 20, 29)] },
      { id: 2, level: 1, tables: [table(3, 0, 9), table(4, 20, 29)] },
    ])
  }

  run(plan: CompactionPlan, more: number) {
    let end: Job['end'] = () => {}
    const done = new Promise<void>((resolve, reject) => {
      end = (error) => (error === undefined ? resolve() : reject(error))
    })
    const job: Job = { plan, more, cancelled: false, end }
    this.jobs.push(job)
    return {
      done,
      cancel: () => {
        job.cancelled = true
        end(new MarquetryError('MARQUETRY_ABORTED', 'The compaction was cancelled'))
      },
      rowsDone: () => 0,
    }
  }

  failed(error: unknown, willRetry: boolean): void {
    this.failures.push({ error, willRetry })
  }

  suspects(error: unknown, { inputs }: CompactionPlan): readonly number[] {
    if (!(error instanceof MarquetryError)) return inputs.map(({ number }) => number)
    return error.code === 'MARQUETRY_CORRUPTION' ? [5] : []
  }

  isHealthy(): boolean {
    return this.failure === undefined
  }

  quiet(): void {}

  plan(...numbers: number[]): CompactionPlan {
    const inputs = this.version.allTables().filter(({ number }) => numbers.includes(number))
    return { reason: 'a test', inputs, output: { runId: 2, level: 1 } }
  }
}

/** Plans these tables, as long as none of them is busy. */
const wanting =
  (host: FakeHost, ...numbers: number[]): CompactionStrategy =>
  (_, busy) =>
    numbers.some((number) => busy.has(number)) ? undefined : host.plan(...numbers)

const byHand = (strategy: CompactionStrategy): ManualCompaction => ({
  plan: strategy,
  isDone: () => false,
})

test('a compaction by hand that waits for others is refused when the database turns read-only meanwhile', async () => {
  const host = new FakeHost(1)
  const compactor = new Compactor(host, wanting(host, 5, 3))
  compactor.poke()
  expect(host.jobs).toHaveLength(1)
  const waiting = compactor.compact(byHand(wanting(host, 5, 6, 3, 4)))
  host.failure = new MarquetryError('MARQUETRY_READ_ONLY', 'The disk is gone')
  host.jobs[0]!.end(new Error('the disk is gone'))
  await expect(waiting).rejects.toBe(host.failure)
  await compactor.stop()
})

test('plans over disjoint keys run beside each other, plans that meet do not', async () => {
  const host = new FakeHost(2)
  const compactor = new Compactor(host, undefined)
  const first = compactor.compact(byHand(wanting(host, 5, 3)))
  host.slots.release(1) // as if another table had given one back: the first job took compactor
  const second = compactor.compact(byHand(wanting(host, 6, 4)))
  const third = compactor.compact(byHand(wanting(host, 5, 3, 6, 4)))
  expect(host.jobs).toHaveLength(2)
  for (const job of host.jobs) job.end()
  await Promise.all([first, second])
  expect(host.jobs).toHaveLength(3)
  host.jobs[2]!.end()
  await third
  await compactor.stop()
})

test('a table that was found damaged three times is left alone, and every time is told', async () => {
  const host = new FakeHost(1)
  const compactor = new Compactor(host, undefined)
  const damage = new MarquetryError('MARQUETRY_CORRUPTION', 'sst/000005/data.parquet: damaged', {
    file: 'sst/000005/data.parquet',
  })
  for (let times = 1; times <= 3; times++) {
    const refused = compactor.compact(byHand(wanting(host, 5, 3)))
    host.jobs.at(-1)!.end(damage)
    await expect(refused).rejects.toBe(damage)
    expect(compactor.quarantined).toEqual(times < 3 ? [] : [5])
  }
  expect(host.failures.map(({ error }) => error)).toEqual([damage, damage, damage])
  await expect(compactor.compact(byHand(wanting(host, 5, 3)))).rejects.toBe(damage)
  expect(host.jobs).toHaveLength(3)
  await compactor.stop()
})

test('tables whose merges broke their worker three times are left alone, others are not', async () => {
  const host = new FakeHost(1)
  const compactor = new Compactor(host, undefined)
  const died = new Error('the worker died')
  for (let times = 1; times <= 3; times++) {
    const refused = compactor.compact(byHand(wanting(host, 5, 3)))
    host.jobs.at(-1)!.end(died)
    await expect(refused).rejects.toBe(died)
    expect(compactor.quarantined).toEqual(times < 3 ? [] : [5, 3])
  }
  const others = compactor.compact(byHand(wanting(host, 6, 4)))
  host.jobs.at(-1)!.end()
  await others
  await compactor.stop()
})

test('stopping cancels what runs, refuses what waits, and begins nothing more', async () => {
  const host = new FakeHost(1)
  const compactor = new Compactor(host, wanting(host, 5, 3))
  compactor.poke()
  const waiting = compactor.compact(byHand(wanting(host, 6, 4)))
  const refused = expect(waiting).rejects.toMatchObject({ code: 'MARQUETRY_CLOSED' })
  await compactor.stop()
  await refused
  expect(host.jobs.map(({ cancelled }) => cancelled)).toEqual([true])
  compactor.poke()
  expect(host.jobs).toHaveLength(1)
})
