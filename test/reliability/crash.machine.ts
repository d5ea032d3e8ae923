// The machine stops after each file operation of a workload: see test/crash.

import type { Preset } from 'marquetry'
import { test } from 'vitest'
import { enumerateCrashes } from '../crash/enumerate.js'
import { Ledger, record } from './report.js'
import { seed } from './settings.js'

const presets: readonly Preset[] = ['balanced', 'high-performance', 'memory-efficient']

test.for(presets)('the whole workload under the preset %s', async (preset, context) => {
  const ledger = new Ledger()
  await ledger.time(preset, async () => {
    const result = await enumerateCrashes({ preset, tornSeeds: [seed, seed + 1], nestedEvery: 101 })
    ledger.count('crash points', result.crashPoints)
    ledger.count('images', result.images)
    ledger.count('nested images', result.nestedImages)
    for (const violation of result.violations) ledger.violate(violation)
  })
  record(context, ledger.report('crash'))
})
