import { expect, test } from 'vitest'
import { Histogram } from '#src/util/histogram.js'

test('percentiles are at most one bucket above the exact ones', () => {
  const histogram = new Histogram()
  const values = Array.from({ length: 10_000 }, (_, i) => (((i * 7919) % 10_000) + 1) / 1000)
  for (const value of values) histogram.record(value)
  const { count, meanUs, p50Us, p99Us, p999Us, maxUs } = histogram.summary()
  expect(count).toBe(10_000)
  expect(meanUs).toBeCloseTo(5000.5, 3)
  for (const [found, exact] of [
    [p50Us, 5000],
    [p99Us, 9900],
    [p999Us, 9990],
  ] as const) {
    expect(found).toBeGreaterThanOrEqual(exact)
    expect(found).toBeLessThanOrEqual(exact * 1.07)
  }
  expect(maxUs).toBe(10_000)
})

test('nothing recorded is all zeros, and durations of any size are counted', () => {
  const histogram = new Histogram()
  expect(histogram.summary()).toEqual({ count: 0, meanUs: 0, p50Us: 0, p99Us: 0, p999Us: 0, maxUs: 0 })
  for (const value of [0, 1e-9, 1, 1e7]) histogram.record(value)
  expect(histogram.summary()).toMatchObject({ count: 4, maxUs: 1e10 })
})
