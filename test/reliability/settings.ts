// How much a run of the machines does, and from which seed. run.mjs turns its arguments into these variables.

import { testSeed } from '../test-seed.js'

/** `ci`: a few minutes. `long`: a hundred times that. */
export const scale: 'ci' | 'long' = process.env.MARQUETRY_RELIABILITY === 'long' ? 'long' : 'ci'

export const isLong = scale === 'long'

/** Seed of all that the machines draw; `npm run test:reliability -- --seed N` repeats a run. */
export const seed = testSeed

/** A number of cases that grows with the scale: `count` of them in CI. */
export function scaled(count: number): number {
  return isLong ? count * 100 : count
}
