// Writers that are killed with SIGKILL at random moments, again and again in the same directory, under each preset. After
// each kill every acknowledged batch is there, no half batch, nothing that was never sent: in every log mode the system
// has the bytes before a write resolves, so what a process leaves behind does not depend on it.

import type { Preset } from 'marquetry'
import { expect, test } from 'vitest'
import { Directory, drawMoment, drawOptions } from './directory.js'

/** MARQUETRY_KILLS=10 kills each so often; the machines of reliability kill more. */
const killsPerDirectory = Number(process.env['MARQUETRY_KILLS'] ?? 4)

const seeds: { readonly [P in Preset]: number } = {
  balanced: 11,
  'high-performance': 12,
  'memory-efficient': 13,
}

for (const [preset, seed] of Object.entries(seeds) as [Preset, number][]) {
  test(`killed ${killsPerDirectory} times, a writer's acknowledged batches are there whole (${preset})`, async () => {
    const directory = new Directory(
      { options: (random) => drawOptions(preset, random), moment: drawMoment },
      seed,
    )
    try {
      for (let round = 1; directory.kills < killsPerDirectory; round++) {
        await directory.round(`${preset}, seed ${seed}, round ${round}`)
      }
      const { kills, acknowledged, sstables } = directory
      console.log(`${preset}: ${kills} kills, ${acknowledged} batches acknowledged, ${sstables} SSTables`)
      expect(acknowledged).toBeGreaterThan(10 * killsPerDirectory)
      expect(sstables).toBeGreaterThan(0)
    } finally {
      directory.remove()
    }
  })
}
