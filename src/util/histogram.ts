// How long things take, in constant memory: a log-linear histogram, after Gil Tene's HdrHistogram. Every power of two is
// cut into 32 buckets of equal width, so a bucket is never wider than a 32nd of what it holds. A bucket's number is
// exponent and leading mantissa bits of the value as a float64: `record` has no loop, no logarithm and no allocation.

/** Buckets of each power of two, as a number of mantissa bits. */
const bucketBits = 5
const buckets = 1 << bucketBits
const exponentMin = -6
const exponentMax = 34
/** Bucket 0 holds all that is smaller than what the others hold. */
const bucketsAll = 1 + (exponentMax - exponentMin) * buckets
/** Bits of a float64's upper word below those that number the bucket, and what the number of bucket 0 is there. */
const dropBits = 20 - bucketBits
const bucketZero = ((1023 + exponentMin) << bucketBits) - 1

/** Values from here on count as this one: 4.7 hours in microseconds, half a year in milliseconds. */
export const histogramValueMax = 2 ** exponentMax * (1 - 2 ** -20)
/** Values below share one bucket, which is told as 0: such quantiles are wrong by less than this. */
export const histogramValueMin = 2 ** exponentMin
/** Relative error of quantiles at the most, at `histogramValueMin` and above: half a bucket. */
export const histogramError = 1 / (2 * buckets)

/** What a histogram knows, as plain data, in the unit of what was recorded. All zero as long as nothing was. */
export interface HistogramSummary {
  readonly count: number
  /** Exact, as are `max` and `mean`. */
  readonly min: number
  readonly max: number
  readonly mean: number
  /** The median. The quantiles are wrong by 1.6 % at the most. */
  readonly p50: number
  readonly p90: number
  readonly p99: number
  /** 99.9 % took no longer than this. */
  readonly p999: number
}

const scratch = new Float64Array(1)
/** The engine runs on little-endian machines only, so the upper word is the second. */
const scratchWords = new Uint32Array(scratch.buffer)

function bucketOf(value: number): number {
  scratch[0] = value
  return Math.max(0, (scratchWords[1]! >>> dropBits) - bucketZero)
}

function middleOf(bucket: number): number {
  if (bucket === 0) return 0
  const at = bucket - 1
  return 2 ** (exponentMin + (at >> bucketBits)) * (1 + ((at % buckets) + 0.5) / buckets)
}

/** Counts of non-negative numbers by their size: ten kilobytes, made when the first one is recorded. */
export class Histogram {
  /** Floats count exactly to 2^53; 32 bits overflow within hours. */
  #counts: Float64Array | undefined
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = 0

  get count(): number {
    return this.#count
  }

  /** Counts a value. What is negative (a clock was set back) or no number counts as 0. */
  record(value: number): void {
    const bounded = value > 0 ? Math.min(value, histogramValueMax) : 0
    this.#counts ??= new Float64Array(bucketsAll)
    this.#counts[bucketOf(bounded)]!++
    this.#count++
    this.#sum += bounded
    if (bounded < this.#min) this.#min = bounded
    if (bounded > this.#max) this.#max = bounded
  }

  /** Takes in all that another histogram has counted. */
  add(other: Histogram): void {
    if (other.#counts === undefined) return
    this.#counts ??= new Float64Array(bucketsAll)
    for (let bucket = 0; bucket < bucketsAll; bucket++) this.#counts[bucket]! += other.#counts[bucket]!
    this.#count += other.#count
    this.#sum += other.#sum
    this.#min = Math.min(this.#min, other.#min)
    this.#max = Math.max(this.#max, other.#max)
  }

  /** The smallest value that at least this share of all values does not exceed, within `histogramError`; 0: no values. */
  quantile(share: number): number {
    if (this.#counts === undefined) return 0
    const rank = Math.max(1, Math.ceil(share * this.#count))
    let below = 0
    let bucket = -1
    while (below < rank && bucket < bucketsAll - 1) below += this.#counts[++bucket]!
    return Math.min(Math.max(middleOf(bucket), this.#min), this.#max)
  }

  summary(): HistogramSummary {
    return {
      count: this.#count,
      min: this.#count === 0 ? 0 : this.#min,
      max: this.#max,
      mean: this.#count === 0 ? 0 : this.#sum / this.#count,
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p99: this.quantile(0.99),
      p999: this.quantile(0.999),
    }
  }
}
