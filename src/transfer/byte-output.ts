// Where the bytes of an export go: a file, or a stream that the caller gives. Every write waits for the one before to be
// taken: so a slow reader slows the export down, and nothing gathers in memory.

import { aborted, MarquetryError } from '../errors.js'
import type { FileHandle } from '../fs/file-system.js'

/** A Node stream to write to, as far as exports need one: `process.stdout`, a file, a socket, the start of a pipe. */
export interface NodeWritable {
  write(chunk: Uint8Array): boolean
  end(): unknown
  destroy(error?: Error): unknown
  once(event: string, listener: (...values: never[]) => void): unknown
  removeListener(event: string, listener: (...values: never[]) => void): unknown
  readonly destroyed: boolean
  readonly writableNeedDrain: boolean
  readonly writableFinished: boolean
}

/** A web stream to write to, as far as exports need one. */
export interface WebWritable {
  getWriter(): {
    readonly ready: Promise<unknown>
    write(chunk: Uint8Array): Promise<void>
    close(): Promise<void>
    abort(reason?: unknown): Promise<void>
  }
}

/** What an export writes to: the path of a file, or a Node or web stream. */
export type ExportTarget = string | NodeWritable | WebWritable

/** Bytes out, in order; one call at a time. */
export interface ByteOutput {
  /** Bytes written so far. */
  readonly bytes: number
  write(bytes: Uint8Array): Promise<void>
}

/** An output that is ended, or given up. */
export interface StreamOutput extends ByteOutput {
  end(): Promise<void>
  abort(error: unknown): Promise<void>
}

export function fileOutput(file: FileHandle): ByteOutput {
  let at = 0
  return {
    get bytes() {
      return at
    },
    async write(bytes) {
      await file.write(bytes, at)
      at += bytes.length
    },
  }
}

/** Whether something is a stream that an export can write to. */
export function isStreamTarget(target: unknown): target is NodeWritable | WebWritable {
  if (typeof target !== 'object' || target === null) return false
  const { getWriter, write, once } = target as { getWriter?: unknown; write?: unknown; once?: unknown }
  return typeof getWriter === 'function' || (typeof write === 'function' && typeof once === 'function')
}

/** An output to a stream. `signal`: ends a write that waits for the reader. */
export function streamOutput(
  target: NodeWritable | WebWritable,
  signal: AbortSignal | undefined,
): StreamOutput {
  return 'getWriter' in target ? webOutput(target, signal) : new NodeOutput(target, signal)
}

function failed(cause: unknown): MarquetryError {
  return new MarquetryError(
    'MARQUETRY_IO',
    `The stream to export to failed: ${(cause as Error)?.message ?? cause}`,
    {
      cause,
    },
  )
}

function webOutput(target: WebWritable, signal: AbortSignal | undefined): StreamOutput {
  const writer = target.getWriter()
  let bytes = 0
  const step = async (run: () => Promise<unknown>) => {
    try {
      await orAborted(run(), signal)
    } catch (error) {
      throw error instanceof MarquetryError ? error : failed(error)
    }
  }
  return {
    get bytes() {
      return bytes
    },
    async write(chunk) {
      await step(() => writer.ready)
      await step(() => writer.write(chunk))
      bytes += chunk.length
    },
    end: () => step(() => writer.close()),
    abort: (error) => writer.abort(error).catch(() => {}),
  }
}

/** The promise's result, or an AbortError as soon as the signal says so. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise
  let listener = () => {}
  const abortion = new Promise<never>((_, reject) => {
    listener = () => reject(aborted(signal))
    signal.addEventListener('abort', listener, { once: true })
    if (signal.aborted) listener()
  })
  try {
    return await Promise.race([promise, abortion])
  } finally {
    signal.removeEventListener('abort', listener)
  }
}

class NodeOutput implements StreamOutput {
  readonly #stream: NodeWritable
  readonly #signal: AbortSignal | undefined
  #failure: { readonly error: unknown } | undefined
  readonly #onError = (error: unknown) => {
    this.#failure ??= { error }
  }
  bytes = 0

  constructor(stream: NodeWritable, signal: AbortSignal | undefined) {
    this.#stream = stream
    this.#signal = signal
    stream.once('error', this.#onError)
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#check()
    const isTaken = this.#stream.write(bytes)
    if (!isTaken) await this.#event('drain')
    this.#check()
    this.bytes += bytes.length
  }

  /** Ends the stream and waits for it, unless it is the process's own output. */
  async end(): Promise<void> {
    this.#check()
    const stream: unknown = this.#stream
    if (stream !== process.stdout && stream !== process.stderr) {
      const finished = this.#event('finish')
      this.#stream.end()
      await finished
    }
    this.#stream.removeListener('error', this.#onError)
  }

  async abort(error: unknown): Promise<void> {
    const stream: unknown = this.#stream
    if (stream === process.stdout || stream === process.stderr)
      this.#stream.removeListener('error', this.#onError)
    // The listener stays: it takes the error that the stream is destroyed with.
    else this.#stream.destroy(error instanceof Error ? error : undefined)
  }

  #check(): void {
    if (this.#failure !== undefined) throw failed(this.#failure.error)
    if (this.#stream.destroyed) throw failed(new Error('it was destroyed'))
  }

  async #event(name: string): Promise<void> {
    const stream = this.#stream
    let over = () => {}
    const event = new Promise<void>((resolve) => {
      over = resolve
      for (const each of [name, 'error', 'close']) stream.once(each, over)
    })
    try {
      await orAborted(event, this.#signal)
    } finally {
      for (const each of [name, 'error', 'close']) stream.removeListener(each, over)
    }
    if (!(name === 'finish' && stream.writableFinished)) this.#check()
  }
}
