// The machine stops after each file operation of a workload, with what was not synced lost, kept or torn; and again
// after each operation of a recovery. Under each preset, for it decides about memtable and log: where the log is synced
// before it answers, all that was acknowledged lasts; elsewhere what lies before a rotation, a flush or a close does, and
// the rest goes from the end on, batch by whole batch.

import type { Preset } from 'marquetry'
import { expect, test } from 'vitest'
import { type EnumerateOptions, enumerateCrashes } from './enumerate.js'

const presets: { readonly [P in Preset]: Omit<EnumerateOptions, 'preset'> } = {
  balanced: { tornSeeds: [1, 2], nestedEvery: 61 },
  'high-performance': { tornSeeds: [3], nestedEvery: 61 },
  'memory-efficient': { tornSeeds: [4], nestedEvery: 61 },
}

test.each(Object.entries(presets) as [Preset, EnumerateOptions][])(
  'a crash after any file operation loses nothing that had to last and breaks no recovery (%s)',
  async (preset, options) => {
    const result = await enumerateCrashes({ preset, ...options })
    console.log(
      `${preset}: ${result.crashPoints} crash points, ${result.images} images, ${result.nestedImages} nested images, ` +
        `${result.violations.length} violations`,
    )
    expect(result.violations.slice(0, 3)).toEqual([])
    expect(result.crashPoints).toBeGreaterThan(100)
    expect(result.nestedImages).toBeGreaterThan(50)
  },
  600_000,
)
