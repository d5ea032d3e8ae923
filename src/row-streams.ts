// Rows as streams: those of a scan to be read, those of a table to be written.

import { Readable, Writable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { invalidOption } from './errors.js'

/** How rows are written. */
export interface WriteStreamOptions {
  /** Rows of a log record, at most: written all or none. Default 1,024. */
  readonly batchRows?: number | undefined
  /** Destroys the stream with an `AbortError`; rows that are written stay. */
  readonly signal?: AbortSignal | undefined
}

const batchRowsDefault = 1_024

/** A Node stream in object mode of what arrays hold. Reads the next array when the one before has been taken. */
export function readableOf<R>(chunks: AsyncIterator<R[]>): Readable {
  let isReading = false
  const readable = new Readable({
    objectMode: true,
    read() {
      if (isReading) return
      isReading = true
      chunks.next().then(
        ({ value, done }) => {
          isReading = false
          if (done === true) return readable.push(null)
          // The rows are in memory already; beyond the stream's mark they wait in its buffer, and nothing more is read.
          for (const row of value) readable.push(row)
          return true
        },
        (error: Error) => readable.destroy(error),
      )
    },
    destroy(error, over) {
      const end = () => over(error)
      if (chunks.return === undefined) end()
      else chunks.return().then(end, end)
    },
  })
  return readable
}

/** A web stream of what arrays hold. */
export function readableStreamOf<R>(chunks: AsyncIterator<R[]>): ReadableStream<R> {
  return new ReadableStream<R>({
    async pull(controller) {
      const { value, done } = await chunks.next()
      if (done === true) controller.close()
      else for (const row of value) controller.enqueue(row)
    },
    async cancel() {
      await chunks.return?.()
    },
  })
}

/** A Node stream that gives its rows to `batch`, as many at a time as have gathered. */
export function writeStream(
  batch: (operations: readonly { readonly type: 'put'; readonly row: unknown }[]) => Promise<void>,
  { batchRows = batchRowsDefault, signal }: WriteStreamOptions,
): Writable {
  if (!Number.isInteger(batchRows) || batchRows < 1 || batchRows > 65_536)
    throw invalidOption('batchRows', `must be an integer from 1 to 65536, not ${String(batchRows)}`)
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidOption('signal', 'must be an AbortSignal')
  const put = async (rows: readonly unknown[]) => {
    for (let from = 0; from < rows.length; from += batchRows) {
      await batch(rows.slice(from, from + batchRows).map((row) => ({ type: 'put', row })))
    }
  }
  return new Writable({
    objectMode: true,
    highWaterMark: batchRows,
    ...(signal === undefined ? {} : { signal }),
    write(row, _encoding, done) {
      put([row]).then(() => done(), done)
    },
    writev(chunks, done) {
      put(chunks.map(({ chunk }) => chunk)).then(() => done(), done)
    },
  })
}
