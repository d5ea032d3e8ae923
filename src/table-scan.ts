// A scan, as a caller holds it: checked when it is made, begun at the first `next()`, over at the end, at `return`, at
// an abort or an error. Batches become rows only here.

import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { Table as ArrowTable, type RecordBatch } from 'apache-arrow'
import { throwIfAborted } from './errors.js'
import { arrowSchema, toRecordBatch } from './format/arrow.js'
import type { Batch, Projection } from './format/batch.js'
import { RowBuilder, type RowObject } from './format/row-builder.js'
import type { Schema } from './format/schema.js'
import type { BatchSource } from './format/source.js'
import { checkExplainOptions } from './read-options.js'
import { readableOf, readableStreamOf } from './row-streams.js'
import type { ScanExplanation } from './scan/explanation.js'
import { sliceBatch } from './scan/gather.js'
import { takeTurn, turnIsDue } from './util/turn.js'

/**
 * The rows of a range, not yet read. Each way of reading it starts anew and sees the table as it is at its own first
 * step, unless a snapshot was given.
 */
export interface Scan<R> extends AsyncIterable<R> {
  /** Rows in arrays of up to some thousand: fewer promises than row by row. */
  chunks(): AsyncIterableIterator<R[]>
  /** Columns, as apache-arrow record batches. */
  batches(): AsyncIterableIterator<RecordBatch>
  /** All rows as one Arrow table. */
  toArrow(): Promise<ArrowTable>
  /** All rows. */
  toArray(): Promise<R[]>
  /** The number of rows. Reads no more than it takes to know: nothing at all where metadata says it. */
  count(): Promise<number>
  /**
   * How the scan would be read now: every file, row group and range of pages, kept or skipped and by what, and where skipping by
   * value had to be withheld. `analyze`: runs the scan too and says what was read. Print it, or look at its fields.
   */
  explain(options?: { readonly analyze?: boolean | undefined }): Promise<ScanExplanation>
  /** The rows as a Node stream in object mode; destroying it ends the scan. */
  toReadable(): Readable
  /** The rows as a web stream, read as it is asked for; cancelling it ends the scan. */
  toReadableStream(): ReadableStream<R>
}

export interface ScanPlan {
  readonly schema: Schema
  readonly projection: Projection
  /** Begins the scan: pins what it reads, now. */
  readonly begin: (projection: Projection) => BatchSource
  readonly explain: (analyze: boolean) => Promise<ScanExplanation>
  readonly signal: AbortSignal | undefined
}

/** Rows that are made into objects before the event loop may turn. */
const rowsAtOnce = 2048

type Done = { readonly value: undefined; readonly done: true }
const done: Done = { value: undefined, done: true }

export class TableScan<R> implements Scan<R> {
  readonly #plan: ScanPlan

  constructor(plan: ScanPlan) {
    this.#plan = plan
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    return new RowIterator<R>(this.#rowReader(), new RowBuilder(this.#plan.schema, this.#plan.projection))
  }

  chunks(): AsyncIterableIterator<R[]> {
    const builder = new RowBuilder(this.#plan.schema, this.#plan.projection)
    return new BatchIterator(this.#rowReader(), (batch) => builder.rows(batch) as R[])
  }

  batches(): AsyncIterableIterator<RecordBatch> {
    const { schema, projection } = this.#plan
    const arrow = arrowSchema(schema, projection)
    return new BatchIterator(this.#reader(), (batch) => toRecordBatch(schema, projection, batch, arrow))
  }

  async toArrow(): Promise<ArrowTable> {
    const batches: RecordBatch[] = []
    for await (const batch of this.batches()) batches.push(batch)
    return new ArrowTable(arrowSchema(this.#plan.schema, this.#plan.projection), batches)
  }

  async toArray(): Promise<R[]> {
    const rows: R[] = []
    for await (const chunk of this.chunks()) for (const row of chunk) rows.push(row)
    return rows
  }

  async count(): Promise<number> {
    let rows = 0
    const reader = new BatchReader(this.#plan, [])
    for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) rows += batch.rows
    return rows
  }

  async explain(options: { readonly analyze?: boolean | undefined } = {}): Promise<ScanExplanation> {
    checkExplainOptions(options)
    return await this.#plan.explain(options.analyze === true)
  }

  toReadable(): Readable {
    return readableOf(this.chunks())
  }

  toReadableStream(): ReadableStream<R> {
    return readableStreamOf(this.chunks())
  }

  #rowReader(): BatchReader {
    return new BatchReader(this.#plan, this.#plan.projection, rowsAtOnce)
  }

  #reader(): BatchReader {
    return new BatchReader(this.#plan, this.#plan.projection)
  }
}

/** Reads the batches of one run of a scan. */
class BatchReader {
  readonly #plan: ScanPlan
  readonly #projection: Projection
  readonly #rowsMost: number
  #source: BatchSource | undefined
  /** What is left of a batch that has more rows than are wanted at once. */
  #rest: Batch | undefined
  #over = false

  /** `rowsMost`: larger batches come in pieces. */
  constructor(plan: ScanPlan, projection: Projection, rowsMost = Number.POSITIVE_INFINITY) {
    this.#plan = plan
    this.#projection = projection
    this.#rowsMost = rowsMost
  }

  async next(): Promise<Batch | undefined> {
    const batch = await this.#nextBatch()
    if (batch === undefined || batch.rows <= this.#rowsMost) return batch
    this.#rest = sliceBatch(batch, this.#rowsMost, batch.rows)
    return sliceBatch(batch, 0, this.#rowsMost)
  }

  async #nextBatch(): Promise<Batch | undefined> {
    if (this.#over) return undefined
    try {
      throwIfAborted(this.#plan.signal)
      const rest = this.#rest
      this.#rest = undefined
      if (rest !== undefined) {
        if (turnIsDue()) await takeTurn()
        throwIfAborted(this.#plan.signal)
        return rest
      }
      this.#source ??= this.#plan.begin(this.#projection)
      if (turnIsDue()) await takeTurn()
      const batch = await this.#source.next()
      throwIfAborted(this.#plan.signal)
      if (batch === undefined) this.close()
      return batch
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    this.#over = true
    this.#rest = undefined
    this.#source?.close()
    this.#source = undefined
  }
}

/** Something of every batch. */
class BatchIterator<T> implements AsyncIterableIterator<T> {
  readonly #reader: BatchReader
  readonly #convert: (batch: Batch) => T

  constructor(reader: BatchReader, convert: (batch: Batch) => T) {
    this.#reader = reader
    this.#convert = convert
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const batch = await this.#reader.next()
    return batch === undefined ? done : { value: this.#convert(batch), done: false }
  }

  async return(): Promise<Done> {
    this.#reader.close()
    return done
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** Rows one by one. Written by hand: an async generator costs twice as much a row. */
class RowIterator<R> implements AsyncIterableIterator<R> {
  readonly #reader: BatchReader
  readonly #builder: RowBuilder
  #rows: RowObject[] = []
  #at = 0
  /** The last read of a batch: calls of `next` that do not wait for each other are answered in order. */
  #reading: Promise<unknown> = Promise.resolve()

  constructor(reader: BatchReader, builder: RowBuilder) {
    this.#reader = reader
    this.#builder = builder
  }

  next(): Promise<IteratorResult<R, undefined>> {
    if (this.#at < this.#rows.length)
      return Promise.resolve({ value: this.#rows[this.#at++] as R, done: false })
    const result = this.#reading.then(() => this.#nextRow())
    this.#reading = result.catch(() => {})
    return result
  }

  async #nextRow(): Promise<IteratorResult<R, undefined>> {
    if (this.#at === this.#rows.length) {
      const batch = await this.#reader.next()
      if (batch === undefined) return done
      this.#rows = this.#builder.rows(batch)
      this.#at = 0
    }
    return { value: this.#rows[this.#at++] as R, done: false }
  }

  async return(): Promise<Done> {
    this.#reader.close()
    this.#rows = []
    this.#at = 0
    return done
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
