// Histograms against the exact quantiles of what they were given. MARQUETRY_SEED repeats a run.

import { describe, expect, test } from 'vitest'
import { Histogram, histogramError, histogramValueMax, histogramValueMin } from '#src/util/histogram.js'
import { Random } from '../history/random.js'

const seed = Number(process.env['MARQUETRY_SEED'] ?? Date.now() % 2 ** 31)

const shares = [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]

/** The smallest value that at least this share of all values does not exceed. */
function exactQuantile(ascending: readonly number[], share: number): number {
  return ascending[Math.max(1, Math.ceil(share * ascending.length)) - 1]!
}

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

function expectQuantiles(histogram: Histogram, values: readonly number[], what: string): void {
  const ascending = [...values].sort((a, b) => a - b)
  for (const share of shares) {
    const exact = exactQuantile(ascending, share)
    const error = Math.abs(histogram.quantile(share) - exact)
    // Below the least bucket the error is absolute.
    const allowed = Math.max(
      exact * histogramError * (1 + 1e-12),
      exact < histogramValueMin ? histogramValueMin : 0,
    )
    expect(error, `${what}, ${share}: ${histogram.quantile(share)} for ${exact}`).toBeLessThanOrEqual(allowed)
  }
  const { count, min, max, mean, p50, p90, p99, p999 } = histogram.summary()
  expect({ count, min, max }, what).toEqual({
    count: values.length,
    min: ascending[0],
    max: ascending[ascending.length - 1],
  })
  const sum = values.reduce((total, value) => total + value, 0)
  expect(Math.abs(mean - sum / values.length), what).toBeLessThanOrEqual(1e-9 * mean)
  expect([p50, p90, p99, p999], what).toEqual([0.5, 0.9, 0.99, 0.999].map((share) => histogram.quantile(share)))
}

/** Uniform, exponential, over many powers of two, whole and few, and so small that they have no bucket. */
const distributions: readonly (readonly [string, (random: Random) => number])[] = [
  ['uniform', (random) => random.between(1, 1_000_000) / 7],
  ['exponential', (random) => 50 * Math.log(1_000_000 / random.between(1, 1_000_000))],
  ['over all sizes', (random) => 2 ** (random.between(-6_000, 33_999) / 1000)],
  ['small whole numbers', (random) => random.below(4)],
  ['powers of two', (random) => 2 ** random.between(-6, 33)],
  ['below the least bucket', (random) => random.between(0, 1000) / 100_000],
]

describe(`quantiles, seed ${seed}`, () => {
  test.each(distributions)('of values that are %s are as near as promised', (name, draw) => {
    const random = new Random(seed)
    for (const count of [1, 2, 10, 999, 20_000]) {
      const values = Array.from({ length: count }, () => draw(random))
      expectQuantiles(histogramOf(values), values, `${name}, ${count} values, seed ${seed}`)
    }
  })

  test('of histograms added together are those of all values', () => {
    const random = new Random(seed)
    const draw = (low: number) => Array.from({ length: 5000 }, () => low + random.below(1000))
    const parts = [draw(1), draw(100), [], draw(100_000)]
    const total = new Histogram()
    for (const part of parts) total.add(histogramOf(part))
    expectQuantiles(total, parts.flat(), `seed ${seed}`)
  })
})

test('a histogram of nothing is all zeros', () => {
  const zeros = { count: 0, min: 0, max: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0 }
  expect(new Histogram().summary()).toEqual(zeros)
  const sum = new Histogram()
  sum.add(new Histogram())
  expect(sum.summary()).toEqual(zeros)
})

test('what a clock that was set back tells counts as zero, what is too great as the greatest', () => {
  const histogram = histogramOf([-5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])
  expect(histogram.summary()).toMatchObject({ count: 4, min: 0, max: histogramValueMax })
  expect(histogram.quantile(0.5)).toBe(0)
  expect(histogram.quantile(1) / histogramValueMax).toBeGreaterThan(1 - histogramError)
})
