// The machine stops after each file operation of a workload, with what was not synced lost, kept or torn; and again
// after each operation of a recovery.

import { expect, test } from 'vitest'
import { enumerateCrashes } from './enumerate.js'

test('a crash after any file operation loses nothing acknowledged and breaks no recovery', async () => {
  const result = await enumerateCrashes({ tornSeeds: [1, 2], nestedEvery: 61 })
  console.log(
    `${result.crashPoints} crash points, ${result.images} images, ${result.nestedImages} nested images, ` +
      `${result.violations.length} violations`,
  )
  expect(result.violations.slice(0, 3)).toEqual([])
  expect(result.crashPoints).toBeGreaterThan(100)
  expect(result.nestedImages).toBeGreaterThan(50)
}, 600_000)
