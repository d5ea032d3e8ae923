// Every file operation of two workloads fails, once and for ever, with every error that a system has for it. See test/errors.

import { engine } from '../crash/engine.js'
import { enumerateErrors, ordeals } from '../errors/enumerate.js'
import { testParts } from './parts.js'
import type { Ledger } from './report.js'
import { seed } from './settings.js'

/** How many parts there are of a workload, each with every so many of its operations. */
const shares = 8

const parts = Object.values(ordeals).flatMap((kind) =>
  Array.from({ length: shares }, (_, index) => ({
    name: `${kind}, share ${index + 1} of ${shares}`,
    run: (ledger: Ledger) =>
      ledger.time(`${kind}, share ${index + 1}`, async () => {
        const share = { index, of: shares }
        const { injected, violations } = await enumerateErrors(kind, { engine, seed, share })
        if (index === 0) ledger.count('workloads')
        ledger.count('errors injected', injected)
        for (const violation of violations) ledger.violate(violation)
      }),
  })),
)
testParts('errors', parts)
