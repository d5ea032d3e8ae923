// Read algorithms, written once for synchronous and asynchronous callers: a generator that yields the byte ranges it
// needs and is handed their bytes. `getSync` and `get` run the same code.

import type { FileHandle } from './file-system.js'

/** Bytes `from` to `to` of a file. Whoever drives the reading answers with exactly these bytes, or fewer at the end of the file. */
export interface ReadRequest {
  readonly file: FileHandle
  readonly from: number
  readonly to: number
}

/** A computation that asks for bytes as it goes. */
export type Reading<T> = Generator<ReadRequest, T, Uint8Array>

export function readSync<T>(reading: Reading<T>): T {
  let step = reading.next()
  while (step.done !== true) {
    const { file, from, to } = step.value
    const bytes = new Uint8Array(to - from)
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

export async function readAsync<T>(reading: Reading<T>): Promise<T> {
  let step = reading.next()
  while (step.done !== true) {
    const { file, from, to } = step.value
    const bytes = new Uint8Array(to - from)
    let read: number
    try {
      read = await file.read(bytes, from)
    } catch (error) {
      step = reading.throw(error)
      continue
    }
    step = reading.next(read === bytes.length ? bytes : bytes.subarray(0, read))
  }
  return step.value
}
