// Makes every file operation of a workload fail, once or from then on, with the errors that a system has for it.

import { setImmediate } from 'node:timers/promises'
import type { Fault } from '#src/fs/faulty.js'
import { seededRandom } from '#src/util/seeded-random.js'
import type { Engine } from '../crash/engine.js'
import { Ordeal, type OrdealKind } from './fault-workload.js'

export const ordeals = { 'a life': 'a life', merges: 'merges' } as const satisfies Record<
  OrdealKind,
  OrdealKind
>

export interface ErrorEnumeration {
  /** Lives in which an operation was made to fail, and did. */
  injected: number
  /** Databases that turned read-only. */
  readOnly: number
  /** What callers were told, by code. */
  readonly codes: Map<string, number>
  readonly violations: string[]
}

export interface EnumerateErrorsOptions {
  readonly engine: Engine
  readonly seed: number
  /** Of each so many faults one, drawn from the seed; default 1: all. */
  readonly every?: number
  /** Only every `of`-th operation, from the `index`-th on, for processes that share the work; default: all. */
  readonly share?: { readonly index: number; readonly of: number }
  /** Only operations whose line in the log matches; default: all. */
  readonly only?: RegExp
  /** Stops at the first violation. */
  readonly stopEarly?: boolean
}

/** Which operations may fail with which error: any with EIO, those that take room or a descriptor with what says so. */
const errors: readonly { readonly code: string; readonly operations: RegExp; readonly partial?: boolean }[] = [
  { code: 'EIO', operations: /^/ },
  {
    code: 'ENOSPC',
    operations: /^(write|create|makeDirectory|rename|link|sync|syncDirectory|truncate|lock) /,
    partial: true,
  },
  { code: 'EMFILE', operations: /^(open|create|list|lock|syncDirectory) / },
]

/** What must not turn the database read-only: a file of an SSTable can be written again under another number. */
const harmless = /\/(tmp|sst)(\/|$)/
/** What must: whether the bytes are on the disk is not known. */
const fatal = /^(write|sync) .*(\.wal|MANIFEST-\d+)$/

/** The operations of a life in which nothing fails. */
async function operationsOf(engine: Engine, kind: OrdealKind): Promise<readonly string[]> {
  const ordeal = new Ordeal(engine, kind)
  await ordeal.live()
  const log = [...ordeal.fs.log]
  await ordeal.settle()
  if (ordeal.violations.length > 0) throw new Error(`with nothing failing: ${ordeal.violations[0]}`)
  if (ordeal.errors.size > 0) throw new Error(`with nothing failing: ${[...ordeal.errors.keys()].join(' ')}`)
  return log
}

export async function enumerateErrors(
  kind: OrdealKind,
  options: EnumerateErrorsOptions,
): Promise<ErrorEnumeration> {
  const { engine, seed, every = 1, share = { index: 0, of: 1 }, only = /^/, stopEarly = false } = options
  const result: ErrorEnumeration = { injected: 0, readOnly: 0, codes: new Map(), violations: [] }
  const unheard: unknown[] = []
  const hear = (reason: unknown) => unheard.push(reason)
  process.on('unhandledRejection', hear)
  try {
    const operations = await operationsOf(engine, kind)
    const random = seededRandom(seed)
    for (let nth = 1 + share.index; nth <= operations.length; nth += share.of) {
      if (!only.test(operations[nth - 1] ?? '')) continue
      for (const { code, operations: which, partial = false } of errors) {
        if (!which.test(operations[nth - 1] ?? '')) continue
        for (const forever of [false, true]) {
          if (random() * every >= 1) continue
          await endure({ nth, code, forever, partial })
          if (stopEarly && result.violations.length > 0) return result
        }
      }
    }
  } catch (error) {
    result.violations.push((error as Error).stack ?? String(error))
  } finally {
    process.off('unhandledRejection', hear)
  }
  return result

  /** Lives through one fault. */
  async function endure(fault: Fault): Promise<void> {
    const ordeal = new Ordeal(engine, kind)
    const planned = ordeal.fs.failAt(fault)
    await ordeal.live()
    const struck = planned.failed > 0 ? (ordeal.fs.log[fault.nth - 1] ?? '') : ''
    await ordeal.settle()
    await setImmediate()
    const { violations, turnedReadOnly, failedToOpen } = ordeal
    const once = fault.forever !== true
    if (struck !== '') result.injected++
    if (turnedReadOnly) result.readOnly++
    if (once && turnedReadOnly && harmless.test(struck)) violations.push('turned read-only')
    if (!turnedReadOnly && !failedToOpen && fatal.test(struck)) violations.push('did not turn read-only')
    violations.push(...unheard.splice(0).map((reason) => `not heard: ${(reason as Error)?.stack}`))
    const what = `${kind}, operation ${fault.nth} (${struck}), ${fault.code} ${once ? 'once' : 'for ever'}`
    result.violations.push(...violations.map((violation) => `${what}: ${violation}`))
    for (const [code, count] of ordeal.errors) result.codes.set(code, (result.codes.get(code) ?? 0) + count)
  }
}
