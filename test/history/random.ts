import { seededRandom } from '#src/util/seeded-random.js'
// Choices that a seed decides. A part that may take another number of choices from run to run, because threads and
// disks do, gets a `fork`: what comes after it is then the same in every run.

export class Random {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = seededRandom(seed)
  }

  /** An integer from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.#next() * end)
  }

  /** An integer from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  chance(probability: number): boolean {
    return this.#next() < probability
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  /** One of the weighted choices. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let at = this.#next() * choices.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, choice] of choices) {
      at -= weight
      if (at < 0) return choice
    }
    return choices[choices.length - 1]![1]
  }

  shuffled<T>(from: readonly T[]): T[] {
    const to = [...from]
    for (let i = to.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      ;[to[i], to[j]] = [to[j] as T, to[i] as T]
    }
    return to
  }

  fork(): Random {
    return new Random(this.below(2 ** 31))
  }
}
