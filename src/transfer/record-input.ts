// Inputs that come record by record, as text: lines of JSON, records of CSV. Records become columns here.

import type { Schema } from '../format/schema.js'
import { assert } from '../util/assert.js'
import { describeValue } from '../util/describe-value.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import type { ByteStream } from './byte-stream.js'
import { ColumnBuilder } from './column-builder.js'
import type { ImportChunk, ImportInput } from './import-input.js'
import type { BadRecords } from './rejects.js'
import type { TextStream } from './text-stream.js'

/** Rows and bytes of a chunk, at most, or a record more. */
const chunkRows = 8_192
const chunkBytes = 8 * 1024 * 1024

/** A record: its place, and its values by column of the table. */
export interface TextRecord {
  readonly line: number
  /** What is wrong with the record as a whole; undefined: nothing. */
  readonly wrong: string | undefined
  /** The value of a column: null, or what the codec is to check; undefined: what stands there is none. */
  value(column: number): unknown
  /** What stands in the file for a column, for messages. */
  shown(column: number): unknown
  /** The record's text. */
  text(): string
}

/** Splits text into records. */
export interface RecordParser {
  readonly line: number
  push(piece: string): void
  /** The next record; undefined: there is none in the text so far. `final`: no more text comes. */
  next(final: boolean): TextRecord | undefined
}

/** What a record input reads, and with what. */
export interface RecordInputOptions {
  readonly stream: ByteStream
  readonly schema: Schema
  readonly parser: RecordParser
  /** Per column of the table, whether values for it may come. */
  readonly present: readonly boolean[]
  readonly bad: BadRecords
}

export class RecordInput implements ImportInput {
  readonly name: string
  readonly rowsTotal = undefined
  readonly bytesTotal: number | undefined
  readonly #options: RecordInputOptions
  readonly #text: TextStream
  readonly #builders: readonly (ColumnBuilder | undefined)[]
  #lines: number[] = []
  #isOver = false
  #bytesGiven = 0

  constructor(options: RecordInputOptions, text: TextStream) {
    this.#options = options
    const { stream, schema, present } = options
    this.name = stream.name
    this.bytesTotal = stream.bytesTotal
    this.#text = text
    this.#builders = schema.columns.map((column, index) =>
      present[index] === true ? new ColumnBuilder(column) : undefined,
    )
  }

  get bytes(): number {
    return this.#options.stream.bytesRead
  }

  async next(): Promise<ImportChunk | undefined> {
    const { parser, bad } = this.#options
    while (!this.#isFull()) {
      const record = parser.next(this.#isOver)
      if (record !== undefined) this.#add(record)
      else {
        if (this.#isOver) break
        await bad.flush()
        const piece = await this.#text.next(parser.line)
        if (piece === undefined) this.#isOver = true
        else parser.push(piece)
      }
      if (turnIsDue()) await takeTurn()
    }
    await bad.flush()
    return this.#take()
  }

  close(): Promise<void> {
    return this.#options.stream.close()
  }

  #isFull(): boolean {
    if (this.#lines.length >= chunkRows) return true
    if (this.#lines.length % 64 !== 0) return false
    let bytes = 0
    for (const builder of this.#builders) bytes += builder?.bytes ?? 0
    return bytes >= chunkBytes
  }

  #add(record: TextRecord): void {
    const { bad } = this.#options
    const { line } = record
    const builders = this.#builders
    const stop = record.wrong === undefined ? this.#firstWrong(record) : 0
    if (stop === builders.length) {
      this.#lines.push(line)
      return
    }
    for (let before = 0; before < stop; before++) builders[before]?.undo()
    if (record.wrong !== undefined) bad.add({ line }, record.wrong, record.text())
    else {
      const { column } = builders[stop]!
      const isNull = record.value(stop) === null
      const what = isNull
        ? 'it is null, and the table does not allow that'
        : `${describeValue(record.shown(stop))} is not ${column.codec.expects}`
      bad.add({ line, column: column.name }, what, record.text())
    }
  }

  /** Adds the record's values, and returns the first column whose value is none of it; their number if all are. */
  #firstWrong(record: TextRecord): number {
    const builders = this.#builders
    for (let index = 0; index < builders.length; index++) {
      const builder = builders[index]
      if (builder === undefined) continue
      const value = record.value(index)
      if (value === undefined || !builder.add(value)) return index
    }
    return builders.length
  }

  #take(): ImportChunk | undefined {
    const lines = this.#lines
    if (lines.length === 0) {
      assert(this.#isOver, 'only the end of an input has no rows')
      return undefined
    }
    this.#lines = []
    const { bytesRead } = this.#options.stream
    const bytes = bytesRead - this.#bytesGiven
    this.#bytesGiven = bytesRead
    return {
      columns: this.#builders.map((builder) => builder?.finish()),
      rows: lines.length,
      bytes,
      placeOf: (row) => ({ line: lines[row] }),
    }
  }
}
