// The frame of every stage that turns one batch into at most one batch.

import type { Batch } from '../format/batch.js'
import type { BatchSource } from '../format/source.js'

/**
 * A source that passes each batch of another through `step`, leaving out those of which nothing remains.
 * Answers synchronously as long as its input does; `close` closes the input.
 */
export class Stage implements BatchSource {
  readonly #input: BatchSource
  readonly #step: (batch: Batch) => Batch | undefined

  constructor(input: BatchSource, step: (batch: Batch) => Batch | undefined) {
    this.#input = input
    this.#step = step
  }

  next(): Batch | undefined | Promise<Batch | undefined> {
    for (;;) {
      const batch = this.#input.next()
      if (batch instanceof Promise) return this.#later(batch)
      if (batch === undefined) return undefined
      const result = this.#step(batch)
      if (result !== undefined && result.rows > 0) return result
    }
  }

  close(): void {
    this.#input.close()
  }

  async #later(first: Promise<Batch | undefined>): Promise<Batch | undefined> {
    let batch = await first
    while (batch !== undefined) {
      const result = this.#step(batch)
      if (result !== undefined && result.rows > 0) return result
      const next = this.#input.next()
      batch = next instanceof Promise ? await next : next
    }
    return undefined
  }
}
