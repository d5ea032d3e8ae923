// Every file operation of a workload fails, once or from then on: whoever called is told by a typed error, nobody waits
// for ever, nothing goes unheard, and once the disk is well again all that was acknowledged is there.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fault, FaultyFileSystem } from '#src/fs/faulty.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { Ordeal } from './fault-workload.js'

const unheard: unknown[] = []
const hear = (reason: unknown) => unheard.push(reason)
beforeAll(() => {
  process.on('unhandledRejection', hear)
})
afterAll(() => {
  process.off('unhandledRejection', hear)
})

interface Outcome {
  readonly violations: readonly string[]
  readonly struck: string
  readonly readOnly: boolean
  readonly errors: ReadonlyMap<string, number>
}

/** Lives through one fault; `struck` is the first operation that failed. */
async function endure(fault: Fault): Promise<Outcome> {
  const fs = new FaultyFileSystem(new MemoryFileSystem())
  const ordeal = new Ordeal(fs)
  const planned = fs.failAt(fault)
  await ordeal.live()
  const struck = planned.failed > 0 ? (fs.log[fault.nth - 1] ?? '') : ''
  await ordeal.settle()
  await new Promise((resolve) => setImmediate(resolve))
  return { violations: ordeal.violations, struck, readOnly: ordeal.turnedReadOnly, errors: ordeal.errors }
}

/** Operations of the workload when nothing fails. */
async function countOperations(): Promise<readonly string[]> {
  const fs = new FaultyFileSystem(new MemoryFileSystem())
  const ordeal = new Ordeal(fs)
  await ordeal.live()
  const log = [...fs.log]
  await ordeal.settle()
  expect(ordeal.violations).toEqual([])
  expect(ordeal.errors.size).toBe(0)
  return log
}

/** What must not turn the database read-only: a file of an SSTable can be written again under another number. */
const harmless = /\/(tmp|sst)(\/|$)/

async function enumerate(
  name: string,
  faultAt: (nth: number) => Fault,
  { every = 1, which = /^/ } = {},
): Promise<void> {
  const operations = await countOperations()
  let chosen = 0
  const violations: string[] = []
  const codes = new Map<string, number>()
  let struck = 0
  let readOnly = 0
  for (let nth = 1; nth <= operations.length; nth += every) {
    if (!which.test(operations[nth - 1] ?? '')) continue
    chosen++
    const outcome = await endure(faultAt(nth))
    const what = `operation ${nth} (${outcome.struck})`
    if (outcome.struck !== '') struck++
    if (outcome.readOnly) readOnly++
    violations.push(...outcome.violations.map((violation) => `${what}: ${violation}`))
    violations.push(...unheard.splice(0).map((reason) => `${what}: not heard: ${(reason as Error)?.stack}`))
    const once = faultAt(nth).forever !== true
    if (once && outcome.readOnly && harmless.test(outcome.struck)) violations.push(`${what}: turned read-only`)
    for (const [code, count] of outcome.errors) codes.set(code, (codes.get(code) ?? 0) + count)
  }
  console.log(
    `${name}: ${struck} of ${chosen} operations failed, ${readOnly} databases turned read-only, ` +
      `${[...codes].map(([code, count]) => `${count} ${code}`).join(', ')}, ${violations.length} violations`,
  )
  expect(violations.slice(0, 3)).toEqual([])
  expect(struck).toBeGreaterThan(chosen / 2)
}

const mutating = /^(write|create|makeDirectory|rename|remove|sync|syncDirectory|truncate|link|lock|close) /
const takingRoom = /^(write|create|makeDirectory|rename) /
const looking = /^(open|read|size|stat|list) /

describe('when a file operation fails', () => {
  test(
    'once, any that changes something',
    () => enumerate('EIO', (nth) => ({ nth, code: 'EIO' }), { which: mutating }),
    300_000,
  )

  test('for want of room, a write half done', () =>
    enumerate('ENOSPC', (nth) => ({ nth, code: 'ENOSPC', partial: true }), { which: takingRoom }))

  test('once, some that only look', () =>
    enumerate('EIO of reads', (nth) => ({ nth, code: 'EIO' }), { which: looking, every: 3 }))

  test('and all that follow, until the disk is well', () =>
    enumerate('EIO for ever', (nth) => ({ nth, code: 'EIO', forever: true }), { every: 5 }))
})
