import { asBuffer } from './bytes.js'

/** Runs asynchronous steps one after the other per key, in the order in which they were given; keys do not wait for each other. */
export class KeyedSerial {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `step` when all before it with the same key have settled. What `key` throws, it rejects with. */
  async run<T>(key: () => Uint8Array, step: (key: Uint8Array) => Promise<T>): Promise<T> {
    const bytes = key()
    const name = asBuffer(bytes).toString('latin1')
    const result = (this.#last.get(name) ?? Promise.resolve()).then(() => step(bytes))
    const settled = result.catch(() => {})
    this.#last.set(name, settled)
    try {
      return await result
    } finally {
      if (this.#last.get(name) === settled) this.#last.delete(name)
    }
  }
}
