// Lines of JSON as an input of imports: one object a line, its members by name. Members that it does not have are null.

import type { ByteStream } from './byte-stream.js'
import { hasManyDigits, numberTexts } from './json-numbers.js'
import { jsonParser, type ParseJson } from './json-values.js'
import type { WantedColumns } from './match-columns.js'
import { RecordInput, type RecordParser, type TextRecord } from './record-input.js'
import type { BadRecords } from './rejects.js'
import { TextStream } from './text-stream.js'

/** An input of the lines of a stream. */
export function openNdjson(stream: ByteStream, wanted: WantedColumns, bad: BadRecords): RecordInput {
  const present = wanted.schema.columns.map((_, index) => index !== wanted.numbered)
  const parser = new JsonRecords(wanted)
  return new RecordInput({ stream, schema: wanted.schema, parser, present, bad }, new TextStream(stream))
}

/** Lines out of text that comes in pieces. */
export class LineSplitter {
  #lines: readonly string[] = []
  #at = 0
  /** Pieces of a line whose end has not come. */
  #rest: string[] = []
  #line = 1

  /** Number of the next line. */
  get line(): number {
    return this.#line
  }

  push(piece: string): void {
    const lines = piece.split('\n')
    const last = lines.pop()!
    if (lines.length > 0) {
      lines[0] = this.#rest.join('') + lines[0]!
      this.#rest = []
    }
    if (last !== '') this.#rest.push(last)
    this.#lines = lines
    this.#at = 0
  }

  /** The next line that is not blank, and its number. Requires: nothing is pushed before there is none. */
  next(final: boolean): { readonly text: string; readonly line: number } | undefined {
    for (;;) {
      let text = this.#lines[this.#at++]
      if (text === undefined) {
        if (!final || this.#rest.length === 0) return undefined
        text = this.#rest.join('')
        this.#rest = []
      }
      const line = this.#line++
      if (text.trim() !== '') return { text, line }
    }
  }
}

/** A line's object; a sentence instead: what is wrong with it. */
export function parseLine(line: string): Readonly<Record<string, unknown>> | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    return `the line is not JSON: ${(error as Error).message}`
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  return 'the line is not a JSON object'
}

/** Lines of JSON as records of the table. */
class JsonRecords implements RecordParser {
  readonly #lines = new LineSplitter()
  readonly #names: readonly string[]
  readonly #parse: readonly ParseJson[]
  readonly #numbered: number | undefined
  readonly #nullable: readonly boolean[]

  constructor({ schema, names, numbered }: WantedColumns) {
    this.#names = names
    this.#parse = schema.columns.map(({ type }) => jsonParser(type))
    this.#nullable = schema.columns.map(({ nullable }) => nullable)
    this.#numbered = numbered
  }

  get line(): number {
    return this.#lines.line
  }

  push(piece: string): void {
    this.#lines.push(piece)
  }

  next(final: boolean): TextRecord | undefined {
    const next = this.#lines.next(final)
    if (next === undefined) return undefined
    const { text, line } = next
    const parsed = parseLine(text)
    const row = typeof parsed === 'string' ? {} : parsed
    const wrong = typeof parsed === 'string' ? parsed : this.#unwanted(row)
    const digits = wrong === undefined && hasManyDigits(text) ? numberTexts(text) : undefined
    const member = (column: number): unknown => {
      const name = this.#names[column]!
      return Object.hasOwn(row, name) ? row[name] : null
    }
    return {
      line,
      wrong,
      text: () => text,
      value: (column) => {
        const value = member(column)
        // A JSON null is also a value of a json column that must have one.
        if (value === null && (this.#nullable[column]! || !Object.hasOwn(row, this.#names[column]!)))
          return null
        return (
          this.#parse[column]!(value, digits?.get(this.#names[column]!)) ?? (value === null ? null : undefined)
        )
      },
      shown: member,
    }
  }

  #unwanted(row: Readonly<Record<string, unknown>>): string | undefined {
    if (this.#numbered === undefined) return undefined
    const name = this.#names[this.#numbered]!
    return Object.hasOwn(row, name)
      ? `it has ${JSON.stringify(name)}, but its rows were to be numbered`
      : undefined
  }
}
