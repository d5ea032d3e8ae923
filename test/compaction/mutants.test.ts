// A history that every engine survives proves nothing: these mutants must give a wrong answer or break an assertion within a
// few short histories. `npm run test:reliability -- mutants` asks that of all of them.

import { expect, test } from 'vitest'
import { findOut } from './find-out.js'
import { mutants, withEngine } from './mutants.js'

test('nothing is found in the engine as it is', async () => {
  expect(await withEngine(undefined, (engine) => findOut(engine, false, 3))).toBeUndefined()
})

test.each(['no elision guard: nothing counts as older than the inputs', 'a new run goes to the front'])(
  'found out: %s',
  async (name) => {
    const found = await withEngine(mutants[name], (engine) => findOut(engine, false, 12))
    console.log(`${name}: ${found}`)
    expect(found).toBeDefined()
  },
)
