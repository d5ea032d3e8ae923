// A quick sample of what `npm run test:reliability -- crash` does for every workload at every file operation.

import { describe, expect, test } from 'vitest'
import { testSeed } from '../test-seed.js'
import { engine } from './engine.js'
import { enumerateCrashes } from './enumerate.js'
import { flaws, harmlessFlaws } from './flaws.js'
import { type Workload, type WorkloadName, workloads } from './workloads.js'

test.each<WorkloadName>([
  'a whole life',
  'leveled compaction',
  'sorted import',
  'log synced when the system likes',
])('a crash loses nothing that had to last and breaks no recovery: %s', async (name) => {
  const workload: Workload = workloads[name]
  const result = await enumerateCrashes(workload, {
    engine,
    seed: testSeed,
    draws: 1,
    pointEvery: 23,
    nestedEvery: 60,
  })
  console.log(`${name}, seed ${testSeed}: ${result.images} images, ${result.nestedImages} nested`)
  expect(result.violations).toEqual([])
  expect(result.nestedImages).toBeGreaterThan(0)
})

describe('a file system that only says that it syncs', () => {
  const options = { engine, seed: testSeed, draws: 1, pointEvery: 5, nestedEvery: 0, stopEarly: true }

  test.each(['the log is not synced', 'the manifest is not synced', 'a table directory is not synced'])(
    'is found out: %s',
    async (name) => {
      const { violations } = await enumerateCrashes(workloads['single puts'], {
        ...options,
        flaw: flaws[name]!,
      })
      expect(violations).toHaveLength(1)
    },
  )

  test.each(Object.entries(harmlessFlaws))('does no harm: %s', async (_, flaw) => {
    const { violations } = await enumerateCrashes(workloads.flush, { ...options, flaw })
    expect(violations).toEqual([])
  })
})
