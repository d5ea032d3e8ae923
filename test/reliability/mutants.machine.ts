// A machine that lets every engine pass proves nothing. Each of these mutants has to be caught by the machine that it names;
// one that nobody catches is a hole in the tests, and a violation.

import { findOut } from '../compaction/find-out.js'
import { type MutatedPackage, withEngine } from '../compaction/mutants.js'
import type { Engine } from '../crash/engine.js'
import { enumerateCrashes } from '../crash/enumerate.js'
import { type Workload, workloads } from '../crash/workloads.js'
import { enumerateErrors, ordeals } from '../errors/enumerate.js'
import { type Part, testParts } from './parts.js'
import { type ProtocolMutant, protocolMutants } from './protocol-mutants.js'
import { seed } from './settings.js'

const historiesMax = 80

function engineOf({ marquetry, memory, faulty }: MutatedPackage): Engine {
  const { open, t, isMarquetryError } = marquetry
  const { MemoryFileSystem } = memory
  return { open, t, isMarquetryError, MemoryFileSystem, FaultyFileSystem: faulty.FaultyFileSystem }
}

/** How the mutant was found out; undefined: it was not. */
async function hunt(
  { flaw, code, caughtBy }: ProtocolMutant,
  built: MutatedPackage,
): Promise<string | undefined> {
  const engine = engineOf(built)
  if (caughtBy === 'histories') return findOut(built, code?.needsWorkers === true, historiesMax)
  if (caughtBy === 'second opener') return secondOpener(engine)
  if ('errors' in caughtBy) {
    const { errors, only } = caughtBy
    const { violations } = await enumerateErrors(ordeals[errors], { engine, seed, only, stopEarly: true })
    return violations[0]
  }
  const workload: Workload = workloads[caughtBy.crash]
  const { violations } = await enumerateCrashes(workload, {
    engine,
    ...(flaw && { flaw }),
    ...(caughtBy.options && { options: caughtBy.options }),
    seed,
    draws: 2,
    nestedEvery: 0,
    stopEarly: true,
  })
  return violations[0]
}

/** Whether somebody else can open a database that is open. */
async function secondOpener({ open, MemoryFileSystem }: Engine): Promise<string | undefined> {
  const fileSystem = new MemoryFileSystem()
  const first = await open('db', { fileSystem })
  const second = await open('db', { fileSystem }).catch(() => undefined)
  await second?.close().catch(() => {})
  await first.close()
  return second && 'a second opener is let in'
}

const parts = Object.entries(protocolMutants).map(
  ([name, mutant]): Part => ({
    name: `caught: ${name}`,
    run: (ledger) =>
      ledger.time(name, async () => {
        const found = await withEngine(mutant.code, (built) => hunt(mutant, built))
        if (found === undefined) ledger.violate(`nobody catches: ${name}`)
        else ledger.count('mutants caught')
        if (process.env.MARQUETRY_SHOW_CAUGHT) console.log(`${name}: ${found?.split('\n')[0]?.slice(0, 240)}`)
      }),
  }),
)
testParts('mutants', parts)
