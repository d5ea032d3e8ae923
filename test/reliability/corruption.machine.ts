// Damage of every kind to small databases, one case after the other: see corruption/case.ts for what each must answer.

import { Random } from '../history/random.js'
import { Case } from './corruption/case.js'
import {
  blocks,
  type Damage,
  flips,
  pairs,
  replacements,
  type Slice,
  truncations,
} from './corruption/damages.js'
import { type ImageName, imageMakers } from './corruption/images.js'
import { type Part, testParts } from './parts.js'
import type { Ledger } from './report.js'
import { isLong, rounds, seedOf } from './settings.js'

/** Far longer than anything here takes: who has not answered by then hangs. */
const patienceMs = 30_000
/** In a long run each byte is flipped by two masks on half as many images. */
const masksEach = isLong ? 2 : 1
const imagesEach = Math.ceil(rounds / masksEach)
const pairsEach = 200 * masksEach

/** Rejects if the promise takes longer than anything may. */
async function inTime(promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${patienceMs} ms`)), patienceMs)
  })
  return await Promise.race([promise, patience]).finally(() => clearTimeout(timer))
}

/** Makes an image and damages it in one way after the other: of flips and truncations at every `slices`-th byte. */
async function damageAll(ledger: Ledger, name: ImageName, round: number, slice: Slice): Promise<void> {
  const seed = seedOf(round)
  const random = new Random(seed + slice.first)
  const image = await imageMakers[name]()
  let number = 0
  const tryAll = async (kind: string, cases: Iterable<readonly Damage[]>) => {
    for (const damages of cases) {
      const trial = new Case(image, damages, number)
      const what = damages.map((damage) => `${damage.path}: ${damage.what}`).join(', and ')
      await ledger.time(`${name}, case ${number++}, seed ${seed}, ${what}`, () => inTime(trial.run()))
      ledger.count(kind)
      for (const [outcome, times] of Object.entries(trial.seen)) ledger.count(outcome, times)
    }
  }
  await tryAll('flips', alone(flips(image, random, masksEach, slice)))
  await tryAll('truncations', alone(truncations(image, random, 4, slice)))
  if (slice.first > 0) return
  await tryAll('blocks', alone(blocks(image, random)))
  const foreign = await Promise.all(Object.values(imageMakers).map((make) => make()))
  await tryAll('replacements', alone(replacements(image, foreign)))
  await tryAll('pairs', pairs(image, random, pairsEach))
}

function* alone(damages: Iterable<Damage>): Generator<readonly Damage[]> {
  for (const damage of damages) yield [damage]
}

/** Larger images are shared by several parts. */
const slicesOf: Readonly<Record<ImageName, number>> = { plain: 2, layered: 8, logs: 1, unsynced: 1 }

const parts = Array.from({ length: imagesEach }, (_, round) =>
  (Object.keys(imageMakers) as ImageName[]).flatMap((name) =>
    Array.from({ length: slicesOf[name] }, (_, first): Part => {
      const slice = { first, step: slicesOf[name] }
      const what = `damage to the database "${name}", ${first + 1} of ${slice.step}`
      return {
        name: round === 0 ? what : `${what}, round ${round}`,
        run: (ledger) => damageAll(ledger, name, round, slice),
      }
    }),
  ),
)
testParts('corruption', parts.flat())
