// CSV and NDJSON files out of columns: see `value-texts.ts` for how values look.

import type { Batch } from '../format/batch.js'
import type { SchemaColumn } from '../format/schema.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import type { ByteOutput } from './byte-output.js'
import type { RowEncoder } from './row-encoder.js'
import { jsonTextOf, type TextOf, textOf } from './value-texts.js'

/** Text is written when so much has gathered. */
const pieceLength = 256 * 1024
/** Rows between two looks at the clock. */
const rowsPerLook = 64

/** Writes the text of row `i` of a batch. */
type LineOf = (batch: Batch, i: number) => string

class TextRows implements RowEncoder {
  readonly #output: ByteOutput
  readonly #lineOf: LineOf
  readonly #reported: () => void
  #pieces: string[] = []
  #length = 0
  rows = 0

  constructor(output: ByteOutput, head: string, lineOf: LineOf, reported: () => void) {
    this.#output = output
    this.#lineOf = lineOf
    this.#reported = reported
    this.#take(head)
  }

  async add(batch: Batch, from: number, to: number): Promise<void> {
    for (let i = from; i < to; i++) {
      this.#take(this.#lineOf(batch, i))
      this.rows++
      if (this.#length >= pieceLength) await this.#write()
      if (i % rowsPerLook === 0 && turnIsDue()) await takeTurn()
    }
  }

  finish(): Promise<void> {
    return this.#write()
  }

  #take(text: string): void {
    this.#pieces.push(text)
    this.#length += text.length
  }

  async #write(): Promise<void> {
    const text = this.#pieces.join('')
    this.#pieces = []
    this.#length = 0
    if (text !== '') await this.#output.write(Buffer.from(text))
    this.#reported()
  }
}

/** How a CSV file is written. */
export interface CsvStyle {
  readonly delimiter: string
  readonly header: boolean
}

/** CSV as RFC 4180 has it, lines ending with `\n`. Null is an empty field, the empty string a quoted one. */
export function csvRows(
  columns: readonly SchemaColumn[],
  { delimiter, header }: CsvStyle,
  output: ByteOutput,
  reported: () => void,
): RowEncoder {
  const special = new RegExp(`["\r\n${/[\\\]^-]/.test(delimiter) ? `\\${delimiter}` : delimiter}]`)
  const quoted = (text: string) =>
    text === '' || special.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  const texts = columns.map(textOf)
  const lineOf: LineOf = ({ columns: vectors }, i) => {
    let line = ''
    for (let c = 0; c < texts.length; c++) {
      const vector = vectors[c]!
      if (c > 0) line += delimiter
      if (vector.valid === undefined || vector.valid[i] === 1) line += quoted(texts[c]!(vector, i))
    }
    return `${line}\n`
  }
  const head = header ? `${columns.map(({ name }) => quoted(name)).join(delimiter)}\n` : ''
  return new TextRows(output, head, lineOf, reported)
}

/** A JSON object a line, all columns in it. */
export function ndjsonRows(
  columns: readonly SchemaColumn[],
  output: ByteOutput,
  reported: () => void,
): RowEncoder {
  const names = columns.map(({ name }, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`)
  const texts: readonly TextOf[] = columns.map(jsonTextOf)
  const lineOf: LineOf = ({ columns: vectors }, i) => {
    let line = ''
    for (let c = 0; c < texts.length; c++) {
      const vector = vectors[c]!
      const isNull = vector.valid !== undefined && vector.valid[i] === 0
      line += names[c]! + (isNull ? 'null' : texts[c]!(vector, i))
    }
    return `${line}}\n`
  }
  return new TextRows(output, '', lineOf, reported)
}
