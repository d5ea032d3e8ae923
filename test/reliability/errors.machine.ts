// Every file operation of two workloads fails, once and for ever, with every error that a system has for it. See test/errors.

import { engine } from '../crash/engine.js'
import { enumerateErrors, ordeals } from '../errors/enumerate.js'
import { testParts } from './parts.js'
import type { Ledger } from './report.js'
import { seed } from './settings.js'

const parts = Object.values(ordeals).map((kind) => ({
  name: kind,
  run: (ledger: Ledger) =>
    ledger.time(kind, async () => {
      const { injected, violations } = await enumerateErrors(kind, { engine, seed })
      ledger.count('workloads')
      ledger.count('errors injected', injected)
      for (const violation of violations) ledger.violate(violation)
    }),
}))
testParts('errors', parts)
