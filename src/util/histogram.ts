// Latencies in buckets of 6 % width: constant memory, a few nanoseconds to record, percentiles at most one bucket off.
//
// The buckets are logarithmic with sixteen linear steps each, as in HdrHistogram (Gil Tene).

const steps = 16
const octaves = 40 // from 1 ns to about 18 minutes

/** What a histogram tells. Times in microseconds. */
export interface LatencySummary {
  readonly count: number
  readonly meanUs: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly maxUs: number
}

export class Histogram {
  readonly #counts = new Float64Array(octaves * steps)
  #count = 0
  #sumUs = 0
  #maxUs = 0

  /** Records a duration in milliseconds, as `performance.now()` differences are. */
  record(milliseconds: number): void {
    const nanoseconds = Math.max(1, milliseconds * 1e6)
    const octave = Math.min(octaves - 1, Math.floor(Math.log2(nanoseconds)))
    const step = Math.min(steps - 1, Math.floor((nanoseconds / 2 ** octave - 1) * steps))
    this.#counts[octave * steps + step]!++
    this.#count++
    this.#sumUs += milliseconds * 1000
    if (milliseconds * 1000 > this.#maxUs) this.#maxUs = milliseconds * 1000
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      meanUs: this.#count === 0 ? 0 : this.#sumUs / this.#count,
      p50Us: this.#percentile(0.5),
      p99Us: this.#percentile(0.99),
      p999Us: this.#percentile(0.999),
      maxUs: this.#maxUs,
    }
  }

  /** Upper end of the bucket in which the fraction `part` of all values is reached. */
  #percentile(part: number): number {
    let left = Math.ceil(this.#count * part)
    if (left === 0) return 0
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      left -= this.#counts[bucket]!
      if (left > 0) continue
      const octave = Math.floor(bucket / steps)
      const end = (2 ** octave * (1 + ((bucket % steps) + 1) / steps)) / 1000
      return Math.min(end, this.#maxUs)
    }
    return this.#maxUs
  }
}
