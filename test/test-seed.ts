/** Seed of the random tests of a run; give it as MARQUETRY_SEED to repeat one. */
export const testSeed = Number(process.env.MARQUETRY_SEED ?? Date.now() % 2 ** 31)
