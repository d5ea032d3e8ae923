import type { Reading } from '#src/fs/reading.js'

/** Drives a reading and counts the bytes it asks for. */
export function countReads<T>(reading: Reading<T>): {
  readonly result: T
  readonly bytes: number
  readonly reads: number
} {
  let bytes = 0
  let reads = 0
  let step = reading.next()
  while (step.done !== true) {
    if ('until' in step.value) {
      step = reading.next(new Uint8Array(0)) // a turn of the event loop
      continue
    }
    const { file, from, to } = step.value
    const into = new Uint8Array(to - from)
    file.readSync(into, from)
    bytes += to - from
    reads++
    step = reading.next(into)
  }
  return { result: step.value, bytes, reads }
}
