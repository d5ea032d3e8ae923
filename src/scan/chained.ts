// Sources one after the other, and what happens when one is over.

import type { Batch } from '../format/batch.js'
import type { BatchSource } from '../format/source.js'

/**
 * The batches of sources, one source after the other; `open` makes the next one when the one before has ended, undefined: there
 * is none.
 */
export function sequential(open: () => BatchSource | undefined): BatchSource {
  let current: BatchSource | undefined
  let isOver = false
  const advance = (): boolean => {
    current?.close()
    current = isOver ? undefined : open()
    isOver ||= current === undefined
    return current !== undefined
  }
  const later = async (first: Promise<Batch | undefined>): Promise<Batch | undefined> => {
    let batch = await first
    while (batch === undefined && advance()) batch = await current?.next()
    return batch
  }
  return {
    next() {
      if (current === undefined && !advance()) return undefined
      do {
        const batch = current?.next()
        if (batch instanceof Promise) return later(batch)
        if (batch !== undefined) return batch
      } while (advance())
      return undefined
    },
    close() {
      isOver = true
      current?.close()
      current = undefined
    },
  }
}

/**
 * The same source; `over` is called when it has ended, failed or is closed, at least once, and not while one of its batches is
 * still being made. Requires: one call of `next` at a time.
 */
export function whenOver(source: BatchSource, over: () => void): BatchSource {
  let pending: Promise<unknown> | undefined
  const close = () => {
    source.close()
    if (pending === undefined) over()
    else pending.then(over, over)
  }
  const check = (batch: Batch | undefined) => {
    pending = undefined
    if (batch === undefined) close()
    return batch
  }
  const fail = (error: unknown): never => {
    pending = undefined
    close()
    throw error
  }
  return {
    next() {
      try {
        const batch = source.next()
        if (!(batch instanceof Promise)) return check(batch)
        pending = batch
        return batch.then(check, fail)
      } catch (error) {
        return fail(error)
      }
    },
    close,
  }
}
