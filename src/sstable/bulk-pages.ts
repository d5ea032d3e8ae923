// Many rows of a column at once: neighbouring pages in one read, decoded one behind the other into a single vector, past every
// cache. What reads each page once gains nothing from keeping it, and would push out what lookups come back to.

import { sliceVector, type Vector } from '../format/vector.js'
import type { Reading } from '../fs/reading.js'
import type { BufferPool } from '../util/buffer-pool.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import type { FileColumn } from './column-pages.js'
import { BulkColumn } from './decode/bulk-column.js'
import { decodeDataPage, decodeDictionaryPage, needsDictionary, openPage } from './decode/page.js'
import type { SparseIndex } from './sparse-index.js'
import type { VerifiedFile } from './verified-file.js'

/** Bytes of the file, checked, and where in it they begin. */
export interface Span {
  readonly bytes: Uint8Array
  readonly from: number
}

/** The pages of one file. */
export class BulkPages {
  readonly #file: VerifiedFile
  readonly #pool: BufferPool | undefined

  /** `pool`: where the vectors' memory comes from. */
  constructor(file: VerifiedFile, pool?: BufferPool) {
    this.#file = file
    this.#pool = pool
  }

  /**
   * Rows of a column, decoded from `span` where it was read already. Lets the event loop turn between pages.
   * Requires: `from < to`, all in one row group.
   */
  *vector(
    index: SparseIndex,
    column: FileColumn,
    from: number,
    to: number,
    span: Span | undefined,
  ): Reading<Vector> {
    const chunk = index.groupOf(from) * index.columns + column.number
    const { first, last } = index.pagesOf(column.number, from, to)
    const start = index.pageOffset[first]!
    const end = index.pageOffset[last]! + index.pageBytes[last]!
    const pages = span ?? { bytes: yield* this.#file.read(start, end), from: start }
    let dictionary: Vector | undefined
    const rows = new BulkColumn(column, to - from, this.#pool)
    for (let page = first; page <= last; page++) {
      const at = index.pageOffset[page]!
      const stored = openPage(this.#file.path, at, sliceOf(pages, at, index.pageBytes[page]!))
      if (dictionary === undefined && needsDictionary(stored)) {
        dictionary = yield* this.#dictionary(index, column, chunk, span)
      }
      const firstRow = index.pageFirstRow[page]!
      const end = index.pageEndRow(chunk, page)
      if (firstRow >= from && end <= to) rows.addPage(stored, end - firstRow, dictionary)
      else {
        const vector = decodeDataPage(stored, column, end - firstRow, dictionary)
        rows.add(sliceVector(vector, Math.max(from, firstRow) - firstRow, Math.min(to, end) - firstRow))
      }
      if (turnIsDue()) yield { until: takeTurn() }
    }
    return rows.finish()
  }

  *#dictionary(
    index: SparseIndex,
    column: FileColumn,
    chunk: number,
    span: Span | undefined,
  ): Reading<Vector | undefined> {
    const at = index.chunkDictionary[chunk]!
    if (at === 0) return undefined
    const length = index.chunkDictionaryBytes[chunk]!
    const bytes = span ? sliceOf(span, at, length) : yield* this.#file.read(at, at + length)
    return decodeDictionaryPage(openPage(this.#file.path, at, bytes), column)
  }
}

/** Some bytes of a span, by their place in the file. */
export function sliceOf(span: Span, at: number, length: number): Uint8Array {
  return span.bytes.subarray(at - span.from, at - span.from + length)
}
