// Read algorithms, written once for synchronous and asynchronous callers: a generator that yields the byte ranges it
// needs and is handed their bytes. `getSync` and `get` run the same code.

import type { FileHandle } from './file-system.js'

/** Bytes `from` to `to` of a file. Whoever drives the reading answers with exactly these bytes, or fewer at the end of the file. */
export interface ReadRequest {
  readonly file: FileHandle
  readonly from: number
  readonly to: number
  /** Memory for them, if they are wanted in some of one's own. */
  readonly into?: ArrayBuffer | undefined
}

/** Another reading is about to make known what this one needs: whoever can wait, waits; the answer has no bytes. */
export interface WaitRequest {
  readonly until: Promise<void>
}

/** A computation that asks for bytes as it goes. */
export type Reading<T> = Generator<ReadRequest | WaitRequest, T, Uint8Array>

const noBytes = new Uint8Array(0)

function memoryFor({ from, to, into }: ReadRequest): Uint8Array {
  return into === undefined ? new Uint8Array(to - from) : new Uint8Array(into, 0, to - from)
}

/** Runs a reading on this thread. It does not wait for others: they could not go on before it has ended. */
export function readSync<T>(reading: Reading<T>): T {
  let step = reading.next()
  while (step.done !== true) {
    if ('until' in step.value) {
      step = reading.next(noBytes)
      continue
    }
    const { file, from } = step.value
    const bytes = memoryFor(step.value)
    let read: number
    try {
      read = file.readSync(bytes, from)
    } catch (error) {
      step = reading.throw(error)
      continue
    }
    step = reading.next(read === bytes.length ? bytes : bytes.subarray(0, read))
  }
  return step.value
}

/** Runs a reading through the thread pool. `onRead` is told how many bytes each of its reads brought. */
export async function readAsync<T>(reading: Reading<T>, onRead?: (bytes: number) => void): Promise<T> {
  let step = reading.next()
  while (step.done !== true) {
    if ('until' in step.value) {
      await step.value.until
      step = reading.next(noBytes)
      continue
    }
    const { file, from } = step.value
    const bytes = memoryFor(step.value)
    let read: number
    try {
      read = await file.read(bytes, from)
    } catch (error) {
      step = reading.throw(error)
      continue
    }
    onRead?.(read)
    step = reading.next(read === bytes.length ? bytes : bytes.subarray(0, read))
  }
  return step.value
}

/** A reading that many may need at the same time and one should do: the others wait for it, where they can. */
export class SharedReading {
  #underWay: Promise<void> | undefined;

  /**
   * Runs `make`, unless another does already: then waits, and returns undefined; the caller looks whether what it
   * needs is there now, and comes again if not. A synchronous caller cannot wait and runs `make` beside the other.
   */
  *run<T>(make: () => Reading<T>): Reading<T | undefined> {
    const other = this.#underWay
    if (other !== undefined) {
      yield { until: other }
      // Still under way: this caller did not wait.
      return this.#underWay === other ? yield* make() : undefined
    }
    let over = () => {}
    this.#underWay = new Promise((resolve) => {
      over = resolve
    })
    try {
      return yield* make()
    } finally {
      this.#underWay = undefined
      over()
    }
  }
}

/** The reading, given up (undefined) as soon as `isOver` says so after one of its reads. */
export function* abandonable<T>(reading: Reading<T>, isOver: () => boolean): Reading<T | undefined> {
  let step = reading.next()
  while (step.done !== true) {
    let bytes: Uint8Array
    try {
      bytes = yield step.value
    } catch (error) {
      step = reading.throw(error)
      continue
    }
    if (isOver()) {
      reading.return(undefined as T)
      return undefined
    }
    step = reading.next(bytes)
  }
  return step.value
}
