// CSV files as an input of imports.

import type { ByteStream } from './byte-stream.js'
import { CsvParser, type CsvRecord } from './csv-parser.js'
import { invalidInput } from './import-task.js'
import { matchColumns, type WantedColumns } from './match-columns.js'
import { RecordInput, type RecordParser, type TextRecord } from './record-input.js'
import type { BadRecords } from './rejects.js'
import { TextStream } from './text-stream.js'
import { type ParseText, textParser } from './text-values.js'

/** How a CSV file is laid out. */
export interface CsvLayout {
  readonly delimiter: string
  /** Whether the first record names the columns; if not, they are those of the table, in its order. */
  readonly header: boolean
  /** A field of this text that is not quoted is null, as an empty one is. */
  readonly nullText: string
}

/** Reads the header, and checks that the columns are there. */
export async function openCsv(
  stream: ByteStream,
  wanted: WantedColumns,
  layout: CsvLayout,
  bad: BadRecords,
): Promise<RecordInput> {
  const text = new TextStream(stream)
  const parser = new CsvParser(layout.delimiter, layout.nullText)
  const tableColumns = wanted.names.filter((_, index) => index !== wanted.numbered)
  const header = layout.header
    ? await readCsvHeader(stream.name, text, parser)
    : { line: 1, names: tableColumns }
  const places = matchColumns(stream.name, header.names, wanted, header.line)
  const records = new CsvRecords(parser, places, header.names.length, wanted)
  const present = places.map((place) => place >= 0)
  return new RecordInput({ stream, schema: wanted.schema, parser: records, present, bad }, text)
}

/** The names in the first record that is not empty, and its line. */
export async function readCsvHeader(
  name: string,
  text: TextStream,
  parser: CsvParser,
): Promise<{ readonly line: number; readonly names: readonly string[] }> {
  for (let isOver = false; ; ) {
    const record = parser.next(isOver)
    if (record !== undefined) {
      if (record.wrong !== undefined) throw invalidInput(name, record.wrong, { line: record.line })
      if (!isEmptyLine(record)) return { line: record.line, names: record.fields.map((field) => field ?? '') }
    } else {
      if (isOver) throw invalidInput(name, 'the file has no header line', { line: parser.line })
      const piece = await text.next(parser.line)
      if (piece === undefined) isOver = true
      else parser.push(piece)
    }
  }
}

function isEmptyLine({ fields }: CsvRecord): boolean {
  return fields.length === 1 && fields[0] === null
}

/** Records of CSV as records of the table. */
class CsvRecords implements RecordParser {
  readonly #parser: CsvParser
  readonly #places: readonly number[]
  readonly #fields: number
  readonly #parse: readonly ParseText[]

  constructor(parser: CsvParser, places: readonly number[], fields: number, { schema }: WantedColumns) {
    this.#parser = parser
    this.#places = places
    this.#fields = fields
    this.#parse = schema.columns.map(({ type }) => textParser(type))
  }

  get line(): number {
    return this.#parser.line
  }

  push(piece: string): void {
    this.#parser.push(piece)
  }

  next(final: boolean): TextRecord | undefined {
    for (;;) {
      const record = this.#parser.next(final)
      if (record === undefined) return undefined
      // Where records have several fields an empty line is none.
      if (this.#fields > 1 && record.wrong === undefined && isEmptyLine(record)) continue
      return this.#recordOf(record)
    }
  }

  #recordOf(record: CsvRecord): TextRecord {
    const { line, fields, text } = record
    const places = this.#places
    const isComplete = fields.length === this.#fields
    const counted = `the record has ${fields.length} fields, and the header ${this.#fields}`
    const wrong = record.wrong ?? (isComplete ? undefined : counted)
    return {
      line,
      wrong,
      text,
      value: (column) => {
        const field = fields[places[column]!]!
        return field === null ? null : this.#parse[column]!(field)
      },
      shown: (column) => fields[places[column]!],
    }
  }
}
