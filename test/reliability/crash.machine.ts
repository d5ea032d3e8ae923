// The machine stops after each file operation of each workload, in every way that a disk may lose what was not synced; and
// again after each operation of a recovery. See test/crash.

import { test } from 'vitest'
import { engine } from '../crash/engine.js'
import { enumerateCrashes } from '../crash/enumerate.js'
import { type Workload, workloads } from '../crash/workloads.js'
import { Ledger, record } from './report.js'
import { scaled, seed } from './settings.js'

test.for(Object.entries<Workload>(workloads))('%s', async ([name, workload], context) => {
  const ledger = new Ledger()
  await ledger.time(name, async () => {
    const result = await enumerateCrashes(workload, { engine, seed, draws: scaled(1), nestedEvery: 250 })
    ledger.count('crash points', result.crashPoints)
    ledger.count('images', result.images)
    ledger.count('nested images', result.nestedImages)
    for (const violation of result.violations) ledger.violate(`${name}, ${violation}`)
  })
  record(context, ledger.report('crash'))
})
