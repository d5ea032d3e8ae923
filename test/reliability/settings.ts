// How much a run of the machines does, and from which seed. run.mjs turns its arguments into these variables.

import { testSeed } from '../test-seed.js'

/** `ci`: a few minutes. `long`: a hundred times that. */
export const scale: 'ci' | 'long' = process.env.MARQUETRY_RELIABILITY === 'long' ? 'long' : 'ci'

export const isLong = scale === 'long'

/** Only prints what long runs have done so far. */
export const isReport = process.env.MARQUETRY_RELIABILITY_REPORT === '1'

/** Seed of all that the machines draw; `npm run test:reliability -- --seed N` repeats a run. */
export const seed = testSeed

/** How often what CI does once is done. */
export const rounds = isLong ? 100 : 1

/** The seed of a round; of the first one that of the run. */
export function seedOf(round: number): number {
  return (seed + 7_368_787 * round) % 2 ** 31
}

/** Processes that share the parts of each machine: one for each core that CI has. */
export const shards = 2

/** Which of them this one is. */
export const shard = Number(process.env.MARQUETRY_SHARD ?? 0)

/** Milliseconds since 1970 after which no part begins. */
export const untilMs = Number(process.env.MARQUETRY_RELIABILITY_UNTIL_MS ?? Number.POSITIVE_INFINITY)

/** The engine's commit, as a long run keeps it with what it has done. */
export const commit = process.env.MARQUETRY_COMMIT ?? 'unknown'

/** Where long runs keep what they have done. */
export const recordPath = process.env.MARQUETRY_RELIABILITY_RECORD ?? '.reliability/long.jsonl'
