// A crash test that lets every engine pass proves nothing: each of these mutants has to be caught by it.

import { expect, test } from 'vitest'
import { enumerateCrashes } from './enumerate.js'
import { mutants } from './mutants.js'

test.each(Object.entries(mutants))('caught: %s', async (_, mutant) => {
  const { violations } = await enumerateCrashes({ mutant, tornSeeds: [1], nestedEvery: 0, stopEarly: true })
  expect(violations).toHaveLength(1)
})
