// A running job and its owner share sixteen bytes: the owner can cancel, the job says how far it is. Aborting a worker
// thread from outside would leave its files open and its folder half-written.

import { MarquetryError } from '../errors.js'

/** Both ends of a job's shared memory: `new JobControl()` where it is given out, `new JobControl(job.control)` where it runs. */
export class JobControl {
  readonly shared: SharedArrayBuffer
  readonly #flag: Int32Array
  readonly #rows: Float64Array

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(16)) {
    this.shared = shared
    this.#flag = new Int32Array(shared, 0, 1)
    this.#rows = new Float64Array(shared, 8, 1)
  }

  /** Asks the job to end with MARQUETRY_ABORTED at its next row group. */
  cancel(): void {
    Atomics.store(this.#flag, 0, 1)
  }

  /** Throws MARQUETRY_ABORTED if the job was cancelled. */
  check(): void {
    if (Atomics.load(this.#flag, 0) === 1)
      throw new MarquetryError('MARQUETRY_ABORTED', 'The compaction was cancelled')
  }

  /** Input rows that the job has dealt with. Written by one side, read by the other: an aligned double is never torn. */
  get rows(): number {
    return this.#rows[0]!
  }

  set rows(rows: number) {
    this.#rows[0] = rows
  }
}
