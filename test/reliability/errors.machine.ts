// Every file operation of two workloads fails, once and for ever, with every error that a system has for it. See test/errors.

import { test } from 'vitest'
import { engine } from '../crash/engine.js'
import { enumerateErrors, ordeals } from '../errors/enumerate.js'
import { Ledger, record } from './report.js'
import { seed } from './settings.js'

test.for(Object.values(ordeals))('%s', async (kind, context) => {
  const ledger = new Ledger()
  await ledger.time(kind, async () => {
    const { injected, violations } = await enumerateErrors(kind, { engine, seed })
    ledger.count('errors injected', injected)
    for (const violation of violations) ledger.violate(violation)
  })
  record(context, ledger.report('errors'))
})
