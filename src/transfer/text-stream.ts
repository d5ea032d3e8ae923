// Bytes to text, UTF-8 and nothing else: a replacement character would be silently wrong data.

import type { ByteStream } from './byte-stream.js'
import { invalidInput } from './import-task.js'

/** Text in pieces that may end anywhere. A byte order mark at the start is left out. */
export class TextStream {
  readonly #bytes: ByteStream
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #isOver = false

  constructor(bytes: ByteStream) {
    this.#bytes = bytes
  }

  /** The next piece, which may be empty; undefined: the end. `line`: where the caller is, for messages. */
  async next(line: number): Promise<string | undefined> {
    if (this.#isOver) return undefined
    const bytes = await this.#bytes.next()
    this.#isOver = bytes === undefined
    try {
      return this.#decoder.decode(bytes, { stream: bytes !== undefined })
    } catch (cause) {
      throw invalidInput(this.#bytes.name, 'the text is not UTF-8 from somewhere behind here on', {
        line,
        cause,
      })
    }
  }
}
