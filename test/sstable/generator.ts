/** Seed of the random tests of a run; give it as MARQUETRY_SEED to repeat one. */
export const testSeed = Number(process.env.MARQUETRY_SEED ?? Date.now() % 2 ** 31)

/** Numbers from 0 to below 1, the same for the same seed (Mulberry32). */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
