// A sample of what `npm run test:reliability -- errors` does for every file operation and every error: whoever called is told
// by a typed error, nobody waits for ever, nothing goes unheard, and what was acknowledged is there once the disk is well,
// and after a power cut.

import { expect, test } from 'vitest'
import { engine } from '../crash/engine.js'
import { testSeed } from '../test-seed.js'
import { enumerateErrors, ordeals } from './enumerate.js'

test.each([
  ['a life', 25],
  ['merges', 40],
] as const)('a file operation that fails loses nothing that was acknowledged: %s', async (name, every) => {
  const result = await enumerateErrors(ordeals[name], { engine, seed: testSeed, every })
  const codes = [...result.codes].map(([code, count]) => `${count} ${code}`).join(', ')
  console.log(
    `${name}, seed ${testSeed}: ${result.injected} failed, ${result.readOnly} turned read-only, ${codes}`,
  )
  expect(result.violations).toEqual([])
  expect(result.injected).toBeGreaterThan(10)
})

test('a sync of a log or a manifest that fails loses nothing, although the system then takes its pages for clean', async () => {
  const only = /^sync .*(\.wal|MANIFEST-\d+)$/
  const result = await enumerateErrors('a life', { engine, seed: testSeed, every: 4, only })
  expect(result.violations).toEqual([])
  expect(result.readOnly).toBeGreaterThan(3)
})
