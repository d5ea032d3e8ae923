// Damage of every kind to small databases, one case after the other: see corruption/case.ts for what each must answer.

import { test } from 'vitest'
import { Random } from '../history/random.js'
import { Case } from './corruption/case.js'
import { blocks, type Damage, flips, pairs, replacements, truncations } from './corruption/damages.js'
import { imageMakers } from './corruption/images.js'
import { Ledger, record } from './report.js'
import { isLong, seed } from './settings.js'

/** Far longer than anything here takes: who has not answered by then hangs. */
const patienceMs = 30_000
/** A hundred times as many cases come from so many images of each kind and from more masks, lengths and pairs. */
const rounds = isLong ? 40 : 1

/** Rejects if the promise takes longer than anything may. */
async function inTime(promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${patienceMs} ms`)), patienceMs)
  })
  return await Promise.race([promise, patience]).finally(() => clearTimeout(timer))
}

for (const [name, makeImage] of Object.entries(imageMakers)) {
  test(`damage to the database "${name}"`, async (context) => {
    const ledger = new Ledger()
    const random = new Random(seed)
    let number = 0
    for (let round = 0; round < rounds; round++) {
      const image = await makeImage()
      const foreign = await Promise.all(Object.values(imageMakers).map((make) => make()))
      const tryAll = async (kind: string, cases: Iterable<readonly Damage[]>) => {
        for (const damages of cases) {
          const trial = new Case(image, damages, number)
          const what = damages.map((damage) => `${damage.path}: ${damage.what}`).join(', and ')
          await ledger.time(`${name}, case ${number++}, seed ${seed}, ${what}`, () => inTime(trial.run()))
          ledger.count(kind)
          for (const [outcome, times] of Object.entries(trial.seen)) ledger.count(outcome, times)
        }
      }
      await tryAll('flips', alone(flips(image, random, isLong ? 3 : 1)))
      await tryAll('truncations', alone(truncations(image, random, isLong ? 1 : 4)))
      await tryAll('blocks', alone(blocks(image, random)))
      await tryAll('replacements', alone(replacements(image, foreign)))
      await tryAll('pairs', pairs(image, random, isLong ? 1000 : 200))
    }
    record(context, ledger.report('corruption'))
  })
}

function* alone(damages: Iterable<Damage>): Generator<readonly Damage[]> {
  for (const damage of damages) yield [damage]
}
