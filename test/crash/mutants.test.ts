// A crash test that lets every engine pass proves nothing: each of these mutants has to be caught by it.

import { expect, test } from 'vitest'
import { enumerateCrashes } from './enumerate.js'
import { mutants, repairedMutants } from './mutants.js'

test.each(Object.entries(mutants))('caught: %s', async (_, mutant) => {
  const { violations } = await enumerateCrashes({ mutant, tornSeeds: [1], nestedEvery: 0, stopEarly: true })
  expect(violations).toHaveLength(1)
})

test('caught where only rotations, flushes and closes sync the log: it is not synced', async () => {
  const mutant = mutants['the log is not synced']!
  const options = { mutant, tornSeeds: [1], nestedEvery: 0, stopEarly: true }
  const { violations } = await enumerateCrashes({ preset: 'high-performance', ...options })
  expect(violations).toHaveLength(1)
})

test.each(Object.entries(repairedMutants))('repaired: %s', async (_, mutant) => {
  const { violations } = await enumerateCrashes({ mutant, tornSeeds: [1], nestedEvery: 0 })
  expect(violations).toEqual([])
})
